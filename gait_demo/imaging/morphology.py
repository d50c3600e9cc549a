"""Masks made wider or narrower by a disc, at a cost that does not grow with the disc, and moved."""

from __future__ import annotations

import cv2
import numpy as np


def widened(mask: np.ndarray, radius: int) -> np.ndarray:
    """All that is at most `radius` pixels away from a mask.

    Args:
        mask: (h, w) uint8; what is not 0 belongs to it.

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
    """What of a mask is more than `radius` pixels away from all that lies beside it.

    What lies beyond the border of the image counts for nothing. Arguments and result: as for
    `widened`.
    """
    result = np.zeros_like(mask)
    x, y, w, h = cv2.boundingRect(mask)
    if w * h:
        part = np.s_[max(0, y - 1) : y + h + 1, max(0, x - 1) : x + w + 1]
        inside = (mask[part] != 0).view(np.uint8)
        result[part] = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_5) > radius
    return result


def moved(mask: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """A mask, (h, w) uint8, where `shift`, (2,) pixels to the right and down, takes it."""
    x, y = shift
    to_there = np.array([[1, 0, x], [0, 1, y]])
    return cv2.warpAffine(mask, to_there, mask.shape[::-1], flags=cv2.INTER_NEAREST)
