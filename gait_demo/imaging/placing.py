"""Enlarging small images smoothly to their place in a frame, and the way back."""

from __future__ import annotations

import cv2
import numpy as np

_FINE = 256  # pixels: width of an intermediate, enlarged image


def placed(
    image: np.ndarray,
    square: np.ndarray,
    view: tuple[int, int, int, int],
    border: int = cv2.BORDER_CONSTANT,
) -> np.ndarray:
    """A part of a frame (the view) in which an image is stretched over a square, or another box.

    The image is enlarged cubically to a fixed size and then warped linearly, which is far faster
    than a cubic warp.

    Args:
        image: (m, n) or (m, n, C), uint8 or float32.
        square: (x0, y0, x1, y1) in pixels of the frame; may reach over its border.
        view: x, y, width, height of the part of the frame.
        border: OpenCV's border mode outside the square: 0 by default, or cv2.BORDER_REPLICATE.

    Returns:
        (height, width) or (height, width, C).
    """
    fine = _fine(image.shape[:2])
    image = cv2.resize(image, fine, interpolation=cv2.INTER_CUBIC)
    to_view, how = _to_view(square, view, fine), cv2.INTER_LINEAR
    return cv2.warpAffine(image, to_view, view[2:], flags=how, borderMode=border)


def gathered(
    part: np.ndarray, square: np.ndarray, view: tuple[int, int, int, int], shape: tuple[int, int]
) -> np.ndarray:
    """The image of a square, sampled from a view of the frame: the inverse of `placed`.

    Args:
        part: (height, width, C) uint8, the view; outside it its border is replicated.
        square, view: as for `placed`.
        shape: (m, n) of the image.

    Returns:
        (m, n, C) uint8.
    """
    fine, how = _fine(shape), cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    to_view = _to_view(square, view, fine)
    image = cv2.warpAffine(part, to_view, fine, None, how, cv2.BORDER_REPLICATE)
    return cv2.resize(image, shape[::-1], interpolation=cv2.INTER_AREA)


def _fine(shape: tuple[int, int]) -> tuple[int, int]:
    """(width, height) of the enlarged image, for an image of shape (height, width)."""
    return _FINE, round(_FINE * shape[0] / shape[1])


def _to_view(
    square: np.ndarray, view: tuple[int, int, int, int], fine: tuple[int, int]
) -> np.ndarray:
    """(2, 3): affine transform from pixels of the enlarged image to pixels of the view."""
    sx, sy = (square[2] - square[0]) / fine[0], (square[3] - square[1]) / fine[1]
    x, y = square[0] - view[0] + (sx - 1) / 2, square[1] - view[1] + (sy - 1) / 2
    return np.array([[sx, 0, x], [0, sy, y]])
