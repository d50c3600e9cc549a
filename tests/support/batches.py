"""Short clips for runs over many, and what such a run leaves."""

from __future__ import annotations

import json
import os
import sys
from itertools import islice
from pathlib import Path

import psutil
from walker import frames, write_clip

ROOT = Path(__file__).parents[2]
COUNT = 12  # frames of a clip


def write_walk(path: Path, first: int = 22) -> Path:
    """A clip of half a second; `first` is its first frame of those of a crossing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_clip(path, islice(frames(4 * COUNT, 240, 180, 110), first, first + COUNT))


def manifest(out: Path) -> dict[str, dict]:
    """The lines by name.

    Raises:
        ValueError: a clip has two.
    """
    lines = [json.loads(line) for line in (out / "manifest.jsonl").read_text().splitlines()]
    by_name = {line["name"]: line for line in lines}
    if len(by_name) != len(lines):
        raise ValueError("a clip has two lines")
    return by_name


def written(out: Path) -> dict[str, int]:
    """When each file of the results was written, in nanoseconds; without the manifest."""
    return {
        path.relative_to(out).as_posix(): path.stat().st_mtime_ns
        for path in sorted(out.rglob("*"))
        if path.is_file() and "manifest" not in path.name
    }


def workers(of: int | None = None) -> list[psutil.Process]:
    """The worker processes of a run over many clips in a process; None: in this one."""
    children = psutil.Process(of).children(recursive=True)
    return [one for one in children if "gait_demo.batch.jobs" in " ".join(one.cmdline())]


def arguments(*given: object) -> list[str]:
    """Of the command for a run."""
    return ["anonymize", *map(str, given)]


def command(*given: object) -> list[str]:
    """Of a run in a process of its own."""
    return [sys.executable, "-m", "gait_demo", *arguments(*given)]


def environment(**more: str) -> dict[str, str]:
    """In which such a process uses this code."""
    return os.environ | {"PYTHONPATH": str(ROOT)} | more
