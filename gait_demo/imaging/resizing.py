"""Making frames smaller, fast enough to do it several times a frame."""

from __future__ import annotations

import cv2
import numpy as np


def scaling(scale: float) -> np.ndarray:
    """(3, 3): pixels of an image to those of the same, `scale` times as large; pixel centres lie at
    whole numbers."""
    shift = (scale - 1) / 2
    return np.array([[scale, 0, shift], [0, scale, shift], [0, 0, 1]])


def shrink(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Scale an image down to (width, height): by exact halves as far as they go, then linearly.

    OpenCV averages areas quickly only where the factor is whole: 1280x720 to 480x270 at once
    takes twenty times as long. An image that is not larger is only scaled linearly.

    Args:
        image: (H, W) or (H, W, C) uint8 or float32.

    Returns:
        (height, width) or (height, width, C); the image itself if it has that size.
    """
    h, w = image.shape[:2]
    while h % 2 == w % 2 == 0 and w >= 2 * size[0] and h >= 2 * size[1]:
        h, w = h // 2, w // 2
        image = cv2.resize(image, (w, h), interpolation=cv2.INTER_AREA)
    return image if (w, h) == size else cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)


def shrink_by(image: np.ndarray, scale: float) -> np.ndarray:
    """As `shrink`, to `scale`, at most 1, times the size of the image."""
    h, w = image.shape[:2]
    return shrink(image, (max(1, round(w * scale)), max(1, round(h * scale))))
