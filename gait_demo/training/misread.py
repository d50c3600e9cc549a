"""Simulated errors of a landmark network: noise, swapped sides, missing joints and people."""

from __future__ import annotations

import torch
from torch import Tensor

from gait_demo.joints import ARMS, JOINTS, LEGS, MIRRORED

# Heights; head, then shoulder to toe of either side. What `synthesize joints` measures: the
# deviation between walkers of the place where a joint is seen, and from frame to frame.
_BIAS = (0.006, *2 * (0.012, 0.015, 0.010, 0.011, 0.012, 0.012, 0.009, 0.013, 0.014))
_JITTER = (0.003, *2 * (0.005, 0.008, 0.009, 0.011, 0.006, 0.011, 0.010, 0.013, 0.014))
_KNOT = 2  # frames over which errors change
_HIDDEN_ARM, _HIDDEN_LEG = 0.5, 0.2  # shares of windows
_UNSURE = 3.0  # factor of the error of a joint that is not visible
_WILD = 0.08  # share of the joints of windows with errors three times as large
# Shares of windows in which sides are swapped for a while, and in which all are. The network swaps
# the legs in 3 % of the frames, in 22 % of half-second windows; told by how far limbs move,
# 5 % of these are left.
_LEGS_SWAPPED, _ARMS_SWAPPED = 0.08, 0.05
_ALL_SWAPPED = 0.01  # share of windows in which the sides of the whole person are swapped
_LOST_JOINT, _LOST_FRAME, _LOST_PERSON = 0.03, 0.03, 0.2  # shares of windows, or of frames


def misread(joints: Tensor, rng: torch.Generator) -> Tensor:
    """Joints as they are read from video.

    Args:
        joints: (N, frames, 19, 2) float32 in the unit square of the crop.

    Returns:
        (N, frames, 19, 3) float32: x, y, and visibility in [0, 1], 0 where nothing is known.
    """
    count, frames = joints.shape[:2]
    device = joints.device

    def rand(*shape: int) -> Tensor:
        return torch.rand(count, *shape, generator=rng, device=device)

    def normal(*shape: int) -> Tensor:
        return torch.randn(count, *shape, generator=rng, device=device)

    seen = 1 - 0.15 * rand(1, JOINTS) ** 2
    for sides, share in ((ARMS, _HIDDEN_ARM), (LEGS, _HIDDEN_LEG)):
        for side in sides:
            outer = list(side[1:])  # shoulders and hips are always told
            hidden = rand(1, 1) < share
            how = (rand(1, 1) + 0.2 * (rand(1, len(outer)) - 0.5)).clamp(0.02, 1)
            seen[..., outer] = torch.where(hidden, how, seen[..., outer])
    size = (1 + _UNSURE * (1 - seen)) * (1 + 2 * (rand(1, JOINTS) < _WILD))
    bias, jitter = (torch.tensor(values, device=device)[:, None] for values in (_BIAS, _JITTER))
    knots = normal((frames - 1) // _KNOT + 2, JOINTS, 2)
    at = torch.arange(frames, device=device) / _KNOT
    before = at.long()
    errors = knots[:, before].lerp(knots[:, before + 1], (at - before)[:, None, None])
    places = joints + size[..., None] * (bias * normal(1, JOINTS, 2) + jitter * errors)

    places = _swapped(places, LEGS, _spell(frames, rand, _LEGS_SWAPPED))
    places = _swapped(places, ARMS, _spell(frames, rand, _ARMS_SWAPPED))
    mirrored = places[:, :, list(MIRRORED)]
    places = torch.where(rand(1, 1, 1) < _ALL_SWAPPED, mirrored, places)

    lost = (rand(1, JOINTS) < _LOST_JOINT) | (rand(frames, 1) < _LOST_FRAME)
    lost = lost | (rand(1, 1) < _LOST_PERSON)
    seen = torch.where(lost, 0, seen)
    places = torch.where(lost[..., None], 0.5, places)
    return torch.cat((places, seen[..., None]), dim=3)


def _spell(frames: int, rand, share: float) -> Tensor:
    """(N, frames) bool: a few frames in a row, in a share of the windows."""
    first = (frames + 4) * rand(1) - 4
    length = 1 + 5 * rand(1)
    frame = torch.arange(frames, device=first.device)
    return (frame >= first) & (frame < first + length) & (rand(1) < share)


def _swapped(places: Tensor, sides: tuple, where: Tensor) -> Tensor:
    left, right = (list(side) for side in sides)
    result = places.clone()
    chosen = where[..., None, None]
    result[:, :, left] = torch.where(chosen, places[:, :, right], places[:, :, left])
    result[:, :, right] = torch.where(chosen, places[:, :, left], places[:, :, right])
    return result
