"""Compositing: the old person is replaced by background, and the new one drawn.

Outside the given regions a frame stays unchanged, bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from gait_demo.imaging.placing import placed
from gait_demo.imaging.resizing import scaling
from gait_demo.types import SILHOUETTE_SIZE

_FEATHER = 0.008  # heights: feather between the plate and the frame
_RING = 0.12  # heights: margin around a region in which the plate's brightness is matched
_SMOOTH = 0.5  # 1/64 heights: deviation of the filter that smooths an outline
_PAD = 2  # 1/64 heights: padding of a silhouette, so that heads and soles get smooth too


@dataclass(frozen=True)
class Region:
    """A region of a frame to be replaced.

    Attributes:
        x, y: upper left corner, in pixels.
        mask: (h, w) uint8, 0 or 255.
        height: height of the person, in pixels.
    """

    x: int
    y: int
    mask: np.ndarray
    height: float


def region_of(
    frame_shape: tuple[int, int], mask: np.ndarray, x: int, y: int, scale: float, height: float
) -> Region | None:
    """The region of a mask at working resolution, with a margin in which brightness is matched.

    Args:
        frame_shape: (H, W).
        mask: (h, w) uint8, 0 or 1, whose upper left corner is at working pixel (x, y).
        scale: working pixels per pixel of the frame.
        height: of the person, in pixels of the frame.

    Returns:
        None if the mask lies outside the frame.
    """
    h, w = mask.shape
    low, high = np.array([x, y]) / scale, np.array([x + w, y + h]) / scale
    view = _view(low, high, _RING * height, frame_shape)
    if view is None:
        return None
    left, top, wide, tall = view
    here = [[1, 0, x], [0, 1, y], [0, 0, 1]]
    to_view = scaling(1 / scale)[:2] @ here - [[0, 0, left], [0, 0, top]]
    fine = cv2.warpAffine(255 * mask, to_view, (wide, tall), flags=cv2.INTER_LINEAR)
    return Region(left, top, (fine > 100).view(np.uint8) * np.uint8(255), height)


def erase(rgb: np.ndarray, behind: np.ndarray, region: Region) -> None:
    """Replaces a person by the background, with a soft edge.

    Args:
        rgb: (H, W, 3) uint8 frame, changed in place.
        behind: (h, w, 3) uint8, the background where the region's mask is, and around it.
        region: the region of the frame.
    """
    h, w = region.mask.shape
    part = rgb[region.y : region.y + h, region.x : region.x + w]
    feather = 2 * max(1, round(_FEATHER * region.height)) + 1
    kernel = np.ones((feather, feather), np.uint8)
    weight = cv2.blur(cv2.dilate(region.mask, kernel), (feather, feather))
    _blend(part, behind, cv2.multiply(weight, 1 / 255, dtype=cv2.CV_32F))


def paste(rgb: np.ndarray, crop: np.ndarray, alpha: np.ndarray, square: np.ndarray) -> None:
    """Draws a person's crop into a frame.

    Args:
        rgb: (H, W, 3) uint8 frame, changed in place.
        crop: (64, 64, 3) float32 in [0, 1], the colours.
        alpha: (64, 64) float32 in [0, 1], the silhouette.
        square: (x0, y0, x1, y1) in pixels; may reach over the border.
    """
    view = silhouette_view(alpha, square, rgb.shape[:2])
    if view is not None:
        colours = np.rint(255 * np.clip(crop, 0, 1)).astype(np.uint8)
        colours = placed(colours, square, view, cv2.BORDER_REPLICATE)
        laid_over(rgb, colours, _soft_silhouette(alpha, square, view), view)


def laid_over(
    rgb: np.ndarray, colours: np.ndarray, alpha: np.ndarray, view: tuple[int, int, int, int]
) -> None:
    """Draws a person, whose colours are known at the resolution of the frame, into it.

    Args:
        rgb: (H, W, 3) uint8 frame, changed in place.
        colours: (h, w, 3) uint8, those of the view.
        alpha: (h, w) float32 in [0, 1].
        view: x, y, w, h in pixels of the frame.
    """
    x, y, w, h = view
    _blend(rgb[y : y + h, x : x + w], colours, alpha)


def render_binary(
    frame_shape: tuple[int, int], layers: list[tuple[np.ndarray, np.ndarray]]
) -> np.ndarray:
    """White silhouettes on black.

    Args:
        frame_shape: (H, W).
        layers: (64x64 alpha in [0, 1], square) of each person.

    Returns:
        (H, W) uint8.
    """
    image = np.zeros(frame_shape, np.uint8)
    for alpha, square in layers:
        view = silhouette_view(alpha, square, frame_shape)
        if view is not None:
            x, y, w, h = view
            white = np.rint(255 * _soft_silhouette(alpha, square, view)).astype(np.uint8)
            part = image[y : y + h, x : x + w]
            np.maximum(part, white, out=part)
    return image


def silhouette_view(
    alpha: np.ndarray, square: np.ndarray, shape: tuple[int, int], margin: float = 1
) -> tuple[int, int, int, int] | None:
    """The part of a frame that a silhouette touches.

    Args:
        alpha, square: as for `paste`.
        shape: (H, W) of the frame.
        margin: pixels around it.

    Returns:
        x, y, width, height in whole pixels; None if the silhouette lies outside the frame.
    """
    x, y, w, h = cv2.boundingRect((alpha > 0.02).view(np.uint8))
    if w * h == 0:
        return None
    cell = (square[2:] - square[:2]) / SILHOUETTE_SIZE
    low, high = square[:2] + cell * [x - 2, y - 2], square[:2] + cell * [x + w + 2, y + h + 2]
    return _view(low, high, margin, shape)


def _view(
    low: np.ndarray, high: np.ndarray, margin: float, shape: tuple[int, int]
) -> tuple[int, int, int, int] | None:
    """x, y, width, height of the whole pixels of a frame that a box and its margin touch."""
    x0, y0 = (max(0, int(np.floor(v - margin))) for v in low)
    x1, y1 = (min(n, int(np.ceil(v + margin))) for v, n in zip(high, shape[::-1], strict=True))
    return (x0, y0, x1 - x0, y1 - y0) if x1 > x0 and y1 > y0 else None


def _soft_silhouette(
    alpha: np.ndarray, square: np.ndarray, view: tuple[int, int, int, int]
) -> np.ndarray:
    """(h, w) float32 in [0, 1]: the silhouette in its square, its edge about two pixels wide."""
    scale = max(1.0, float(square[3] - square[1]) / SILHOUETTE_SIZE)
    around = cv2.copyMakeBorder(alpha, _PAD, _PAD, _PAD, _PAD, cv2.BORDER_CONSTANT)
    smooth = cv2.GaussianBlur(around, (0, 0), _SMOOTH)
    beyond = (square[2:] - square[:2]) * (_PAD / SILHOUETTE_SIZE)
    smooth = placed(smooth, np.concatenate([square[:2] - beyond, square[2:] + beyond]), view)
    half = min(0.5, 1.2 / scale)
    edge = np.clip((smooth - 0.5) / (2 * half) + 0.5, 0, 1)
    return edge * edge * (3 - 2 * edge)


def _blend(part: np.ndarray, over: np.ndarray, weight: np.ndarray) -> None:
    """Blends `over` into a part of a frame, in place, where `weight` is over 0."""
    x, y, w, h = cv2.boundingRect((weight > 0).view(np.uint8))
    if w * h == 0:
        return
    inner = np.s_[y : y + h, x : x + w]
    weight = weight[inner]
    part[inner] = cv2.blendLinear(
        np.ascontiguousarray(part[inner]), np.ascontiguousarray(over[inner]), 1 - weight, weight
    )
