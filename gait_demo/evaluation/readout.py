"""How recognisers rank a user's walker among synthetic people, before and after anonymization."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from gait_demo.errors import WeightsError
from gait_demo.evaluation.attackers import Attacker
from gait_demo.evaluation.gaits import Gaits, Recording
from gait_demo.evaluation.naturalness import toe_lead
from gait_demo.models.build import read_tensors, write_tensors
from gait_demo.types import Rank, SilhouetteClip

_NETWORK = "recogniser"  # name of the network in its checkpoint
_FEWEST_FRAMES = 12  # minimum number of frames of each half of a walk
_GEI = "gait energy image"


@dataclass(frozen=True)
class Crowd:
    """A gallery of synthetic people.

    Attributes:
        attacker: a trained recogniser network.
        person: (N,) int, person of each walk.
        seen: by recogniser, (N, D) float32, features of each walk.
    """

    attacker: Attacker
    person: np.ndarray
    seen: Mapping[str, np.ndarray]

    @classmethod
    def of(cls, attacker: Attacker, walks: Gaits) -> Crowd:
        return cls(attacker, walks.person, _seen(attacker, walks))

    @property
    def people(self) -> int:
        return len(np.unique(self.person))

    def ranks(self, before: np.ndarray, after: np.ndarray) -> list[Rank] | None:
        """Ranks a person among the people of the gallery.

        The first half of the original walk is added to the gallery; probes are the second half of
        the original walk, and of the anonymized one.

        Args:
            before, after: (T, 64, 64) in [0, 1], the original and the anonymized silhouettes of one
                person; empty frames are skipped.

        Returns:
            One rank for each recogniser; None if the walk is too short.
        """
        half = len(before) // 2
        way = -1 if toe_lead(before > 0.5) > 0 else 1  # the crowd walks to the left
        parts = (before[:half], before[half:], after[half:])
        walks = tuple(_recording(masks[..., ::way]) for masks in parts)
        if min(map(len, walks)) < _FEWEST_FRAMES:
            return None
        none, clear = np.zeros(3, int), np.ones(3, bool)
        user = _seen(self.attacker, Gaits(walks, none, none, none.astype(str), clear))
        return [
            Rank(name, *(self._rank(known, probe, self.seen[name]) for probe in probes))
            for name, (known, *probes) in user.items()
        ]

    def _rank(self, known: np.ndarray, probe: np.ndarray, others: np.ndarray) -> float:
        """Rank of a person with features `known` (D,) among `others` (N, D), by the distance to a
        probe (D,)."""
        own = np.linalg.norm(known - probe)
        distance = np.linalg.norm(others - probe, axis=1)
        nearest = np.array([distance[self.person == p].min() for p in np.unique(self.person)])
        return 1 + float(np.sum(nearest < own) + np.sum(nearest == own) / 2)

    def save(self, path: Path, summary: dict) -> None:
        """Writes a checkpoint; the features are rounded to half precision."""
        tensors = {f"network.{name}": tensor for name, tensor in self.attacker.state().items()}
        tensors |= {f"seen.{name}": torch.from_numpy(s).half() for name, s in self.seen.items()}
        tensors["person"] = torch.from_numpy(self.person)
        write_tensors(path, _NETWORK, tensors, {"network": self.attacker.name}, summary)

    @classmethod
    def load(cls, path: Path) -> Crowd:
        """
        Raises:
            WeightsError: not a checkpoint of `save`, or of another version.
        """
        tensors, metadata = read_tensors(path, _NETWORK)
        network, seen = (
            {n.removeprefix(part): t for n, t in tensors.items() if n.startswith(part)}
            for part in ("network.", "seen.")
        )
        try:
            attacker = Attacker.of(json.loads(metadata["dims"])["network"], network)
            person = tensors["person"].numpy()
            seen = {name: seen[name].float().numpy() for name in (_GEI, attacker.name)}
        except (KeyError, ValueError, RuntimeError) as error:
            raise WeightsError(
                f"{path.name} does not fit this version of the project; use its own checkpoints."
            ) from error
        return cls(attacker, person, seen)


def _recording(masks: np.ndarray) -> Recording:
    """A recording of silhouettes whose places in the picture do not matter."""
    squares = np.zeros((len(masks), 4), np.float32)
    return Recording.of(SilhouetteClip(1, 0, masks.astype(np.float32), squares))


def _seen(attacker: Attacker, walks: Gaits) -> dict[str, np.ndarray]:
    return {_GEI: walks.geis().images, attacker.name: attacker.features(walks)}
