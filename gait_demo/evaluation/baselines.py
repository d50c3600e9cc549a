"""The methods that are compared for hiding a gait: simple baselines, and anonymizers.

A method is a function of a walk (silhouettes of 0 and 1 in their squares) and a seed. It returns
the silhouettes, in [0, 1], that an attacker would extract from its result.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import torch
from torch import Tensor

from gait_demo.anonymization.anonymizer import GaitAnonymizer
from gait_demo.anonymization.noise import noise_vector
from gait_demo.anonymization.pace import place_delays, pose_delays, timing
from gait_demo.anonymization.track import anonymize
from gait_demo.datasets.casia import FPS
from gait_demo.evaluation.gaits import Method
from gait_demo.types import SILHOUETTE_SIZE, SilhouetteClip

_BLUR_PX = 4.0  # of 64: a person of 400 pixels behind a blur of 25
_BLOCK_PX = 8
_DILATION_PX = 3
_JITTER_FRAMES = 4


def nothing(clip: SilhouetteClip, seed: int) -> SilhouetteClip:
    """No protection."""
    return clip


def blur(clip: SilhouetteClip, seed: int) -> SilhouetteClip:
    """Blurs the person."""
    soft = [cv2.GaussianBlur(mask, (0, 0), _BLUR_PX) for mask in clip.masks]
    return replace(clip, masks=np.stack(soft))


def pixelate(clip: SilhouetteClip, seed: int) -> SilhouetteClip:
    """Pixelates the person."""
    count, height, width = clip.masks.shape
    grid = count, height // _BLOCK_PX, _BLOCK_PX, width // _BLOCK_PX, _BLOCK_PX
    cells = clip.masks.reshape(grid).mean(axis=(2, 4))
    return replace(clip, masks=cells.repeat(_BLOCK_PX, axis=1).repeat(_BLOCK_PX, axis=2))


def dilate(clip: SilhouetteClip, seed: int) -> SilhouetteClip:
    """Dilates the silhouette, and enlarges the squares to hold it."""
    side = 2 * _DILATION_PX + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    room = np.pad(clip.masks, ((0, 0), (side, side), (side, side)))
    size = clip.masks.shape[:0:-1]
    fatter = [cv2.resize(cv2.dilate(mask, disc), size) for mask in room]
    cells = np.diff(clip.squares[:, [0, 2]]) / SILHOUETTE_SIZE
    squares = clip.squares + side * cells * np.float32([-1, -1, 1, 1])
    return replace(clip, masks=np.stack(fatter), squares=squares)


def jitter(clip: SilhouetteClip, seed: int) -> SilhouetteClip:
    """Shows frames a little too early or too late, at random."""
    rng = np.random.default_rng(seed)
    late = rng.integers(-_JITTER_FRAMES, _JITTER_FRAMES + 1, len(clip))
    shown = np.clip(np.arange(len(clip)) + late, 0, len(clip) - 1)
    return replace(clip, masks=clip.masks[shown], squares=clip.squares[shown])


Noise = Callable[[SilhouetteClip, int, int], Tensor]  # a walk, a seed, the noise's dimension


def keyed(secret: bytes) -> Noise:
    """Noise drawn from a secret, as the program draws it."""

    def noise(clip: SilhouetteClip, seed: int, noise_dim: int) -> Tensor:
        digest = hashlib.sha256(np.packbits(clip.masks > 0.5)).digest()
        return noise_vector(secret, digest, 1, seed, noise_dim)

    return noise


def from_seed(clip: SilhouetteClip, seed: int, noise_dim: int) -> Tensor:
    """Noise that depends only on the seed: what an attacker who knows or guesses the seed, but
    lacks the secret, can draw."""
    return torch.randn(noise_dim, generator=torch.Generator().manual_seed(seed))


def made_by(anonymizer: GaitAnonymizer, noise: Noise, strength: float = 1.0) -> Method:
    """The method that applies an anonymizer; `strength` as for `anonymize`."""

    def method(clip: SilhouetteClip, seed: int) -> SilhouetteClip:
        vector = noise(clip, seed, anonymizer.noise_dim)
        times = np.arange(len(clip)) / FPS
        nowhere = np.zeros(len(clip), bool)
        late = (strength * delays(vector, times) for delays in (place_delays, pose_delays))
        moments = timing(*late, times, nowhere, nowhere)
        return anonymize(clip, anonymizer, vector, fps=FPS, strength=strength, timing=moments)

    return method


SIMPLE: dict[str, Method] = {
    "none": nothing,
    "black-out": nothing,  # hides face and clothes, but leaves the silhouette unchanged
    "blur": blur,
    "pixelation": pixelate,
    "dilation": dilate,
    "jitter": jitter,
}
