"""CASIA-B, or data in its format, as walks to train on."""

from __future__ import annotations

import hashlib
import sys
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from gait_demo.datasets.casia import SILHOUETTES, VIDEOS, CasiaB
from gait_demo.errors import DataError
from gait_demo.models.anet import ANetDims
from gait_demo.training.data import Draw, Pictures, Placement, Windows, unpack
from gait_demo.training.footage import Footage
from gait_demo.types import SILHOUETTE_SIZE

_CANDIDATES = 16  # number of other people's frames among which the most similar pose is sought
_HELD_OUT = 0.1  # share of the people
_VIEW = 1000  # factor of the view angle in CasiaWalks.who


@dataclass(frozen=True)
class CasiaWalks:
    """Good silhouettes of many sequences, sorted by view, then by person.

    Attributes:
        silhouettes: (F, 64, 8) uint8; packed bits along x.
        who: (F,) int64, rising: 1000 times the view angle plus the person.
        ahead: (F,) int64, how many silhouettes there are from this one on, itself included,
            before its sequence ends or has a gap.
        rgb: (Q, 64, 64, 3) uint8, the squares of some of them with their background.
        rgb_frames: (Q,) int64, which of F. At the same view there are other people.
    """

    silhouettes: Tensor
    who: Tensor
    ahead: Tensor
    rgb: Tensor
    rgb_frames: Tensor

    def windows(
        self, count: int, frames: int, rng: torch.Generator, twins: bool = False
    ) -> Windows:
        """Random windows of consecutive frames. No other person performs the same walk, so the
        target is the walker, and the noise is any; and there are no twins."""
        if twins:
            raise DataError("twins need the same walk performed by several people")
        draw = Draw(rng)
        starts = (self.ahead >= frames).nonzero()[:, 0]
        start = starts[draw.integers(len(starts), (count, 1))]
        packed = self.silhouettes[start + torch.arange(frames, device=rng.device)]
        walker = Placement.drawn(count, draw).of_images(packed)
        noise = torch.randn((count, ANetDims().noise_dim), generator=rng, device=rng.device)
        return Windows(walker, walker, noise)

    def pictures(self, count: int, rng: torch.Generator) -> Pictures:
        """Random pictures, with the most similar of some random frames of other people.

        The phase of the walk is not known; among frames of the same view the silhouette with
        the highest intersection over union is in a pose like it.
        """
        draw = Draw(rng)
        picture = draw.integers(len(self.rgb), (count,))
        frame = self.rgb_frames[picture]
        who = self.who[frame]
        view = who // _VIEW * _VIEW
        bounds = torch.searchsorted(self.who, torch.stack((view, who, who + 1, view + _VIEW)))
        first, own, beyond, last = bounds[..., None]
        own_frames = beyond - own
        strangers = (last - first) - own_frames
        candidate = first + draw.uniform(0, strangers, (count, _CANDIDATES)).long()
        candidate = candidate + own_frames * (candidate >= own)
        silhouettes, others = unpack(self.silhouettes[frame]), unpack(self.silhouettes[candidate])
        shared = (silhouettes[:, None] * others).sum((2, 3))
        either = silhouettes.sum((1, 2))[:, None] + others.sum((2, 3)) - shared
        likest = (shared / either).argmax(dim=1)
        nearest = others[torch.arange(count, device=rng.device), likest]
        return Pictures(self.rgb[picture], silhouettes, nearest)


def split(tree: CasiaB, people: Collection[int] | None) -> tuple[list[int], list[int]]:
    """The chosen people in the data: those to train on, and the last ones, for validation.

    Raises:
        DataError: fewer than four.
    """
    present = [person for person in tree.people if people is None or person in people]
    held_out = max(2, round(_HELD_OUT * len(present)))
    if len(present) < 2 + held_out:
        raise DataError(
            f"Of the chosen people, the data has {len(present)}, but training needs at least four "
            "(the last two validate): choose more --people, or complete the data."
        )
    return present[:-held_out], present[-held_out:]


def read_casia(
    tree: CasiaB, people: Collection[int], device: str = "cpu", rgb: bool = False
) -> CasiaWalks:
    """Reads people into memory, 512 bytes per silhouette; prints problems to standard error.

    Args:
        rgb: whether to take pictures from the videos as well, 12 kB each.

    Raises:
        DataError: nothing can be used, or an archive is damaged.
    """
    sequences = tree.sequences(people)
    if rgb and not any(map(tree.video, sequences)):
        raise DataError(
            f"C-NET needs the videos as well: put them into {' and '.join(VIDEOS)} "
            f"beside {SILHOUETTES}."
        )
    kept: list[Footage] = []
    absent = Counter()
    for sequence in tqdm(sequences, "reading", unit="sequence", dynamic_ncols=True):
        seen = tree.read(sequence)
        problems = list(seen.problems)
        if not len(seen.numbers):
            problems.pop()  # that it is missing is only counted: parts of CASIA-B lack most
            absent["silhouettes"] += 1
        elif (walk := Footage.of(seen)) is None:
            problems.append(f"{sequence.name} shows no whole person who walks")
        else:
            kept.append(walk)
            if rgb and (video := tree.video(sequence)):
                problems += walk.photograph(video)
            elif rgb:
                absent["video"] += 1
        for problem in problems:
            tqdm.write(problem, sys.stderr)
    for what, count in absent.items():
        tqdm.write(f"{count} of {len(sequences)} sequences have no {what}", sys.stderr)
    if not kept:
        raise DataError("No sequence shows a whole person: check the folder of silhouettes.")
    return _assembled(kept, device, rgb)


def describe(parts: Collection[CasiaWalks]) -> dict:
    """For the training summary: the numbers of silhouettes and pictures, and one sha256 of them."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.silhouettes.cpu().numpy())
        digest.update(part.rgb.cpu().numpy())
    return {
        "silhouettes": sum(len(part.silhouettes) for part in parts),
        "pictures": sum(len(part.rgb) for part in parts),
        "sha256": digest.hexdigest(),
    }


def _assembled(walks: list[Footage], device: str, rgb: bool) -> CasiaWalks:
    walks = sorted(walks, key=lambda walk: (walk.sequence.view, walk.sequence))
    starts = np.cumsum([0] + [len(walk.numbers) for walk in walks])
    who = [_VIEW * walk.sequence.view + walk.sequence.person for walk in walks]
    people = Counter(number // _VIEW for number in set(who))
    pictures = [
        (start + at, picture)
        for start, walk in zip(starts, walks, strict=False)
        if people[walk.sequence.view] > 1
        for at, picture in sorted(walk.pictures.items())
    ]
    if rgb and not pictures:
        raise DataError(
            "No video can be used: C-NET needs whole people, and others at the same view. "
            "Choose more --people, or complete the data."
        )
    frames = ANetDims().frames
    ahead = np.concatenate([walk.ahead for walk in walks])
    if not rgb and ahead.max() < frames:
        raise DataError(
            f"No sequence shows a whole person in {frames} frames in a row, which A-NET needs: "
            "choose more --people, or complete the data."
        )
    side = SILHOUETTE_SIZE
    arrays = {
        "silhouettes": np.concatenate([walk.silhouettes for walk in walks]),
        "who": np.repeat(who, np.diff(starts)),
        "ahead": ahead,
        "rgb": np.array([crop for _, crop in pictures], np.uint8).reshape(-1, side, side, 3),
        "rgb_frames": np.array([at for at, _ in pictures], np.int64),
    }
    return CasiaWalks(**{name: torch.from_numpy(a).to(device) for name, a in arrays.items()})
