"""Clips that the project filmed itself, with results that show at once.

`python -m gait_demo anonymize assets/NAME.mp4 --out assets/examples/NAME` makes a result anew;
its original.mp4 is not kept.
"""

from __future__ import annotations

import json
from pathlib import Path

from gait_demo.types import GaitResult, Look
from gait_demo.video import probe

FOLDER = "examples"
TITLES = {
    "room_252": "One person, from the side",
    "park_020": "One person, from the front",
    "pair_090": "Two people",
    "turn_090": "A camera that turns",
    "street_090": "In the street",
}


def stored(clip: Path) -> GaitResult | None:
    """The result that is kept of an example; None where there is none."""
    folder = clip.parent / FOLDER / clip.stem
    try:
        report = json.loads((folder / "report.json").read_text())
    except FileNotFoundError:
        return None
    videos = (folder / f"{name}.mp4" for name in ("binary", "colorized", "comparison"))
    return GaitResult(clip, *videos, report)


def look(clip: Path) -> Look | None:
    """What its stored result tells of an example, as of a quick look; None where there is none."""
    result = stored(clip)
    if result is None:
        return None
    report = result.report
    return Look(probe(clip), report["duration_s"], report["people"], report["frames_in"])


def clips(assets: Path) -> list[Path]:
    """The examples, in the order in which the page shows them."""
    return [assets / f"{name}.mp4" for name in TITLES]
