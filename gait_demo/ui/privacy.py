"""Replaces the parts of Gradio that would not keep visitors' files private."""

from __future__ import annotations

import logging
import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import safehttpx
from gradio import queueing, route_utils, routes, utils

from gait_demo.serving.worker import error_location
from gait_demo.ui.waiting_line import ListenedQueue
from gait_demo.workspace import working_folder

_log = logging.getLogger("gait_demo")


@contextmanager
def private_root(parent: str | None) -> Iterator[Path]:
    """A folder for all uploads and results, in `parent` or the system's temporary folder.

    It is deleted when the block ends or, if the server is killed, when the next server or run
    starts.

    Raises:
        OSError: the folder cannot be created.
    """
    parent = Path(parent or tempfile.gettempdir())
    parent.mkdir(parents=True, exist_ok=True)
    with working_folder(parent, secrets.token_hex(16)) as folder:
        root = folder.resolve() / "visitors"
        root.mkdir()
        yield root


class _OwnUpload(route_utils.GradioUploadFile):
    """An upload under a random name. Gradio names an upload by a hash of its content: then two
    visitors with the same clip would share a file, and whoever has the clip could find it."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.sha.update(secrets.token_bytes(32))


_SORRY = "This could not be done: check what was asked for, and try again."


def _told(error: BaseException | None, show_error: bool) -> dict:
    """The error message for a visitor: one of this app's sentences, or a general one without
    details."""
    payload = utils.error_payload(error, False)
    return payload if payload["error"] else payload | {"error": _SORRY}


def _tell_place() -> None:
    error = sys.exc_info()[1]
    _log.error("unexpected: %s", error_location(error) if error else "unknown")


class _WithoutDetails(logging.Filter):
    """Reduces the web server's error messages in the log to the kind and place of the error."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info:
            error = record.exc_info[1]
            where = error_location(error) if error else "unknown"
            record.msg, record.args = "unexpected: %s", (where,)
            record.exc_info = record.exc_text = None
        return True


async def _never_fetched(*args, **kwargs) -> None:
    raise gr.Error(
        "The server downloads nothing: upload the video itself, not its address.",
        print_exception=False,
    )


_OURS = (
    (safehttpx, "get", _never_fetched),
    (safehttpx, "async_validate_url", _never_fetched),
    (queueing, "Queue", ListenedQueue),
    (queueing, "error_payload", _told),
    (route_utils, "GradioUploadFile", _OwnUpload),
    (routes, "GradioUploadFile", _OwnUpload),
    *(
        (module, "traceback", SimpleNamespace(print_exc=_tell_place))
        for module in (queueing, route_utils, routes)
    ),
)  # module, name in it, replacement


def keep_private() -> None:
    """Patches Gradio: uploads get names that nobody can guess; nothing is downloaded from a URL,
    and its host is not looked up; only clients that listen wait in line; and no traceback is
    printed, as it may contain the names of users' files, but only the kind and place of an error.

    Raises:
        RuntimeError: this version of Gradio lacks a name to replace; then nothing is patched.
    """
    for module, name, _ in _OURS:  # a renamed function would silently stay Gradio's own
        if not hasattr(module, name):
            raise RuntimeError(
                f"Visitors' files would not be private: {module.__name__} has no {name} to replace."
                " Install the version of Gradio that README.md names at its top."
            )
    for module, name, ours in _OURS:
        setattr(module, name, ours)
    logging.getLogger("uvicorn.error").addFilter(_WithoutDetails())
