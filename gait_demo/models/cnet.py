"""C-NET: colours a new silhouette with the colours of the original crop."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

_FULL_WIDTH = 16  # channels at full resolution, where each one costs most time
_MOSTLY_KEEP = -3.0  # initial bias of the logit of the share of new colour


@dataclass(frozen=True)
class CNetDims:
    """Sizes of C-NET; the paper gives none of them.

    Attributes:
        width: channels at half resolution; they double at every halving, up to fourfold.
        depth: number of halvings.
    """

    width: int = 16
    depth: int = 4


def _halve(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 4, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.LeakyReLU(0.2),
    )


def _join(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.LeakyReLU(0.2),
    )


class CNet(nn.Module):
    """The paper's C-NET: two branches with shared weights, joined, then a decoder (Fig. 5).

    One branch reads the silhouette Z as a 3-channel image, the other one the original crop times Z.
    Two details are not in the paper. The branches are joined at every scale, not only at the
    narrowest, which keeps the colours in place; at full resolution the images themselves are
    joined, which takes a tenth of the time of features. And the decoder predicts a colour and the
    share of it to use: most pixels of Y are right as they are, and a network that only has to find
    the others learns in a fraction of the time.
    """

    def __init__(self, dims: CNetDims):
        super().__init__()
        self.dims = dims
        widths = [3, *(dims.width * min(2**i, 4) for i in range(dims.depth))]
        self.branch = nn.ModuleList(_halve(a, b) for a, b in pairwise(widths))
        self.joined = _join(2 * widths[-1], widths[-1])
        outputs = [*widths[-2:0:-1], _FULL_WIDTH]
        inputs = [widths[-1], *outputs[:-1]]
        skips = widths[-2::-1]
        self.decoder = nn.ModuleList(
            _join(a + 2 * skip, b) for a, skip, b in zip(inputs, skips, outputs, strict=True)
        )
        self.last = nn.Conv2d(_FULL_WIDTH, 4, 3, padding=1)
        with torch.no_grad():
            self.last.bias[3] = _MOSTLY_KEEP

    def _scales(self, image: Tensor) -> list[Tensor]:
        scales = [image]
        for block in self.branch:
            scales.append(block(scales[-1]))
        return scales

    def forward(self, crops: Tensor, silhouettes: Tensor) -> Tensor:
        """f_C(Y, Z) of Eq. 5.

        Args:
            crops: (N, 3, 64, 64) float32 in [0, 1]; Y, RGB with its background.
            silhouettes: (N, 64, 64) float32 in [0, 1]; Z.

        Returns:
            (N, 3, 64, 64) float32 in [0, 1]; black where Z is 0.5 or less.
        """
        shape = silhouettes[:, None].expand(-1, 3, -1, -1)
        both = self._scales(torch.cat((shape, crops * shape)))  # one batch: same batch statistics
        *skips, deepest = [torch.cat(scale.chunk(2), dim=1) for scale in both]
        features = self.joined(deepest)
        for block, skip in zip(self.decoder, reversed(skips), strict=True):
            enlarged = nn.functional.interpolate(features, scale_factor=2, mode="nearest")
            features = block(torch.cat((enlarged, skip), dim=1))
        colour, share = torch.sigmoid(self.last(features).float()).split((3, 1), dim=1)
        return torch.lerp(crops, colour, share) * (shape > 0.5)
