"""Real people, from video to video: are the walkers of KTH re-identified after anonymization?

KTH Actions (Schuldt, Laptev and Caputo 2004): people walk to and fro through the picture, about
four times a file, in four sessions: outdoors from the side, with change of scale, in other
clothes, indoors. Each crossing is one gait energy image, and a crossing is recognised if the
nearest other one is the same person's.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gait_demo.errors import DataError, GaitDemoError
from gait_demo.evaluation.extraction import crossings
from gait_demo.evaluation.gaits import Progress
from gait_demo.evaluation.protocol import rate

_NAME = re.compile(r"(?P<person>person\d+)_walking_(?P<session>d\d)")

Anonymize = Callable[[Path, Path, int], Path]  # video, folder, seed -> the anonymized video


@dataclass(frozen=True)
class Crossings:
    """GEIs of crossings.

    Attributes:
        images: (N, 4096) float32.
        person, session: (N,) str.
    """

    images: np.ndarray
    person: np.ndarray
    session: np.ndarray


def kth_report(
    folder: Path, anonymize: Anonymize, skip: str | None = None, on_progress: Progress | None = None
) -> dict:
    """Re-identify everybody before and after.

    Args:
        anonymize: the whole way; it may refuse a video with a GaitDemoError.
        skip: videos whose names hold this are passed over.

    Returns:
        For "clear", "anonymized" (clear gallery) and "linked" (both anonymized, each video with a
        noise of its own): "same session" and "across sessions", as protocol.rate with "chance";
        crossings, people; refused, a sentence for each video that was.

    Raises:
        DataError: there are no such videos, or fewer than two people cross.
    """
    videos = [
        (path, found)
        for path in sorted(folder.glob("*.mp4")) + sorted(folder.glob("*.avi"))
        if (found := _NAME.match(path.name)) and (skip is None or skip not in path.name)
    ]
    if not videos:
        raise DataError(f"{folder} holds no videos named as person01_walking_d1.mp4.")
    clear, made, refused = [], [], []
    for number, (video, found) in enumerate(videos):
        if on_progress:
            on_progress("kth", number, len(videos))
        about = found["person"], found["session"]
        with tempfile.TemporaryDirectory() as work:
            try:
                result = anonymize(video, Path(work), number)
                pair = crossings(video), crossings(result)
            except GaitDemoError as error:
                refused.append(f"{video.stem}: {error}")
                continue
        for kept, walks in zip((clear, made), pair, strict=True):
            kept.extend((walk.masks.mean(axis=0).ravel(), *about) for walk in walks)
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
            "same session": recognised(probes, gallery, same_session=True),
            "across sessions": recognised(probes, gallery, same_session=False),
        }
        for name, (probes, gallery) in pairs.items()
    }


def recognised(probes: Crossings, gallery: Crossings, *, same_session: bool) -> dict:
    """Rank-1 of the nearest GEI, in the probe's session, itself left out, or in the others.

    Returns:
        As protocol.rate, and "chance": the mean share of the gallery that is the right person's.
    """
    found, chances = np.full(len(probes.images), np.nan), []
    for n, image in enumerate(probes.images):
        there = (gallery.session == probes.session[n]) == same_session
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
    images, person, session = zip(*rows, strict=True)
    return Crossings(np.stack(images), np.array(person), np.array(session))
