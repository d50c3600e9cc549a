"""The page's notice while the weights that find people are being downloaded, or are missing."""

from __future__ import annotations

import gradio as gr

from gait_demo.weights import PERSON, RELEASED, State, state

ASK_EVERY_S = 3.0
FETCHING = """
**The models that find people and faces are being downloaded**, once, about 43 MB. A run that
starts now waits for them.
"""
ABSENT = """
**The model that finds people is missing.** Until it can be downloaded, people are found by the
project's own detector: it misses more of those who are far away, bent, seated or half hidden, and
its masks are coarser. Watch the result closely before you pass it on. (`python -m gait_demo fetch`,
run once with a network connection, downloads the model.)
"""
NO_FACES = """
**The model that finds faces is missing.** Until it can be downloaded, faces in mirrors, in pictures
or behind things stay in clear. (`python -m gait_demo fetch`, run once with a network connection,
downloads it.)
"""


def weights_notice(demo: gr.Blocks) -> None:
    """Lays out the notice, which is visible as long as these weights are not there."""
    shown = gr.Markdown(visible=False, elem_id="weights")
    timer = gr.Timer(ASK_EVERY_S)
    gr.on(
        [demo.load, timer.tick], _tell, None, [shown, timer],
        queue=False, show_progress="hidden", api_name="weights", api_visibility="private",
    )  # fmt: skip


def _tell() -> tuple[gr.Markdown, gr.Timer]:
    states = {name: state(name) for name in RELEASED}
    absent = {name for name, one in states.items() if one is State.ABSENT}
    is_fetching = State.FETCHING in states.values()
    text = NO_FACES if absent else ""
    if absent & set(PERSON):
        text = ABSENT
    if is_fetching:
        text = FETCHING
    return gr.Markdown(text, visible=bool(text)), gr.Timer(active=is_fetching)
