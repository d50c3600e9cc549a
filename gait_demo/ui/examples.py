"""Clips that the project filmed itself, with results that show at once.

`python -m gait_demo.ui.examples` makes all of the results anew.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from gait_demo.options import AnonymizeOptions, Options, fresh_secret
from gait_demo.serving.messages import CHANGE
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


def change_of(clip: Path) -> Path:
    """The file that tells what changed in the stored result of an example, as of `jobs.render`."""
    return clip.parent / FOLDER / clip.stem / CHANGE


def times_of(result: GaitResult) -> tuple[float, ...]:
    """When each frame of a stored result is shown, in seconds: examples have a constant rate."""
    return tuple(n / result.report["fps"] for n in range(result.report["frames_out"]))


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


def make(clip: Path) -> None:
    """Make the stored result of an example anew; its original is the clip itself."""
    from gait_demo.pipeline import Models  # the app's own process loads no network
    from gait_demo.serving import jobs

    options = Options(anonymize=AnonymizeOptions(secret=fresh_secret()))
    models, out = Models.load(), change_of(clip).parent
    with tempfile.TemporaryDirectory() as folder:
        analysed = Path(folder)
        jobs.analyse(models, _silent, clip, analysed, options)
        jobs.render(models, _silent, analysed, out, options)
    (out / "original.mp4").unlink()


def _silent(stage: str, done: int, total: int) -> None:
    pass


if __name__ == "__main__":
    for example in clips(Path(__file__).resolve().parents[2] / "assets"):
        print(example.name, flush=True)
        make(example)
