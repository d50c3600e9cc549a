"""Feet on the ground: standing feet do not slide, and cast a soft shadow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from gait_demo.imaging.runs import runs
from gait_demo.rendering.depth import Depths
from gait_demo.rendering.limbs import moved_silhouettes
from gait_demo.types import SilhouetteClip

_HEAD, _SHOULDER = 0, 1
_HIP, _KNEE, _ANKLE, _HEEL, _TOE = 5, 6, 7, 8, 9  # of the left leg; add 9 for the right one
_FOOT = [_ANKLE, _HEEL, _TOE]
_FOREARM = [2, 3, 4]  # elbow, wrist and hand
_SLOW = 0.35  # heights per second: a foot that moves less over the ground stands ...
_SLOWER = 0.25  # ... surely, if it is slower by this much
_BODY_S = 0.5  # window in which a body's speed is measured
_CROSSING = 0.3, 0.45  # heights per second: a person surely does not, surely does cross the view
_STANCE_S = 0.12  # minimum duration of a stance
_EASE_S = 0.08  # deviation of the filter by which a foot is put down and lifted
_MOST = 0.12  # heights: maximum shift of a foot
_STRETCH = 1.02  # maximum stretch of a leg
_AHEAD = 0.3  # foot lengths by which a knee may seem to be bent backwards
_UNSURE = 0.4  # level of a silhouette where a hand or a foot may be
_THIN, _THICK = 0.05, 0.06  # heights: widths of a hand and of a foot
_NECK, _NECK_WIDE = 0.35, 0.05  # share of the way from shoulders to ears; heights around it
_NECK_UNSURE = 0.6  # level of a silhouette where a neck may be slimmer
_SHIFT = 4  # fractional bits of OpenCV's drawing coordinates
_SHADOW = 0.35  # share of the light that the shadow under a foot takes
_WIDE, _FLAT = 0.6, 0.16  # half axes of a shadow, in foot lengths
_SHORTEST = 0.09  # heights: minimum length of a foot, as of one that points at the camera
_LIFTED = 0.05  # heights above the other foot at which a foot casts no shadow


def planted(
    gait: SilhouetteClip, seen: SilhouetteClip, depths: Sequence[Depths], fps: float
) -> SilhouetteClip:
    """The new walk with standing feet that stay in place.

    The new walk has the poses of the old one's moments, so that both feet stand at the same times.
    In each stance the new foot is kept at a constant distance from the old one, which does not
    slide; the leg is solved from hip to ankle with bones of the same length. Silhouettes follow the
    joints.

    Args:
        gait: new silhouettes and joints, in squares of their own; in pixels of one frame, as if
            the camera stood still.
        seen: the old silhouettes and joints at the moments of the poses. Where the new walker is
            elsewhere, the lower edges of both squares tell how much lower the ground lies there.
        fps: frames per second.
    """
    before, after = _points(seen), _points(gait)
    made, height = after.copy(), float(np.median(_side(seen)))
    crosses = _crosses_view(before[:, [_HIP, _HIP + 9]].mean(axis=1), height, fps)
    lower = gait.squares[:, 3] - seen.squares[:, 3]
    for leg in (0, 9):
        foot = [joint + leg for joint in _FOOT]
        old, new = before[:, foot].mean(axis=1), after[:, foot].mean(axis=1)
        moved = _correction(old, new, lower, height, fps)
        made_leg = _leg(after, leg, crosses[:, None] * moved)
        made[:, [joint + leg for joint in (_KNEE, *_FOOT)]] = made_leg
    joints = gait.joints.copy()
    joints[..., :2] = (made - gait.squares[:, None, :2]) / _side(gait)[:, None, None]
    masks = moved_silhouettes(gait.masks, gait.joints[..., :2], joints[..., :2], depths)
    return replace(gait, joints=joints, masks=_unsure_at_ends(masks, joints))


def _unsure_at_ends(masks: np.ndarray, joints: np.ndarray) -> np.ndarray:
    """(T, 64, 64): silhouettes raised to an unsure level at forearms, hands and feet, and lowered
    at necks, so that there the limbs' own outlines are drawn."""
    size = masks.shape[1]
    ends, necks = np.zeros((2, *masks.shape), np.uint8)
    fine = 1 << _SHIFT
    points = np.rint(fine * (size * joints[..., :2] - 0.5)).astype(np.int32)
    for canvas, neck, here in zip(ends, necks, points, strict=True):
        for side in (0, 9):
            for joints_of, closed, thick in ((_FOREARM, False, _THIN), (_FOOT, True, _THICK)):
                line = here[[joint + side for joint in joints_of]]
                cv2.polylines(canvas, [line], closed, 255, round(thick * size), cv2.LINE_AA, _SHIFT)
        shoulders = here[[_SHOULDER, _SHOULDER + 9]].mean(axis=0)
        middle = np.rint(shoulders + _NECK * (here[_HEAD] - shoulders)).astype(int)
        cv2.circle(neck, middle, round(fine * _NECK_WIDE * size), 255, -1, cv2.LINE_AA, _SHIFT)
    most = 1 - np.float32((1 - _NECK_UNSURE) / 255) * necks
    return np.maximum(np.minimum(masks, most), np.float32(_UNSURE / 255) * ends)


