"""Example clips, rendered by the project itself, with stored results.

`python -m gait_demo.ui.examples` makes all stored results again.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from gait_demo.options import AnonymizeOptions, Options, fresh_secret
from gait_demo.serving.messages import CHANGE
from gait_demo.types import GaitResult, Inspection, silent
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
    """The stored result of an example; None if there is none."""
    folder = clip.parent / FOLDER / clip.stem
    try:
        report = json.loads((folder / "report.json").read_text())
    except FileNotFoundError:
        return None
    videos = (folder / f"{name}.mp4" for name in ("binary", "colorized", "comparison"))
    return GaitResult(clip, *videos, report)


def change_of(clip: Path) -> Path:
    """The file that describes what changed in an example's stored result; see `jobs.render`."""
    return clip.parent / FOLDER / clip.stem / CHANGE


def times_of(result: GaitResult) -> tuple[float, ...]:
    """The times of the frames of a stored result in seconds: examples have a constant rate."""
    return tuple(n / result.report["fps"] for n in range(result.report["frames_out"]))


def inspection_of(clip: Path) -> Inspection | None:
    """The inspection of an example, taken from its stored result; None without one."""
    result = stored(clip)
    if result is None:
        return None
    report = result.report
    return Inspection(probe(clip), report["duration_s"], report["people"], report["frames_in"])


def clips(assets: Path) -> list[Path]:
    """The examples, in the order in which the page shows them."""
    return [assets / f"{name}.mp4" for name in TITLES]


def make(clip: Path) -> None:
    """Makes the stored result of an example; its original is the clip itself."""
    from gait_demo.pipeline import Models  # here, as the app's own process must load no network
    from gait_demo.serving import jobs

    options = Options(anonymize=AnonymizeOptions(secret=fresh_secret()))
    models, out = Models.load(), change_of(clip).parent
    with tempfile.TemporaryDirectory() as folder:
        analysed = Path(folder)
        jobs.analyse(models, silent, clip, analysed, options)
        jobs.render(models, silent, analysed, out, options)
    (out / "original.mp4").unlink()


if __name__ == "__main__":
    for example in clips(Path(__file__).resolve().parents[2] / "assets"):
        print(example.name, flush=True)
        make(example)
