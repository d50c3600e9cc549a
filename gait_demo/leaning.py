"""People who bend aside, or whom a tilted camera shows so: put upright for A-NET, and back."""

from __future__ import annotations

import cv2
import numpy as np

from .structures import SILHOUETTE_SIZE

_WHOLE = 0.85  # of its square's height: what spans less lacks a part
_LEGS = 0.8  # heights from the top: what is below steps aside without leaning
_APART = 0.3  # heights between two rows, at least, whose middles tell a slope
# Slopes up to which a walker's is part of the walk, and from which it is no walker's; means over a
# second, of made walkers at all views, reach 0.13
_NATURAL, _LEANING = 0.14, 0.2
_WINDOW_S = 1.0


def leans(masks: np.ndarray, fps: float) -> np.ndarray:
    """How far people lean, as a shear: 0 of whoever walks upright, as all whom A-NET knows do.

    Args:
        masks: (T, 64, 64) float32 in [0, 1].
        fps: frames per second.

    Returns:
        (T,) float64, smooth: by how much of their height the head is to the right of the feet.
    """
    slopes = np.array([_slope(mask > 0.5) for mask in masks])
    known = np.flatnonzero(~np.isnan(slopes))
    if len(known) == 0:
        return np.zeros(len(masks))
    slopes = np.interp(np.arange(len(masks)), known, slopes[known])
    half = round(_WINDOW_S * fps) // 2
    window = np.full(2 * half + 1, 1 / (2 * half + 1))
    slopes = np.convolve(np.pad(slopes, half, mode="edge"), window, mode="valid")
    return slopes * ((np.abs(slopes) - _NATURAL) / (_LEANING - _NATURAL)).clip(0, 1)


def leant(masks: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Silhouettes sheared about their middles.

    Args:
        masks: (T, 64, 64) float32 in [0, 1].
        by: (T,) as `leans` has it; its negative puts them upright.

    Returns:
        (T, 64, 64) float32; as they were where `by` is 0.
    """
    middle = (SILHOUETTE_SIZE - 1) / 2
    return np.stack([
        cv2.warpAffine(mask, np.array([[1, -slope, slope * middle], [0, 1, 0]]), mask.shape)
        if slope
        else mask
        for mask, slope in zip(masks, by, strict=True)
    ])  # fmt: skip


def _slope(mask: np.ndarray) -> float:
    """The median slope between the middles of two rows (Theil and Sen), which heads, arms and
    shadows that reach aside do not change; nan where less than nearly the whole person is seen."""
    mass = mask.sum(axis=1)
    rows = np.flatnonzero(mass)
    if len(rows) == 0 or (height := rows[-1] + 1 - rows[0]) < _WHOLE * len(mask):
        return np.nan
    rows = rows[rows < rows[0] + _LEGS * height]
    middles = (2 * mask[rows].cumsum(axis=1) < mass[rows, None]).sum(axis=1)
    upper, lower = np.triu_indices(len(rows), k=1)
    apart = rows[lower] - rows[upper]
    far = apart >= _APART * height
    if not far.any():
        return np.nan
    return float(np.median((middles[upper] - middles[lower])[far] / apart[far]))
