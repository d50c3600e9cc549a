"""Attackers that are deep gait recognisers: compact networks after GaitSet and GaitBase.

GaitSet (Chao et al. 2019) treats a walk as a set of frames: convolutions per frame, the maximum
over the set, horizontal strips, a separate linear map for each strip, and batch-all triplet loss.
GaitBase (Fan et al. 2023) has a residual network instead, and cross-entropy in addition to the
triplet loss. These networks are narrower and work at half the resolution from their second layer
on, so that two CPU cores train one in minutes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, leaky_relu, relu

from gait_demo.errors import DataError
from gait_demo.evaluation.gaits import Gaits
from gait_demo.models.precision import bfloat16
from gait_demo.types import Progress, silent

_CUT = 10  # columns cut off on either side, which leaves 64x44
_MARGIN = 0.2
_SMOOTHING = 0.1
_STRIPS = (1, 2, 4, 8)
_TESTED_FRAMES = 60  # maximum number of frames of a walk in tests, evenly spaced


class GaitSet(nn.Module):
    """(N, T, 64, 44) float32 -> (N, parts, 64)."""

    def __init__(self, width: int = 16, features: int = 64):
        super().__init__()
        a, b, c = width, 2 * width, 4 * width
        self.stem = nn.Sequential(_conv(1, a, 5, 2), _conv(a, a))
        self.middle = nn.Sequential(_conv(a, b), _conv(b, b))
        self.last = nn.Sequential(_conv(b, c), _conv(c, c))
        self.over_set = nn.Sequential(_conv(a, b), _conv(b, b), nn.MaxPool2d(2))
        self.over_set_last = nn.Sequential(_conv(b, c), _conv(c, c))
        self.heads = _Heads(2 * sum(_STRIPS), c, features)

    def forward(self, silhouettes: Tensor) -> Tensor:
        count = len(silhouettes)

        def most(frames: Tensor) -> Tensor:
            return frames.unflatten(0, (count, -1)).amax(dim=1)

        frames = self.stem(silhouettes.flatten(0, 1)[:, None])
        together = self.over_set(most(frames))
        frames = self.middle(nn.functional.max_pool2d(frames, 2))
        together = self.over_set_last(together + most(frames))
        seen = most(self.last(frames))
        return self.heads(torch.cat((_pyramid(seen), _pyramid(seen + together)), dim=2))


class GaitBase(nn.Module):
    """(N, T, 64, 44) float32 -> (N, parts, 64)."""

    def __init__(self, width: int = 16, features: int = 64):
        super().__init__()
        a, b, c, d = width, 2 * width, 4 * width, 4 * width
        self.frames = nn.Sequential(
            _conv(1, a, 5, 2), _Residual(a, a, 1), _Residual(a, b, 2), _Residual(b, c, 2),
            _Residual(c, d, 1),
        )  # fmt: skip
        self.heads = _Heads(sum(_STRIPS[-1:]), d, features)

    def forward(self, silhouettes: Tensor) -> Tensor:
        frames = self.frames(silhouettes.flatten(0, 1)[:, None])
        seen = frames.unflatten(0, (len(silhouettes), -1)).amax(dim=1)
        return self.heads(_strips(seen, _STRIPS[-1]))


def _conv(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.LeakyReLU(0.1),
    )


class _Residual(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.first = _conv(inputs, outputs, 3, stride)
        self.second = nn.Sequential(
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs)
        )
        self.past = nn.Conv2d(inputs, outputs, 1, stride, bias=False)

    def forward(self, frames: Tensor) -> Tensor:
        return leaky_relu(self.second(self.first(frames)) + self.past(frames), 0.1)


class _Heads(nn.Module):
    """A separate linear map for each part: (N, C, parts) -> (N, parts, features)."""

    def __init__(self, parts: int, channels: int, features: int):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(parts, channels, features))
        nn.init.xavier_uniform_(self.weight)

    def forward(self, parts: Tensor) -> Tensor:
        return torch.einsum("ncp,pcf->npf", parts, self.weight)


def _strips(seen: Tensor, count: int) -> Tensor:
    """Mean and maximum over each of `count` horizontal strips, added: (N, C, count)."""
    strips = seen.unflatten(2, (count, -1)).flatten(3)
    return strips.mean(dim=3) + strips.amax(dim=3)


def _pyramid(seen: Tensor) -> Tensor:
    return torch.cat([_strips(seen, count) for count in _STRIPS], dim=2)


_CLASSES = {"GaitSet": GaitSet, "GaitBase": GaitBase}
NETWORKS = tuple(_CLASSES)


@dataclass(frozen=True)
class AttackerOptions:
    """How an attacker is trained.

    Attributes:
        network: one of NETWORKS.
        steps: number of training steps, each with people x walks x frames silhouettes.
    """

    network: str
    steps: int
    people: int = 6
    walks: int = 6
    frames: int = 12
    learning_rate: float = 1e-3
    seed: int = 0

    def __post_init__(self) -> None:
        if self.network not in NETWORKS:
            raise ValueError(f"network: expected one of {NETWORKS}, got {self.network!r}")


class Attacker:
    """A trained network that tells walks apart."""

    def __init__(self, network: nn.Module):
        self._network = network.eval()

    @classmethod
    def of(cls, name: str, state: dict[str, Tensor]) -> Attacker:
        """The network of NETWORKS with this name, with the parameters that `state` returned.

        Raises:
            KeyError: there is no such network.
            RuntimeError: the state does not fit it.
        """
        network = _CLASSES[name]()
        network.load_state_dict(state, strict=True)
        return cls(network)

    def state(self) -> dict[str, Tensor]:
        return self._network.state_dict()

    @property
    def name(self) -> str:
        return type(self._network).__name__

    @classmethod
    def train(
        cls, gaits: Gaits, options: AttackerOptions, on_progress: Progress = silent
    ) -> Attacker:
        """
        Raises:
            DataError: fewer than two people have two walks.
        """
        rng = np.random.default_rng(options.seed)
        shown = np.array([len(walk) > 0 for walk in gaits.walks])
        of_person = [np.flatnonzero(shown & (gaits.person == p)) for p in np.unique(gaits.person)]
        of_person = [walks for walks in of_person if len(walks) > 1]
        if len(of_person) < 2:
            raise DataError("An attacker needs two people or more with two walks each.")
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(options.seed)
            network = _CLASSES[options.network]().to(memory_format=torch.channels_last)
            parts, _, features = network.heads.weight.shape
            classes = nn.Parameter(0.05 * torch.randn(parts, features, len(of_person)))
            learnt = [*network.parameters(), classes]
            optimiser = torch.optim.AdamW(learnt, options.learning_rate, weight_decay=5e-4)
            schedule = torch.optim.lr_scheduler.OneCycleLR(
                optimiser, options.learning_rate, options.steps
            )
            people = min(options.people, len(of_person))
            for step in range(options.steps):
                on_progress(f"train {options.network}", step, options.steps)
                chosen = rng.choice(len(of_person), people, replace=False)
                numbers = [rng.choice(of_person[p], options.walks) for p in chosen]
                batch = _sets(gaits, np.concatenate(numbers), options.frames, rng)
                label = torch.from_numpy(chosen.repeat(options.walks))
                with bfloat16():
                    seen = network(batch).float()
                loss = triplet_loss(seen, label)
                if options.network == "GaitBase":
                    logits = torch.einsum("npf,pfk->nkp", seen, classes)
                    wanted = label[:, None].expand(-1, parts)
                    loss = loss + cross_entropy(logits, wanted, label_smoothing=_SMOOTHING)
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                schedule.step()
        return cls(network)

    @torch.inference_mode()
    def features(self, gaits: Gaits, on_progress: Progress = silent) -> np.ndarray:
        """(N, D) float32; NaN for walks that show nobody."""
        rows = []
        for n in range(len(gaits)):
            on_progress("attack", n, len(gaits))
            frames = gaits.frames(n)
            chosen = frames[:: -(-len(frames) // _TESTED_FRAMES) or 1]
            seen = self._network(_cut(chosen)[None]) if len(chosen) else None
            rows.append(None if seen is None else seen.flatten().numpy())
        size = self._network.heads.weight[:, 0].numel()
        return np.stack([np.full(size, np.nan, np.float32) if r is None else r for r in rows])


def triplet_loss(features: Tensor, label: Tensor) -> Tensor:
    """Batch-all triplet loss, for each part by itself, over the triplets that violate the margin.

    Args:
        features: (N, parts, F).
        label: (N,) int, the person of each walk.
    """
    parts_first = features.transpose(0, 1)
    distance = torch.cdist(parts_first, parts_first)  # (parts, N, N)
    same = label[:, None] == label
    loss = relu(_MARGIN + distance[:, :, :, None] - distance[:, :, None, :])
    loss = loss * (same[:, :, None] & ~same[:, None, :])
    return (loss.sum((1, 2, 3)) / (loss > 0).sum((1, 2, 3)).clamp(min=1)).mean()


def _sets(gaits: Gaits, numbers: np.ndarray, frames: int, rng: np.random.Generator) -> Tensor:
    """(N, frames, 64, 44): some frames of each walk, in no order."""
    sets = []
    for n in numbers:
        walk = gaits.walks[n]
        sets.append(walk[rng.choice(len(walk), frames, replace=len(walk) < frames)])
    return _cut(np.unpackbits(np.stack(sets), axis=-1))


def _cut(frames: np.ndarray) -> Tensor:
    return torch.from_numpy(frames[..., _CUT:-_CUT].astype(np.float32))
