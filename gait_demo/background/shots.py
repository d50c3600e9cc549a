"""Where one shot of a clip ends and another begins."""

from __future__ import annotations

import cv2
import numpy as np

_SIZE = (160, 90)  # pixels, width and height, at which frames are compared
_COARSE = (64, 36)
_UNLIKE = 0.35  # correlation of two frames of one shot, at least; a flash or a slow pan leaves more
_MOVED = 0.1  # of their energy that agrees on one shift, at least, in a fast pan
_STAYED_PX = 1.0  # of the picture as it is compared
_FLAT = 3.0  # levels of deviation, below which a picture has nothing to compare


class ShotDetector:
    """Compares each frame of a clip with the one before."""

    def __init__(self):
        self._before: np.ndarray | None = None
        self._window = cv2.createHanningWindow(_SIZE, cv2.CV_32F)

    def is_cut(self, rgb: np.ndarray) -> bool:
        """Whether the next frame, (H, W, 3) uint8, begins another shot; the first one does not."""
        small = cv2.resize(rgb, _SIZE, interpolation=cv2.INTER_AREA).astype(np.float32)
        before, self._before = self._before, small
        if before is None:
            return False
        one, other = (cv2.resize(x, _COARSE, interpolation=cv2.INTER_AREA) for x in (before, small))
        one, other = one - one.mean(axis=(0, 1)), other - other.mean(axis=(0, 1))
        if min(one.std(), other.std()) < _FLAT:
            return False
        if (one * other).mean() > _UNLIKE * one.std() * other.std():
            return False
        greys = (cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in (before, small))
        shift, agreeing = cv2.phaseCorrelate(*greys, self._window)
        stayed = np.hypot(*shift) < _STAYED_PX  # as a caption does, or bars
        return bool(agreeing < _MOVED or stayed)
