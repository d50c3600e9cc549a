"""ST-GAN (Tieu et al. 2019), the baseline, as far as it is published.

Its abstract and poster give the parts: contours are extracted from silhouettes, a noise generator
G_N turns random noise into a gait-like sequence, and an encoder-decoder G makes the anonymized gait
from both. All sizes are our choice, and so is G's output of filled silhouettes instead of contours,
which would have to be closed.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d

_STAGES = 4  # 64 -> 4 pixels by halving


@dataclass(frozen=True)
class STGANDims:
    """Sizes of ST-GAN.

    Attributes:
        frames: number of frames of the window that is read and written at once.
        noise_dim: length of the random vector.
        width: channels of the convolutions nearest the image; they double at every halving.
    """

    frames: int = 8
    noise_dim: int = 32
    width: int = 32


class STGAN(nn.Module):
    """f(X, R), with the same interface as A-NET."""

    def __init__(self, dims: STGANDims):
        super().__init__()
        self.dims = dims
        widths = [dims.width * 2**i for i in range(_STAGES)]
        falling = widths[::-1]
        self.noise_generator = nn.Sequential(
            _up(dims.noise_dim, falling[0], stride=1, padding=0),
            *(_up(a, b) for a, b in pairwise(falling)),
            nn.ConvTranspose2d(falling[-1], dims.frames, 4, 2, 1),
        )
        self.encoder = nn.Sequential(
            nn.Conv2d(2 * dims.frames, widths[0], 4, 2, 1),
            nn.LeakyReLU(0.2),
            *(_down(a, b) for a, b in pairwise(widths)),
        )
        self.decoder = nn.Sequential(
            *(_up(a, b) for a, b in pairwise(falling)),
            nn.ConvTranspose2d(falling[-1], dims.frames, 4, 2, 1),
        )

    def noise_gait(self, noise: Tensor) -> Tensor:
        """G_N: (N, noise_dim) -> gait-like silhouettes (N, frames, 64, 64) in [0, 1]."""
        return torch.sigmoid(self.noise_generator(noise[:, :, None, None]))

    def forward(self, silhouettes: Tensor, noise: Tensor) -> Tensor:
        """
        Args:
            silhouettes: (N, frames, 64, 64) float32 in [0, 1].
            noise: (N, noise_dim) float32, standard normal.

        Returns:
            (N, frames, 64, 64) float32 in [0, 1].
        """
        return self.anonymized(silhouettes, self.noise_gait(noise))

    def anonymized(self, silhouettes: Tensor, noise_gait: Tensor) -> Tensor:
        """G: the new gait from a gait and the output of `noise_gait`; shapes as in `forward`."""
        both = torch.cat((contours(silhouettes), contours(noise_gait)), dim=1)
        return torch.sigmoid(self.decoder(self.encoder(both)))


def contours(silhouettes: Tensor) -> Tensor:
    """The inner edge, one pixel wide, of silhouettes (N, frames, 64, 64) in [0, 1]."""
    return silhouettes + max_pool2d(-silhouettes, 3, stride=1, padding=1)


def _down(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 4, 2, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.LeakyReLU(0.2),
    )


def _up(inputs: int, outputs: int, stride: int = 2, padding: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.ConvTranspose2d(inputs, outputs, 4, stride, padding, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )
