"""How well a network tells synthetic silhouettes ("made") from real ones, and by which features."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import cv2
import numpy as np

from gait_demo.datasets.casia import CasiaB
from gait_demo.errors import DataError
from gait_demo.evaluation.following import silhouettes_of
from gait_demo.evaluation.gei import SIZE, aligned
from gait_demo.evaluation.separation import Pictures, balanced_accuracy, judge
from gait_demo.evaluation.walks import Walks, read_made, read_real
from gait_demo.people.yolo import Detector
from gait_demo.types import Progress, silent
from gait_demo.weights import find

BANDS = {"head": (0, 12), "trunk_and_arms": (12, 36), "legs": (36, 56), "feet": (56, 64)}
_CYCLE = 20  # number of frames of a GEI: most of a gait cycle at 25 frames per second
_FRAMES_EACH = 160  # maximum per person; more would be nearly copies
_SMOOTH = np.ones((3, 3), np.uint8)
_TILE = 96  # screen pixels
_COLUMNS = 12


def evaluate_realism(
    data: Path,
    real: Path,
    skip: str | None = None,
    colour: bool = False,
    on_progress: Progress = silent,
) -> tuple[dict, np.ndarray]:
    """`realism_report` of walkers in videos that are analysed with the project's detector.

    Args:
        data: folder in CASIA-B's format, with videos of synthetic walkers.
        real, skip: folder of real videos, see `read_real`.
        colour: see `read_made`.
    """
    extract = partial(silhouettes_of, detector=Detector.load(find("yolo").path))
    walks, size = read_real(real, extract, skip, on_progress)
    seen, drawn = read_made(CasiaB(data), extract, walks.heights, size, colour, on_progress)
    return realism_report(walks, seen, drawn, on_progress)


def realism_report(
    real: Walks, seen: Walks, drawn: Walks, on_progress: Progress = silent
) -> tuple[dict, np.ndarray]:
    """Trains networks to tell real and made silhouettes apart.

    Args:
        real: real walks.
        seen: made walks as the analysis segments them.
        drawn: the same walks as they were drawn, without errors of segmentation.

    Returns:
        The report: "kinds" has the amount of each kind of data. "frames" and "geis" have balanced
        accuracies, from 0.5 (the kinds cannot be told apart) to 1 (always), with 95 % intervals
        over people: of "all"; of "good" silhouettes (whole ones); of good ones "smoothed" alike,
        with "bands" the same for networks that see one band of the picture; and of "drawn" against
        good real ones, both smoothed. "by_group" has the share of all that is told right under each
        circumstance. An accuracy is None if fewer than four people of a kind are left.
        The picture: `draw` of each choice of frames.

    Raises:
        DataError: no choice of frames leaves enough people of both kinds.
    """
    report: dict = {"kinds": {"real": _count(real), "made": _count(seen), "drawn": _count(drawn)}}
    pictures = []
    for done, (name, pictures_of) in enumerate((("frames", frames), ("geis", geis))):
        on_progress(name, done, 2)
        scores = {}
        for kind, made, which in (
            ("all", seen, {}),
            ("good", seen, {"good": True}),
            ("smoothed", seen, {"good": True, "smooth": True}),
            ("drawn", drawn, {"good": True, "smooth": True}),
        ):
            shown = pictures_of(real, made, **which)
            scores[kind], probability = _score(shown)
            if probability is None:
                continue
            if pictures_of is frames:
                pictures.append(draw(f"{name}, {kind}", shown, probability))
            if kind == "all":
                scores["by_group"] = _by_group(shown, probability)
            if kind == "smoothed":
                bands = {band: _score(shown.rows(*rows))[0] for band, rows in BANDS.items()}
                scores["bands"] = bands
        report[name] = scores
    if not pictures:
        raise DataError("Too few people of a kind have frames that can be used: add videos.")
    return report, np.concatenate(pictures)


def frames(real: Walks, made: Walks, good: bool = False, smooth: bool = False) -> Pictures:
    """Single silhouettes aligned for recognisers, at most 160 per person.

    Args:
        good: whether to take only whole silhouettes.
        smooth: whether to open and close them by 3 x 3 pixels.
    """
    rng = np.random.default_rng(0)
    images, chosen = [], []
    for n, walks in enumerate((real, made)):
        fit = np.array(walks.good) if good else np.ones(len(walks.good), bool)
        for person in sorted(set(walks.person)):
            chosen_frames = np.flatnonzero(fit & (np.array(walks.person) == person))
            for index in rng.permutation(chosen_frames)[:_FRAMES_EACH]:
                image = _picture(walks.masks[index], smooth)
                if image is not None:
                    images.append(image)
                    chosen.append((bool(n), person, walks.group[index]))
    return _pictures(images, chosen)


def geis(real: Walks, made: Walks, good: bool = False, smooth: bool = False) -> Pictures:
    """Gait energy images, each of 20 frames of a track; arguments as for `frames`."""
    images, chosen = [], []
    for n, walks in enumerate((real, made)):
        track = np.array(walks.track)
        for number in np.unique(track):
            fit = [i for i in np.flatnonzero(track == number) if walks.good[i] or not good]
            seen = [_picture(walks.masks[i], smooth) for i in fit]
            seen = [image for image in seen if image is not None]
            for start in range(0, len(seen) - _CYCLE + 1, _CYCLE):
                images.append(np.mean(seen[start : start + _CYCLE], axis=0, dtype=np.float32))
                chosen.append((bool(n), walks.person[fit[0]], walks.group[fit[0]]))
    return _pictures(images, chosen)


def draw(name: str, pictures: Pictures, probability: np.ndarray) -> np.ndarray:
    """A picture of the differences.

    Args:
        name: of these pictures, written above.
        probability: (N,) that each is made, from `judge`.

    Returns:
        (H, W, 3) uint8 RGB. First row: the mean of the real, of the made, and their difference,
        blue where only the real have a body and red where only the made have one. Then frames of
        different people: made and told most surely, real and told most surely, made but taken
        for real.
    """
    made = pictures.made
    means = [pictures.images[made == kind].mean(axis=0) for kind in (False, True)]
    means = [(mean + mean[:, ::-1]) / 2 for mean in means]  # since people walk in both directions
    more = np.clip(2 * (means[1] - means[0]), -1, 1)
    difference = 1 - np.stack([np.maximum(-more, 0), np.abs(more), np.maximum(more, 0)], axis=2)
    rows = [
        (f"{name}: mean of real, mean of made, more in made (red) or in real (blue)",
         [*(np.dstack([mean] * 3) for mean in means), difference])
    ]  # fmt: skip
    for title, kind, order in (
        ("made, told most surely", made, -probability),
        ("real, told most surely", ~made, probability),
        ("made, taken for real", made, probability),
    ):
        first: dict[str, int] = {}  # first picture of each person
        for n in np.argsort(order):
            if kind[n]:
                first.setdefault(pictures.person[n], n)
        chosen = list(first.values())[:_COLUMNS]
        rows.append((title, [np.dstack([pictures.images[n]] * 3) for n in chosen]))
    return np.concatenate([_strip(title, tiles) for title, tiles in rows])


def _strip(title: str, tiles: list[np.ndarray]) -> np.ndarray:
    strip = np.full((_TILE + 24, _COLUMNS * (_TILE + 4), 3), 255, np.uint8)
    cv2.putText(strip, title, (4, 17), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
    for n, tile in enumerate(tiles):
        large = cv2.resize(tile, (_TILE, _TILE), interpolation=cv2.INTER_NEAREST)
        strip[24:, n * (_TILE + 4) : n * (_TILE + 4) + _TILE] = np.rint(large * 255)
    return strip


def _picture(mask: np.ndarray, smooth: bool) -> np.ndarray | None:
    if smooth:
        mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, _SMOOTH)
        mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, _SMOOTH)
    return aligned(mask)


def _pictures(images: list[np.ndarray], chosen: list[tuple[bool, str, str]]) -> Pictures:
    made, person, group = ([row[n] for row in chosen] for n in range(3))
    stacked = np.asarray(images, np.float32).reshape(-1, SIZE, SIZE)
    return Pictures(stacked, np.array(made, bool), np.array(person), np.array(group))


def _score(pictures: Pictures) -> tuple[dict | None, np.ndarray | None]:
    """Balanced accuracy, and the probability of each picture; None if too few people are left."""
    try:
        probability = judge(pictures)
    except DataError:
        return None, None
    return balanced_accuracy(pictures, probability), probability


def _by_group(pictures: Pictures, probability: np.ndarray) -> dict[str, float]:
    right = (probability > 0.5) == pictures.made
    groups = np.unique(pictures.group)
    return {str(g): round(float(right[pictures.group == g].mean()), 3) for g in groups}


def _count(walks: Walks) -> dict:
    return {
        "people": len(set(walks.person)),
        "videos": walks.videos,
        "refused": walks.refused,
        "frames": len(walks.masks),
        "good": round(float(np.mean(walks.good)), 3),
        "cut_by_border": walks.cut,
        "height_px": round(float(np.median(walks.heights)), 1),
    }
