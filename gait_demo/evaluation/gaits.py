"""Walks as recognisers take them: aligned silhouettes, by person, condition and view."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from gait_demo.datasets.casia import CasiaB, Sequence
from gait_demo.errors import DataError
from gait_demo.evaluation.gei import SIZE, aligned
from gait_demo.evaluation.identity import Geis

Progress = Callable[[str, int, int], None]
Method = Callable[[np.ndarray, int], np.ndarray]


@dataclass(frozen=True, eq=False)
class Gaits:
    """N walks; two of them are equal only if they are the same object.

    Attributes:
        walks: of each, (T, 64, 8) uint8: packed bits along x; T may be 0.
        person, view: (N,) int; view in degrees.
        condition: (N,) str, such as "nm-01".
        clear: (N,) bool, False of those that a method made.
    """

    walks: tuple[np.ndarray, ...]
    person: np.ndarray
    view: np.ndarray
    condition: np.ndarray
    clear: np.ndarray

    def __len__(self) -> int:
        return len(self.walks)

    def of(self, chosen: np.ndarray | list) -> Gaits:
        """Those of an index (M,) or mask (N,)."""
        numbers = np.arange(len(self))[chosen]
        about = self.person, self.view, self.condition, self.clear
        return Gaits(tuple(self.walks[n] for n in numbers), *(each[numbers] for each in about))

    def frames(self, number: int) -> np.ndarray:
        """(T, 64, 64) uint8, 0 or 1, of one walk."""
        return np.unpackbits(self.walks[number], axis=-1)

    def geis(self) -> Geis:
        """Their gait energy images; all 0 where a walk shows nobody."""
        images = [
            self.frames(n).mean(axis=0, dtype=np.float32) if len(walk) else np.zeros((SIZE, SIZE))
            for n, walk in enumerate(self.walks)
        ]
        flat = np.reshape(images, (len(self), -1)).astype(np.float32)
        return Geis(flat, self.person, self.view, self.condition, 0, ())

    def changed(
        self, method: Method, seeds: int | np.ndarray, on_progress: Progress | None = None
    ) -> Gaits:
        """Every walk as a method makes it, aligned anew; seeds: one for all, or (N,) of each."""
        walks = []
        for n, (walk, seed) in enumerate(
            zip(self.walks, np.broadcast_to(seeds, len(self)), strict=True)
        ):
            if on_progress:
                on_progress("anonymize", n, len(self))
            made = method(self.frames(n), int(seed)) if len(walk) else None
            walks.append(walk if made is None else packed(made))
        return replace(self, walks=tuple(walks), clear=np.zeros(len(self), bool))

    def together(self, other: Gaits) -> Gaits:
        """Both."""
        about = [(g.person, g.view, g.condition, g.clear) for g in (self, other)]
        return Gaits(self.walks + other.walks, *map(np.concatenate, zip(*about, strict=True)))


def read_gaits(
    data: CasiaB, sequences: list[Sequence], on_progress: Progress | None = None
) -> Gaits:
    """The sequences that show somebody.

    Raises:
        DataError: none does.
    """
    kept = []
    for done, sequence in enumerate(sequences):
        if on_progress:
            on_progress("read", done, len(sequences))
        walk = packed(data.read(sequence).masks)
        if len(walk):
            kept.append((sequence, walk))
    if not kept:
        raise DataError("No sequence shows anybody: check the folder of silhouettes.")
    found, walks = zip(*kept, strict=True)
    return Gaits(
        walks,
        np.array([s.person for s in found]),
        np.array([s.view for s in found]),
        np.array([s.condition for s in found]),
        np.ones(len(found), bool),
    )


def packed(masks: np.ndarray) -> np.ndarray:
    """(T, H, W) of 0 to 1 -> (T', 64, 8) uint8 without the frames that show nobody."""
    frames = [a for mask in masks if (a := aligned((mask > 0.5).astype(np.uint8))) is not None]
    bits = np.reshape(frames, (-1, SIZE, SIZE)) > 0.5
    return np.packbits(bits, axis=-1)
