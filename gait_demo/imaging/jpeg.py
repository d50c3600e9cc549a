"""Images as JPEG in memory."""

from __future__ import annotations

import cv2
import numpy as np

_QUALITY = 95


def packed(rgb: np.ndarray, quality: int = _QUALITY) -> bytes:
    """An image (H, W, 3) uint8 RGB as JPEG of a quality from 0 to 100."""
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def unpacked(jpeg: bytes) -> np.ndarray:
    """The image (H, W, 3) uint8 RGB of a JPEG."""
    bgr = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
