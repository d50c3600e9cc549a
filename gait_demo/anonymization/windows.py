"""Runs networks that take a window of a few frames over a whole walk."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from gait_demo.anonymization.anonymizer import Walk

_HOP = 4  # frames between the starts of windows; each frame is in two windows
BATCH = 32  # windows per call of a network


def blended(count: int, frames: int, read: Callable[[Tensor], Tensor]) -> Tensor:
    """Applies a network to overlapping windows of a track and blends its outputs for each frame.

    Args:
        count: number of frames of the track, T.
        frames: number of frames of a window.
        read: maps frame indices (N, frames) of N windows to outputs (N, frames, D). In a track
            shorter than a window, the last frame is repeated.

    Returns:
        (T, D), blended with triangular weights, so that no seams show.
    """
    padded = max(count, frames)
    last = padded - frames
    starts = torch.tensor([*range(0, last, _HOP), last])
    positions = starts[:, None] + torch.arange(frames)
    shown = positions.clamp(max=count - 1)
    windows = torch.cat([read(part).cpu() for part in shown.split(BATCH)])
    ramp = torch.arange(1, frames // 2 + 1, dtype=torch.float32)
    weights = torch.cat((ramp, ramp.flip(0)))[:, None]
    total, weight = torch.zeros(padded, windows.shape[2]), torch.zeros(padded, 1)
    for place, window in zip(positions, windows, strict=True):
        total[place] += weights * window
        weight[place] += weights
    return (total / weight)[:count]


class InStep:
    """Makes an anonymizer of any network that maps a window of silhouettes and a noise vector to
    new silhouettes. It gives no joints."""

    def __init__(self, network: nn.Module):
        """
        Args:
            network: maps (N, frames, 64, 64) and (N, noise_dim) to (N, frames, 64, 64) in [0, 1].
        """
        self._network = network

    @property
    def noise_dim(self) -> int:
        return self._network.dims.noise_dim

    def __call__(self, walk: Walk, noise: Tensor, timing: Tensor) -> Walk:
        masks = walk.silhouettes

        def made(at: Tensor) -> Tensor:
            windows = masks[at].to(noise.device)
            return self._network(windows, noise.expand(len(at), -1)).flatten(2)

        made_of_all = blended(len(masks), self._network.dims.frames, made)
        return Walk(made_of_all[timing.round().long()].unflatten(1, masks.shape[1:]), None)
