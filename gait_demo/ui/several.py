"""Several videos at once: a line for each, and one ZIP with all results and reports."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from html import escape
from pathlib import Path

from gait_demo.types import GaitResult
from gait_demo.ui.options import Settings

MOST = 20  # videos of one drop
WAITING, PEOPLE, DRAWING, UNFINISHED = "waits", "finding people", "drawing", "stopped"


@dataclass
class Line:
    """What is told of one video: the visitor's own name of it, and how far it is."""

    name: str
    state: str = WAITING


def listed(lines: list[Line]) -> str:
    """The lines as Markdown; the numbers are those in the ZIP."""
    rows = [f"| {n:02} | {_cell(one.name)} | {_cell(one.state)} |" for n, one in _numbered(lines)]
    return "\n".join(["| | video | |", "|---|---|---|", *rows])


def add(archive: Path, number: int, result: GaitResult, settings: Settings) -> None:
    """Put a result's videos and report into a ZIP, under names that tell the settings only."""
    stem = f"{number:02}_{settings.file_stem}"
    with zipfile.ZipFile(archive, "a") as file:  # stored: videos are compressed already
        file.write(result.colorized, f"{stem}.mp4")
        file.write(result.binary, f"{stem}_silhouette.mp4")
        file.write(result.comparison, f"{stem}_comparison.mp4")
        file.writestr(f"{stem}_report.json", json.dumps(result.report, indent=2) + "\n")


def _numbered(lines: list[Line]) -> enumerate:
    return enumerate(lines, start=1)


def _cell(text: str) -> str:
    return escape(text).replace("|", "&#124;").replace("\n", " ")
