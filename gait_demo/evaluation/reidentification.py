"""Re-identification from video to video: an attack on the finished videos that users share.

The attacker extracts silhouettes by other means than this program's, from the colour result and
from the video of new silhouettes; the difference shows how much is recognised by clothes and place
instead of gait. Each walk through the picture gives one gait energy image; it is recognised if the
nearest image of another walk is the same person's.
"""

from __future__ import annotations

import re
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gait_demo.datasets.casia import CasiaB
from gait_demo.errors import DataError, GaitDemoError
from gait_demo.evaluation.extraction import Crossing, Segment, crossings
from gait_demo.evaluation.gaits import Progress
from gait_demo.evaluation.scores import rate

_NAME = re.compile(r"(?P<person>person\d+)_walking_(?P<session>d\d)")
_SEGMENTED = ", segmented"

# video, folder, seed -> videos of the result by name
Anonymize = Callable[[Path, Path, int], Mapping[str, Path]]


@dataclass(frozen=True)
class Clip:
    """A video of one person, and the circumstances (`group`) in which it was filmed."""

    video: Path
    person: str
    group: str


@dataclass(frozen=True)
class Crossings:
    """GEIs of crossings.

    Attributes:
        images: (N, 4096) float32.
        person, group: (N,) str.
        walk: (N,) str, equal for the same walk before and after anonymization.
    """

    images: np.ndarray
    person: np.ndarray
    group: np.ndarray
    walk: np.ndarray


def kth_clips(folder: Path, skip: str | None = None) -> list[Clip]:
    """The walks of KTH Actions (Schuldt, Laptev and Caputo 2004), grouped by session: people walk
    to and fro through the picture, about four times per file; outdoors from the side, with change
    of scale, in other clothes, and indoors.

    Args:
        skip: videos whose names contain this are left out.

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
    """The videos of CASIA-B, or of data in its format, grouped by view.

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
    clips: list[Clip],
    anonymize: Anonymize,
    group: str,
    on_progress: Progress | None = None,
    segment: Segment | None = None,
) -> dict:
    """Re-identifies everybody before and after anonymization.

    Args:
        anonymize: makes the result of a video; may refuse it with a GaitDemoError.
        group: what clips are grouped by, such as "session".
        segment: gives a mask of the people in a frame; walks are then extracted by it as well.

    Returns:
        "clear", and for each video of a result, such as "colorized" (against clear walks) and
        "colorized, linked" (against other results of its kind, each with its own noise): the
        figures of `recognised` within the same group and in the others, such as "same session" and
        "other sessions"; crossings by video, people; refused, a sentence for each refused video.

    Raises:
        DataError: fewer than two people walk through the pictures.
    """
    rows: dict[str, list[tuple]] = defaultdict(list)
    refused = []
    for number, clip in enumerate(clips):
        if on_progress:
            on_progress("videos", number, len(clips))
        with tempfile.TemporaryDirectory() as work:
            try:
                made = anonymize(clip.video, Path(work), number)
                before = crossings(clip.video)
                found = {"clear": before} | {name: crossings(made[name]) for name in made}
                if segment:
                    videos = {"clear": clip.video, **made}
                    found |= {
                        name + _SEGMENTED: crossings(videos[name], segment) for name in videos
                    }
            except GaitDemoError as error:
                refused.append(f"{clip.video.stem}: {error}")
                continue
        for name, walks in found.items():
            rows[name] += [
                (walk.masks.mean(axis=0).ravel(), clip.person, clip.group,
                 f"{clip.video.stem}, {_nearest(walk, before)}")
                for walk in walks
            ]  # fmt: skip
    seen = {name: _together(listed) for name, listed in rows.items() if listed}
    if "clear" not in seen or len(seen) < 2 or len(set(seen["clear"].person)) < 2:
        raise DataError("Fewer than two people walk through the pictures: nobody can be told.")
    pairs = {}
    for name, walks in seen.items():
        clear = seen.get("clear" + _SEGMENTED if name.endswith(_SEGMENTED) else "clear")
        if clear is not None:
            pairs[name] = walks, clear
        if walks is not clear:
            pairs[f"{name}, linked"] = walks, walks
    return {
        "people": len(set(seen["clear"].person)),
        "crossings": {name: len(walks.images) for name, walks in seen.items()},
        "refused": refused,
    } | {
        name: {
            f"same {group}": recognised(probes, gallery, same_group=True),
            f"other {group}s": recognised(probes, gallery, same_group=False),
        }
        for name, (probes, gallery) in pairs.items()
    }


def recognised(probes: Crossings, gallery: Crossings, *, same_group: bool) -> dict:
    """Rank-1 by the nearest GEI of another walk, in the probe's group, or in the others.

    Returns:
        As `scores.rate`, and "chance": the mean share of the gallery that is the right person's.
    """
    found, chances = np.full(len(probes.images), np.nan), []
    for n, image in enumerate(probes.images):
        candidates = (gallery.group == probes.group[n]) == same_group
        candidates &= gallery.walk != probes.walk[n]
        right = gallery.person[candidates] == probes.person[n]
        if not right.any():
            continue
        distance = np.linalg.norm(gallery.images[candidates] - image, axis=1)
        found[n] = right[distance.argmin()]
        chances.append(right.mean())
    chance = round(float(np.mean(chances)), 4) if chances else None
    return rate(found, probes.person) | {"chance": chance}


def _nearest(walk: Crossing, before: list[Crossing]) -> int | None:
    """Index of the clear walk that is nearest in time; None without any."""
    apart = [abs(walk.middle - other.middle) for other in before]
    return int(np.argmin(apart)) if apart else None


def _together(rows: list[tuple]) -> Crossings:
    images, *about = zip(*rows, strict=True)
    return Crossings(np.stack(images), *map(np.array, about))
