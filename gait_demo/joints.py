"""The 19 joints of a body that A-NET reads and writes together with the silhouettes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import gaussian_filter1d, median_filter

_SIDE = ("shoulder", "elbow", "wrist", "hand", "hip", "knee", "ankle", "heel", "toe")
NAMES = ("head", *(f"{side}_{name}" for side in ("left", "right") for name in _SIDE))
JOINTS = len(NAMES)  # 19: the head, nine on the left, nine on the right

# each joint is the mean of these BlazePose landmarks: the head of the two ears, the hand of the
# index finger, every other joint of its own landmark
LANDMARKS_OF = (
    (7, 8),
    *((n,) for n in (11, 13, 15, 19, 23, 25, 27, 29, 31)),
    *((n,) for n in (12, 14, 16, 20, 24, 26, 28, 30, 32)),
)
MIRRORED = (0, *range(10, 19), *range(1, 10))  # index of the same joint on the other side
ARMS, LEGS = ((1, 2, 3, 4), (10, 11, 12, 13)), ((5, 6, 7, 8, 9), (14, 15, 16, 17, 18))
# pairs of joints, from the trunk outwards
BONES = (
    (1, 10), (5, 14), (1, 5), (10, 14),
    (1, 2), (2, 3), (3, 4), (5, 6), (6, 7), (7, 8), (7, 9), (8, 9),
    (10, 11), (11, 12), (12, 13), (14, 15), (15, 16), (16, 17), (16, 18), (17, 18),
)  # fmt: skip

_SMOOTH_S = 0.048  # standard deviation of the Gaussian filter: 1.2 frames at 25 frames per second
_REACH = 3  # standard deviations at which the filter is cut off
# limbs change sides where their distance to the other side's limbs is below this share of their
# distance to those of their own side
_CROSSED = 0.6
_STEADY = 5  # frames of which most must match so


def joints_in(
    landmarks: Sequence[np.ndarray | None], squares: np.ndarray, fps: float = 25.0
) -> np.ndarray:
    """The joints of a track, in the coordinates of its silhouette crops, slightly smoothed.

    Args:
        landmarks: T arrays (33, 4) in BlazePose order: x and y in pixels, depth, and visibility in
            [0, 1]; None or nan where not known.
        squares: (T, 4) x0, y0, x1, y1 in pixels: the crops, as in `SilhouetteClip`.
        fps: frames per second.

    Returns:
        (T, 19, 3) float32: x and y in the unit square of the crop (joints may lie outside it), and
        visibility in [0, 1]. Unknown joints lie at the centre, with visibility 0.
    """
    points = np.full((len(landmarks), JOINTS, 3), np.nan)
    for joints, known in zip(points, landmarks, strict=True):
        if known is not None:
            for joint, of in zip(joints, LANDMARKS_OF, strict=True):
                joint[:] = known[list(of)][:, [0, 1, 3]].mean(axis=0)
    corners, sides = squares[:, None, :2], (squares[:, 2:] - squares[:, :2])[:, None]
    # pixel centres lie at whole numbers, squares at the edges of pixels
    places = (points[..., :2] + 0.5 - corners) / sides
    known = np.isfinite(points).all(axis=2)
    seen = np.where(known, points[..., 2].clip(0, 1), 0)
    places = np.where(known[..., None], places, 0)
    places = _smoothed(places, seen, fps)
    places = np.where(seen[..., None] > 0, places, 0.5)
    return np.concatenate([places, seen[..., None]], axis=2).astype(np.float32)


def legs_seen(joints: np.ndarray) -> np.ndarray:
    """(T, 2) in [0, 1]: how well the left and the right leg are seen from the knee on, on average.

    Args:
        joints: (T, 19, 3), the last is the visibility.
    """
    return np.stack([joints[:, leg[1:], 2].mean(axis=1) for leg in LEGS], axis=1)


def with_sides_of(joints: np.ndarray, old: np.ndarray) -> np.ndarray:
    """The new joints, with left and right swapped where the new limbs clearly match the old ones of
    the other side, in most of five frames. Otherwise the left limb would be drawn with pixels of
    the right one.

    Args:
        joints: (T, 19, 3) of the new walker, in step with the old one.
        old: (T, 19, 3) of the old walker, in the same crops.
    """
    result = joints.copy()
    for left, right in (ARMS, LEGS):
        left, right = list(left[1:]), list(right[1:])  # from elbows and knees on
        new_sides, old_sides = (
            [points[:, side, :2] for side in (left, right)] for points in (joints, old)
        )
        middle = [np.mean(sides, axis=(0, 2))[:, None] for sides in (new_sides, old_sides)]
        straight, crossed = (
            sum(
                np.linalg.norm((new - middle[0]) - (old_sides[n] - middle[1]), axis=2).sum(axis=1)
                for new, n in zip(new_sides, order, strict=True)
            )
            for order in ((0, 1), (1, 0))
        )
        # where limbs pass each other, a single frame may match either way
        wrong = median_filter(crossed < _CROSSED * straight, _STEADY, mode="mirror")
        result[np.ix_(wrong, left)] = joints[np.ix_(wrong, right)]
        result[np.ix_(wrong, right)] = joints[np.ix_(wrong, left)]
    return result


def _smoothed(places: np.ndarray, weights: np.ndarray, fps: float) -> np.ndarray:
    """A Gaussian filter over time, weighted by (T, J). The filtered residual is added back, so that
    the extremes of a swing are not flattened."""
    sigma = _SMOOTH_S * fps
    how = {"sigma": sigma, "axis": 0, "mode": "constant", "radius": int(np.ceil(_REACH * sigma))}
    weight = np.maximum(gaussian_filter1d(weights, **how), 1e-9)[..., None]

    def filtered(values: np.ndarray) -> np.ndarray:
        return gaussian_filter1d(weights[..., None] * values, **how) / weight

    smooth = filtered(places)
    return smooth + filtered(places - smooth)
