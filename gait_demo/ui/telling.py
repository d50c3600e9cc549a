"""How a visitor learns what goes on: progress, and sentences where something does not work."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import gradio as gr

from gait_demo.errors import GaitDemoError
from gait_demo.serving.engine import Cancelled
from gait_demo.serving.worker import place

STAGES = {
    "people": "Finding people, and what is behind them",
    "removal": "Marking what goes",
    "anonymize": "A-NET: another gait",
    "render": "C-NET: colours, and putting the walker back",
}
_log = logging.getLogger("gait_demo")


def reporter(progress: gr.Progress) -> Callable[[str, int, int], None]:
    def report(stage: str, done: int, total: int) -> None:
        progress((done, total or None), desc=STAGES.get(stage, stage), unit="frames")

    return report


def said(error: GaitDemoError) -> str:
    """What it says, with the name that visitors do not know, as sessions give it, left out."""
    return re.sub(r"^clip(\.\w+)? ", "This video ", str(error))


@contextmanager
def sentences() -> Iterator[None]:
    """Shows what the package says to the visitor; a run that was cancelled says nothing, and of
    what nobody foresaw the operator learns the place."""
    try:
        yield
    except GaitDemoError as error:
        raise gr.Error(
            said(error), title="This did not work", duration=None, print_exception=False
        ) from None
    except Cancelled:
        raise gr.Error(visible=False, print_exception=False) from None
    except OSError as error:
        _log.error("unexpected: %s", place(error))
        raise gr.Error(
            "The server could not keep the video: reload the page and try again.",
            title="This did not work",
            print_exception=False,
        ) from None
