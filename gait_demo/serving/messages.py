"""Messages from a worker to the server: lines of JSON, so that none of them can be executed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

from gait_demo import errors
from gait_demo.types import GaitResult, Inspection, VideoInfo

CHANGE = "change.json"  # file beside a result: the value of `change.change`
MOST_BYTES = 16_000_000  # maximum size of a message
KINDS = ("progress", "log", "done", "failed", "broken", "stopped", "ended")
_LINE = 200  # maximum length of a line in the server's log
_ERRORS = {
    error.__name__: error
    for error in vars(errors).values()
    if isinstance(error, type) and issubclass(error, errors.GaitDemoError)
}

Readers = Mapping[str, Callable[..., Any]]


class Garbled(ValueError):
    """A line that is no message, or a value that is no result."""


def send(stream: BinaryIO, kind: str, content: Any = None) -> None:
    """Writes a message."""
    stream.write(json.dumps([kind, content], default=_plain).encode() + b"\n")
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


def result(readers: Readers, job: str, arguments: tuple, content: Any) -> Any:
    """The result of a job, read from its last message.

    Args:
        readers: for each job, a function that makes its result from the message's content and the
            job's arguments.
        arguments: of the job.
        content: of the message.

    Raises:
        Garbled: the content is no result of this job.
    """
    try:
        return readers[job](content, *arguments)
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
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


def _plain(value: object) -> Any:
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, (Fraction, Path)):
        return str(value)
    if hasattr(value, "item"):  # a NumPy scalar
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be sent as JSON")


def _inspection(content: dict, *_) -> Inspection:
    info = content["info"]
    info = VideoInfo(
        **info | {"fps": Fraction(info["fps"]), "warnings": tuple(map(str, info["warnings"]))}
    )
    return Inspection(**content | {"info": info})


def _analysed(content: list, *_) -> tuple[tuple[int, ...], tuple[float, ...]]:
    walkers, times = content
    return tuple(map(int, walkers)), tuple(map(float, times))


def _rendered(content: dict, analysed: Path, folder: Path, *_) -> GaitResult:
    """Takes the places of the files from the arguments, not from the worker."""
    names = (field.name for field in fields(GaitResult) if field.name != "report")
    return GaitResult(**{name: folder / f"{name}.mp4" for name in names}, report=dict(content))


def _strips(content: list, *_) -> list[str]:
    return list(map(str, content))


def _report(content: dict, *_) -> dict:
    return dict(content)


RESULTS: Readers = {
    "inspect_clip": _inspection,
    "analyse": _analysed,
    "render": _rendered,
    "preview_gaits": _strips,
    "warm_up": _report,
}  # for the functions of `jobs`
