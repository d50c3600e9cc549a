"""Re-identification from video to video: an attack on the finished videos that users share.

The attacker extracts silhouettes by other means than this program's, from the colour result and
from the video of new silhouettes; the difference shows how much is recognised by clothes and place
instead of gait. Each walk through the picture gives one gait energy image; it is recognised if the
nearest image of another walk is the same person's. Another attacker reads the joints of the
walkers, and compares the signatures of their movement.
"""

from __future__ import annotations

import re
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from scipy.spatial.distance import cdist

from gait_demo.datasets.casia import CasiaB
from gait_demo.errors import DataError, GaitDemoError
from gait_demo.evaluation.extraction import Segment, crossings
from gait_demo.evaluation.gaits import Progress
from gait_demo.evaluation.joint_walks import JointWalk
from gait_demo.evaluation.scores import rate

_NAME = re.compile(r"(?P<person>person\d+)_walking_(?P<session>d\d)")
SILHOUETTES = "silhouettes"  # the video of a result in which nobody can read joints
_LEAST = 1e-3  # minimum deviation within people, in deviations of all walks
_SEGMENTED, _JOINTS = ", segmented", ", joints"

# video, folder, seed -> videos of the result by name
Anonymize = Callable[[Path, Path, int], Mapping[str, Path]]
ReadJoints = Callable[[Path], list[JointWalk]]
_Seen = tuple[float, np.ndarray]  # a walk: the frame in its middle, and its features


@dataclass(frozen=True)
class Clip:
    """A video of one person, and the circumstances (`group`) in which it was filmed."""

    video: Path
    person: str
    group: str


@dataclass(frozen=True)
class Crossings:
    """Features of walks through the picture.

    Attributes:
        images: (N, D) float32: GEIs, D = 4096, or signatures of joints. NaN for walks in videos
            that were refused: they count as recognised.
        person, group: (N,) str.
        walk: (N,) str, equal for the same walk before and after anonymization.
    """

    images: np.ndarray
    person: np.ndarray
    group: np.ndarray
    walk: np.ndarray


# probes, gallery, whether those in the same group are compared -> (P, G) distances
Metric = Callable[[Crossings, Crossings, bool], np.ndarray]


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
    read_joints: ReadJoints | None = None,
) -> dict:
    """Re-identifies everybody before and after anonymization.

    Args:
        anonymize: makes the result of a video; may refuse it with a GaitDemoError.
        group: what clips are grouped by, such as "session".
        segment: gives a mask of the people in a frame; walks are then extracted by it as well.
        read_joints: gives the walks in a video as joints; people are then recognised by these as
            well, except in the video SILHOUETTES.

    Returns:
        "clear", and for each video of a result, such as "sharp" (against clear walks) and "sharp,
        linked" (against other results of its kind, each with its own noise), the same with
        "segmented" and "joints" after a comma: the figures of `recognised` within the same group
        and in the others, such as "same session" and "other sessions"; crossings by video, people;
        refused, a sentence for each refused video, whose walks count as recognised.

    Raises:
        DataError: fewer than two people walk through the pictures.
    """
    readers: dict[str, Callable[[Path], list[_Seen]]] = {"": _geis}
    if segment:
        readers[_SEGMENTED] = partial(_geis, segment=segment)
    if read_joints:
        readers[_JOINTS] = lambda video: [
            (walk.middle, walk.signature()) for walk in read_joints(video)
        ]
    rows: dict[str, list[tuple]] = defaultdict(list)
    results: dict[str, None] = {}  # names, in order
    lost: list[tuple[str, tuple]] = []
    refused = []
    for number, clip in enumerate(clips):
        if on_progress:
            on_progress("videos", number, len(clips))
        clear: dict[str, list[_Seen]] = {}
        with tempfile.TemporaryDirectory() as work:
            try:
                clear = {how: read(clip.video) for how, read in readers.items()}
                made = anonymize(clip.video, Path(work), number)
                found = {
                    name + how: (how, read(video))
                    for how, read in readers.items()
                    for name, video in made.items()
                    if (name, how) != (SILHOUETTES, _JOINTS)
                }
            except GaitDemoError as error:
                refused.append(f"{clip.video.stem}: {error}")
                found = {}
        for how, walks in clear.items():
            known = [_row(clip, walk, walks) for walk in walks]
            rows["clear" + how] += known
            if not found:
                lost += [(how, (np.full_like(row[0], np.nan), *row[1:])) for row in known]
        for name, (how, walks) in found.items():
            results |= {name: None}
            rows[name] += [_row(clip, walk, clear[how]) for walk in walks]
    for how, row in lost:
        for name in results:
            if _how(name) == how:
                rows[name].append(row)
    seen = {name: _together(listed) for name, listed in rows.items() if listed}
    if "clear" not in seen or len(seen) < 2 or len(set(seen["clear"].person)) < 2:
        raise DataError("Fewer than two people walk through the pictures: nobody can be told.")
    pairs = {}
    for name, walks in seen.items():
        known = seen.get("clear" + _how(name))
        if known is not None:
            pairs[name] = walks, known
        if walks is not known:
            pairs[f"{name}, linked"] = walks, walks
    return {
        "people": len(set(seen["clear"].person)),
        "crossings": {name: len(walks.images) for name, walks in seen.items()},
        "refused": refused,
    } | {
        name: {
            f"same {group}": recognised(*both, same_group=True, metric=_metric(name)),
            f"other {group}s": recognised(*both, same_group=False, metric=_metric(name)),
        }
        for name, both in pairs.items()
    }


