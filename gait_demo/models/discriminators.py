"""Networks that judge A-NET's output in training: D_S and D_T of the paper (section III-B, Fig. 6),
and our own that looks for the walker's identity."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class SpatialDiscriminator(nn.Module):
    """D_S: does a single frame show a real walker's shape? 2-D convolutions.

    The sigmoid on top is part of the loss, which is numerically safer on logits.
    """

    def __init__(self, width: int = 32):
        super().__init__()
        self.layers = nn.Sequential(*_halving(3, width, 3), nn.Conv2d(8 * width, 1, 4))

    def forward(self, frames: Tensor) -> Tensor:
        """(N, 64, 64) silhouettes in [0, 1] -> (N,) logits of being real."""
        rgb = frames[:, None].expand(-1, 3, -1, -1)  # the paper's 64x64x3 input [inference]
        return self.layers(rgb).flatten()


class TemporalDiscriminator(nn.Module):
    """D_T: does a window show a real walker's movement? 3-D convolutions, following ST-GAN's
    abstract.

    As with D_S, the sigmoid is part of the loss.
    """

    def __init__(self, width: int = 16):
        super().__init__()
        halving = _halving(3, width, 2, nn.Conv3d, nn.BatchNorm3d)
        self.layers = nn.Sequential(*halving, nn.Conv3d(4 * width, 1, (1, 8, 8)))

    def forward(self, windows: Tensor) -> Tensor:
        """(N, 8, 64, 64) silhouettes in [0, 1] -> (N,) logits of being real."""
        rgb = windows[:, None].expand(-1, 3, -1, -1, -1)
        return self.layers(rgb).flatten()


class IdentityReader(nn.Module):
    """Predicts the original walker's identity vector from A-NET's output; whatever it predicts
    correctly is a leak.

    It is given R as well, so that it need not first learn which parts of the output R explains.
    Where it cannot tell, the best answer is the mean of all people, 0.
    """

    def __init__(self, frames: int = 8, noise_dim: int = 32, width: int = 32, joints: int = 0):
        super().__init__()
        self.layers = nn.Sequential(
            *_halving(frames, width, 3), nn.Conv2d(8 * width, 8 * width, 4), nn.Flatten()
        )
        of_joints = 8 * width if joints else 0
        self.joint_layers = (
            nn.Sequential(
                nn.Flatten(),
                nn.Linear(2 * frames * joints, 8 * width),
                nn.LeakyReLU(0.2),
                nn.Linear(8 * width, of_joints),
                nn.LeakyReLU(0.2),
            )
            if joints
            else None
        )
        self.head = nn.Sequential(
            nn.Linear(8 * width + of_joints + noise_dim, 8 * width),
            nn.LeakyReLU(0.2),
            nn.Linear(8 * width, noise_dim),
        )

    def forward(self, windows: Tensor, noise: Tensor, joints: Tensor | None = None) -> Tensor:
        """Silhouettes (N, frames, 64, 64) in [0, 1], R (N, noise_dim) and, if it was built for
        joints, joints (N, frames, joints, 2) -> (N, noise_dim)."""
        features = [self.layers(windows), noise]
        if self.joint_layers is not None:
            features.append(self.joint_layers(4 * (joints - 0.5)))
        return self.head(torch.cat(features, dim=1))


def _halving(
    channels: int, width: int, doublings: int, conv: type = nn.Conv2d, norm: type = nn.BatchNorm2d
) -> list[nn.Module]:
    """Convolutions with stride 2: the first to `width` channels, the others double them."""
    layers = [conv(channels, width, 4, 2, 1), nn.LeakyReLU(0.2)]
    for inputs in (width * 2**n for n in range(doublings)):
        layers += [
            conv(inputs, 2 * inputs, 4, 2, 1, bias=False), norm(2 * inputs), nn.LeakyReLU(0.2)
        ]  # fmt: skip
    return layers
