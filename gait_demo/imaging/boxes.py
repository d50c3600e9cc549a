"""Functions on boxes (..., 4) of x0, y0, x1, y1 in pixels; two arguments are broadcast."""

from __future__ import annotations

import cv2
import numpy as np


def bounds(mask: np.ndarray) -> np.ndarray:
    """(4,) float32: the tightest box around a mask (H, W), bool or uint8, that is not empty."""
    x, y, w, h = cv2.boundingRect(mask.astype(np.uint8))
    return np.float32([x, y, x + w, y + h])


def area(boxes: np.ndarray) -> np.ndarray:
    return (boxes[..., 2:] - boxes[..., :2]).prod(axis=-1)


def intersection_area(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Area of the intersection."""
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    return np.maximum(sides, 0).prod(axis=-1)


def iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Intersection over union."""
    common = intersection_area(a, b)
    return common / np.maximum(area(a) + area(b) - common, 1e-9)


def depth_in(mask: np.ndarray) -> np.ndarray:
    """(h, w) float32: signed distance in pixels to the edge of a mask, (h, w) uint8, 0 or 1;
    positive inside."""
    inside, outside = (cv2.distanceTransform(m, cv2.DIST_L2, 5) for m in (mask, 1 - mask))
    return inside - outside
