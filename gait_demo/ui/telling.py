"""How a visitor learns what goes on: progress, and sentences where something does not work."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import gradio as gr

from gait_demo.errors import GaitDemoError
from gait_demo.serving.engine import Cancelled
from gait_demo.serving.pace import WAITING
from gait_demo.serving.worker import place
from gait_demo.ui.summary import about

STAGES = {
    WAITING: "Waiting until the machine is free",
    "people": "Finding people, and what is behind them",
    "removal": "Marking what goes",
    "anonymize": "Making another gait",
    "render": "Putting the new walkers in",
}
_LOST = "The server could not keep the video: reload the page and try again."
_log = logging.getLogger("gait_demo")


def teller(progress: gr.Progress) -> Callable[[str, float, float | None], None]:
    """What a `Countdown` tells, as one bar on the page."""

    def tell(stage: str, share: float, left_s: float | None) -> None:
        left = "" if left_s is None else f" - {about(left_s).lower()} left"
        progress(min(share, 0.99), desc=STAGES.get(stage, stage) + left)

    return tell


def said(error: Exception) -> str:
    """What it says, with the name that visitors do not know, as sessions give it, left out; of
    what nobody foresaw the operator learns the place."""
    if isinstance(error, GaitDemoError):
        named = re.sub(r"^clip(\.\w+)? (?=is not a video)", "This file ", str(error))
        return re.sub(r"^clip(\.\w+)? ", "This video ", named)
    _log.error("unexpected: %s", place(error))
    return _LOST


@contextmanager
def sentences() -> Iterator[None]:
    """For programs: errors as Gradio passes them on; a run that was cancelled says nothing."""
    try:
        yield
    except (GaitDemoError, OSError) as error:
        raise gr.Error(said(error), print_exception=False) from None
    except Cancelled:
        raise gr.Error(visible=False, print_exception=False) from None
