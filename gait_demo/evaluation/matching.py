"""Matching boxes within a picture (detection) and along a clip (tracking)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gait_demo.imaging.boxes import iou

_LINKED = 0.3  # minimum IoU of a person's box with its predicted place


def mask_iou(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union of masks (H, W), which are not both empty."""
    return np.count_nonzero(a & b) / np.count_nonzero(a | b)


def pairs(likeness: np.ndarray, least: float) -> list[tuple[int, int]]:
    """Matches rows to columns one to one, greedily by likeness.

    Args:
        likeness: (N, M).
        least: minimum likeness of a pair.

    Returns:
        Rows and columns.
    """
    left, chosen = likeness.copy(), []
    while left.size and left.max() >= least:
        n, m = np.unravel_index(left.argmax(), left.shape)
        chosen.append((int(n), int(m)))
        left[n], left[:, m] = -np.inf, -np.inf
    return chosen


def hits(ious: np.ndarray, scores: np.ndarray, least: float) -> np.ndarray:
    """(N,) int: the person whom each detection finds, or -1.

    Detections choose in the order of their scores; each takes the person not yet found with the
    highest IoU.

    Args:
        ious: (N, M) of detections with people.
        scores: (N,) of the detections.
        least: minimum IoU with a person who is found.
    """
    found, left = np.full(len(ious), -1), ious.copy()
    for n in np.argsort(-scores, kind="stable"):
        if left.size and left[n].max() >= least:
            found[n] = left[n].argmax()
            left[:, found[n]] = -np.inf
    return found


def average_precision(scores: np.ndarray, right: np.ndarray, people: int) -> float:
    """Area under precision over recall, precision being the best at this recall or beyond.

    Args:
        scores: (N,) of the detections of all pictures.
        right: (N,) bool, whether each found a person whom none with a higher score had found.
        people: number of people to find, at least one.
    """
    right = right[np.argsort(-scores, kind="stable")]
    precision = np.cumsum(right) / np.arange(1, len(right) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return float(best[right].sum() / people)


def identities(frames: Sequence[np.ndarray], gap: int) -> list[list[int]]:
    """Links boxes along a clip by their overlap with the predicted box of each person.

    Args:
        frames: (N, 4) boxes of each frame.
        gap: maximum number of frames for which a person may be missing.

    Returns:
        For each frame, the number of the person, from 0, in each box.
    """
    people: list[tuple[int, np.ndarray, np.ndarray]] = []  # last frame, box there, its motion
    numbers = []
    for index, boxes in enumerate(frames):
        active = [n for n, (last, _, _) in enumerate(people) if index - last <= gap + 1]
        expected = [people[n][1] + (index - people[n][0]) * people[n][2] for n in active]
        linked = pairs(iou(boxes[:, None], np.reshape(expected, (-1, 4))), _LINKED)
        person = {n: active[m] for n, m in linked}
        for n, box in enumerate(boxes):
            if n in person:
                last, before, motion = people[person[n]]
                moved = (box - before).reshape(2, 2).mean(axis=0) / (index - last)
                people[person[n]] = index, box, (motion + np.tile(moved, 2)) / 2
            else:
                person[n] = len(people)
                people.append((index, box, np.zeros(4)))
        numbers.append([person[n] for n in range(len(boxes))])
    return numbers


def followed(
    people: Sequence[tuple[Sequence[int], np.ndarray]],
    tracks: Sequence[tuple[Sequence[int], np.ndarray]],
    least: float,
) -> tuple[int, int]:
    """Coverage of people by tracks, as CLEAR MOT counts it (Bernardin and Stiefelhagen 2008).

    Args:
        people: for each frame, numbers (N,) and boxes (N, 4).
        tracks: for each frame, ids (M,) and boxes (M, 4).
        least: minimum IoU of a track with the person whom it covers. A track that covered the
            person before is preferred.

    Returns:
        Person-frames covered, and switches: how often the track of a person changed.
    """
    covered = switches = 0
    owner: dict[int, int] = {}
    for (numbers, boxes), (ids, others) in zip(people, tracks, strict=True):
        likeness = iou(boxes[:, None], others)
        stays = np.array([[owner.get(number) == track for track in ids] for number in numbers])
        likeness[stays.reshape(likeness.shape).astype(bool) & (likeness >= least)] += 1
        for n, m in pairs(likeness, least):
            covered += 1
            switches += owner.get(numbers[n], ids[m]) != ids[m]
            owner[numbers[n]] = ids[m]
    return covered, switches
