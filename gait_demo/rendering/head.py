"""Removal of the detail of heads."""

from __future__ import annotations

import cv2
import numpy as np

from gait_demo.people.person import Person
from gait_demo.types import SILHOUETTE_SIZE

_COARSE = 0.5  # head radii: deviation of the filter that removes detail
_FADE = 0.35  # head radii over which the picture becomes sharp again
_BESIDE, _ABOVE = 1.5, 4.0  # radii: how far beside and above a head the person is hidden
_FEW_PX = 4.0  # maximum deviation of a filter; larger ones work at a lower resolution
_COARSE_BODY = 0.04  # heights: the same deviation, if only the body's height is known
_FADE_BODY = 0.04  # heights below the neck over which the picture becomes sharp

_HEAD = 0.2  # heights: how far the head may reach down from the top of a silhouette
_USUAL = 50  # frames before and after whose heights give the usual height


def hide_head(rgb: np.ndarray, alpha: np.ndarray, head: np.ndarray) -> None:
    """Blurs a head, in place, so that no detail finer than half its radius is left.

    The person's pixels above the head are blurred too: for people who are cut by the picture, the
    landmark network may take the chest for the head.

    Args:
        rgb: (h, w, 3) uint8.
        alpha: (h, w) float32 in [0, 1], the person; pixels beside them add no colour.
        head: (3,) centre x, y and radius in pixels.
    """
    x0, y0, x1, y1 = around_head(head, rgb.shape[:2])
    if x1 <= x0 or y1 <= y0:
        return
    x, y, radius = (float(v) for v in head)
    part, own = rgb[y0:y1, x0:x1], alpha[y0:y1, x0:x1] + np.float32(1e-3)
    sigma = max(0.8, _COARSE * radius)
    coarse = _blurred(part * own[..., None], sigma) / _blurred(own, sigma)[..., None]
    rows, columns = np.ogrid[y0:y1, x0:x1]
    rows, columns = (rows - y) / radius, np.abs(columns - x) / radius
    apart = np.hypot(columns, rows).astype(np.float32)
    hidden = ((1 + _FADE - apart) / _FADE).clip(0, 1)
    above = (-rows / _FADE).clip(0, 1) * ((_BESIDE + _FADE - columns) / _FADE).clip(0, 1)
    hidden = np.maximum(hidden, above.astype(np.float32) * (4 * own).clip(0, 1))
    part[:] = cv2.blendLinear(
        np.ascontiguousarray(part), cv2.convertScaleAbs(coarse), 1 - hidden, hidden
    )


def around_head(head: np.ndarray, shape: tuple[int, int]) -> tuple[int, int, int, int]:
    """x0, y0, x1, y1: the part of a picture (h, w) that `hide_head` reads."""
    (x, y, radius), (h, w) = (float(v) for v in head), shape
    aside, below = (_BESIDE + _FADE + 1) * radius, (1 + _FADE + 1) * radius
    above = (_ABOVE + 1) * radius
    x0, x1 = (int(np.clip(v, 0, w)) for v in (x - aside, x + aside + 1))
    y0, y1 = (int(np.clip(v, 0, h)) for v in (y - above, y + below + 1))
    return x0, y0, x1, y1


def hide_above(picture: np.ndarray, neck: float, height: float) -> None:
    """Blurs a person above the neck, in place, so that no detail finer than half a head is left.

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


def head_lines(person: Person) -> np.ndarray:
    """(T,) y in pixels of the lower end of the head; without landmarks, by the silhouette."""
    guessed = necks(person.silhouettes.masks, person.silhouettes.squares)
    return np.where(np.isfinite(person.necks), person.necks, guessed)


def necks(masks: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """The y down to which the head may reach in each frame of a track.

    A person who lifts the arms seems taller than before and after: then the head is farther down.
    If the picture cuts a person, or the mask shows only a part, the square gives the height.

    Args:
        masks: (T, 64, 64) float32 in [0, 1].
        squares: (T, 4) (x0, y0, x1, y1) in pixels.

    Returns:
        (T,) y in pixels.
    """
    rows = (masks > 0.5).any(axis=2)
    cell = (squares[:, 3] - squares[:, 1]) / SILHOUETTE_SIZE
    top = squares[:, 1] + cell * rows.argmax(axis=1)
    bottom = squares[:, 3] - cell * rows[:, ::-1].argmax(axis=1)
    tall = bottom - top
    usual = np.array([
        np.median(tall[max(0, t - _USUAL) : t + _USUAL + 1]) for t in range(len(tall))
    ])  # fmt: skip
    whole = np.maximum(usual, squares[:, 3] - squares[:, 1])
    return np.maximum(top + _HEAD * np.maximum(tall, whole), bottom - usual + _HEAD * whole)


def _blurred(picture: np.ndarray, sigma: float) -> np.ndarray:
    """A Gaussian blur, at a resolution at which the deviation is a few pixels."""
    scale = min(1.0, _FEW_PX / sigma)
    if scale == 1:
        return cv2.GaussianBlur(picture, (0, 0), sigma)
    h, w = picture.shape[:2]
    small = max(1, round(w * scale)), max(1, round(h * scale))
    blurred = cv2.resize(picture, small, interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(blurred, (0, 0), sigma * scale)
    return cv2.resize(blurred, (w, h), interpolation=cv2.INTER_LINEAR)
