"""How well a small network tells two kinds of pictures of people apart, judged on strangers."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, pad

from gait_demo.errors import DataError

_BATCH = 64
_LEARNING_RATE = 4e-3
_SHIFT = 2  # pixels by which training shifts pictures, so that their position tells nothing
_RESAMPLES = 2000  # of the bootstrap


@dataclass(frozen=True)
class Pictures:
    """Pictures of two kinds, by person.

    Attributes:
        images: (N, H, W) float32 in [0, 1].
        made: (N,) bool, the kind.
        person: (N,) str; a name is of one kind only.
        group: (N,) str, the circumstances.
    """

    images: np.ndarray
    made: np.ndarray
    person: np.ndarray
    group: np.ndarray

    def of(self, chosen: np.ndarray) -> Pictures:
        """The pictures selected by an index or mask (N,)."""
        return Pictures(
            self.images[chosen], self.made[chosen], self.person[chosen], self.group[chosen]
        )

    def rows(self, first: int, stop: int) -> Pictures:
        """The same, seen through a horizontal band."""
        return replace(self, images=self.images[:, first:stop])


def folds_of(pictures: Pictures, folds: int, seed: int) -> np.ndarray:
    """(N,) int: the fold of each picture. All pictures of a person are in one fold, and each fold
    has both kinds.

    Raises:
        DataError: a kind has fewer people than folds.
    """
    fold = np.empty(len(pictures.made), int)
    for made, kind in ((True, "made"), (False, "real")):
        people = np.unique(pictures.person[pictures.made == made])
        if len(people) < folds:
            raise DataError(
                f"Only {len(people)} {kind} people have usable frames: at least {folds} are "
                "needed. Add videos of others."
            )
        for n, person in enumerate(np.random.default_rng(seed).permutation(people)):
            fold[pictures.person == person] = n % folds
    return fold


def judge(pictures: Pictures, folds: int = 4, steps: int = 240, seed: int = 0) -> np.ndarray:
    """The probability that each picture is made, by a network that never saw its person.

    In training, both kinds have the same weight, and within a kind all people, whatever the number
    of their pictures; pictures are mirrored and shifted at random.

    Args:
        folds: number of networks, each trained without the people of one fold.
        steps: number of training steps of each network, with 64 pictures each.

    Returns:
        (N,) float32.

    Raises:
        DataError: a kind has fewer people than folds.
    """
    fold = folds_of(pictures, folds, seed)
    probability = np.empty(len(fold), np.float32)
    for n in range(folds):
        network = _trained(pictures.of(fold != n), steps, seed + n)
        unseen = torch.from_numpy(pictures.images[fold == n])[:, None]
        with torch.inference_mode():
            logits = [network(part) + network(part.flip(3)) for part in unseen.split(512)]
        probability[fold == n] = torch.sigmoid(torch.cat(logits) / 2).numpy()
    return probability


def balanced_accuracy(pictures: Pictures, probability: np.ndarray, seed: int = 0) -> dict:
    """Share of pictures that are told right, averaged over people, then over kinds.

    Returns:
        "accuracy", and "interval", its 95 % bootstrap interval over people.
    """
    rng = np.random.default_rng(seed)
    mean, resampled = 0.0, np.zeros(_RESAMPLES)
    for made in (True, False):
        of_kind = pictures.made == made
        right = (probability[of_kind] > 0.5) == made
        _, person = np.unique(pictures.person[of_kind], return_inverse=True)
        share = np.bincount(person, right) / np.bincount(person)
        mean += share.mean() / 2
        resampled += rng.choice(share, (_RESAMPLES, len(share))).mean(axis=1) / 2
    low, high = np.percentile(resampled, (2.5, 97.5))
    return {
        "accuracy": round(float(mean), 3),
        "interval": [round(float(low), 3), round(float(high), 3)],
    }


def _trained(pictures: Pictures, steps: int, seed: int) -> nn.Module:
    rng = np.random.default_rng(seed)
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(seed)
        network = _network(*pictures.images.shape[1:])
        optimiser = torch.optim.AdamW(network.parameters(), _LEARNING_RATE, weight_decay=0.05)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _LEARNING_RATE, steps)
        made, real = (_by_person(pictures, kind) for kind in (True, False))
        wanted = torch.tensor([1.0, 0.0]).repeat_interleave(_BATCH // 2)
        for _ in range(steps):
            drawn = [_draw(kind, rng) for kind in (made, real) for _ in range(_BATCH // 2)]
            batch = _disturbed(torch.from_numpy(pictures.images[drawn]), rng)
            loss = binary_cross_entropy_with_logits(network(batch), wanted)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return network.eval()


def _network(height: int, width: int) -> nn.Module:
    """Three convolutions and a linear layer; (B, 1, H, W) to (B,) logits."""
    layers: list[nn.Module] = []
    for channels, wider, kernel, stride in ((1, 16, 5, 4), (16, 32, 3, 2), (32, 32, 3, 1)):
        layers += [
            nn.Conv2d(channels, wider, kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm2d(wider),
            nn.ReLU(),
        ]
    cells = -(-height // 8) * -(-width // 8)
    layers += [nn.Flatten(), nn.Dropout(0.5), nn.Linear(32 * cells, 1), nn.Flatten(0)]
    return nn.Sequential(*layers)


def _by_person(pictures: Pictures, made: bool) -> list[np.ndarray]:
    """The indices of the pictures of each person of a kind."""
    people = np.unique(pictures.person[pictures.made == made])
    return [np.flatnonzero(pictures.person == person) for person in people]


def _draw(kind: list[np.ndarray], rng: np.random.Generator) -> int:
    return int(rng.choice(kind[rng.integers(len(kind))]))


def _disturbed(images: Tensor, rng: np.random.Generator) -> Tensor:
    """(B, 1, H, W) of (B, H, W): pictures mirrored at random, and shifted by one of two random
    shifts."""
    images = images[:, None]
    half = len(images) // 2
    mirrored = torch.from_numpy(rng.random(len(images)) < 0.5)
    images = torch.where(mirrored[:, None, None, None], images.flip(3), images)
    parts = []
    for part in (images[::2], images[1::2]):
        dx, dy = rng.integers(-_SHIFT, _SHIFT + 1, 2).tolist()
        parts.append(pad(part, (dx, -dx, dy, -dy)))
    return torch.stack(parts, 1).reshape(2 * half, *images.shape[1:])
