"""Preview pictures of the example clips."""

from __future__ import annotations

from pathlib import Path

import cv2

from gait_demo.video import probe, read_frames


def poster(clip: Path, folder: Path) -> str:
    """Writes the middle frame of a clip as a picture to `folder`; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{clip.stem}.jpg"
    frame = next(read_frames(clip, start_s=probe(clip).duration_s / 2))
    cv2.imwrite(str(path), cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2BGR))
    return str(path)
