"""What a gait is protected with, one function each: ours beside simpler ways.

Every method takes the silhouettes of a walk, (T, 64, 64) uint8 of 0 and 1, head to feet, and a
seed; it returns what an attacker would cut out of its result, (T, H, W) in [0, 1].
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import cv2
import numpy as np
import torch
from torch import Tensor

from gait_demo.anonymization.anonymizer import GaitAnonymizer
from gait_demo.anonymization.noise import noise_vector
from gait_demo.anonymization.track import anonymize
from gait_demo.evaluation.gaits import Method
from gait_demo.types import SilhouetteClip

_FPS = 25  # of CASIA-B
_BLUR_PX = 4.0  # of 64: a person of 400 pixels behind a blur of 25
_BLOCK_PX = 8
_DILATION_PX = 3
_JITTER_FRAMES = 4


def nothing(masks: np.ndarray, seed: int) -> np.ndarray:
    """No protection."""
    return masks


def blur(masks: np.ndarray, seed: int) -> np.ndarray:
    """The person blurred."""
    soft = [cv2.GaussianBlur(mask.astype(np.float32), (0, 0), _BLUR_PX) for mask in masks]
    return np.stack(soft)


def pixelate(masks: np.ndarray, seed: int) -> np.ndarray:
    """The person in large squares."""
    count, height, width = masks.shape
    grid = count, height // _BLOCK_PX, _BLOCK_PX, width // _BLOCK_PX, _BLOCK_PX
    cells = masks.reshape(grid).mean(axis=(2, 4))
    return cells.repeat(_BLOCK_PX, axis=1).repeat(_BLOCK_PX, axis=2)


def dilate(masks: np.ndarray, seed: int) -> np.ndarray:
    """A fatter silhouette."""
    side = 2 * _DILATION_PX + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    room = np.pad(masks, ((0, 0), (side, side), (side, side)))
    return np.stack([cv2.dilate(mask, disc) for mask in room])


def jitter(masks: np.ndarray, seed: int) -> np.ndarray:
    """Frames shown a little too early or too late, at random."""
    rng = np.random.default_rng(seed)
    late = rng.integers(-_JITTER_FRAMES, _JITTER_FRAMES + 1, len(masks))
    return masks[np.clip(np.arange(len(masks)) + late, 0, len(masks) - 1)]


Noise = Callable[[np.ndarray, int, int], Tensor]  # a walk's silhouettes, a seed, a length


def keyed(secret: bytes) -> Noise:
    """As the program draws it."""

    def noise(masks: np.ndarray, seed: int, noise_dim: int) -> Tensor:
        clip = hashlib.sha256(np.ascontiguousarray(masks)).digest()
        return noise_vector(secret, clip, 1, seed, noise_dim)

    return noise


def from_seed(masks: np.ndarray, seed: int, noise_dim: int) -> Tensor:
    """As anybody can draw it who knows, or guesses, the seed; the program did until 0.1.0."""
    return torch.randn(noise_dim, generator=torch.Generator().manual_seed(seed))


def made_by(anonymizer: GaitAnonymizer, noise: Noise, strength: float = 1.0) -> Method:
    """What an anonymizer makes; strength: of `anonymize`."""

    def method(masks: np.ndarray, seed: int) -> np.ndarray:
        squares = np.zeros((len(masks), 4), np.float32)
        clip = SilhouetteClip(1, 0, masks.astype(np.float32), squares)
        vector = noise(masks, seed, anonymizer.noise_dim)
        return anonymize(clip, anonymizer, vector, fps=_FPS, strength=strength).masks

    return method


SIMPLE: dict[str, Method] = {
    "none": nothing,
    "black-out": nothing,  # face and clothes are gone, and the silhouette is what it was
    "blur": blur,
    "pixelation": pixelate,
    "dilation": dilate,
    "jitter": jitter,
}
