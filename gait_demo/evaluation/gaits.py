"""Walks in two forms: in the camera's frame for methods, and aligned for recognisers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from gait_demo.datasets.casia import FPS, CasiaB, Sequence, Silhouettes
from gait_demo.errors import DataError, GaitDemoError
from gait_demo.evaluation.gei import SIZE, aligned
from gait_demo.evaluation.identity import Geis
from gait_demo.silhouettes.crops import boxes_around, clip_of
from gait_demo.types import SILHOUETTE_SIZE, Progress, SilhouetteClip, silent

Method = Callable[[SilhouetteClip, int], SilhouetteClip]  # a clear walk, a seed -> what is shown


@dataclass(frozen=True, eq=False)
class Recording:
    """One walk, filmed by one camera.

    Attributes:
        silhouettes: (T, 64, 8) uint8, packed bits along x; T may be 0.
        squares: (T, 4) float32, where each silhouette lies, in pixels of the video.
        joints: (T, 19, 2) float32 in the unit square; None where not known.
    """

    silhouettes: np.ndarray
    squares: np.ndarray
    joints: np.ndarray | None = None

    @classmethod
    def of(cls, clip: SilhouetteClip) -> Recording:
        """A clip without the frames that show hardly anything."""
        masks = clip.masks > 0.5
        shown = _shown(masks)
        bits = np.packbits(masks[shown], axis=-1)
        joints = None if clip.joints is None else clip.joints[shown, :, :2]
        return cls(bits, clip.squares[shown], joints)

    def __len__(self) -> int:
        return len(self.silhouettes)

    @classmethod
    def empty(cls) -> Recording:
        """A recording that shows nobody."""
        size = SILHOUETTE_SIZE
        return cls(np.zeros((0, size, size // 8), np.uint8), np.zeros((0, 4), np.float32))

    def changed(self, method: Method, seed: int) -> Recording:
        """What a method makes of the walk; empty if it refuses it with a GaitDemoError."""
        try:
            return Recording.of(method(self.clip, seed))
        except GaitDemoError:
            return Recording.empty()

    @property
    def clip(self) -> SilhouetteClip:
        masks = np.unpackbits(self.silhouettes, axis=-1).astype(np.float32)
        return SilhouetteClip(1, 0, masks, self.squares)

    @cached_property
    def aligned(self) -> np.ndarray:
        """(T, 64, 8) uint8, packed: the silhouettes aligned for recognisers; see `gei.aligned`."""
        return packed(np.unpackbits(self.silhouettes, axis=-1))

    @property
    def boxes(self) -> np.ndarray:
        """(T, 4) float32: the tightest box around each silhouette, in pixels of the video."""
        return boxes_around(self.clip) if len(self) else np.zeros((0, 4), np.float32)


@dataclass(frozen=True, eq=False)
class Gaits:
    """N walks. Two `Gaits` are equal only if they are the same object.

    Attributes:
        recordings: one for each walk.
        person, view: (N,) int; view in degrees.
        condition: (N,) str, such as "nm-01".
        clear: (N,) bool, False for anonymized walks.
    """

    recordings: tuple[Recording, ...]
    person: np.ndarray
    view: np.ndarray
    condition: np.ndarray
    clear: np.ndarray

    def __len__(self) -> int:
        return len(self.recordings)

    @cached_property
    def walks(self) -> tuple[np.ndarray, ...]:
        """For each walk (T, 64, 8) uint8: aligned silhouettes, packed bits along x; T may be 0."""
        return tuple(recording.aligned for recording in self.recordings)

    def of(self, chosen: np.ndarray | list) -> Gaits:
        """The walks selected by an index (M,) or mask (N,)."""
        numbers = np.arange(len(self))[chosen]
        about = self.person, self.view, self.condition, self.clear
        return Gaits(
            tuple(self.recordings[n] for n in numbers), *(array[numbers] for array in about)
        )

    def frames(self, number: int) -> np.ndarray:
        """(T, 64, 64) uint8, 0 or 1, of one walk, aligned."""
        return np.unpackbits(self.walks[number], axis=-1)

    def geis(self) -> Geis:
        """Their gait energy images; all 0 for a walk that shows nobody."""
        images = [
            self.frames(n).mean(axis=0, dtype=np.float32) if len(walk) else np.zeros((SIZE, SIZE))
            for n, walk in enumerate(self.walks)
        ]
        flat = np.reshape(images, (len(self), -1)).astype(np.float32)
        return Geis(flat, self.person, self.view, self.condition, 0, ())

    def changed(
        self, method: Method, seeds: int | np.ndarray, on_progress: Progress = silent
    ) -> Gaits:
        """What a method makes of all walks; those that it refuses show nobody. `seeds` is one for
        all, or (N,) with one for each."""
        made = []
        for n, (recording, seed) in enumerate(
            zip(self.recordings, np.broadcast_to(seeds, len(self)), strict=True)
        ):
            on_progress("anonymize", n, len(self))
            made.append(recording.changed(method, int(seed)) if len(recording) else recording)
        return replace(self, recordings=tuple(made), clear=np.zeros(len(self), bool))

    def together(self, other: Gaits) -> Gaits:
        """These walks and the others."""
        about = [(g.person, g.view, g.condition, g.clear) for g in (self, other)]
        return Gaits(
            self.recordings + other.recordings, *map(np.concatenate, zip(*about, strict=True))
        )

    def save(self, path: Path) -> None:
        """Writes the walks atomically to a file for `load`."""
        joints = [recording.joints for recording in self.recordings if len(recording)]
        known = all(points is not None for points in joints) and len(joints) > 0
        part = path.with_suffix(".part.npz")
        np.savez(
            part,
            lengths=[len(recording) for recording in self.recordings],
            silhouettes=np.concatenate([recording.silhouettes for recording in self.recordings]),
            squares=np.concatenate([recording.squares for recording in self.recordings]),
            joints=np.concatenate(joints) if known else np.zeros(0, np.float32),
            person=self.person, view=self.view, condition=self.condition, clear=self.clear,
        )  # fmt: skip
        part.rename(path)

    @classmethod
    def load(cls, path: Path) -> Gaits:
        with np.load(path) as saved:
            ends = np.cumsum(saved["lengths"])[:-1]
            parts = [np.split(saved[name], ends) for name in ("silhouettes", "squares")]
            joints = saved["joints"]
            parts.append(np.split(joints, ends) if len(joints) else [None] * (len(ends) + 1))
            recordings = tuple(Recording(*arrays) for arrays in zip(*parts, strict=True))
            about = (saved[name] for name in ("person", "view", "condition", "clear"))
            return cls(recordings, *about)


def read_gaits(data: CasiaB, sequences: list[Sequence], on_progress: Progress = silent) -> Gaits:
    """The sequences that show a person, cropped as the program crops a track.

    Raises:
        DataError: no sequence does.
    """
    kept = []
    for done, sequence in enumerate(sequences):
        on_progress("read", done, len(sequences))
        recording = _recording(data.read(sequence))
        if len(recording):
            kept.append((sequence, recording))
    if not kept:
        raise DataError("No sequence shows anybody: check the folder of silhouettes.")
    found, recordings = zip(*kept, strict=True)
    return Gaits(
        recordings,
        np.array([s.person for s in found]),
        np.array([s.view for s in found]),
        np.array([s.condition for s in found]),
        np.ones(len(found), bool),
    )


def _recording(seen: Silhouettes) -> Recording:
    there = _shown(seen.masks)
    if not there.any():
        return Recording.empty()
    return Recording.of(clip_of(seen.masks, there, FPS))


def _shown(masks: np.ndarray) -> np.ndarray:
    """(T,) bool: which of the masks (T, H, W), bool or 0 and 1, show a person."""
    return np.array([aligned(mask.astype(np.uint8)) is not None for mask in masks], bool)


def packed(masks: np.ndarray) -> np.ndarray:
    """(T', 64, 8) uint8: masks (T, H, W) in [0, 1], aligned and packed, without those that show
    nobody."""
    frames = [a for mask in masks if (a := aligned((mask > 0.5).astype(np.uint8))) is not None]
    bits = np.reshape(frames, (-1, SIZE, SIZE)) > 0.5
    return np.packbits(bits, axis=-1)
