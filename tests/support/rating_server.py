"""The Rate tab alone, without networks: `python rating_server.py`, set by the environment."""

import os

import gradio as gr

from gait_demo.mos.settings import StudySettings
from gait_demo.ui.rating_tab import rating_tab

with gr.Blocks(analytics_enabled=False) as demo:
    rating_tab(demo, StudySettings.read(os.environ))

if __name__ == "__main__":
    demo.launch(quiet=True)
