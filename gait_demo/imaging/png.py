"""Images as PNG files."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np


def write_png(path: Path, rgb: np.ndarray) -> None:
    """Writes an image (H, W, 3) uint8 RGB as PNG, whatever the suffix of `path`."""
    path.write_bytes(cv2.imencode(".png", rgb[..., ::-1])[1])
