"""A-NET as an anonymizer: new silhouettes and joints."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import normalize

from gait_demo.anonymization.anonymizer import Walk
from gait_demo.anonymization.windows import BATCH, blended
from gait_demo.models import build
from gait_demo.models.anet import ANet

# Root mean square to which noise is scaled. The codes of the walkers that A-NET learnt from are
# standard normal: farther out, gaits of two noises differ more. At 1.65, some legs are torn.
SPREAD = 1.4


def of_one_length(noise: Tensor) -> Tensor:
    """Noise (..., noise_dim), scaled to the length that the program uses."""
    return SPREAD * noise.shape[-1] ** 0.5 * normalize(noise, dim=-1)


class ANetAnonymizer:
    """Encodes overlapping windows of a few frames, blends the content vectors of each frame,
    interpolates them at the moments of the new frames, and decodes each of these once."""

    def __init__(self, network: ANet):
        """
        Args:
            network: ready for inference. One without joints reads and writes only silhouettes.
        """
        self._network = network

    @property
    def noise_dim(self) -> int:
        return self._network.dims.noise_dim

    def __call__(self, walk: Walk, noise: Tensor, timing: Tensor) -> Walk:
        device, frames, count = noise.device, self._network.dims.frames, len(walk.silhouettes)

        def read(at: Tensor) -> Tensor:
            joints = None if walk.joints is None else walk.joints[at].to(device)
            content = self._network.read(walk.silhouettes[at].to(device), joints)
            return content.reshape(len(at), frames, -1)

        noise = of_one_length(noise)
        content = blended(count, frames, read)
        before = timing.long()
        after = (before + 1).clamp(max=count - 1)
        content = content[before].lerp(content[after], (timing - before)[:, None].float())
        parts = content[..., None, None].to(device).split(BATCH * frames)
        written = [self._network.write(part, noise[None]) for part in parts]
        silhouettes = torch.cat([output.logits[0].sigmoid().cpu() for output in written])
        if any(output.joints is None for output in written):
            return Walk(silhouettes, None)
        return Walk(silhouettes, torch.cat([output.joints[0].cpu() for output in written]))


def load(path: Path) -> ANetAnonymizer:
    """
    Raises:
        WeightsError: the file does not hold A-NET's weights.
    """
    return ANetAnonymizer(build.load(path, "anet"))
