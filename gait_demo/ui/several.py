"""Several videos at once: a table of their states, and one ZIP with all results and reports."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from html import escape
from pathlib import Path

from gait_demo.types import GaitResult
from gait_demo.ui.options import Settings

MOST = 20  # maximum number of videos
WAITING, PEOPLE, DRAWING, UNFINISHED = "waits", "finding people", "drawing", "stopped"


@dataclass
class Line:
    """One video in the table: the visitor's file name, and the state."""

    name: str
    state: str = WAITING


def listed(lines: list[Line]) -> str:
    """The table as Markdown; the numbers are those of the files in the ZIP."""
    rows = [
        f"| {n:02} | {_cell(line.name)} | {_cell(line.state)} |" for n, line in _numbered(lines)
    ]
    return "\n".join(["| | video | |", "|---|---|---|", *rows])


def add(archive: Path, number: int, result: GaitResult, settings: Settings) -> None:
    """Adds a result's videos and report to a ZIP. Their names contain the number and the settings,
    not the visitor's file name."""
    stem = f"{number:02}_{settings.file_stem}"
    with zipfile.ZipFile(archive, "a") as file:  # without compression: videos are compressed
        file.write(result.colorized, f"{stem}.mp4")
        file.write(result.binary, f"{stem}_silhouette.mp4")
        file.write(result.comparison, f"{stem}_comparison.mp4")
        file.writestr(f"{stem}_report.json", json.dumps(result.report, indent=2) + "\n")


def _numbered(lines: list[Line]) -> enumerate:
    return enumerate(lines, start=1)


def _cell(text: str) -> str:
    return escape(text).replace("|", "&#124;").replace("\n", " ")
