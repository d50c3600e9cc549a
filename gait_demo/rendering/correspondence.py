"""Registration of two silhouettes of the same moment by a smooth displacement field."""

from __future__ import annotations

import cv2
import numpy as np

from gait_demo.imaging.boxes import depth_in
from gait_demo.types import SILHOUETTE_SIZE

_GRID = 32  # cells of a field per side
_STEPS = (3, 3)  # iterations, first with a stiff field, then with a softer one
_STIFF = (3.0, 2.0)  # deviation in cells of the filter that smooths each step
_UPRIGHT = 0.5  # factor of the vertical steps
_REACH = 1.25  # cells: maximum length of a step
_OUTSIDE = 3.0  # cells: maximum distance outside the outline
_CHUNK, _MARGIN = 128, 8  # frames that are fitted together, and overlap with the next ones


def correspond(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """The displacements from points of the new silhouettes to the old ones, smooth in space and
    time.

    The distance maps of the two outlines are registered by the demons algorithm (Thirion, 1998),
    whose field is filtered by Gaussians in space and time.

    Args:
        old, new: (T, 64, 64) float32 in [0, 1], in the same squares.

    Returns:
        (T, 32, 32, 2) float32: what to add to x and y, in sides of the square.
    """
    fields = np.zeros((len(old), _GRID, _GRID, 2), np.float32)
    for first in range(0, len(old), _CHUNK):
        low = max(0, first - _MARGIN)
        part = np.s_[low : first + _CHUNK + _MARGIN]
        fitted = _fit(_distances(old[part]), _distances(new[part]))
        fields[first : first + _CHUNK] = fitted[first - low :][:_CHUNK]
    return fields / _GRID


def _fit(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """(T, 32, 32, 2): displacements in cells, from distance maps (T, 32, 32)."""
    images = [
        np.dstack([image, *(cv2.Sobel(image, -1, dx, 1 - dx, scale=1 / 8) for dx in (1, 0))])
        for image in old
    ]
    there = np.stack(np.meshgrid(np.arange(_GRID), np.arange(_GRID)), -1).astype(np.float32)
    fields = np.zeros((len(old), _GRID, _GRID, 2), np.float32)
    for steps, stiff in zip(_STEPS, _STIFF, strict=True):
        for _ in range(steps):
            warped = np.stack([
                cv2.remap(image, there + field, None, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE)
                for image, field in zip(images, fields, strict=True)
            ])  # fmt: skip
            error, slope = new - warped[..., 0], warped[..., 1:]
            size = (slope**2).sum(-1) + (error / (2 * _REACH)) ** 2 + 1e-3
            fields += (error / size)[..., None] * slope * np.float32([1, _UPRIGHT])
            for field in fields:
                cv2.GaussianBlur(field, (0, 0), stiff, field)
            fields = _smooth_in_time(fields)
    return fields


def _smooth_in_time(fields: np.ndarray) -> np.ndarray:
    before, after = np.roll(fields, 1, 0), np.roll(fields, -1, 0)
    before[0], after[-1] = fields[0], fields[-1]
    return (before + 2 * fields + after) / 4


def _distances(masks: np.ndarray) -> np.ndarray:
    """(T, 32, 32): signed distances to the outline in cells, negative outside."""
    return np.stack([
        cv2.resize(signed_distance(mask), (_GRID, _GRID), interpolation=cv2.INTER_AREA)
        for mask in masks
    ]).clip(-2 * _OUTSIDE) / 2  # fmt: skip


def signed_distance(mask: np.ndarray, level: float = 0.5) -> np.ndarray:
    """(n, n) float32: signed distance in pixels to the contour of a mask (n, n) at a level,
    negative outside."""
    inside = (mask > level).astype(np.uint8)
    far = depth_in(inside)
    return cv2.GaussianBlur(far.clip(-SILHOUETTE_SIZE, SILHOUETTE_SIZE), (0, 0), 0.8)
