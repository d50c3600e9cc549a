"""What Gradio does by itself with visitors' files, and this app does otherwise."""

from __future__ import annotations

import logging
import secrets
import shutil
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import safehttpx
from gradio import queueing, route_utils, routes, utils

from gait_demo.serving.worker import place
from gait_demo.ui.places import ListenedQueue
from gait_demo.ui.session import KEPT_S

_log = logging.getLogger("gait_demo")
_PREFIX = "gait-demo-"
_ABANDONED_S = 2 * KEPT_S  # a server that runs touches its folder all the time


def private_root(parent: str | None) -> Path:
    """A new folder for all that visitors bring and get, in `parent` or the system's temporary one.

    Those that servers before this one left behind, being killed, are deleted once they are old.
    """
    parent = Path(parent or tempfile.gettempdir())
    parent.mkdir(parents=True, exist_ok=True)
    for left in parent.glob(f"{_PREFIX}*"):
        if time.time() - left.stat().st_mtime > _ABANDONED_S:
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent)).resolve()


class _OwnUpload(route_utils.GradioUploadFile):
    """Gradio names an upload after its content, so that who has the same file finds it, and two
    visitors with the same clip share it. Here nobody can guess the name, and nobody shares."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.sha.update(secrets.token_bytes(32))


_SORRY = "This could not be done: check what was asked for, and try again."


def _told(error: BaseException | None, show_error: bool) -> dict:
    """What a visitor is told of an error: a sentence of ours, or one that says nothing."""
    payload = utils.error_payload(error, False)
    return payload if payload["error"] else payload | {"error": _SORRY}


def _tell_place() -> None:
    error = sys.exc_info()[1]
    _log.error("unexpected: %s", place(error) if error else "unknown")


class _WithoutDetails(logging.Filter):
    """Of the errors that the web server logs, the kind and the place stay."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info:
            error = record.exc_info[1]
            record.msg, record.args = "unexpected: %s", (place(error) if error else "unknown",)
            record.exc_info = record.exc_text = None
        return True


async def _never_fetched(*args, **kwargs) -> None:
    raise gr.Error(
        "The server fetches nothing: upload the video itself, not its address.",
        print_exception=False,
    )


def keep_private() -> None:
    """Uploads get names that nobody can guess; what is given by its address is not fetched, nor is
    its host looked up; in line are only those who listen. No traceback, which may hold the names of
    users' files, is printed: only what kind of error came up, and where."""
    safehttpx.get = safehttpx.async_validate_url = _never_fetched
    queueing.Queue = ListenedQueue
    route_utils.GradioUploadFile = routes.GradioUploadFile = _OwnUpload
    queueing.error_payload = _told
    for module in (queueing, route_utils, routes):
        module.traceback = SimpleNamespace(print_exc=_tell_place)
    logging.getLogger("uvicorn.error").addFilter(_WithoutDetails())
