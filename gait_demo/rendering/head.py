"""Heads without what tells whose they are."""

from __future__ import annotations

import cv2
import numpy as np

_COARSE = 0.5  # of a head's radius: deviation of the filter that takes its detail away
_FADE = 0.35  # of the radius, over which the picture becomes sharp around it


def hide_head(rgb: np.ndarray, head: np.ndarray) -> None:
    """Leaves of a head, in place, its colours and nothing finer than half its radius.

    Args:
        rgb: (h, w, 3) uint8.
        head: (3,) centre x, y and radius in pixels.
    """
    x, y, radius = (float(v) for v in head)
    reach = (1 + _FADE) * radius
    margin = 1.5 * radius
    h, w = rgb.shape[:2]
    x0, x1 = (int(np.clip(v, 0, w)) for v in (x - reach - margin, x + reach + margin + 1))
    y0, y1 = (int(np.clip(v, 0, h)) for v in (y - reach - margin, y + reach + margin + 1))
    if x1 <= x0 or y1 <= y0:
        return
    part = rgb[y0:y1, x0:x1]
    coarse = cv2.GaussianBlur(part, (0, 0), max(0.8, _COARSE * radius))
    rows, columns = np.ogrid[y0:y1, x0:x1]
    apart = np.hypot(columns - x, rows - y).astype(np.float32) / radius
    weight = ((apart - 1) / _FADE).clip(0, 1)
    part[:] = cv2.blendLinear(part, coarse, weight, 1 - weight)
