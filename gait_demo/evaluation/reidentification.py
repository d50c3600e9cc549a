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
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
from scipy.spatial.distance import cdist

from gait_demo.datasets.casia import CasiaB
from gait_demo.errors import DataError, GaitDemoError
from gait_demo.evaluation.extraction import Segment, crossings
from gait_demo.evaluation.joint_walks import JointWalk
from gait_demo.evaluation.markdown import markdown, rate_text
from gait_demo.evaluation.scores import rate
from gait_demo.types import Progress, silent

_NAME = re.compile(r"(?P<person>person\d+)_walking_(?P<session>d\d)")
SILHOUETTES = "silhouettes"  # the video of a result in which nobody can read joints
_LEAST = 1e-3  # minimum deviation within people, in deviations of all walks
_SEGMENTED, _JOINTS = ", segmented", ", joints"

# video, folder, seed -> videos of the result by name
Anonymize = Callable[[Path, Path, int], Mapping[str, Path]]
ReadJoints = Callable[[Path], list[JointWalk]]
_Walk = tuple[float, np.ndarray]  # the frame in its middle, and its features


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
        features: (N, D) float32: GEIs, D = 4096, or signatures of joints. NaN for walks in videos
            that were refused: they count as recognised.
        person, group: (N,) str.
        walk: (N,) str, equal for the same walk before and after anonymization.
    """

    features: np.ndarray
    person: np.ndarray
    group: np.ndarray
    walk: np.ndarray

    @property
    def refused(self) -> np.ndarray:
        """(N,) bool: walks in videos that were refused."""
        return np.isnan(self.features).any(axis=1)


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
    on_progress: Progress = silent,
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
        and in the others, such as "same session" and "other sessions"; crossings by video: what
        has none, as joints without the landmark network, has no figures; people; refused, a
        sentence for each refused video, whose walks in clear count as recognised (if it cannot be
        read in clear, it has none).

    Raises:
        DataError: every video is refused, or fewer than two people walk through the pictures.
    """
    readers: dict[str, Callable[[Path], list[_Walk]]] = {"": _geis}
    if segment:
        readers[_SEGMENTED] = partial(_geis, segment=segment)
    if read_joints:
        readers[_JOINTS] = lambda video: [
            (walk.middle, walk.signature()) for walk in read_joints(video)
        ]
    rows: dict[str, list[tuple]] = defaultdict(list)
    results: dict[str, None] = {}  # names, in order
    refused_rows: list[tuple[str, tuple]] = []
    refused = []
    for number, clip in enumerate(clips):
        on_progress("videos", number, len(clips))
        clear: dict[str, list[_Walk]] = {}
        with tempfile.TemporaryDirectory() as work:
            try:
                clear = {reader: read(clip.video) for reader, read in readers.items()}
                made = anonymize(clip.video, Path(work), number)
                changed = {
                    name + reader: (reader, read(video))
                    for reader, read in readers.items()
                    for name, video in made.items()
                    if (name, reader) != (SILHOUETTES, _JOINTS)
                }
            except GaitDemoError as error:
                refused.append(f"{clip.video.stem}: {error}")
                changed = {}
        for reader, walks in clear.items():
            clear_rows = [_row(clip, walk, walks) for walk in walks]
            rows["clear" + reader] += clear_rows
            if not changed:
                refused_rows += [
                    (reader, (np.full_like(features, np.nan), *about))
                    for features, *about in clear_rows
                ]
        for name, (reader, walks) in changed.items():
            results |= {name: None}
            rows[name] += [_row(clip, walk, clear[reader]) for walk in walks]
    if not results:
        raise DataError(f"Every video is refused: nothing can be measured. {refused[0]}")
    for reader, row in refused_rows:
        for name in results:
            if _reader(name) == reader:
                rows[name].append(row)
    shown = {name: _together(listed) for name, listed in rows.items() if listed}
    if "clear" not in shown or len(set(shown["clear"].person)) < 2:
        raise DataError("Fewer than two people walk through the pictures: nobody can be told.")
    pairs = {}
    for name, walks in shown.items():
        in_clear = shown.get("clear" + _reader(name))
        if in_clear is not None:
            pairs[name] = walks, in_clear
        if walks is not in_clear:
            pairs[f"{name}, linked"] = walks, walks
    return {
        "people": len(set(shown["clear"].person)),
        "crossings": {name: len(listed) for name, listed in rows.items()},
        "refused": refused,
    } | {
        name: {
            f"same {group}": recognised(probes, gallery, same_group=True, metric=_metric(name)),
            f"other {group}s": recognised(probes, gallery, same_group=False, metric=_metric(name)),
        }
        for name, (probes, gallery) in pairs.items()
    }


