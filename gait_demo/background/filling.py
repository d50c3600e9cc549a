"""Fills the places of removed people with background that has the brightness of the frame."""

from __future__ import annotations

from itertools import islice

import cv2
import numpy as np

from gait_demo.background.foreground import apply_gains, channel_gains
from gait_demo.background.inpainting import inpaint
from gait_demo.background.plate import NoPlate
from gait_demo.imaging.resizing import scaling, shrink_by

_RING = 0.12  # hole heights: margin around a hole in which frames are compared
_FIT_SIDE = 128  # pixels: longest side at which they are compared
# minimum correlation of the gradients around a hole, and minimum number of pixels to compare
_FITTING, _KNOWN = 0.6, 200
_MOST_VIEWS = 6  # maximum number of other frames that are tried for a hole
_MATCH_STEP = 8  # pixels between samples of the brightness offset
_GRAIN_ROWS = 4  # pixels between the rows in which grain is measured
_LEAST_GRAIN = 1.5  # grey levels of standard deviation: less is not seen
_MATCH_LIMIT = 28.0  # grey levels: a larger difference is another object, not another light


class Filler:
    """Fills the places of people where the camera moves too far for a plate: first from other
    frames that show the place, then by inpainting, which starts from the last filled frame.

    `fill` is to be called for the frames in order.
    """

    def __init__(self, plate: NoPlate, scale: float):
        """scale: pixels of the images per pixel of the frames."""
        self._plate, self._scale = plate, scale
        self._before: tuple[int, np.ndarray] | None = None

    def fill(
        self, index: int, image: np.ndarray, hole: np.ndarray, overlay: np.ndarray | None = None
    ) -> np.ndarray:
        """
        Args:
            index: of the frame.
            image: (h, w, 3) uint8.
            hole: (h, w) uint8, 255 where people are.
            overlay: (h, w) uint8, 255 where an overlay is.

        Returns:
            (h, w, 3) uint8, outside the hole the values of `image`.
        """
        left, filled = hole.copy(), image.copy()
        x, y, w, h = cv2.boundingRect(hole)
        if w * h:
            ring = round(_RING * h)
            x, y, right, bottom = max(0, x - ring), max(0, y - ring), x + w + ring, y + h + ring
            part = np.s_[y:bottom, x:right]
            to_part = scaling(self._scale)
            to_part[:2, 2] -= [x, y]
            views = self._plate.views(index, to_part, left[part])
            for shown, free in islice(views, _MOST_VIEWS):
                new, around = free & left[part], free & ~hole[part]
                if _fit(shown, image[part], around):
                    cv2.copyTo(light_matched(shown, image[part], ~around), new, filled[part])
                    left[part] &= ~new
            guess = self._guess(index, image.shape[1::-1])
            filled = inpaint(filled, left > 0, None if overlay is None else overlay > 0, guess)
        self._before = index, filled
        return filled

    def _guess(self, index: int, size: tuple[int, int]) -> np.ndarray | None:
        """(h, w, 3) uint8: the last filled frame, moved with the camera; None without one, or if
        the camera's motion is not known."""
        if self._before is None:
            return None
        motion = self._plate.motion(self._before[0], index)
        if motion is None:
            return None
        to_image = scaling(self._scale)
        motion = to_image @ motion @ np.linalg.inv(to_image)
        return cv2.warpPerspective(
            self._before[1], motion, size, None, cv2.INTER_LINEAR, cv2.BORDER_REPLICATE
        )


def light_matched(behind: np.ndarray, part: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The background with the brightness that the frame has around the mask, so that no seam shows.

    First the gain of each channel is applied; then the remaining differences, such as soft shadows
    and faint reflections on the floor, are carried smoothly into the mask.

    Args:
        behind, part: (h, w, 3) uint8, the background, and the same part of the frame.
        mask: (h, w) uint8, 0 or 255; 0 where both show the same.
    """
    h, w = mask.shape
    behind = apply_gains(behind, channel_gains(part, behind, ~mask))
    sparse = np.s_[_MATCH_STEP // 2 :: _MATCH_STEP, _MATCH_STEP // 2 :: _MATCH_STEP]
    offset = part[sparse].astype(np.float32) - behind[sparse]
    known = (mask[sparse] == 0).astype(np.float32)
    known *= np.abs(offset).max(axis=2, initial=0) < _MATCH_LIMIT
    if known.sum() < 4:
        return behind
    carried = np.zeros_like(offset)
    for reach, doubt in ((max(known.shape) / 5, 1e-4), (max(known.shape) / 15, 0.05), (1, 0.05)):
        weight = cv2.GaussianBlur(known, (0, 0), reach) + doubt
        missing = cv2.GaussianBlur((offset - carried) * known[..., None], (0, 0), reach)
        carried += missing / weight[..., None]
    offset = cv2.resize(np.rint(carried).astype(np.int16), (w, h), interpolation=cv2.INTER_LINEAR)
    return cv2.add(behind, offset, dtype=cv2.CV_8U)


def grain_matched(behind: np.ndarray, part: np.ndarray, mask: np.ndarray, seed: int) -> np.ndarray:
    """The background with as much grain as the frame has around the mask. A plate is free of it, so
    that an outline of what was removed would be left in the grain.

    Args:
        behind: (h, w, 3) uint8, the background in the light of the frame.
        part, mask: see `light_matched`.
        seed: the same gives the same grain.
    """
    rows = np.s_[::_GRAIN_ROWS]
    seen, known = (
        cv2.cvtColor(np.ascontiguousarray(image[rows]), cv2.COLOR_RGB2GRAY).astype(np.int16)
        for image in (part, behind)
    )
    beside = (mask[rows, 1:] | mask[rows, :-1]) == 0
    steps = np.abs(np.diff(seen - known, axis=1))[beside]
    # of normal noise, the median of such differences is 0.954 standard deviations
    deviation = np.median(steps) / 0.954 if len(steps) else 0.0
    if deviation < _LEAST_GRAIN:
        return behind
    noise = np.random.default_rng(seed).standard_normal(mask.shape, np.float32)
    grain = np.rint(deviation * noise).astype(np.int16)
    return cv2.add(behind, cv2.merge([grain] * 3), dtype=cv2.CV_8U)


def _fit(shown: np.ndarray, part: np.ndarray, around: np.ndarray) -> bool:
    """Whether the gradients of two pictures (h, w, 3) agree within a mask (h, w), uint8, 0 or 255.
    They do not if the camera's motion was estimated wrongly, or for near objects (parallax)."""
    scale = min(1.0, _FIT_SIDE / max(around.shape))
    known = cv2.erode(shrink_by(around, scale), np.ones((5, 5), np.uint8)) == 255
    here, there = (_slopes(shrink_by(rgb, scale))[known] for rgb in (part, shown))
    size = np.sqrt((here**2).sum() * (there**2).sum())
    return len(here) >= _KNOWN and bool((here * there).sum() > _FITTING * size)


def _slopes(rgb: np.ndarray) -> np.ndarray:
    """(h, w, 2) float32: the gradient of a picture's brightness, blurred against noise."""
    gray = cv2.GaussianBlur(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), (0, 0), 1)
    return np.dstack([cv2.Sobel(gray, cv2.CV_32F, dx, 1 - dx) for dx in (1, 0)])
