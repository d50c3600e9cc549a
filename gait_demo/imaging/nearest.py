"""Filling with the nearest colour."""

from __future__ import annotations

import cv2
import numpy as np


def nearest_colours(image: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The image with every pixel that is not known replaced by the nearest one that is.

    Args:
        image: (h, w, C), any dtype.
        known: (h, w) bool, not empty.
    """
    _, nearest = cv2.distanceTransformWithLabels(
        (~known).view(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    table = np.zeros((nearest.max() + 1, image.shape[2]), image.dtype)
    table[nearest[known]] = image[known]
    return table[nearest]
