"""Gait energy images: the mean of a walk's aligned silhouettes (Han and Bhanu 2006)."""

from __future__ import annotations

import cv2
import numpy as np

SIZE = 64
_FEWEST_PIXELS = 40  # GaitSet skips frames whose values, 255 per pixel, sum to 10,000 or less


def aligned(mask: np.ndarray) -> np.ndarray | None:
    """Aligns a silhouette for recognisers: full height, centred on the column that halves its mass.

    Args:
        mask: (H, W) uint8, 0 or 1.

    Returns:
        (64, 64) float32 in [0, 1]; None if hardly anything is in it.
    """
    if int(mask.sum()) < _FEWEST_PIXELS:
        return None
    rows = np.flatnonzero(mask.any(axis=1))
    body = mask[rows[0] : rows[-1] + 1].astype(np.float32)
    width = max(1, round(body.shape[1] * SIZE / body.shape[0]))
    how = cv2.INTER_AREA if body.shape[0] > SIZE else cv2.INTER_LINEAR
    body = cv2.resize(body, (width, SIZE), interpolation=how)
    mass = body.sum(axis=0).cumsum()
    centre = int(np.searchsorted(mass, mass[-1] / 2, side="right"))
    padded = np.pad(body, ((0, 0), (SIZE // 2, SIZE // 2)))
    return padded[:, centre : centre + SIZE]


def gait_energy_image(masks: np.ndarray) -> np.ndarray | None:
    """The mean of the aligned silhouettes of all frames that show a person.

    Args:
        masks: (T, H, W) uint8, 0 or 1.

    Returns:
        (64, 64) float32 in [0, 1]; None if no frame shows anybody.
    """
    frames = [frame for mask in masks if (frame := aligned(mask)) is not None]
    return np.mean(frames, axis=0, dtype=np.float32) if frames else None
