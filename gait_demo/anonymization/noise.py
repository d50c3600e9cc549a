"""The noise vector R: the stranger whose walk a seed stands for."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from gait_demo.models.anet import ANet
from gait_demo.types import SilhouetteClip

TRAINED_FPS = 25  # walkers faster or slower than usual stay within what A-NET has seen
_STRANGERS = 6  # whom a seed proposes
_LOOKS = 6  # windows of the walk by which they are compared
_LATE_S = 0.05  # at most, and half of it at least
_PERIOD_S = 6, 9


def noise_vector(seed: int, noise_dim: int, track_id: int = 1) -> Tensor:
    """R of the paper: (noise_dim,) float32, standard normal, the same for the same arguments.

    Each person of a clip gets another vector of the sequence that `seed` starts, so that people
    who walk together do not become the same person.
    """
    return noise_vectors(seed, noise_dim, track_id, 1)[0]


def noise_vectors(seed: int, noise_dim: int, track_id: int, count: int) -> Tensor:
    """(count, noise_dim) float32: `count` of them for each person."""
    rng = torch.Generator().manual_seed(seed)
    for _ in range(track_id):
        noise = torch.randn((count, noise_dim), generator=rng)
    return noise


@torch.inference_mode()
def unlike(clip: SilhouetteClip, anet: nn.Module, seed: int, *, fps: float) -> Tensor:
    """R of the stranger who is least like the walker, of a few whom the seed proposes.

    Of 20 strangers one looks like the walker as much as another walk of their own; this keeps a
    seed from drawing that one. Who is like whom is told by the mean silhouette.

    Args:
        clip: the track's silhouettes.
        anet: ready for inference; of other generators the first proposal is taken.
        seed: of the proposals, with the clip's track.
        fps: frames per second of the clip.

    Returns:
        (noise_dim,) float32.
    """
    proposed = noise_vectors(seed, anet.dims.noise_dim, clip.track_id, _STRANGERS)
    step = max(1, round(fps / TRAINED_FPS))
    masks, frames = clip.masks[::step], anet.dims.frames
    if len(masks) < frames or not isinstance(anet, ANet):
        return proposed[0]
    starts = np.unique(np.linspace(0, len(masks) - frames, _LOOKS).round().astype(int))
    windows = starts[:, None] + np.arange(frames)
    walk = torch.from_numpy((masks[windows] > 0.5).astype(np.float32))
    joints = None if clip.joints is None else torch.from_numpy(clip.joints[::step][windows])
    content = anet.read(walk, joints)
    made = torch.stack([
        anet.write(content, noise.expand(len(walk), -1)).logits.sigmoid().mean((0, 1))
        for noise in proposed
    ])  # fmt: skip
    return proposed[(made - walk.mean((0, 1))).square().sum((1, 2)).argmax()]


def sway(noise: Tensor, count: int, fps: float) -> np.ndarray:
    """How late the new walk is, so that its cadence is not quite the old one.

    In step at the middle of a track, it is late before and early after it, or the other way round,
    and swings to and fro where the track is long. Pace changes by at most 5.3 %. The walker goes
    where the old one went, so the standing foot slides for it: in a stance by 1 % of the body's
    height, at worst 3 % (40 made walkers).

    Args:
        noise: (noise_dim,) float32; it chooses how far and how slowly.
        count: frames.
        fps: of them, a second.

    Returns:
        (count,) float64 seconds.
    """
    rng = np.random.default_rng(noise.cpu().numpy().view(np.uint32))
    late = _LATE_S * rng.uniform(0.5, 1) * rng.choice((-1, 1))
    since_middle = (np.arange(count) - (count - 1) / 2) / fps
    return late * np.sin(2 * np.pi * since_middle / rng.uniform(*_PERIOD_S))
