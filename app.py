"""The Gradio app: `python app.py` serves it, and a Hugging Face Space runs this file."""

import os
from pathlib import Path

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

from gait_demo import zero_gpu  # noqa: E402

zero_gpu.declare()

import gradio as gr  # noqa: E402

from gait_demo.errors import WeightsError  # noqa: E402
from gait_demo.mos.settings import StudySettings  # noqa: E402
from gait_demo.pipeline import Models  # noqa: E402
from gait_demo.ui import anonymize_tab, look, rating_tab  # noqa: E402

ASSETS = Path(__file__).resolve().parent / "assets"
KEPT_S = 3600  # seconds; uploads are deleted after this, and results once the visitor is gone
CLEANED_EVERY_S = 300

try:
    models = Models.load()
except WeightsError as error:
    raise SystemExit(str(error)) from error

examples = sorted(ASSETS.glob("*.mp4"))
gr.set_static_paths(examples)  # served from where they are, so that no clean-up deletes them

with gr.Blocks(
    title="Gait anonymization", analytics_enabled=False, delete_cache=(CLEANED_EVERY_S, KEPT_S)
) as demo:
    with gr.Tab("Anonymize"):
        anonymize_tab.anonymize_tab(
            demo, models, examples=examples, folder=Path(demo.GRADIO_CACHE) / "sessions"
        )
    with gr.Tab("Rate"):
        rating_tab.rating_tab(demo, StudySettings.read(os.environ))

if __name__ == "__main__":
    demo.queue(max_size=16).launch(
        theme=gr.themes.Default(
            primary_hue="teal", font=["system-ui", "sans-serif"], font_mono=["monospace"]
        ),
        css=look.CSS,
        max_file_size="500mb",
    )
