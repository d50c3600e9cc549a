"""Which arm, and which leg, is the left one: by how they move."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import PchipInterpolator

from gait_demo.imaging.runs import runs

_ARMS, _LEGS = range(11, 23), range(23, 33)  # landmarks of the left and the right side in turn
# costs in body heights per frame, as of limbs that change their speed by so much from one frame to
# the next: of two frames between which sides change, and of each frame that is read against the
# network. Bodies often hide arms, so that their speeds tell less.
_ARMS_COST, _LEGS_COST = (0.03, 0.002), (0.007, 0.0002)
# Legs that are nearer to each other than this, in heights, pass each other or are taken for one:
# then the network exchanges them, or mixes both. Where they stay near for longer than a passing
# takes, and at low rates, such frames count as well.
_LEGS_NEAR, _NEAR_FPS, _PASSING_S = 0.09, 20.0, 0.3
_SPEED_GAP_S = 0.3  # over longer gaps between frames, changes of speed tell nothing
_BRIDGED_S = 0.3  # longest stretch over which legs are interpolated
_SLOWEST_FPS = 6.0  # at lower rates speeds tell nothing


def untangled(
    landmarks: np.ndarray,
    frames: np.ndarray,
    heights: np.ndarray,
    fps: float,
    read: np.ndarray | None = None,
) -> np.ndarray:
    """Landmarks of one person, with left and right arms, or legs, swapped in the frames in which
    the network confuses them. Legs that pass each other, which it mixes, are interpolated.

    Where legs pass each other, the network may go on to call the one in front the left one. No
    joint then moves farther than in a true walk, but each turns back where it should swing on. So
    sides are those by which limbs change their speed least (Viterbi over pairs of frames). Where
    that does not tell, most frames stay as the network says.

    Args:
        landmarks: (N, 33, 4), as of `Detection`.
        frames: (N,) rising, their indices.
        heights: (N,) of the body, in pixels.
        fps: frames per second.
        read: (N,) bool, False where landmarks are copies of another frame's; None: nowhere.

    Returns:
        (N, 33, 4).
    """
    result = landmarks.copy()
    if fps < _SLOWEST_FPS:
        return result
    gap = round(_SPEED_GAP_S * fps)
    for limbs, costs in ((_ARMS, _ARMS_COST), (_LEGS, _LEGS_COST)):
        left, right = list(limbs[::2]), list(limbs[1::2])
        ways = np.stack([landmarks[:, left + right], landmarks[:, right + left]])
        places, weights = ways[..., :2] / heights[:, None, None], ways[..., 3]
        known = np.ones(len(frames), bool) if read is None else read
        pass_each_other = np.zeros(len(frames), bool)
        if limbs is _LEGS and fps >= _NEAR_FPS:
            legs = np.split(places[0], 2, axis=1)
            pass_each_other = legs_pass(*legs, _LEGS_NEAR, round(_PASSING_S * fps), frames)
        judged = known & ~pass_each_other
        swapped = _swapped(places, weights, frames, judged, gap, costs)
        result[np.ix_(swapped, left + right)] = ways[1, swapped]
        if pass_each_other.any() and judged.sum() > 1:
            smooth = PchipInterpolator(frames[judged], result[judged][:, left + right, :2])
            start, end = _enclosing(frames[judged], frames)
            is_short = end - start <= round(_BRIDGED_S * fps)
            mixed = pass_each_other & (start < frames) & (frames < end) & is_short
            result[np.ix_(mixed, left + right, [0, 1])] = smooth(frames[mixed])
    return result


def legs_pass(
    left: np.ndarray, right: np.ndarray, near: float, longest: int, frames: np.ndarray | None = None
) -> np.ndarray:
    """(T,) bool, True in stretches of up to `longest` frames in which the joints of two limbs, each
    (T, J, 2), are nearer to each other than `near` on average.

    Args:
        frames: (T,) rising, their indices; None: they follow each other.
    """
    result = np.linalg.norm(left - right, axis=2).mean(axis=1) < near
    frames = np.arange(len(result)) if frames is None else frames
    for start, end in runs(result):
        result[start:end] = frames[end - 1] - frames[start] < longest
    return result


def _enclosing(times: np.ndarray, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N,) each: of rising times, two or more, those between which frames (N,) lie."""
    after = np.searchsorted(times, frames).clip(1, len(times) - 1)
    return times[after - 1], times[after]


def _swapped(
    ways: np.ndarray,
    weights: np.ndarray,
    frames: np.ndarray,
    judged: np.ndarray,
    gap: int,
    costs: tuple[float, float],
) -> np.ndarray:
    """(N,) bool: the frames in which the sides of a pair of limbs are swapped.

    Args:
        ways: (2, N, 2 * J, 2) in body heights: as the network says, the left limb first; swapped.
        weights: (2, N, 2 * J), visibility.
        frames: (N,) rising indices.
        judged: (N,) bool: the frames that are judged by changes of speed. Others are then as is
            likely between two of these.
        gap: maximum distance of frames between which a speed is known.
        costs: of a change of sides, and of a swapped frame.
    """
    known = np.flatnonzero(judged)
    if len(known) < 3:  # no speed changes in fewer
        return np.zeros(len(frames), bool)
    states = _smoothest(ways[:, known], weights[:, known], np.diff(frames[known]), gap, costs)
    way, times = ways[states, known], frames[known]
    between = PchipInterpolator(times, way)(frames.clip(times[0], times[-1]))
    away = (weights * np.linalg.norm(ways - between, axis=-1)).sum(axis=-1)
    return away[1] < away[0]


def _smoothest(
    ways: np.ndarray,
    weights: np.ndarray,
    steps: np.ndarray,
    gap: int,
    costs: tuple[float, float],
) -> np.ndarray:
    """(N,) int, 0 or 1: which of two ways (2, N, J, 2) to read each frame makes joints change their
    speed least, by their weights (2, N, J); steps (N - 1,) are the distances of the frames."""
    # axes: how the frame before, the frame and the frame after are read; time
    speeds = (ways[None, :, 1:] - ways[:, None, :-1]) / steps[:, None, None]
    turn = speeds[None, :, :, 1:] - speeds[:, :, None, :-1]
    weight = weights[:, None, None, :-2] * weights[None, :, None, 1:-1] * weights[None, None, :, 2:]
    cost = (weight * np.linalg.norm(turn, axis=-1)).sum(-1) / np.maximum(weight.sum(-1), 1e-9)
    cost[..., (steps[1:] > gap) | (steps[:-1] > gap)] = 0
    change, swapped = costs
    toll = np.array([[0, change + swapped], [change, swapped]])
    total, came = toll + [[0], [swapped]], []
    for step in np.moveaxis(cost, -1, 0):
        sums = total[:, :, None] + step + toll
        came.append(sums.argmin(axis=0))
        total = sums.min(axis=0)
    states = list(np.unravel_index(total.argmin(), total.shape))[::-1]
    for before in came[::-1]:
        states.append(before[states[-1], states[-2]])
    return np.array(states[::-1])
