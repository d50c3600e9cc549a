"""A-NET: a silhouette sequence and a noise vector in, the silhouettes of another walker out."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

_STAGES = 4  # 64 -> 4 pixels by halving


@dataclass(frozen=True)
class ANetDims:
    """Sizes of A-NET; the paper gives none of them.

    Attributes:
        frames: length of the window of silhouettes that is read and written at once.
        noise_dim: length of the noise vector R.
        encoder_width, generator_width: channels of the convolutions nearest the image; they
            double at every halving.
        content_dim: numbers that carry one frame of the walk (phase, view, clothes) past the
            bottleneck. Few of them leave little room for the walker's identity.
        latent_dim: channels in which content and noise are added.
    """

    frames: int = 8
    noise_dim: int = 32
    encoder_width: int = 32
    generator_width: int = 16
    content_dim: int = 16
    latent_dim: int = 128


def _halve(inputs: int, outputs: int, norm: bool = True) -> nn.Sequential:
    conv = nn.Conv2d(inputs, outputs, 4, stride=2, padding=1, bias=not norm)
    rest = [nn.BatchNorm2d(outputs)] if norm else []
    return nn.Sequential(conv, *rest, nn.LeakyReLU(0.2))


class _Double(nn.Module):
    """One generator stage: twice the resolution, with the latent added before the batch norm."""

    def __init__(self, inputs: int, outputs: int, latent: int, first: bool = False):
        super().__init__()
        stride, padding = (1, 0) if first else (2, 1)
        self.conv = nn.ConvTranspose2d(inputs, outputs, 4, stride, padding, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        self.condition = nn.Conv2d(latent, outputs, 1, bias=False)

    def forward(self, features: Tensor, latent: Tensor) -> Tensor:
        return torch.relu(self.norm(self.conv(features) + self.condition(latent)))


class ANet(nn.Module):
    """The paper's A-NET: a DCGAN (Radford et al. 2015) with a second input (section III-B).

    Strided 4x4 convolutions read the window X down to a content vector a frame, R is added to
    each, and the DCGAN generator writes the frames of Z one by one. That the sum is also added to
    the generator's inner feature maps is ours: at the latent alone the noise conditions the
    output too weakly.
    """

    def __init__(self, dims: ANetDims):
        super().__init__()
        self.dims = dims
        up = [dims.encoder_width * 2**i for i in range(_STAGES)]
        self.encoder = nn.Sequential(
            _halve(dims.frames, up[0], norm=False),
            *(_halve(a, b) for a, b in pairwise(up)),
            nn.Conv2d(up[-1], dims.frames * dims.content_dim, 4),
        )
        self.content = nn.Conv2d(dims.content_dim, dims.latent_dim, 1)
        self.noise = nn.Conv2d(dims.noise_dim, dims.latent_dim, 1)
        down = [dims.generator_width * 2**i for i in reversed(range(_STAGES))]
        self.generator = nn.ModuleList(
            [
                _Double(dims.latent_dim, down[0], dims.latent_dim, first=True),
                *(_Double(a, b, dims.latent_dim) for a, b in pairwise(down)),
            ]
        )
        self.last = nn.ConvTranspose2d(down[-1], 1, 4, stride=2, padding=1)
        self.apply(_initialise)

    def read(self, silhouettes: Tensor) -> Tensor:
        """(N * frames, latent_dim, 1, 1): the content vectors of the windows of forward."""
        each_frame = (silhouettes.shape[0] * silhouettes.shape[1], self.dims.content_dim, 1, 1)
        return self.content(self.encoder(silhouettes).reshape(each_frame))

    def write(self, content: Tensor, noise: Tensor) -> Tensor:
        """Logits of Z, before the sigmoid, of what `read` gave, or of as many frames more or less
        for each noise; otherwise as in forward."""
        frames = len(content) // len(noise)
        person = self.noise(noise[:, :, None, None]).repeat_interleave(frames, dim=0)
        features = latent = content + person
        for stage in self.generator:
            features = stage(features, latent)
        return self.last(features).unflatten(0, (-1, frames)).squeeze(2)

    def logits(self, silhouettes: Tensor, noise: Tensor) -> Tensor:
        """Output before the sigmoid; arguments and shape as in forward."""
        return self.write(self.read(silhouettes), noise)

    def forward(self, silhouettes: Tensor, noise: Tensor) -> Tensor:
        """f_A(X, R) of Eq. 1-3.

        Args:
            silhouettes: (N, frames, 64, 64) float32 in [0, 1].
            noise: (N, noise_dim) float32, standard normal.

        Returns:
            (N, frames, 64, 64) float32 in [0, 1].
        """
        return torch.sigmoid(self.logits(silhouettes, noise))


def _initialise(module: nn.Module) -> None:
    """DCGAN's normal(0, 0.02) for convolutions is too small for 1x1 ones; scale by fan-in."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.kaiming_normal_(module.weight, a=0.2)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
