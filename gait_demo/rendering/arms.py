"""Where an arm and the body behind it, or before it, meet: told by their colours.

Bones tell only about how wide an arm is. An arm in front of a shirt would take a strip of the shirt
along, or leave one of its own behind.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

_CORE, _WIDEST = 0.5, 1.2  # half widths: nearer is mostly arm, and farther only if bones say so
_ROUNDS = 2  # the colours of the second are those of what the first has found
_AWAY = 2.0  # half widths: what is farther is no arm where nothing of one is near
_BESIDE = 1.8  # half widths of another part, within which a pixel may be that one's
_EDGE = 1.4  # half widths of another part, beyond which an arm behind it comes out
_NEARBY = 0.05  # heights from which the colours of either side are taken
_ENOUGH = 0.02  # of that surrounding, that must show a side
_APART = 30.0  # levels by which the colours of the two sides must differ to tell
_CLEARLY = 3.0  # times the variance that patterns have: the same, squared
_SOFT = 0.3  # of that difference, over which one side becomes the other
_RIM = 0.006  # heights around an arm, where its colours and those behind it mix


@dataclass(frozen=True)
class Region:
    """A part of a cutout around one arm, of a size (h, w).

    Attributes:
        rgb: (h, w, 3) uint8.
        arm: (h, w) float32 in [0, 1], its visible share of the matte.
        from_arm: (h, w) float32, half widths to it.
        is_front: whether it is nearer to the camera than the trunk.
        others: (n, h, w) float32 in [0, 1], of the parts behind it, or before it.
        from_others: (n, h, w) float32, half widths to these.
        hidden: (n, h, w) float32 in [0, 1], where they go on behind the arm.
    """

    rgb: np.ndarray
    arm: np.ndarray
    from_arm: np.ndarray
    is_front: bool
    others: np.ndarray
    from_others: np.ndarray
    hidden: np.ndarray


def told_by_colour(region: Region, height: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The visible shares of the arm and of the others, and what of the others is hidden.

    Args:
        height: of the body, in pixels.
    """
    nearest = region.from_others.min(axis=0)
    doubtful = nearest < _BESIDE
    if not doubtful.any():
        return region.arm, region.others, region.hidden
    whole = region.arm + region.others.sum(axis=0)
    most = np.where(region.from_arm < _WIDEST, whole, region.arm)
    arm, core = region.arm, _CORE
    for _ in range(_ROUNDS):
        likely, known = _likelihood(region, arm * (region.from_arm < core), height)
        arm = np.where(doubtful & known, np.minimum(likely * whole, most), region.arm)
        core = _WIDEST
    to_others = (region.arm - arm).clip(0) * (region.from_others == nearest)
    others = region.others * np.minimum((whole - arm) / np.maximum(whole - region.arm, 1e-6), 1)
    others += to_others
    rim = 2 * max(1, round(_RIM * height)) + 1
    mixed = known * cv2.dilate(arm, np.ones((rim, rim), np.uint8))
    seen = others * (1 - mixed)
    return arm, seen, np.maximum(region.others + region.hidden, others) - seen


def _likelihood(region: Region, arm: np.ndarray, height: float) -> tuple[np.ndarray, np.ndarray]:
    """(h, w) twice: how much a colour is the arm's rather than another's, in [0, 1], and bool,
    whether it can tell.

    Args:
        arm: (h, w) float32 in [0, 1], what shows its colours.
    """
    size = (2 * max(1, round(_NEARBY * height)) + 1,) * 2
    rgb = region.rgb.astype(np.float32)
    own, near = _mean(rgb, arm, size)
    likely, known = np.ones(arm.shape, np.float32), np.zeros(arm.shape, bool)
    for other, far in zip(region.others, region.from_others, strict=True):
        mean, share = _mean(rgb, other, size)
        between = own - mean
        contrast = _dot(between, between)
        along = _dot(rgb - mean, between) / np.maximum(contrast, 1)
        # patterns vary; those of the arm may be mixed with the other's in the first round
        squares, _ = _mean(_dot(rgb, rgb)[..., None], other, size)
        clearly = np.maximum(_APART**2, _CLEARLY * (squares[..., 0] - _dot(mean, mean)))
        tells = (near > _ENOUGH) & (contrast > clearly)
        # a hidden arm that looks like the trunk is the trunk's edge
        edge = (not region.is_front) & ~tells & (far < _EDGE)
        none = edge | (near < _ENOUGH) & (region.from_arm > _AWAY)
        here = (share > _ENOUGH) & (tells | none)
        is_arm = np.where(none, 0, 0.5 + (2 * along - 1) / _SOFT).clip(0, 1)
        likely = np.where(here, np.minimum(likely, is_arm), likely).astype(np.float32)
        known |= here
    return likely, known


def _mean(
    values: np.ndarray, share: np.ndarray, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """(h, w, C) float32: the mean of values around each place, as they are shared; and (h, w) the
    mean share."""
    shares = cv2.blur(share, size)
    sums = cv2.blur(values * share[..., None], size).reshape(values.shape)
    return sums / np.maximum(shares, 1e-6)[..., None], shares


def _dot(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.einsum("hwc,hwc->hw", first, second)
