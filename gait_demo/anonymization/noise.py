"""The noise vector R, which determines the new gait.

It is drawn from a secret. The method, the clip and the seed may be public: without the secret
nobody can draw the same noise, and so nobody can make the same walk to compare with.
"""

from __future__ import annotations

import hmac

import numpy as np
import torch
from scipy.special import ndtri
from torch import Tensor

_PURPOSE = b"gait_demo noise 1"  # keeps these digests apart from other uses of the secret
_NUMBERS = 4  # 64-bit numbers in a digest
_BITS = 53  # bits of a float64's mantissa
_STATURE = 0.92, 1.08  # range of the new height relative to the old one
_FOR_STATURE = 1  # keeps this random number apart from others that the noise determines


def noise_vector(secret: bytes, clip: bytes, person: int, seed: int, noise_dim: int) -> Tensor:
    """R of the paper: equal for equal arguments, and otherwise unrelated.

    HMAC-SHA256, keyed with the secret, of the other arguments and a counter gives uniform numbers;
    the inverse of the normal distribution function makes them normal.

    Args:
        secret: at least 16 random bytes.
        clip: SHA-256 of the clip's content, 32 bytes, so that every clip has its own noise.
        person: track id, so that people in one clip do not get the same gait.
        seed: the number that the user chooses, at least 0.
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


def stature(noise: Tensor, most: float = _STATURE[1]) -> float:
    """The height of the new walker relative to the old one, uniform in [0.92, 1.08].

    The standard deviation of this range is 4.6 %; that of people's heights is about 4 % among women
    and among men.

    Args:
        noise: (noise_dim,) float32; determines the result.
        most: upper limit of the relative height.
    """
    rng = np.random.default_rng([_FOR_STATURE, *noise.cpu().numpy().view(np.uint32)])
    least = _STATURE[0]
    return float(rng.uniform(least, max(least, min(_STATURE[1], most))))
