"""The page's notice on person weights that are being fetched, or absent."""

from __future__ import annotations

import gradio as gr

from gait_demo.weights import PERSON, State, status

ASK_EVERY_S = 3.0
FETCHING = """
**The person model is being fetched**, once, about 36 MB. A run that starts now waits for it.
"""
ABSENT = """
**The person model is missing.** Until it can be fetched, persons are found by the project's own
detector: it misses more of those that are distant, bent, seated or half hidden, and its masks are
coarser. Watch the result closely before you pass it on. (`python -m gait_demo fetch`, run once with
a network, fetches the model.)
"""


def weights_notice(demo: gr.Blocks) -> None:
    """Lay out the notice, which shows while `demo` is open and the person weights are not there."""
    shown = gr.Markdown(visible=False, elem_id="weights")
    timer = gr.Timer(ASK_EVERY_S)
    gr.on(
        [demo.load, timer.tick], _tell, None, [shown, timer],
        queue=False, show_progress="hidden", api_name="weights", api_visibility="private",
    )  # fmt: skip


def _tell() -> tuple[gr.Markdown, gr.Timer]:
    states = {status(name).state for name in PERSON}
    is_fetching = State.FETCHING in states
    text = FETCHING if is_fetching else ABSENT if State.ABSENT in states else ""
    return gr.Markdown(text, visible=bool(text)), gr.Timer(active=is_fetching)
