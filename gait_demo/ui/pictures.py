"""Preview pictures of the example clips."""

from __future__ import annotations

from pathlib import Path

from gait_demo.imaging.jpeg import packed
from gait_demo.video import probe, read_frames


def poster(clip: Path, folder: Path) -> str:
    """Writes the middle frame of a clip as a picture to `folder`; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{clip.stem}.jpg"
    frame = next(read_frames(clip, start_s=probe(clip).duration_s / 2))
    path.write_bytes(packed(frame.rgb))
    return str(path)
