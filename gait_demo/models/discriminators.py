"""What is stacked on A-NET in training: D_S and D_T of the paper (section III-B, Fig. 6), and ours
that looks for the walker in the result."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class SpatialDiscriminator(nn.Module):
    """D_S: is this one frame the shape of a real walker? 2-D convolutions.

    The sigmoid on top is left to the loss, which is numerically safer on logits.
    """

    def __init__(self, width: int = 32):
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(3, width, 4, 2, 1), nn.LeakyReLU(0.2)]
        for factor in (1, 2, 4):
            layers += [
                nn.Conv2d(factor * width, 2 * factor * width, 4, 2, 1, bias=False),
                nn.BatchNorm2d(2 * factor * width),
                nn.LeakyReLU(0.2),
            ]
        self.layers = nn.Sequential(*layers, nn.Conv2d(8 * width, 1, 4))

    def forward(self, frames: Tensor) -> Tensor:
        """(N, 64, 64) silhouettes in [0, 1] -> (N,) logits of being real."""
        rgb = frames[:, None].expand(-1, 3, -1, -1)  # the paper's 64x64x3 input [inference]
        return self.layers(rgb).flatten()


class TemporalDiscriminator(nn.Module):
    """D_T: is this the movement of a real walker? 3-D convolutions (ST-GAN's, after its abstract).

    As with D_S, the sigmoid is left to the loss.
    """

    def __init__(self, width: int = 16):
        super().__init__()
        layers: list[nn.Module] = [nn.Conv3d(3, width, 4, 2, 1), nn.LeakyReLU(0.2)]
        for factor in (1, 2):
            layers += [
                nn.Conv3d(factor * width, 2 * factor * width, 4, 2, 1, bias=False),
                nn.BatchNorm3d(2 * factor * width),
                nn.LeakyReLU(0.2),
            ]
        self.layers = nn.Sequential(*layers, nn.Conv3d(4 * width, 1, (1, 8, 8)))

    def forward(self, windows: Tensor) -> Tensor:
        """(N, 8, 64, 64) silhouettes in [0, 1] -> (N,) logits of being real."""
        rgb = windows[:, None].expand(-1, 3, -1, -1, -1)
        return self.layers(rgb).flatten()


class IdentityReader(nn.Module):
    """Who walked in? Reads the walker's identity latent from what A-NET makes of them.

    It is told R as well, so that it need not find out first whom the result shows. Whatever it
    reads, of the outline or of the joints, is a leak, and what it cannot tell it answers with the
    mean of all people, 0.
    """

    def __init__(self, frames: int = 8, noise_dim: int = 32, width: int = 32, joints: int = 0):
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(frames, width, 4, 2, 1), nn.LeakyReLU(0.2)]
        for factor in (1, 2, 4):
            layers += [
                nn.Conv2d(factor * width, 2 * factor * width, 4, 2, 1, bias=False),
                nn.BatchNorm2d(2 * factor * width),
                nn.LeakyReLU(0.2),
            ]
        self.layers = nn.Sequential(*layers, nn.Conv2d(8 * width, 8 * width, 4), nn.Flatten())
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
        """(N, frames, 64, 64) in [0, 1], R, (N, noise_dim), and, if it reads joints, those,
        (N, frames, joints, 2) -> (N, noise_dim)."""
        features = [self.layers(windows), noise]
        if self.joint_layers is not None:
            features.append(self.joint_layers(4 * (joints - 0.5)))
        return self.head(torch.cat(features, dim=1))
