"""The pictures that the page shows beside the videos."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from gait_demo.video import probe, read_frames

POSTER_CHOICES = 8


def poster(clip: Path, folder: Path) -> str:
    """The path of a picture of a clip: of a few frames the one that is least like the others."""
    step = max(1, probe(clip).frames // POSTER_CHOICES)
    frames = np.stack([frame.rgb for frame in islice(read_frames(clip), None, None, step)])
    unlike = np.abs(frames - frames.mean(axis=0)).mean(axis=(1, 2, 3))
    folder.mkdir(parents=True, exist_ok=True)
    return _written(folder / f"{clip.stem}.jpg", frames[unlike.argmax()])


def _written(path: Path, rgb: np.ndarray) -> str:
    cv2.imwrite(str(path), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    return str(path)