def standing_feet(seen: SilhouetteClip, fps: float) -> np.ndarray:
    """(T, 2) float64 in [0, 1]: whether the left and the right foot stand; 0 unless the person
    crosses the view."""
    points, height = _points(seen), float(np.median(_side(seen)))
    crosses = _crosses_view(points[:, [_HIP, _HIP + 9]].mean(axis=1), height, fps)
    feet = (points[:, [joint + leg for joint in _FOOT]].mean(axis=1) for leg in (0, 9))
    return np.stack([crosses * standing(foot, height, fps) for foot in feet], axis=1)


def crosses_view(seen: SilhouetteClip, fps: float) -> np.ndarray:
    """(T,) float64 in [0, 1]: whether a person crosses the view, in pixels of one frame as if the
    camera stood still; 0 for one who comes nearer or stands."""
    middles = (seen.squares[:, :2] + seen.squares[:, 2:]) / 2
    return _crosses_view(middles, float(np.median(_side(seen))), fps)


def _side(clip: SilhouetteClip) -> np.ndarray:
    """(T,): sides of the squares in pixels."""
    return clip.squares[:, 3] - clip.squares[:, 1]


def _points(clip: SilhouetteClip) -> np.ndarray:
    """(T, 19, 2): joints in pixels."""
    return clip.squares[:, None, :2] + _side(clip)[:, None, None] * clip.joints[..., :2]


def standing(foot: np.ndarray, height: float, fps: float) -> np.ndarray:
    """(T,) float64 in [0, 1]: whether a foot stands, by how slowly it moves.

    Args:
        foot: (T, 2) in pixels.
        height: of the person, in pixels.
    """
    if len(foot) < 3:
        return np.zeros(len(foot))
    speed = np.linalg.norm(np.gradient(foot, axis=0), axis=1) * fps / height
    speed = _eased(speed, _EASE_S * fps / 2)
    slow = ((_SLOW - speed) / _SLOWER).clip(0, 1)
    for start, end in runs(slow > 0):
        if end - start < _STANCE_S * fps:
            slow[start:end] = 0
    return slow


def _crosses_view(hips: np.ndarray, height: float, fps: float) -> np.ndarray:
    """(T,) in [0, 1]: whether a person crosses the view. Of people who come nearer, are followed
    by the camera, or walk on a treadmill, standing feet cannot be told."""
    if len(hips) < 3:
        return np.zeros(len(hips))
    velocity = _eased(np.gradient(hips, axis=0), _BODY_S * fps / 2)
    speed = np.linalg.norm(velocity, axis=1) * fps / height
    return ((speed - _CROSSING[0]) / (_CROSSING[1] - _CROSSING[0])).clip(0, 1)


def _correction(
    old: np.ndarray, new: np.ndarray, lower: np.ndarray, height: float, fps: float
) -> np.ndarray:
    """(T, 2) pixels by which a new foot is moved; `lower` (T,) is by how much lower the ground lies
    below it than below the old one."""
    weight, apart = standing(old, height, fps), new - old
    wanted = np.column_stack([apart[:, 0], lower])
    moved = np.zeros_like(apart)
    for start, end in runs(weight > 0):
        here = weight[start:end, None]
        usual = (here * wanted[start:end]).sum(axis=0) / here.sum()
        moved[start:end] = usual - apart[start:end]
    moved = _eased(moved * np.minimum(2 * weight, 1)[:, None], _EASE_S * fps / 2)
    far = np.linalg.norm(moved, axis=1, keepdims=True)
    return moved * np.minimum(1, _MOST * height / np.maximum(far, 1e-6))


