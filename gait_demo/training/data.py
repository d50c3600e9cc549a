"""Training samples, and the synthetic walks from which they are drawn on the training device."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from gait_demo.errors import DataError
from gait_demo.types import SILHOUETTE_SIZE

_SIZE = SILHOUETTE_SIZE
_PHASE_STEP = (0.7, 2.6)  # phases of 48 per frame: 24-60 frames per second, slow to brisk
_STANDING = 0.05  # share of windows in which the walker stands still


@dataclass(frozen=True)
class Windows:
    """Windows of walks, with their targets.

    Attributes:
        walker: (N, frames, 64, 64) float32 in [0, 1].
        other: the target, of the same shape and aligned: the same walk at the same phases by
            another person or, if nobody else performs it, by the walker.
        code: (N, 32) float32, standard normal: the identity latent of `other`, or any.
        walker_code: (N, 32) float32, the identity latent of `walker`; None if there is none.
        walker_joints, other_joints: (N, frames, 19, 2) float32 in the unit square of the crop, or
            None if they are not known.
    """

    walker: Tensor
    other: Tensor
    code: Tensor
    walker_code: Tensor | None = None
    walker_joints: Tensor | None = None
    other_joints: Tensor | None = None


@dataclass(frozen=True)
class Pictures:
    """Crops of people, and silhouettes of others in a similar pose at the same view.

    Attributes:
        rgb: (N, 64, 64, 3) uint8, with background.
        silhouettes: (N, 64, 64) float32 of 0 and 1, of the person in the crop.
        others: (N, 64, 64) float32 of 0 and 1, of another person.
        others_rgb: (N, 64, 64, 3) uint8, the other in the same clothes, light and place; None if
            nobody else performs the walk.
    """

    rgb: Tensor
    silhouettes: Tensor
    others: Tensor
    others_rgb: Tensor | None = None


class Recordings(Protocol):
    """Walks of people, from which samples are drawn at random, on the generator's device."""

    def windows(
        self, count: int, frames: int, rng: torch.Generator, twins: bool = False
    ) -> Windows:
        """Random windows. With `twins`, each of the second half is one of the first half again, in
        the same order, performed by another walker.

        Raises:
            DataError: fewer than three people perform a walk, and twins are wanted.
        """
        ...

    def pictures(self, count: int, rng: torch.Generator) -> Pictures: ...


@dataclass(frozen=True)
class Walks:
    """Walks: each one view, place, set of clothes and gait cycle, performed by K people.

    Attributes:
        silhouettes: (W, K, P, 64, 8) uint8; P phases of the cycle, packed bits along x.
        codes: (W, K, 32) float32; the identity latent of each person, standard normal.
        rgb: (W, K, Q, 64, 64, 3) uint8, the same squares with their background, or None.
        rgb_phases: (Q,) int64, where in P the pictures of rgb were taken, or None.
        joints: (W, K, P, 19, 2) float16, in the unit square of the crop, or None.
    """

    silhouettes: Tensor
    codes: Tensor
    rgb: Tensor | None = None
    rgb_phases: Tensor | None = None
    joints: Tensor | None = None

    def windows(
        self, count: int, frames: int, rng: torch.Generator, twins: bool = False
    ) -> Windows:
        """Random windows: walk, two people (three with twins), phase, pace, place and size in the
        crop."""
        draw = Draw(rng)
        different = count // 2 if twins else count
        walk, walker, other = self._pairs(different, draw)
        phases = self.silhouettes.shape[2]
        pace = draw.uniform(*_PHASE_STEP, (different, 1)) * phases / 48
        pace = pace * (draw.uniform(0, 1, (different, 1)) > _STANDING)
        start = draw.uniform(0, phases, (different, 1))
        step = torch.arange(frames, device=rng.device)
        phase = (start + pace * step).round().long() % phases
        placement = Placement.drawn(different, draw)
        if twins:
            walker = torch.cat((walker, self._third(walker, other, draw)))
            walk, other, phase = walk.repeat(2), other.repeat(2), phase.repeat(2, 1)
            placement = placement.twice()
        both = [(walk[:, None], who[:, None], phase) for who in (walker, other)]
        placed = placement.of_images(torch.cat([self.silhouettes[at] for at in both], dim=1))
        codes = self.codes[walk, other], self.codes[walk, walker]
        joints = None, None
        if self.joints is not None:
            joints = [placement.of_points(self.joints[at].float()) for at in both]
        return Windows(placed[:, :frames], placed[:, frames:], *codes, *joints)

    def pictures(self, count: int, rng: torch.Generator) -> Pictures:
        """Random pictures, and another person at the same phase of the same walk."""
        draw = Draw(rng)
        walk, walker, other = self._pairs(count, draw)
        picture = draw.integers(len(self.rgb_phases), (count,))
        phase = self.rgb_phases[picture]
        silhouettes, others = (
            unpack(self.silhouettes[walk, who, phase]) for who in (walker, other)
        )
        rgb, others_rgb = (self.rgb[walk, who, picture] for who in (walker, other))
        return Pictures(rgb, silhouettes, others, others_rgb)

    def _pairs(self, count: int, draw: Draw) -> tuple[Tensor, Tensor, Tensor]:
        """(N,) indices of walks and, in each, of two different people."""
        people = self.codes.shape[1]
        walk = draw.integers(len(self.silhouettes), (count,))
        walker = draw.integers(people, (count,))
        other = (walker + 1 + draw.integers(people - 1, (count,))) % people
        return walk, walker, other

    def _third(self, walker: Tensor, other: Tensor, draw: Draw) -> Tensor:
        """(N,) indices of people who are neither."""
        people = self.codes.shape[1]
        if people < 3:
            raise DataError(f"twins need walks that three people perform, and these have {people}")
        ahead = 1 + draw.integers(people - 2, walker.shape)
        return (walker + ahead + (ahead >= (other - walker) % people)) % people


