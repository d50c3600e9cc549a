"""Fast downscaling of frames."""

from __future__ import annotations

import cv2
import numpy as np


def scaling(scale: float) -> np.ndarray:
    """(3, 3): transform from pixels of an image to pixels of the image scaled by `scale`; pixel
    centres lie at whole numbers."""
    shift = (scale - 1) / 2
    return np.array([[scale, 0, shift], [0, scale, shift], [0, 0, 1]])


def shrink(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Scales an image down to (width, height): by factors of 2 as often as possible, then linearly.

    OpenCV's area averaging is fast only for whole factors: 1280x720 to 480x270 at once takes
    twenty times as long. An image that is not larger is only scaled linearly.

    Args:
        image: (H, W) or (H, W, C) uint8 or float32.
        size: (width, height) of the result.

    Returns:
        (height, width) or (height, width, C); the image itself if it has that size.
    """
    h, w = image.shape[:2]
    while h % 2 == w % 2 == 0 and w >= 2 * size[0] and h >= 2 * size[1]:
        h, w = h // 2, w // 2
        image = cv2.resize(image, (w, h), interpolation=cv2.INTER_AREA)
    return image if (w, h) == size else cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)


def shrink_by(image: np.ndarray, scale: float) -> np.ndarray:
    """Scales an image by `scale`, at most 1; see `shrink`."""
    h, w = image.shape[:2]
    return shrink(image, (max(1, round(w * scale)), max(1, round(h * scale))))
