"""From video to video: are walkers re-identified in the colour result by who cuts them out anew?

What is attacked is the video that a user would share, with silhouettes cut out by other means than
this program's. Each walk through the picture is one gait energy image, and it is recognised if the
nearest other one is the same person's.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gait_demo.casia import CasiaB
from gait_demo.errors import DataError, GaitDemoError
from gait_demo.evaluation.extraction import crossings
from gait_demo.evaluation.gaits import Progress
from gait_demo.evaluation.protocol import rate

_NAME = re.compile(r"(?P<person>person\d+)_walking_(?P<session>d\d)")

Anonymize = Callable[[Path, Path, int], Path]  # video, folder, seed -> the anonymized video


@dataclass(frozen=True)
class Clip:
    """A video of one person, and in which circumstances it was filmed."""

    video: Path
    person: str
    group: str


@dataclass(frozen=True)
class Crossings:
    """GEIs of crossings.

    Attributes:
        images: (N, 4096) float32.
        person, group: (N,) str.
    """

    images: np.ndarray
    person: np.ndarray
    group: np.ndarray


def kth_clips(folder: Path, skip: str | None = None) -> list[Clip]:
    """KTH Actions (Schuldt, Laptev and Caputo 2004), grouped by session: people walk to and fro
    through the picture, about four times a file; outdoors from the side, with change of scale, in
    other clothes, indoors.

    Args:
        skip: videos whose names hold this are passed over.

    Raises:
        DataError: there are no such videos.
    """
    clips = [
        Clip(path, found["person"], found["session"])
        for path in sorted(folder.glob("*.mp4")) + sorted(folder.glob("*.avi"))
        if (found := _NAME.match(path.name)) and (skip is None or skip not in path.name)
    ]
    if not clips:
        raise DataError(f"{folder} holds no videos named as person01_walking_d1.mp4.")
    return clips


def casia_clips(data: CasiaB) -> list[Clip]:
    """The videos of CASIA-B, or of a copy of its kind, grouped by view.

    Raises:
        DataError: there are none.
    """
    clips = [
        Clip(video, f"{sequence.person:03d}", f"{sequence.view:03d}")
        for sequence in data.sequences()
        if (video := data.video(sequence))
    ]
    if not clips:
        raise DataError("The data has no videos: make some with synthesize casia --rgb.")
    return clips


def reidentify(
    clips: list[Clip], anonymize: Anonymize, group: str, on_progress: Progress | None = None
) -> dict:
    """Re-identify everybody before and after.

    Args:
        anonymize: the whole way; it may refuse a video with a GaitDemoError.
        group: what clips are grouped by, such as "session".

    Returns:
        For "clear", "anonymized" (clear gallery) and "linked" (both anonymized, each video with a
        noise of its own): within the same group and over the others, here "same session" and
        "other sessions", as protocol.rate with "chance"; crossings, people; refused, a sentence
        for each video that was.

    Raises:
        DataError: fewer than two people walk through the pictures.
    """
    clear, made, refused = [], [], []
    for number, clip in enumerate(clips):
        if on_progress:
            on_progress("videos", number, len(clips))
        with tempfile.TemporaryDirectory() as work:
            try:
                result = anonymize(clip.video, Path(work), number)
                pair = crossings(clip.video), crossings(result)
            except GaitDemoError as error:
                refused.append(f"{clip.video.stem}: {error}")
                continue
        for kept, walks in zip((clear, made), pair, strict=True):
            kept.extend(
                (walk.masks.mean(axis=0).ravel(), clip.person, clip.group) for walk in walks
            )
    before, after = (_together(rows) for rows in (clear, made))
    if before is None or after is None or len(set(before.person)) < 2:
        raise DataError("Fewer than two people walk through the pictures: nobody can be told.")
    pairs = {"clear": (before, before), "anonymized": (after, before), "linked": (after, after)}
    return {
        "people": len(set(before.person)),
        "crossings": {"clear": len(before.images), "anonymized": len(after.images)},
        "refused": refused,
    } | {
        name: {
            f"same {group}": recognised(probes, gallery, same_group=True),
            f"other {group}s": recognised(probes, gallery, same_group=False),
        }
        for name, (probes, gallery) in pairs.items()
    }


def recognised(probes: Crossings, gallery: Crossings, *, same_group: bool) -> dict:
    """Rank-1 of the nearest GEI, in the probe's group, itself left out, or in the others.

    Returns:
        As protocol.rate, and "chance": the mean share of the gallery that is the right person's.
    """
    found, chances = np.full(len(probes.images), np.nan), []
    for n, image in enumerate(probes.images):
        there = (gallery.group == probes.group[n]) == same_group
        if probes is gallery:
            there[n] = False
        right = gallery.person[there] == probes.person[n]
        if not right.any():
            continue
        distance = np.linalg.norm(gallery.images[there] - image, axis=1)
        found[n] = right[distance.argmin()]
        chances.append(right.mean())
    chance = round(float(np.mean(chances)), 4) if chances else None
    return rate(found, probes.person) | {"chance": chance}


def _together(rows: list[tuple]) -> Crossings | None:
    if not rows:
        return None
    images, person, group = zip(*rows, strict=True)
    return Crossings(np.stack(images), np.array(person), np.array(group))
