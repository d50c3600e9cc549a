"""Separates an arm from the body behind it, or in front of it, by their colours.

The bones give only a rough width of an arm: an arm in front of a shirt would take a strip of the
shirt along, or leave a strip of itself behind. Its colours are learnt from the frames in which it
is apart from the body.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter

_BINS = 16  # number of histogram bins per channel
_CORE = 0.6  # half widths: nearer pixels are the arm, if it is in front of or apart from the body
_APART = 1.8  # half widths from the body: beyond, nothing hides an arm
_BODY, _AROUND = 1.6, 4.0  # half widths from the arm: range in which the body's colours are learnt
_MIXED = 0.05  # weight of an arm in front of the body: its joints may be inexact
_FEW = 10  # minimum number of pixels of a bone, and of the body around it, to learn from
_SMOOTH = 1.0  # bins: standard deviation of the filter that smooths histograms
_UNSEEN = 1e-3  # share of pixels that may have any colour
_ROUNDS = 2  # rounds in which the body's colours are removed from the arm's
_MOST = 3.0  # nats: maximum weight of a colour ...
_BONES = 0.8  # ... and weight of the bones
_SURE = 0.6  # nats: half width of the transition from arm to body
_WIDEST = 1.3  # half widths: farther pixels are the arm only if the bones say so
_EDGE = 1.4  # half widths of the body: beyond, an arm behind it is visible
_RIM = 0.006  # heights: rim around an arm in which its colours mix with those behind it


@dataclass(frozen=True)
class ArmSample:
    """Pixels of an arm and of what is around it.

    Attributes:
        rgb: (N, 3) uint8.
        bone: (N,) int, the nearest bone of the arm: 0 upper arm, 1 forearm, 2 hand.
        from_arm, from_body: (N,) float32, distance to the arm, and to trunk or legs, in half
            widths.
        is_front: whether it is nearer to the camera than the trunk.
    """

    rgb: np.ndarray
    bone: np.ndarray
    from_arm: np.ndarray
    from_body: np.ndarray
    is_front: bool


@dataclass(frozen=True)
class ArmColours:
    """Evidence by colour for pixels of an arm.

    Attributes:
        weights: (3, 4096) float32: by bone and colour, how much more likely the colour is on the
            arm than on the body around it, in nats.
    """

    weights: np.ndarray

    @classmethod
    def learnt(cls, samples: Iterable[ArmSample]) -> ArmColours:
        """samples: of both arms, which have the same colours."""
        counts, places = np.zeros((2, 3, _BINS**3)), np.zeros((2, 3))
        for sample in samples:
            apart = sample.from_body > _APART
            is_arm = (sample.from_arm < _CORE) & (apart | sample.is_front)
            is_body = (
                (sample.from_arm > _BODY) & (sample.from_arm < _AROUND) & (sample.from_body < 1)
            )
            colours = _binned(sample.rgb)
            for here, which, weight in (
                (0, is_arm & apart, 1), (0, is_arm & ~apart, _MIXED), (1, is_body, 1)
            ):  # fmt: skip
                np.add.at(counts[here], (sample.bone[which], colours[which]), weight)
                places[here] += np.bincount(sample.bone[which], minlength=3)
        cube = counts.reshape(2, 3, _BINS, _BINS, _BINS)
        smooth = gaussian_filter(cube, (0, 0, *[_SMOOTH] * 3), mode="constant")
        arm, body = smooth.reshape(counts.shape)
        for _ in range(_ROUNDS):  # colours that the body shares were the body beside the arm
            arm = arm * _shares(arm) / (_shares(arm) + _shares(body))
        weights = np.log(_shares(arm) / _shares(body)).clip(-_MOST, _MOST)
        weights[(places < _FEW).any(axis=0)] = 0  # nothing is known of that bone
        return cls(weights.astype(np.float32))

    def of(self, rgb: np.ndarray, bone: np.ndarray) -> np.ndarray:
        """(h, w) float32, nats: the evidence of pixels (h, w, 3) uint8 with bones (h, w) int."""
        return self.weights[bone, _binned(rgb)]


@dataclass(frozen=True)
class Region:
    """A part of a cutout around one arm, of a size (h, w).

    Attributes:
        rgb: (h, w, 3) uint8.
        arm: (h, w) float32 in [0, 1], its visible share of the matte.
        bone: (h, w) int, as of `ArmSample`.
        from_arm: (h, w) float32, distance to the arm in half widths.
        is_front: whether it is nearer to the camera than the trunk.
        others: (n, h, w) float32 in [0, 1], visible shares of the parts behind or in front of it.
        from_others: (n, h, w) float32, distances to these parts in half widths.
        hidden: (n, h, w) float32 in [0, 1], where these parts continue behind the arm.
    """

    rgb: np.ndarray
    arm: np.ndarray
    bone: np.ndarray
    from_arm: np.ndarray
    is_front: bool
    others: np.ndarray
    from_others: np.ndarray
    hidden: np.ndarray


def told_by_colour(
    region: Region, colours: ArmColours, height: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The visible shares of the arm and of the other parts, and the hidden shares of the others.

    Args:
        height: of the body, in pixels.
    """
    nearest = region.from_others.min(axis=0)
    doubtful = nearest < _APART
    if not doubtful.any():
        return region.arm, region.others, region.hidden
    rim = (2 * max(1, round(_RIM * height)) + 1,) * 2
    whole = region.arm + region.others.sum(axis=0)
    bones = 2 * region.arm / np.maximum(whole, 1e-6) - 1
    if not region.is_front:  # pixels with colours of both are the body's edge
        bones = np.where(nearest < _EDGE, -1, bones)
    evidence = _BONES * bones + cv2.blur(colours.of(region.rgb, region.bone), rim)
    arm = whole * (0.5 + evidence / (2 * _SURE)).clip(0, 1)
    most = np.where(region.from_arm < _WIDEST, whole, region.arm)
    arm = np.where(doubtful, np.minimum(arm, most), region.arm).astype(np.float32)
    to_others = (region.arm - arm).clip(0) * (region.from_others == nearest)
    others = region.others * np.minimum((whole - arm) / np.maximum(whole - region.arm, 1e-6), 1)
    others += to_others
    mixed = doubtful * cv2.dilate(arm, np.ones(rim, np.uint8))
    seen = others * (1 - mixed)
    return arm, seen, np.maximum(region.others + region.hidden, others) - seen


def _shares(counts: np.ndarray) -> np.ndarray:
    """(3, 4096): probability of each colour; uniform if nothing was counted."""
    total = counts.sum(axis=1, keepdims=True)
    return (counts + _UNSEEN * total / _BINS**3 + 1e-9) / ((1 + _UNSEEN) * total + 1e-9 * _BINS**3)


def _binned(rgb: np.ndarray) -> np.ndarray:
    """(...) int: the histogram bins of colours (..., 3) uint8."""
    r, g, b = np.moveaxis(rgb // (256 // _BINS), -1, 0).astype(np.intp)
    return (r * _BINS + g) * _BINS + b
