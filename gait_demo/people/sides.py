"""Which arm, and which leg, is the left one: by how they move."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import median_filter

_ARMS, _LEGS = range(11, 23), range(23, 33)  # landmarks of the left and the right side in turn
_STEP_FPS = 25  # frames per second at which movement is judged
# costs, in body heights by which limbs change their speed within a frame at 25 frames per second:
# of two frames between which sides change, and of a swapped frame. Arms are often hidden.
_ARMS_CHANGE, _LEGS_CHANGE, _SWAPPED = 0.03, 0.005, 0.0002
_NEIGHBOURS = 5  # frames around, whose median tells how far a pair of limbs is apart
_MERGED = 0.06  # heights by which they are nearer where the network takes both for one


def untangled(
    landmarks: Sequence[np.ndarray | None], height: float, fps: float
) -> list[np.ndarray | None]:
    """The landmarks of a track, with left and right arms, or legs, swapped in the frames in which
    the network confuses them.

    Where limbs pass each other, it may take the one in front for the same one at every step: that
    moves no farther, but turns back at once. So sides are taken by which the limbs change their
    speed least. Otherwise most frames stay as the network says.

    Args:
        landmarks: T arrays (33, 4), as of `Detection`; None where not known.
        height: of the body, in pixels.
        fps: frames per second.
    """
    result = list(landmarks)
    frames = [n for n, points in enumerate(landmarks) if points is not None]
    if not frames:
        return result
    points, every = np.stack([landmarks[n] for n in frames]), max(1, round(fps / _STEP_FPS))
    untangled = points.copy()
    for limbs, change in ((_ARMS, _ARMS_CHANGE), (_LEGS, _LEGS_CHANGE)):
        left, right = list(limbs[::2]), list(limbs[1::2])
        ways = np.stack([points[:, [*left, *right]], points[:, [*right, *left]]])
        swapped = _swapped(ways[..., :2] / height, ways[..., 3], np.array(frames), every, change)
        untangled[np.ix_(swapped, [*left, *right])] = ways[1, swapped]
    for n, both in zip(frames, untangled, strict=True):
        result[n] = both
    return result


def _swapped(
    ways: np.ndarray, weights: np.ndarray, frames: np.ndarray, every: int, change: float
) -> np.ndarray:
    """(N,) bool: the frames in which the sides of a pair of limbs are swapped.

    Args:
        ways: (2, N, 2 * J, 2) in body heights: as the network says, the left limb first; swapped.
        weights: (2, N, 2 * J), visibility.
        frames: (N,) rising indices.
        every: minimum distance of frames that are judged by their speed. The others, also those in
            which both limbs are taken for one, are then as the straight way between two of these.
        change: cost of a change of sides.
    """
    half = ways.shape[2] // 2
    apart = np.linalg.norm(ways[0, :, :half] - ways[0, :, half:], axis=2).mean(axis=1)
    clear = median_filter(apart, _NEIGHBOURS, mode="nearest") - apart < _MERGED
    judged = []
    for n in np.flatnonzero(clear):
        if not judged or frames[n] - frames[judged[-1]] >= every:
            judged.append(n)
    if len(judged) < 3:  # no speed changes in fewer
        return np.zeros(len(frames), bool)
    states = _smoothest(ways[:, judged], weights[:, judged], frames[judged] / every, change)
    way = ways[states, judged]
    after = np.searchsorted(judged, np.arange(len(frames))).clip(1, len(judged) - 1)
    start, end = frames[judged][after - 1], frames[judged][after]
    share = ((frames - start) / (end - start)).clip(0, 1)[:, None, None]
    between = (1 - share) * way[after - 1] + share * way[after]
    away = (weights * np.linalg.norm(ways - between, axis=-1)).sum(axis=-1)
    return away[1] < away[0]


def _smoothest(
    ways: np.ndarray, weights: np.ndarray, times: np.ndarray, change: float
) -> np.ndarray:
    """(N,) int, 0 or 1: which of two ways (2, N, J, 2) to read each frame makes joints change their
    speed least (Viterbi), by their weights (2, N, J)."""
    speed = np.diff(times)[:, None, None]
    # axes: how the frame before, the frame and the frame after are read; time
    speeds = (ways[None, :, 1:] - ways[:, None, :-1]) / speed
    turn = speeds[None, :, :, 1:] - speeds[:, :, None, :-1]
    weight = weights[:, None, None, :-2] * weights[None, :, None, 1:-1] * weights[None, None, :, 2:]
    cost = (weight * np.linalg.norm(turn, axis=-1)).sum(-1) / np.maximum(weight.sum(-1), 1e-9)
    toll = np.array([[0, change + _SWAPPED], [change, _SWAPPED]])
    total, came = toll + [[0], [_SWAPPED]], []
    for step in np.moveaxis(cost, -1, 0):
        sums = total[:, :, None] + step + toll
        came.append(sums.argmin(axis=0))
        total = sums.min(axis=0)
    states = list(np.unravel_index(total.argmin(), total.shape))
    for before in came[::-1]:
        states.insert(0, before[states[0], states[1]])
    return np.array(states[: len(times)])
