"""What a worker tells the server: lines of JSON, so that nothing that a worker sends is run."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

from gait_demo import errors
from gait_demo.types import GaitResult, Inspection, VideoInfo

CHANGE = "change.json"  # beside a result: what has changed, as of `change.change`
MOST_BYTES = 16_000_000  # of a line
KINDS = ("progress", "log", "done", "failed", "broken", "stopped", "ended")
_LINE = 200  # characters of what goes into the server's log
_ERRORS = {
    error.__name__: error
    for error in vars(errors).values()
    if isinstance(error, type) and issubclass(error, errors.GaitDemoError)
}

Readers = Mapping[str, Callable[..., Any]]


class Garbled(ValueError):
    """This is no message."""


def send(stream: BinaryIO, kind: str, content: Any = None) -> None:
    """Write a message."""
    stream.write(json.dumps([kind, content], default=_plain).encode() + b"\n")
    stream.flush()


def receive(stream: BinaryIO) -> tuple[str, Any]:
    """The next message.

    Raises:
        EOFError: there is none any more.
        Garbled: it is none.
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
    """What a job returned.

    Args:
        readers: make what each job returns of what was told of it, and of its arguments.
        arguments: that it was given.
        content: of its last message.

    Raises:
        Garbled: this is no result of such a job.
    """
    try:
        return readers[job](content, *arguments)
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise Garbled from error


def failure(content: Any) -> errors.GaitDemoError:
    """The error that a job raised, as [its class, its sentence].

    Raises:
        Garbled: this is none of ours.
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
    if hasattr(value, "item"):  # a number of NumPy's
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be told")


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
    """The files are where they were wanted, whatever a worker says."""
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
}  # of the jobs in `jobs`
