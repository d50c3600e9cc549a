"""What gives a walk another gait.

A new anonymizer is a file beside this one, with the function `load`, and a line in
`options.ANONYMIZERS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol

from torch import Tensor

TRAINED_FPS = 25  # walkers faster or slower than usual stay within what networks have seen


@dataclass(frozen=True)
class Walk:
    """One person in T frames, about TRAINED_FPS of them a second.

    Attributes:
        silhouettes: (T, 64, 64) float32 in [0, 1].
        joints: (T, 19, 3) float32 as they are read: x and y in the unit square of the crop, and
            visibility, 0 where not known; (T, 19, 2) as they are written. None: there are none.
    """

    silhouettes: Tensor
    joints: Tensor | None

    def part(self, frames: slice) -> Walk:
        return Walk(self.silhouettes[frames], None if self.joints is None else self.joints[frames])


class GaitAnonymizer(Protocol):
    """f(X, R) of the paper, for a walk of any length."""

    @property
    def noise_dim(self) -> int:
        """Length of the noise vector."""
        ...

    def __call__(self, walk: Walk, noise: Tensor, late: Tensor) -> Walk:
        """
        Args:
            walk: its silhouettes are 0 or 1.
            noise: (noise_dim,) float32, standard normal.
            late: (T,) frames by which the new walk shall be later than the old one, see `sway`. An
                anonymizer that keeps in step leaves it alone.

        Returns:
            The new walk, of as many frames. Without joints, it is drawn with C-NET's colours.
        """
        ...


def load(name: str, path: Path) -> GaitAnonymizer:
    """Build one of `options.ANONYMIZERS` from its weights.

    Raises:
        WeightsError: the file is not what it should be.
    """
    return import_module(f"gait_demo.anonymization.{name}").load(path)
