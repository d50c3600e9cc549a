"""The noise vector R: the stranger whose walk a seed stands for.

It comes from a secret. The method, the clip and the seed may be known to everybody; without the
secret nobody can make the same noise, and so nobody can make the same walk to compare with.
"""

from __future__ import annotations

import hmac

import numpy as np
import torch
from scipy.special import ndtri
from torch import Tensor

_PURPOSE = b"gait_demo noise 1"  # parts this use of a secret from any other
_NUMBERS = 4  # of 64 bits in a digest
_BITS = 53  # of a float64's mantissa
_LATE_S = 0.05  # at most, and half of it at least
_PERIOD_S = 6, 9
_STATURE = 0.92, 1.08  # of the old walker's height
_FOR_STATURE = 1  # parts its random number from those of the sway


def noise_vector(secret: bytes, clip: bytes, person: int, seed: int, noise_dim: int) -> Tensor:
    """R of the paper: the same for the same arguments, and otherwise unrelated.

    HMAC-SHA256, keyed with the secret, of everything else and a counter gives uniform numbers, and
    the inverse of the normal distribution makes them normal.

    Args:
        secret: of at least 16 random bytes.
        clip: (32,) digest of the content, so that two clips have nothing in common.
        person: track id, so that people who walk together do not become the same person.
        seed: the slider's number, at least 0.
        noise_dim: length of the vector.

    Returns:
        (noise_dim,) float32, standard normal.
    """
    blocks = [
        hmac.digest(secret, _PURPOSE + clip + f"{person} {seed} {block}".encode(), "sha256")
        for block in range(-(-noise_dim // _NUMBERS))
    ]
    words = np.frombuffer(b"".join(blocks), ">u8")[:noise_dim]
    uniform = ((words >> (64 - _BITS)) + 0.5) / 2**_BITS
    return torch.from_numpy(ndtri(uniform).astype(np.float32))


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


def stature(noise: Tensor, most: float = _STATURE[1]) -> float:
    """How tall the new walker is, against the old one: anything from 0.92 to 1.08, alike often.

    People's heights deviate by about 4 % among women and among men, and what a uniform number in
    this range adds deviates by 4.6 %.

    Args:
        noise: (noise_dim,) float32; it chooses.
        most: the new walker shall not be taller.
    """
    rng = np.random.default_rng([_FOR_STATURE, *noise.cpu().numpy().view(np.uint32)])
    least = _STATURE[0]
    return float(rng.uniform(least, max(least, min(_STATURE[1], most))))
