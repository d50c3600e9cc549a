"""What background subtraction does to a silhouette: holes, cuts, shadows, speckle, lost frames."""

from __future__ import annotations

import torch
from torch import Tensor

from gait_demo.structures import SILHOUETTE_SIZE

_SIZE = SILHOUETTE_SIZE
_HOLES = 2
_SPECKS = 24  # a frame, in the windows that have them


def degrade(windows: Tensor, rng: torch.Generator) -> Tensor:
    """Damage windows at random; each defect appears in some windows only.

    Args:
        windows: (N, frames, 64, 64) float32 in [0, 1].

    Returns:
        The same shape, float32, of 0 and 1.
    """
    count, frames = windows.shape[:2]
    device = windows.device

    def rand(*shape: int) -> Tensor:
        return torch.rand(shape, generator=rng, device=device)

    def some(share: float, *shape: int) -> Tensor:
        return rand(count, *shape) < share

    masks = windows > 0.5
    thinner, thicker = some(0.2, 1, 1, 1), some(0.2, 1, 1, 1)
    masks = ~_thicken(~masks, thinner)
    masks = _thicken(masks, thicker)

    for _ in range(_HOLES):  # clothes of the background's colour
        hole = _ellipses(
            y=rand(count, 1) * _SIZE + 2 * rand(count, frames),
            x=20 + 24 * rand(count, 1) + 2 * rand(count, frames),
            height=2 + 6 * rand(count, 1),
            width=2 + 6 * rand(count, 1),
        )
        # half of the holes stay with the clothes, the others come and go
        masks &= ~(hole & some(0.4, 1, 1, 1) & (some(0.5, 1, 1, 1) | some(0.5, frames, 1, 1)))

    shadow = _ellipses(
        y=52 + 12 * rand(count, 1) + rand(count, frames),
        x=_SIZE * rand(count, 1) + rand(count, frames),
        height=1 + 3 * rand(count, 1),
        width=6 + 20 * rand(count, 1),
    )
    masks |= shadow & some(0.25, 1, 1, 1)

    row = torch.arange(_SIZE, device=device)[:, None]
    top = 14 * rand(count, 1, 1, 1) * some(0.2, 1, 1, 1)
    bottom = _SIZE - 16 * rand(count, 1, 1, 1) * some(0.25, 1, 1, 1)
    masks &= (row >= top) & (row < bottom)

    specks = (rand(count, frames, _SPECKS) * _SIZE**2).long()
    flips = torch.zeros(count, frames, _SIZE**2, dtype=torch.bool, device=device)
    flips.scatter_(2, specks, True)
    masks ^= flips.view_as(masks) & some(0.3, 1, 1, 1)

    masks &= ~some(0.03, frames, 1, 1)
    return masks.float()


def _thicken(masks: Tensor, where: Tensor) -> Tensor:
    """Dilate by one pixel, to the four sides, the windows chosen by `where`."""
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
