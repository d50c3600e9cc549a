"""What the commands share: argument types, progress on a terminal, writing files."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import fields
from pathlib import Path
from typing import TypeVar

from gait_demo.errors import GaitDemoError
from gait_demo.options import LEAST_SECRET_BYTES, LONGEST_S
from gait_demo.types import Progress, silent

T = TypeVar("T")


def options_from(parsed: argparse.Namespace, kind: type[T]) -> T:
    """Options from the arguments of the same names. A field without an argument, or whose argument
    was not given, keeps its default."""
    values = {field.name: getattr(parsed, field.name, None) for field in fields(kind)}
    return kind(**{name: value for name, value in values.items() if value is not None})


def seed(text: str) -> int:
    seed = int(text)
    if not 0 <= seed < 2**63:
        raise argparse.ArgumentTypeError(f"expected 0 to {2**63 - 1}, got {seed}")
    return seed


def read_secret(path: Path | None) -> bytes | None:
    """The content of the --secret file; None without one.

    Raises:
        GaitDemoError: the file is too short for a secret.
    """
    if path is None:
        return None
    content = path.read_bytes()
    if len(content) < LEAST_SECRET_BYTES:
        raise GaitDemoError(
            f"{path} holds {len(content)} bytes, but a secret needs at least {LEAST_SECRET_BYTES} "
            f"random bytes. Make one: head -c 32 /dev/urandom > {path}"
        )
    return content


def add_weights(parser: argparse.ArgumentParser, names: Iterable[str]) -> None:
    """Adds an option for the weights file of each network."""
    for name in names:
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, type=Path, metavar="FILE", help=f"other weights for {name}")


def chosen_weights(parsed: argparse.Namespace, names: Iterable[str]) -> dict[str, Path]:
    """The weights files that were given to options of `add_weights`, by network."""
    given = {name: getattr(parsed, name) for name in names}
    return {name: path for name, path in given.items() if path is not None}


def seconds(text: str) -> float:
    number = float(text)
    if not 0 <= number <= LONGEST_S:
        raise argparse.ArgumentTypeError(f"expected 0 to {LONGEST_S:.0f} seconds, got {text}")
    return number


def strength(text: str) -> float:
    number = float(text)
    if not 0 < number <= 1:
        raise argparse.ArgumentTypeError(f"expected over 0 and at most 1, got {text}")
    return number


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, got {number}")
    return number


def people(text: str) -> tuple[int, ...]:
    """ "8" means people 1 to 8, "75-124" people 75 to 124."""
    first, dash, last = text.partition("-")
    low, high = (int(first), int(last)) if dash else (1, int(first))
    if not 1 <= low <= high:
        raise argparse.ArgumentTypeError(f"expected a number or a range of people, got {text}")
    return tuple(range(low, high + 1))


def listed(kind: type) -> Callable[[str], tuple]:
    def values(text: str) -> tuple:
        return tuple(kind(part) for part in text.split(","))

    return values


def add_readme(parser: argparse.ArgumentParser, section: str) -> None:
    parser.add_argument(
        "--readme", type=Path, metavar="FILE", help="also put the tables into this README"
    )
    parser.add_argument(
        "--section",
        metavar="NAME",
        default=section,
        help="where: between <!-- NAME --> and <!-- end of NAME -->; default: %(default)s",
    )


def put_into_readme(parsed: argparse.Namespace, shown: str | None = None) -> None:
    """Puts tables where `add_readme` says, if at all; None: only sees that there is a place.

    Raises:
        GaitDemoError: there is none.
    """
    from gait_demo.evaluation.markdown import inserted

    if parsed.readme:
        page = inserted(parsed.readme.read_text(), parsed.section, shown or "")
        if shown is not None:
            parsed.readme.write_text(page)


def progress(quiet: bool = False) -> Progress:
    """A callback that shows the stage and its progress, if standard error is a terminal."""
    if quiet or not sys.stderr.isatty():
        return silent

    def show(stage: str, done: int, total: int) -> None:
        share = f"{done / total:4.0%}" if total else ""
        print(f"\r{stage:12} {share}\033[K", end="", file=sys.stderr, flush=True)

    return show


def write_json(path: Path, figures: dict) -> None:
    path.write_text(json.dumps(figures, indent=2) + "\n")
