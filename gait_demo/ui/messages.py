"""Messages to visitors: progress, and sentences about errors."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import gradio as gr
from pydantic import ValidationError

from gait_demo.errors import GaitDemoError, VideoError
from gait_demo.serving.engine import Cancelled
from gait_demo.serving.pace import WAITING
from gait_demo.serving.worker import error_location
from gait_demo.ui.summary import about

STAGES = {
    WAITING: "Waiting until the machine is free",
    "people": "Finding people, and what is behind them",
    "removal": "Marking what must be replaced",
    "anonymize": "Making another gait",
    "render": "Drawing the new walkers",
}
_LOST = "The server could not keep the video: reload the page and try again."
_log = logging.getLogger("gait_demo")


def progress_bar(progress: gr.Progress) -> Callable[[str, float, float | None], None]:
    """A callback for `Countdown` that shows its progress as one bar on the page."""

    def tell(stage: str, share: float, left_s: float | None) -> None:
        left = "" if left_s is None else f" - {about(left_s).lower()} left"
        progress(min(share, 0.99), desc=STAGES.get(stage, stage) + left)

    return tell


def error_message(error: Exception) -> str:
    """The sentence for the visitor about an error. The internal name that the session gave the file
    is replaced, as visitors do not know it. For unexpected errors, the log gets the place in the
    code, and the visitor a general sentence."""
    if isinstance(error, GaitDemoError):
        named = re.sub(r"^clip(\.\w+)? (?=is not a video)", "This file ", str(error))
        return re.sub(r"^clip(\.\w+)? ", "This video ", named)
    _log.error("unexpected: %s", error_location(error))
    return _LOST


@contextmanager
def gradio_errors() -> Iterator[None]:
    """For the API: turns errors into Gradio's; a cancelled run shows no message."""
    try:
        yield
    except (GaitDemoError, OSError) as error:
        raise gr.Error(error_message(error), print_exception=False) from None
    except Cancelled:
        raise gr.Error(visible=False, print_exception=False) from None


@contextmanager
def option_errors() -> Iterator[None]:
    """For the API: turns refused options into a sentence.

    Raises:
        VideoError: an option has a wrong type or is out of range.
    """
    try:
        yield
    except ValidationError as error:
        wrong = (": ".join([*map(str, e["loc"][:1]), e["msg"]]) for e in error.errors())
        text = f"{'; '.join(wrong)}.".replace("Value error, ", "")
        raise VideoError(re.sub(r"\b(start|end)_s:", r"\1:", text)) from None  # the API's names