def _geis(video: Path, segment: Segment | None = None) -> list[_Seen]:
    return [(walk.middle, walk.masks.mean(axis=0).ravel()) for walk in crossings(video, segment)]


def _row(clip: Clip, walk: _Seen, before: list[_Seen]) -> tuple:
    """The fields of `Crossings` for one walk; it is the clear walk that is nearest in time."""
    apart = [abs(walk[0] - middle) for middle, _ in before]
    nearest = int(np.argmin(apart)) if apart else None
    return walk[1], clip.person, clip.group, f"{clip.video.stem}, {nearest}"


def _how(name: str) -> str:
    """By which reader the walks of this name were read."""
    return next((how for how in (_SEGMENTED, _JOINTS) if name.endswith(how)), "")


def _metric(name: str) -> Metric:
    return weighed if _JOINTS in name else euclidean


def euclidean(probes: Crossings, gallery: Crossings, same_group: bool) -> np.ndarray:
    """(P, G) distances of the features."""
    return cdist(probes.images, gallery.images)


def weighed(probes: Crossings, gallery: Crossings, same_group: bool) -> np.ndarray:
    """(P, G) distances after each kind of walks is centred, with every number in units of its
    deviation between walks of one person and kind. The deviations are learnt from all people, which
    favours the attacker a little; a whole covariance, of so few people, would by far.

    Args:
        same_group: whether walks within the same group are compared, or in different ones.
    """
    scale = np.nanstd(gallery.images, axis=0) + 1e-9
    centred, apart = [], []
    for walks in (probes, gallery):
        numbers = (walks.images - np.nanmean(walks.images, axis=0)) / scale
        of_one = walks.person[:, None] == walks.person
        rows, columns = np.nonzero(of_one & _comparable(walks, walks, same_group))
        apart.append(numbers[rows] - numbers[columns])
        centred.append(numbers)
    within = np.concatenate(apart)
    weights = 1 / (np.sqrt(np.mean(within**2, axis=0)) + _LEAST) if len(within) else 1.0
    return cdist(centred[0] * weights, centred[1] * weights)


def _comparable(probes: Crossings, gallery: Crossings, same_group: bool) -> np.ndarray:
    """(P, G) bool: which walks are compared: no walk with itself, and only known ones."""
    known = [~np.isnan(walks.images).any(axis=1) for walks in (probes, gallery)]
    pairs = (probes.group[:, None] == gallery.group) == same_group
    return pairs & (probes.walk[:, None] != gallery.walk) & known[0][:, None] & known[1]


def recognised(
    probes: Crossings, gallery: Crossings, *, same_group: bool, metric: Metric = euclidean
) -> dict:
    """Rank-1 by the nearest other walk, in the probe's group, or in the others.

    Returns:
        As `scores.rate`, and "chance": the mean share of the gallery that is the right person's.
    """
    lost = np.isnan(probes.images).any(axis=1)
    pairs = _comparable(replace(probes, images=np.nan_to_num(probes.images)), gallery, same_group)
    distances = np.where(pairs, metric(probes, gallery, same_group), np.inf)
    found, chances = np.full(len(probes.images), np.nan), []
    for n, candidates in enumerate(pairs):
        right = gallery.person == probes.person[n]
        if not (right & candidates).any():
            continue
        found[n] = lost[n] or right[distances[n].argmin()]
        chances.append(right[candidates].mean())
    chance = round(float(np.mean(chances)), 4) if chances else None
    return rate(found, probes.person) | {"chance": chance}


def _together(rows: list[tuple]) -> Crossings:
    images, *about = zip(*rows, strict=True)
    return Crossings(np.stack(images), *map(np.array, about))
