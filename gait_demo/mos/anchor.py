"""The low anchor: networks that replace A-NET and C-NET and give deliberately bad results.

An anchor shows raters the lower end of the scale, and reveals raters who do not pay attention.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from gait_demo.models.anet import ANetDims

_BLOCK_PX = 8
_COVERED = 0.2  # share of a block that the silhouette must cover for the block to be filled
_LEVELS = 2  # steps per colour channel


class BadGait(nn.Module):
    """In place of A-NET: a body of coarse blocks that stands still for a window, and then jumps."""

    dims = ANetDims()

    def forward(self, silhouettes: Tensor, noise: Tensor) -> Tensor:
        """(N, frames, 64, 64) in [0, 1] -> same shape: the blocks of each window's first frame."""
        blocks = (avg_pool2d(silhouettes, _BLOCK_PX) > _COVERED).float()
        bodies = interpolate(blocks, scale_factor=_BLOCK_PX)
        return bodies[:, :1].expand(-1, silhouettes.shape[1], -1, -1)


class BadColours(nn.Module):
    """In place of C-NET: the negative of the colours, in few levels."""

    def __init__(self) -> None:
        super().__init__()
        self.place = nn.Parameter(torch.zeros(()), requires_grad=False)  # only gives the device

    def forward(self, image: Tensor, silhouette: Tensor) -> Tensor:
        """(N, 3, 64, 64) in [0, 1] -> same shape."""
        return ((1 - image) * _LEVELS).round() / _LEVELS