def _leg(points: np.ndarray, leg: int, moved: np.ndarray) -> np.ndarray:
    """(T, 4, 2): knee, ankle, heel and toe of a leg whose foot is moved by (T, 2) pixels."""
    hip, knee, ankle = (points[:, joint + leg] for joint in (_HIP, _KNEE, _ANKLE))
    thigh, shank = (np.linalg.norm(a - b, axis=1) for a, b in ((knee, hip), (ankle, knee)))
    target = ankle + moved
    line = target - hip
    reach = np.maximum(np.linalg.norm(line, axis=1), 1e-6)
    most = _STRETCH * (thigh + shank)
    scale = np.minimum(1, most / reach)
    target = hip + line * scale[:, None]
    reach = reach * scale
    # intersection of circles around hip and ankle, on the side where the knee was; that of a leg
    # that was straight is where the toes point
    along = ((thigh**2 - shank**2) / reach + reach) / 2
    aside = np.sqrt(np.maximum(thigh**2 - along**2, 0))
    unit = line / np.maximum(np.linalg.norm(line, axis=1, keepdims=True), 1e-6)
    normal = np.stack([-unit[:, 1], unit[:, 0]], axis=1)
    ahead = points[:, _TOE + leg] - points[:, _HEEL + leg]
    side = np.where(((knee - hip + _AHEAD * ahead) * normal).sum(axis=1) < 0, -1, 1)
    bent = hip + along[:, None] * unit + (side * aside)[:, None] * normal
    still = (np.abs(moved).max(axis=1) < 1e-3)[:, None]
    bent, target = np.where(still, knee, bent), np.where(still, ankle, target)
    rest = [points[:, joint + leg] + (target - ankle) for joint in (_HEEL, _TOE)]
    return np.stack([bent, target, *rest], axis=1)


def cast_shadow(rgb: np.ndarray, joints: np.ndarray, height: float) -> None:
    """Darkens the ground under a person's feet, in place.

    Args:
        rgb: (H, W, 3) uint8.
        joints: (19, 2) in pixels.
        height: of the person, in pixels.
    """
    lowest = joints[[8, 9, 17, 18], 1].max()
    for leg in (0, 9):
        heel, toe = joints[_HEEL + leg], joints[_TOE + leg]
        length = max(float(np.linalg.norm(toe - heel)), _SHORTEST * height)
        lifted = (lowest - max(heel[1], toe[1])) / (_LIFTED * height)
        strength = _SHADOW * float(np.clip(1 - lifted, 0, 1))
        middle = (heel + toe) / 2
        _darken(rgb, middle + [0, 0.02 * height], _WIDE * length, _FLAT * length, strength)


def _darken(rgb: np.ndarray, middle: np.ndarray, wide: float, flat: float, strength: float) -> None:
    h, w = rgb.shape[:2]
    reach = 2 * np.array([wide, flat])
    x0, y0 = np.clip(np.floor(middle - reach), 0, [w, h]).astype(int)
    x1, y1 = np.clip(np.ceil(middle + reach), 0, [w, h]).astype(int)
    if x1 <= x0 or y1 <= y0 or strength == 0:
        return
    rows, columns = np.ogrid[y0:y1, x0:x1]
    squared = ((columns - middle[0]) / wide) ** 2 + ((rows - middle[1]) / flat) ** 2
    light = np.float32(1 - strength * np.exp(-1.5 * squared))[..., None]
    part = rgb[y0:y1, x0:x1]
    part[:] = np.rint(part * light)


def _eased(values: np.ndarray, sigma: float) -> np.ndarray:
    """A Gaussian filter along the first axis, with the end values repeated."""
    columns = np.ascontiguousarray(values.reshape(len(values), -1))
    smooth = cv2.GaussianBlur(
        columns, (1, 2 * max(1, round(3 * sigma)) + 1), sigmaX=1, sigmaY=max(sigma, 0.1),
        borderType=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    return smooth.reshape(values.shape)
