"""Where one shot of a clip ends and another begins."""

from __future__ import annotations

import cv2
import numpy as np

_SIZE = (64, 36)  # pixels, width and height, at which frames are compared
_UNLIKE = 0.35  # correlation of two frames of one shot, at least; a flash or a pan leaves more
_FLAT = 3.0  # levels of deviation, below which a picture has nothing to compare


class ShotDetector:
    """Compares each frame of a clip with the one before."""

    def __init__(self):
        self._before: np.ndarray | None = None

    def is_cut(self, rgb: np.ndarray) -> bool:
        """Whether the next frame, (H, W, 3) uint8, begins another shot; the first one does not."""
        small = cv2.resize(rgb, _SIZE, interpolation=cv2.INTER_AREA).astype(np.float32)
        small -= small.mean(axis=(0, 1))
        before, self._before = self._before, small
        if before is None or min(small.std(), before.std()) < _FLAT:
            return False
        return bool((small * before).mean() < _UNLIKE * small.std() * before.std())
