"""Messages from a worker to the server: lines of JSON, so that none of them can be executed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, BinaryIO

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from gait_demo import errors
from gait_demo.types import Inspection

CHANGE = "change.json"  # file beside a result: the value of `change.change`
MOST_BYTES = 16_000_000  # maximum size of a message
KINDS = ("progress", "log", "done", "failed", "broken", "stopped", "ended")
_LINE = 200  # maximum length of a line in the server's log
_ERRORS = {
    error.__name__: error
    for error in vars(errors).values()
    if isinstance(error, type) and issubclass(error, errors.GaitDemoError)
}

RESULTS: Mapping[str, Any] = {
    "inspect_clip": Inspection,
    "analyse": tuple[tuple[int, ...], tuple[float, ...]],
    "render": dict,
    "preview_gaits": list[str],
    "warm_up": dict,
}  # types of what the functions of `jobs` return


class Garbled(ValueError):
    """A line that is no message, or a value that is no result."""


def send(stream: BinaryIO, kind: str, content: Any = None) -> None:
    """Writes a message."""
    stream.write(to_json([kind, content], fallback=_plain) + b"\n")
    stream.flush()


def receive(stream: BinaryIO) -> tuple[str, Any]:
    """The next message.

    Raises:
        EOFError: the stream has ended.
        Garbled: the next line is no message.
    """
    line = stream.readline(MOST_BYTES)
    if not line:
        raise EOFError
    try:
        kind, content = json.loads(line)
        if kind == "progress":
            stage, done, total = content
            content = str(stage), int(done), int(total)
        elif kind in ("log", "broken"):
            content = " ".join(str(content).split())[:_LINE]
    except (ValueError, TypeError, RecursionError) as error:
        raise Garbled from error
    if kind not in KINDS:
        raise Garbled
    return kind, content


def result(kinds: Mapping[str, Any], job: str, content: Any) -> Any:
    """The result of a job, read from its last message.

    Args:
        kinds: the type of each job's result.
        job: its name.
        content: of the message.

    Raises:
        Garbled: the content is no result of this job.
    """
    try:
        return TypeAdapter(kinds[job]).validate_python(content)
    except (KeyError, ValidationError) as error:
        raise Garbled from error


def failure(content: Any) -> errors.GaitDemoError:
    """The error that a job raised, from the name of its class and its sentence.

    Raises:
        Garbled: the content is no error of this package.
    """
    try:
        name, sentence = content
        return _ERRORS[name](str(sentence))
    except (KeyError, TypeError, ValueError) as error:
        raise Garbled from error


def _plain(value: Any) -> Any:
    """A NumPy scalar as a number of Python."""
    return value.item()