def shards(folder: Path) -> list[Path]:
    """The `walks-*.npz` files of a folder in order; the last one is for validation.

    Raises:
        DataError: fewer than two.
    """
    found = sorted(folder.glob("walks-*.npz"))
    if len(found) < 2:
        raise DataError(
            f"{folder} holds {len(found)} walks-*.npz files, but training needs at least two "
            "(the last one validates). Make them with: python -m gait_demo synthesize walks"
        )
    return found


def load_walks(
    paths: list[Path], device: str = "cpu", rgb: bool = False, joints: bool = False
) -> Walks:
    """Reads shards into memory.

    Args:
        rgb, joints: whether these are needed, beside silhouettes and codes.

    Raises:
        DataError: a file is not a shard of walks, or shards do not fit together.
    """
    wanted = {"silhouettes": True, "codes": True, "rgb": rgb, "joints": joints}
    names = [name for name, needed in wanted.items() if needed]
    parts: dict[str, list[np.ndarray]] = {name: [] for name in names}
    phases = None
    for path in paths:
        try:
            with np.load(path) as shard:
                for name in names:
                    parts[name].append(shard[name])
                phases = shard["rgb_phases"] if rgb else None
        except (OSError, ValueError, KeyError) as error:
            raise DataError(f"{path.name} is not a shard of walks: {error}") from error
    try:
        tensors = {
            name: torch.from_numpy(np.concatenate(arrays)).to(device)
            for name, arrays in parts.items()
        }
    except ValueError as error:
        raise DataError(f"The shards in {paths[0].parent} do not fit together: {error}") from error
    if phases is not None:
        tensors["rgb_phases"] = torch.from_numpy(phases.astype(np.int64)).to(device)
    if tensors["silhouettes"].shape[3:] != (_SIZE, _SIZE // 8):
        raise DataError(f"{paths[0].name}: silhouettes are not 64x64 in packed bits.")
    return Walks(**tensors)


def describe(paths: list[Path]) -> dict:
    """For the training summary: the number of files and bytes, and one sha256 of them."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    size = sum(path.stat().st_size for path in paths)
    return {"files": len(paths), "bytes": size, "sha256": digest.hexdigest()}


def unpack(packed: Tensor) -> Tensor:
    """(..., 8) uint8 packed bits -> (..., 64) float32 of 0 and 1."""
    bits = torch.tensor([128, 64, 32, 16, 8, 4, 2, 1], dtype=torch.uint8, device=packed.device)
    return (packed[..., None] & bits).ne(0).flatten(-2).float()


@dataclass(frozen=True)
class Placement:
    """Small random shifts and scalings of windows, the same for all frames of a window.

    Attributes:
        scale, shift: (N, 1, 1, 2), of x and y about the middle; shifts in pixels.
    """

    scale: Tensor
    shift: Tensor

    @classmethod
    def drawn(cls, count: int, draw: Draw) -> Placement:
        shape = (count, 1, 1, 1)
        scale = draw.uniform(0.94, 1.04, shape)
        stretch = draw.uniform(0.97, 1.03, shape)
        down, right = (draw.uniform(-1.5, 1.5, shape) for _ in range(2))
        return cls(torch.cat((scale * stretch, scale), 3), torch.cat((right, down), 3))

    def twice(self) -> Placement:
        """For twice as many windows, the second half like the first."""
        return Placement(self.scale.repeat(2, 1, 1, 1), self.shift.repeat(2, 1, 1, 1))

    def of_images(self, packed: Tensor) -> Tensor:
        """(N, C, 64, 8) uint8, packed bits -> (N, C, 64, 64) float32 in [0, 1].

        An axis-aligned bilinear resampling is two small matrix products, far cheaper than a
        general warp; images lie side by side for the first, so that each is one product per window.
        """
        count, images = packed.shape[:2]
        columns, rows = (_resampling(self.scale[..., i], self.shift[..., i]) for i in range(2))
        side_by_side = unpack(packed.transpose(1, 2)).flatten(2)
        moved = (rows @ side_by_side).view(count, _SIZE * images, _SIZE) @ columns.transpose(1, 2)
        return moved.view(count, _SIZE, images, _SIZE).transpose(1, 2).contiguous()

    def of_points(self, points: Tensor) -> Tensor:
        """Points (N, C, J, 2), x and y in the unit square, placed in the same way."""
        return 0.5 + self.scale * (points - 0.5) + self.shift / _SIZE


def _resampling(scale: Tensor, shift: Tensor) -> Tensor:
    """(N, 64, 64) matrices: row y holds the bilinear weights of the source pixels of y."""
    pixel = torch.arange(_SIZE, device=scale.device) - (_SIZE - 1) / 2
    source = (pixel[:, None] - shift) / scale
    return (1 - (source - pixel).abs()).clamp(min=0)


class Draw:
    """Random tensors from one generator, on its device."""

    def __init__(self, rng: torch.Generator):
        self._rng = rng

    def uniform(self, low: float, high: float, shape: tuple[int, ...]) -> Tensor:
        unit = torch.rand(shape, generator=self._rng, device=self._rng.device)
        return low + (high - low) * unit

    def integers(self, below: int, shape: tuple[int, ...]) -> Tensor:
        return torch.randint(below, shape, generator=self._rng, device=self._rng.device)
