"""The low anchor: networks in the place of A-NET and C-NET that are bad at everything asked about.

An anchor shows raters the lower end of the scale, and a rater who likes it was not looking.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from gait_demo.models.anet import ANetDims

_BLOCK_PX = 8
_COVERED = 0.2  # of a block, to be filled
_LEVELS = 2


class BadGait(nn.Module):
    """Called as A-NET is: a body of blocks that stands still for a while, and then jumps."""

    dims = ANetDims()

    def forward(self, silhouettes: Tensor, noise: Tensor) -> Tensor:
        """(N, frames, 64, 64) in [0, 1] in and out: the block body of the first frame, for all."""
        blocks = (avg_pool2d(silhouettes, _BLOCK_PX) > _COVERED).float()
        bodies = interpolate(blocks, scale_factor=_BLOCK_PX)
        return bodies[:, :1].expand(-1, silhouettes.shape[1], -1, -1)


class BadColours(nn.Module):
    """Called as C-NET is: the negative of the colours, and few of them."""

    def __init__(self) -> None:
        super().__init__()
        self.place = nn.Parameter(torch.zeros(()), requires_grad=False)  # tells the device

    def forward(self, image: Tensor, silhouette: Tensor) -> Tensor:
        """(N, 3, 64, 64) in [0, 1] in and out."""
        return ((1 - image) * _LEVELS).round() / _LEVELS
