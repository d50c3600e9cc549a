"""What Gradio does by itself with visitors' files, and this app does otherwise."""

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

from gait_demo.serving.worker import place
from gait_demo.ui.places import ListenedQueue
from gait_demo.workspace import working_folder

_log = logging.getLogger("gait_demo")


@contextmanager
def private_root(parent: str | None) -> Iterator[Path]:
    """A folder for all that visitors bring and get, in `parent` or the system's temporary one.

    It is gone when the block ends; if the server is killed, when the next server or run starts.

    Raises:
        OSError: it cannot be made.
    """
    parent = Path(parent or tempfile.gettempdir())
    parent.mkdir(parents=True, exist_ok=True)
    with working_folder(parent, secrets.token_hex(16)) as folder:
        root = folder.resolve() / "visitors"
        root.mkdir()
        yield root


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
)  # modules, names in them, and what takes their place


def keep_private() -> None:
    """Uploads get names that nobody can guess; what is given by its address is not fetched, nor is
    its host looked up; in line are only those who listen. No traceback, which may hold the names of
    users' files, is printed: only what kind of error came up, and where.

    Raises:
        RuntimeError: this Gradio lacks something that is replaced; nothing was.
    """
    for module, name, _ in _OURS:  # under a new name, Gradio would go on using its own
        if not hasattr(module, name):
            raise RuntimeError(
                f"Visitors' files would not be private: {module.__name__} has no {name} to replace."
                " Install the version of Gradio that README.md begins with."
            )
    for module, name, ours in _OURS:
        setattr(module, name, ours)
    logging.getLogger("uvicorn.error").addFilter(_WithoutDetails())
