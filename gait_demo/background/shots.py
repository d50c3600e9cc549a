"""Detection of cuts between the shots of a clip."""

from __future__ import annotations

import cv2
import numpy as np

_SIZE = (160, 90)  # pixels, width and height, at which frames are compared
_COARSE = (64, 36)  # the same for their correlation
_UNLIKE = 0.35  # correlation above which frames are of one shot, in a flash or slow pan too
_MOVED = 0.1  # minimum response of the phase correlation in a fast pan
_STAYED_PX = 1.0  # pixels at that size: a smaller shift is no fast pan
_FLAT = 3.0  # levels: deviation below which a frame has no structure to compare


class ShotDetector:
    """Compares each frame of a clip with the one before."""

    def __init__(self):
        self._before: np.ndarray | None = None
        self._window = cv2.createHanningWindow(_SIZE, cv2.CV_32F)

    def is_cut(self, rgb: np.ndarray) -> bool:
        """Whether the next frame, (H, W, 3) uint8, begins another shot; False for the first."""
        small = cv2.resize(rgb, _SIZE, interpolation=cv2.INTER_AREA).astype(np.float32)
        before, self._before = self._before, small
        if before is None:
            return False
        old, new = (cv2.resize(x, _COARSE, interpolation=cv2.INTER_AREA) for x in (before, small))
        old, new = old - old.mean(axis=(0, 1)), new - new.mean(axis=(0, 1))
        if min(old.std(), new.std()) < _FLAT:
            return False
        if (old * new).mean() > _UNLIKE * old.std() * new.std():
            return False
        greys = (cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in (before, small))
        shift, agreeing = cv2.phaseCorrelate(*greys, self._window)
        stayed = np.hypot(*shift) < _STAYED_PX  # as captions and bars do in a cut
        return bool(agreeing < _MOVED or stayed)
