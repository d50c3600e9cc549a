"""What a gait is protected with, one function each: ours beside simpler ways.

Every method takes the silhouettes of a walk, (T, 64, 64) uint8 of 0 and 1, head to feet, and a
seed; it returns what an attacker would cut out of its result, (T, H, W) in [0, 1].
"""

from __future__ import annotations

import cv2
import numpy as np
import torch

from gait_demo.anonymization.noise import noise_vector, unlike
from gait_demo.anonymization.track import anonymize, cleaned, in_step
from gait_demo.evaluation.gaits import Method
from gait_demo.models.anet import ANet
from gait_demo.models.stgan import STGAN
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


def generated(network: ANet | STGAN) -> Method:
    """What a trained generator makes with any noise, in step with the walk."""

    @torch.inference_mode()
    def method(masks: np.ndarray, seed: int) -> np.ndarray:
        noise = noise_vector(seed, network.dims.noise_dim)
        return cleaned(in_step(torch.from_numpy(masks.astype(np.float32)), network, noise))

    return method


def ours(network: ANet, strength: float = 1.0, *, any_noise: bool = False) -> Method:
    """What the program makes: with the noise least like the walker, unless any will do.

    strength: of `anonymize`.
    """

    def method(masks: np.ndarray, seed: int) -> np.ndarray:
        clip = _clip(masks)
        if any_noise:
            noise = noise_vector(seed, network.dims.noise_dim)
        else:
            noise = unlike(clip, network, seed, fps=_FPS)
        return anonymize(clip, network, noise, fps=_FPS, strength=strength).masks

    return method


def _clip(masks: np.ndarray) -> SilhouetteClip:
    return SilhouetteClip(1, 0, masks.astype(np.float32), np.zeros((len(masks), 4), np.float32))


SIMPLE: dict[str, Method] = {
    "none": nothing,
    "black-out": nothing,  # face and clothes are gone, and the silhouette is what it was
    "blur": blur,
    "pixelation": pixelate,
    "dilation": dilate,
    "jitter": jitter,
}
