"""The interface of anonymizers, which give a walk another gait.

To add one: write a module beside this one with a function `load(path) -> GaitAnonymizer`, and add a
line to `options.ANONYMIZERS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol

from torch import Tensor

TRAINED_FPS = 25  # frame rate of the training data


@dataclass(frozen=True)
class Walk:
    """T frames of one person, at about TRAINED_FPS frames per second.

    Attributes:
        silhouettes: (T, 64, 64) float32 in [0, 1].
        joints: float32, or None without joints. As input (T, 19, 3): x and y in the unit square of
            the crop, and visibility, 0 where not known. As output (T, 19, 2): x and y.
    """

    silhouettes: Tensor
    joints: Tensor | None

    def part(self, frames: slice) -> Walk:
        return Walk(self.silhouettes[frames], None if self.joints is None else self.joints[frames])


class GaitAnonymizer(Protocol):
    """Makes a new walk from a walk and noise: f(X, R) of the paper, for any length."""

    @property
    def noise_dim(self) -> int:
        """Length of the noise vector."""
        ...

    def __call__(self, walk: Walk, noise: Tensor, timing: Tensor) -> Walk:
        """
        Args:
            walk: the old walk, with silhouettes of 0 and 1.
            noise: (noise_dim,) float32, standard normal.
            timing: (T',) positions in [0, T - 1]: the moments of the old walk that the frames of
                the new one correspond to.

        Returns:
            The new walk, of T' frames. Without joints, it is drawn in C-NET's colours.
        """
        ...


def load(name: str, path: Path) -> GaitAnonymizer:
    """Build one of `options.ANONYMIZERS` from its weights.

    Raises:
        WeightsError: the file does not hold this anonymizer's weights.
    """
    return import_module(f"gait_demo.anonymization.{name}").load(path)
