"""Dilation and erosion of masks by a disc, whose time does not depend on the radius; shifting."""

from __future__ import annotations

import cv2
import numpy as np


def widened(mask: np.ndarray, radius: int) -> np.ndarray:
    """Dilates a mask by a disc of `radius` pixels.

    Args:
        mask: (h, w) uint8; pixels other than 0 belong to the mask.
        radius: in pixels.

    Returns:
        (h, w) uint8, 0 or 1.
    """
    result = np.zeros_like(mask)
    x, y, w, h = cv2.boundingRect(mask)
    if w * h:
        part = np.s_[max(0, y - radius) : y + h + radius, max(0, x - radius) : x + w + radius]
        outside = (mask[part] == 0).view(np.uint8)
        result[part] = cv2.distanceTransform(outside, cv2.DIST_L2, cv2.DIST_MASK_5) <= radius
    return result


def narrowed(mask: np.ndarray, radius: int) -> np.ndarray:
    """Erodes a mask by a disc of `radius` pixels, but not from the border of the image. Arguments
    and result as for `widened`.
    """
    result = np.zeros_like(mask)
    x, y, w, h = cv2.boundingRect(mask)
    if w * h:
        part = np.s_[max(0, y - 1) : y + h + 1, max(0, x - 1) : x + w + 1]
        inside = (mask[part] != 0).view(np.uint8)
        result[part] = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_5) > radius
    return result


def moved(mask: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """A mask, (h, w) uint8, shifted by (2,) pixels to the right and down; same shape."""
    x, y = shift
    to_there = np.array([[1, 0, x], [0, 1, y]])
    return cv2.warpAffine(mask, to_there, mask.shape[::-1], flags=cv2.INTER_NEAREST)
