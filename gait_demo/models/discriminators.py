"""D_S and D_T, stacked on A-NET during training (paper, section III-B, Fig. 6)."""

from __future__ import annotations

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
