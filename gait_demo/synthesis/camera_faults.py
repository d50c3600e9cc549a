"""What cameras and compression do to a picture."""

from __future__ import annotations

import cv2
import numpy as np


def spoil(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Change light and colour, and lose detail, as any camera might.

    Args:
        picture: (H, W, 3) float32 in [0, 1].

    Returns:
        (H, W, 3) uint8.
    """
    height, width = picture.shape[:2]
    if rng.uniform() < 0.25:  # a small picture, enlarged
        scale = rng.uniform(0.35, 0.9)
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        picture = cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR)
    if rng.uniform() < 0.3:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 1.6))
    if rng.uniform() < 0.15:
        picture = np.repeat(picture.mean(axis=2, keepdims=True), 3, axis=2)
    picture = np.clip(picture, 0, 1) ** np.exp(rng.normal(0, 0.2))
    dim, bright = np.exp(-rng.exponential(0.4)), np.exp(rng.exponential(0.2))
    exposure = rng.choice([1.0, dim, bright], p=[0.5, 0.3, 0.2])
    picture = picture * exposure * np.exp(rng.normal(0, 0.05, 3)) + rng.normal(0, 0.02)
    noise = rng.choice([0.004, 0.015, 0.04], p=[0.5, 0.35, 0.15])
    picture = picture + rng.normal(0, noise, (height, width, 1))
    return (np.clip(picture, 0, 1) * 255).astype(np.uint8)