def table(report: dict) -> str:
    """A report of `reidentify` as Markdown."""
    results = {name: found for name, found in report.items() if isinstance(found, dict)}
    walks = results.pop("crossings")["clear"]
    groups = list(next(iter(results.values())))
    rows = []
    for name, found in results.items():
        cells = [(rate_text(found[group], 2), found[group]["chance"]) for group in groups]
        rows.append([name, *chain.from_iterable(cells)])
    head = chain.from_iterable((group, "by chance") for group in groups)
    return (
        f"{report['people']} people, {walks} walks in clear, {len(report['refused'])} videos "
        "refused. Rank-1 with its 95 % interval over people, of results among clear walks, and "
        "linked: among other results.\n\n" + markdown(["", *head], rows)
    )


def _geis(video: Path, segment: Segment | None = None) -> list[_Walk]:
    return [(walk.middle, walk.masks.mean(axis=0).ravel()) for walk in crossings(video, segment)]


def _row(clip: Clip, walk: _Walk, before: list[_Walk]) -> tuple:
    """The fields of `Crossings` for one walk; it is the clear walk that is nearest in time."""
    apart = [abs(walk[0] - middle) for middle, _ in before]
    nearest = int(np.argmin(apart)) if apart else None
    return walk[1], clip.person, clip.group, f"{clip.video.stem}, {nearest}"


def _reader(name: str) -> str:
    """By which reader the walks of this name were read."""
    return next((reader for reader in (_SEGMENTED, _JOINTS) if name.endswith(reader)), "")


def _metric(name: str) -> Metric:
    return weighed if _JOINTS in name else euclidean


def euclidean(probes: Crossings, gallery: Crossings, same_group: bool) -> np.ndarray:
    """(P, G) distances of the features."""
    return cdist(probes.features, gallery.features)


def weighed(probes: Crossings, gallery: Crossings, same_group: bool) -> np.ndarray:
    """(P, G) distances after each kind of walks is centred, with every number in units of its
    deviation between walks of one person and kind. The deviations are learnt from all people, which
    favours the attacker a little; a whole covariance, of so few people, would by far.

    Args:
        same_group: whether walks within the same group are compared, or in different ones.
    """
    scale = np.nanstd(gallery.features, axis=0) + 1e-9
    centred, apart = [], []
    for walks in (probes, gallery):
        numbers = (walks.features - np.nanmean(walks.features, axis=0)) / scale
        of_one = walks.person[:, None] == walks.person
        shown = ~walks.refused[:, None] & ~walks.refused
        rows, columns = np.nonzero(of_one & shown & _comparable(walks, walks, same_group))
        apart.append(numbers[rows] - numbers[columns])
        centred.append(numbers)
    within = np.concatenate(apart)
    weights = 1 / (np.sqrt(np.mean(within**2, axis=0)) + _LEAST) if len(within) else 1.0
    return cdist(centred[0] * weights, centred[1] * weights)


def _comparable(probes: Crossings, gallery: Crossings, same_group: bool) -> np.ndarray:
    """(P, G) bool: which walks are compared: no walk with itself."""
    pairs = (probes.group[:, None] == gallery.group) == same_group
    return pairs & (probes.walk[:, None] != gallery.walk)


def recognised(
    probes: Crossings, gallery: Crossings, *, same_group: bool, metric: Metric = euclidean
) -> dict:
    """Rank-1 by the nearest other walk, in the probe's group, or in the others.

    A refused probe counts as recognised wherever the gallery has, or would have without refusals,
    another walk of its person. Any other probe is compared with the walks that are there.

    Returns:
        As `scores.rate`, and "chance": the mean share of the gallery that is the right person's.
    """
    pairs = _comparable(probes, gallery, same_group)
    pairs &= probes.refused[:, None] | ~gallery.refused
    distances = np.where(pairs, metric(probes, gallery, same_group), np.inf)
    found, chances = np.full(len(probes.person), np.nan), []
    for n, candidates in enumerate(pairs):
        right = gallery.person == probes.person[n]
        if not (right & candidates).any():
            continue
        found[n] = probes.refused[n] or right[distances[n].argmin()]
        chances.append(right[candidates].mean())
    chance = round(float(np.mean(chances)), 4) if chances else None
    return rate(found, probes.person) | {"chance": chance}


def _together(rows: list[tuple]) -> Crossings:
    features, *about = zip(*rows, strict=True)
    return Crossings(np.stack(features), *map(np.array, about))
