"""Filling in what nobody has seen."""

from __future__ import annotations

import cv2
import numpy as np

from gait_demo.shrink import shrink, shrink_by


def inpaint(rgb: np.ndarray, hole: np.ndarray, side: int) -> np.ndarray:
    """Fills a hole smoothly from its surroundings (Telea 2004); a hole without any with grey.

    Args:
        rgb: (H, W, 3) uint8.
        hole: (h, w) uint8, 255 where to fill, at any resolution.
        side: longest side, in pixels, at which it is done.

    Returns:
        (H, W, 3) uint8; the image itself where there is no hole.
    """
    if not hole.any():
        return rgb
    size = rgb.shape[1::-1]
    small = shrink_by(rgb, min(1.0, side / max(rgb.shape))).copy()
    hole = cv2.compare(shrink(hole, small.shape[1::-1]), 0, cv2.CMP_GT)
    hole = cv2.dilate(hole, np.ones((3, 3), np.uint8))
    around = small[hole == 0]
    small[hole > 0] = np.median(around, axis=0) if len(around) else 128
    if len(around):
        small = cv2.inpaint(small, hole, 4, cv2.INPAINT_TELEA)
    filled = cv2.resize(small, size)
    return np.where(cv2.resize(hole, size, interpolation=cv2.INTER_NEAREST)[..., None], filled, rgb)
