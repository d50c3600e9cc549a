"""Pictures of silhouettes and joints."""

from __future__ import annotations

import cv2
import numpy as np
from torch import Tensor

from gait_demo.joints import BONES
from gait_demo.types import SILHOUETTE_SIZE

_SCALE = 2
_MIDDLE, _LEFT, _RIGHT = (90, 90, 90), (220, 60, 40), (40, 90, 230)  # RGB


def side_by_side(masks: Tensor, joints: Tensor | None, scale: int = _SCALE) -> np.ndarray:
    """Silhouettes in a row, bones over them: the left side red, the right one blue.

    Args:
        masks: (T, 64, 64) in [0, 1].
        joints: (T, 19, 2) in the unit square, or None.
        scale: pixels of the picture a pixel of a silhouette.

    Returns:
        (64 * scale, T * 64 * scale, 3) uint8.
    """
    size = scale * SILHOUETTE_SIZE
    grey = (masks.cpu().numpy() * 255).astype(np.uint8)
    row = []
    for n, mask in enumerate(grey):
        large = cv2.resize(mask, (size, size), interpolation=cv2.INTER_NEAREST)
        cell = np.repeat(large[..., None], 3, axis=2)
        if joints is not None:
            draw_bones(cell, joints[n].cpu().numpy() * size)
        row.append(cell)
    return np.concatenate(row, axis=1)


def draw_bones(picture: np.ndarray, points: np.ndarray) -> None:
    """Draws bones, in place, into a picture (H, W, 3) uint8 RGB; points (19, 2) in pixels."""
    at = [tuple(int(v) for v in point.round()) for point in points]
    for start, end in BONES:
        across = (start < 10) != (end < 10)
        colour = _MIDDLE if across else _LEFT if start < 10 else _RIGHT
        cv2.line(picture, at[start], at[end], colour, 1, cv2.LINE_AA)
    cv2.circle(picture, at[0], 2, _MIDDLE, cv2.FILLED, cv2.LINE_AA)
