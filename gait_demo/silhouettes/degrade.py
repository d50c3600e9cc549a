"""Synthetic defects like those of background subtraction: holes, splits, cuts, shadows, speckle
and empty frames."""

from __future__ import annotations

import torch
from torch import Tensor

from gait_demo.types import SILHOUETTE_SIZE

_SIZE = SILHOUETTE_SIZE
_HOLES = 2  # maximum number of holes in a window
_SPECKS = 24  # flipped pixels per frame, in windows with speckle
_SPELL = 4  # frames for which an intermittent defect stays on or off
_JOINTS = (10.0, 27.0, 46.0)  # rows of neck, waist and knees, where a silhouette may split


def degrade(windows: Tensor, rng: torch.Generator, severity: float | Tensor = 1.0) -> Tensor:
    """Adds random defects to windows; each kind appears only in some of them.

    Defects due to clothes and background persist over the window, or come and go for a few frames
    at a time; speckle and empty frames are independent from frame to frame.

    Args:
        windows: (N, frames, 64, 64) float32 in [0, 1].
        rng: source of the random numbers.
        severity: 0 for no defects; 1 as in A-NET's training; 2 makes defects as frequent as
            applying 1 twice. One number, or (N,) float32, one for each window. With the same state
            of `rng`, a higher severity gives the same defects and further ones.

    Returns:
        (N, frames, 64, 64) float32, 0 or 1.
    """
    count, frames = windows.shape[:2]
    device = windows.device
    severity = torch.as_tensor(severity, dtype=torch.float32, device=device).expand(count)

    def rand(*shape: int) -> Tensor:
        return torch.rand(count, *shape, generator=rng, device=device)

    def happens(draws: Tensor, share: float) -> Tensor:
        severities = severity.reshape(-1, *[1] * (draws.ndim - 1))
        return draws < 1 - (1 - share) ** severities

    def some(share: float, *shape: int) -> Tensor:
        return happens(rand(*shape), share)

    def spells(share: float) -> Tensor:
        number = (torch.arange(frames, device=device) + _SPELL * rand(1)).long() // _SPELL
        draws = rand(frames // _SPELL + 2).gather(1, number)
        return happens(draws, share)[:, :, None, None]

    masks = windows > 0.5
    thinner, thicker = some(0.2, 1, 1, 1), some(0.2, 1, 1, 1)
    masks = ~_thicken(~masks, thinner)
    masks = _thicken(masks, thicker)

    for _ in range(_HOLES):  # clothes of the background's colour
        hole = _ellipses(
            y=rand(1) * _SIZE + 2 * rand(frames),
            x=20 + 24 * rand(1) + 2 * rand(frames),
            height=2 + 6 * rand(1),
            width=2 + 6 * rand(1),
        )
        masks &= ~(hole & some(0.4, 1, 1, 1) & (some(0.5, 1, 1, 1) | spells(0.5)))

    joint = torch.tensor(_JOINTS, device=device)[(len(_JOINTS) * rand(1)).long()]
    split = _bars(  # separates the head, the trunk or the lower legs
        y=joint + 4 * rand(1) + rand(frames),
        x=32 + 0 * rand(frames),
        angle=0.4 * (rand(1) - 0.5),
        length=torch.full((count, 1), float(_SIZE), device=device),
        width=0.7 + 1.5 * rand(1),
    )
    masks &= ~(split & spells(0.04))

    limb = _bars(  # separates an arm or a leg from the trunk
        y=16 + 28 * rand(1) + rand(frames),
        x=24 + 16 * rand(1) + rand(frames),
        angle=1 + 1.1 * rand(1),
        length=10 + 6 * rand(1),
        width=0.7 + rand(1),
    )
    masks &= ~(limb & spells(0.04))

    shadow = _ellipses(
        y=52 + 12 * rand(1) + rand(frames),
        x=_SIZE * rand(1) + rand(frames),
        height=1 + 3 * rand(1),
        width=6 + 20 * rand(1),
    )
    masks |= shadow & some(0.25, 1, 1, 1)

    row = torch.arange(_SIZE, device=device)[:, None]
    top = 14 * rand(1, 1, 1) * some(0.2, 1, 1, 1)
    bottom = _SIZE - 16 * rand(1, 1, 1) * some(0.25, 1, 1, 1)
    masks &= (row >= top) & (row < bottom)

    specks = (rand(frames, _SPECKS) * _SIZE**2).long()
    flips = torch.zeros(count, frames, _SIZE**2, dtype=torch.bool, device=device)
    flips.scatter_(2, specks, True)
    masks ^= flips.view_as(masks) & some(0.3, 1, 1, 1)

    masks &= ~some(0.03, frames, 1, 1)
    return masks.float()


def _thicken(masks: Tensor, where: Tensor) -> Tensor:
    """Dilates by one pixel (4-neighbourhood) the windows chosen by `where`."""
    grown = masks.clone()
    grown[..., 1:, :] |= masks[..., :-1, :]
    grown[..., :-1, :] |= masks[..., 1:, :]
    grown[..., :, 1:] |= masks[..., :, :-1]
    grown[..., :, :-1] |= masks[..., :, 1:]
    return masks | (grown & where)


def _ellipses(y: Tensor, x: Tensor, height: Tensor, width: Tensor) -> Tensor:
    """(N, frames, 64, 64) bool from centres (N, frames) and half axes (N, 1), in pixels."""
    pixel = torch.arange(_SIZE, device=y.device)
    vertical = ((pixel - y[..., None]) / height[..., None]) ** 2
    horizontal = ((pixel - x[..., None]) / width[..., None]) ** 2
    return vertical[..., :, None] + horizontal[..., None, :] < 1


def _bars(y: Tensor, x: Tensor, angle: Tensor, length: Tensor, width: Tensor) -> Tensor:
    """(N, frames, 64, 64) bool from centres (N, frames), directions (N, 1) in radians (0 is
    horizontal), and half lengths and half widths (N, 1), in pixels."""
    pixel = torch.arange(_SIZE, device=y.device)
    down, right = (pixel - y[..., None])[..., :, None], (pixel - x[..., None])[..., None, :]
    angle, length, width = (value[..., None, None] for value in (angle, length, width))
    along = right * angle.cos() + down * angle.sin()
    across = down * angle.cos() - right * angle.sin()
    return (along.abs() < length) & (across.abs() < width)
