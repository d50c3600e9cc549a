"""Heads without what tells whose they are."""

from __future__ import annotations

import cv2
import numpy as np

_COARSE = 0.5  # of a head's radius: deviation of the filter that takes its detail away
_FADE = 0.35  # of the radius, over which the picture becomes sharp around it
_FEW_PX = 4.0  # of a filter's deviation; larger ones work at a lower resolution
_COARSE_BODY = 0.04  # heights: the same deviation, of heads known by the body's height only
_FADE_BODY = 0.04  # heights below the neck over which the picture becomes sharp


def hide_head(rgb: np.ndarray, alpha: np.ndarray, head: np.ndarray) -> None:
    """Leaves of a head, in place, its colours and nothing finer than half its radius.

    Args:
        rgb: (h, w, 3) uint8.
        alpha: (h, w) float32 in [0, 1], the person; what is beside them lends no colour.
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
    part, own = rgb[y0:y1, x0:x1], alpha[y0:y1, x0:x1, None] + np.float32(1e-3)
    sigma = max(0.8, _COARSE * radius)
    coarse = _blurred(part * own, sigma) / _blurred(own[..., 0], sigma)[..., None]
    rows, columns = np.ogrid[y0:y1, x0:x1]
    apart = np.hypot(columns - x, rows - y).astype(np.float32) / radius
    weight = ((apart - 1) / _FADE).clip(0, 1)
    part[:] = cv2.blendLinear(part, np.rint(coarse).astype(np.uint8), weight, 1 - weight)


def hide_above(picture: np.ndarray, neck: float, height: float) -> None:
    """Leaves of what is above somebody's neck, in place, nothing finer than half a head.

    Args:
        picture: (h, w, 3) uint8 or float32.
        neck: y in pixels.
        height: of the body, in pixels.
    """
    fade = max(1.0, _FADE_BODY * height)
    last = int(np.clip(np.ceil(neck + fade), 0, len(picture)))
    if last == 0:
        return
    sigma = max(0.8, _COARSE_BODY * height)
    support = min(len(picture), last + int(np.ceil(3 * sigma)))
    coarse = _blurred(picture[:support], sigma)[:last]
    rows = np.arange(last, dtype=np.float32)[:, None]
    weight = ((rows + 0.5 - float(neck)) / fade).clip(0, 1).astype(np.float32)
    weight = np.repeat(weight, picture.shape[1], axis=1)
    picture[:last] = cv2.blendLinear(picture[:last], coarse, weight, 1 - weight)


def _blurred(picture: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian-blurred, at a resolution at which the deviation is a few pixels."""
    scale = min(1.0, _FEW_PX / sigma)
    if scale == 1:
        return cv2.GaussianBlur(picture, (0, 0), sigma)
    h, w = picture.shape[:2]
    small = max(1, round(w * scale)), max(1, round(h * scale))
    blurred = cv2.resize(picture, small, interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(blurred, (0, 0), sigma * scale)
    return cv2.resize(blurred, (w, h), interpolation=cv2.INTER_LINEAR)
