"""Small square images at their place in a frame, enlarged without blocks."""

from __future__ import annotations

import cv2
import numpy as np

_FINE = 256  # pixels: the side to which an image is enlarged before it is put in its place


def placed(
    image: np.ndarray,
    square: np.ndarray,
    view: tuple[int, int, int, int],
    border: int = cv2.BORDER_CONSTANT,
) -> np.ndarray:
    """An image enlarged to its square, as seen in a view of the frame.

    Cubic to a fixed size, then linear to the place: far faster than a cubic warp.

    Args:
        image: (n, n) or (n, n, C), uint8 or float32.
        square: (x0, y0, x1, y1) in pixels of the frame; may reach over its border.
        view: x, y, width, height of a part of the frame.
        border: what is shown beyond the square: nothing, or cv2.BORDER_REPLICATE.

    Returns:
        (height, width) or (height, width, C).
    """
    image = cv2.resize(image, (_FINE, _FINE), interpolation=cv2.INTER_CUBIC)
    how = cv2.INTER_LINEAR
    return cv2.warpAffine(image, _to_view(square, view), view[2:], flags=how, borderMode=border)


def gathered(
    part: np.ndarray, square: np.ndarray, view: tuple[int, int, int, int], side: int
) -> np.ndarray:
    """What an image of a square holds, seen in a view of the frame: the way back from `placed`.

    Args:
        part: (height, width, C) uint8, of the view; beyond it its border is repeated.
        square, view: as for `placed`.
        side: pixels of the image.

    Returns:
        (side, side, C) uint8.
    """
    how, size = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, (_FINE, _FINE)
    fine = cv2.warpAffine(part, _to_view(square, view), size, None, how, cv2.BORDER_REPLICATE)
    return cv2.resize(fine, (side, side), interpolation=cv2.INTER_AREA)


def _to_view(square: np.ndarray, view: tuple[int, int, int, int]) -> np.ndarray:
    """(2, 3): pixels of the enlarged image to pixels of the view."""
    sx, sy = (square[2] - square[0]) / _FINE, (square[3] - square[1]) / _FINE
    x, y = square[0] - view[0] + (sx - 1) / 2, square[1] - view[1] + (sy - 1) / 2
    return np.array([[sx, 0, x], [0, sy, y]])
