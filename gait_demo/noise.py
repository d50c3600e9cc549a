"""The noise vector R: the stranger whose walk a seed stands for."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from gait_demo.models.anet import ANet
from gait_demo.structures import SilhouetteClip

TRAINED_FPS = 25  # walkers faster or slower than usual stay within what A-NET has seen
_STRANGERS = 6  # whom a seed proposes
_LOOKS = 6  # windows of the walk by which they are compared


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
def unlike(clip: SilhouetteClip, anet: ANet, seed: int, *, fps: float) -> Tensor:
    """R of the stranger who is least like the walker, of a few whom the seed proposes.

    Of 20 strangers one looks like the walker as much as another walk of their own; this keeps a
    seed from drawing that one. Who is like whom is told by the mean silhouette.

    Args:
        clip: the track's silhouettes.
        anet: ready for inference.
        seed: of the proposals, with the clip's track.
        fps: frames per second of the clip.

    Returns:
        (noise_dim,) float32.
    """
    proposed = noise_vectors(seed, anet.dims.noise_dim, clip.track_id, _STRANGERS)
    masks = clip.masks[:: max(1, round(fps / TRAINED_FPS))]
    frames = anet.dims.frames
    if len(masks) < frames:
        return proposed[0]
    starts = np.unique(np.linspace(0, len(masks) - frames, _LOOKS).round().astype(int))
    windows = np.stack([masks[start : start + frames] for start in starts])
    walk = torch.from_numpy((windows > 0.5).astype(np.float32))
    content = anet.read(walk)
    made = torch.stack([
        anet.write(content, noise.expand(len(walk), -1)).sigmoid().mean((0, 1))
        for noise in proposed
    ])  # fmt: skip
    return proposed[(made - walk.mean((0, 1))).square().sum((1, 2)).argmax()]
