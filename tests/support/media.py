"""Small synthetic clips for tests, made by the FFmpeg program that comes with moviepy."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from pathlib import Path

import imageio_ffmpeg
import numpy as np

BACKGROUND = (40, 90, 60)
SQUARE = (230, 200, 40)
CORNER = (200, 30, 30)  # marks the top left


def ffmpeg(*arguments: object, stdin: bytes | None = None) -> subprocess.CompletedProcess:
    """Run FFmpeg and return its output as bytes; raise if it fails."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-y", *map(str, arguments)]
    if stdin is None:
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=True)
    return subprocess.run(command, input=stdin, capture_output=True, check=True)


def moving_square(index: int, size: tuple[int, int] = (96, 64)) -> np.ndarray:
    """Frame `index` of a square that moves right: (H, W, 3) uint8; size is (width, height)."""
    width, height = size
    rgb = np.full((height, width, 3), BACKGROUND, np.uint8)
    side = height // 4
    rgb[: height // 4, : width // 4] = CORNER
    x = (width // 4 + 2 * index) % (width - side)
    rgb[height // 2 : height // 2 + side, x : x + side] = SQUARE
    return rgb


def write_clip(
    path: Path,
    *encoding: object,
    frames: int = 12,
    fps: Fraction | int = 25,
    size: tuple[int, int] = (96, 64),
    audio: str | None = None,
    rotation: int = 0,
    mirror: bool = False,
) -> Path:
    """Write a clip of `moving_square` in the format that the name of `path` says.

    Args:
        encoding: further FFmpeg output options, such as "-c:v", "libvpx-vp9".
        audio: codec of a sound track as long as the clip: silence with one click at 0.2 s.
        rotation: degrees counterclockwise, in the tag that players obey; so is `mirror`.
    """
    pictures = b"".join(moving_square(i, size).tobytes() for i in range(frames))
    video = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size[0]}x{size[1]}", "-r", fps]
    sound = []
    if audio is not None:
        click = "aevalsrc=0.8*between(t\\,0.2\\,0.21)*sin(6283*t):s=48000"
        sound = ["-f", "lavfi", "-t", float(frames / fps), "-i", click, "-c:a", audio]
    tagged = rotation or mirror
    plain = path.with_name(f"plain_{path.name}") if tagged else path
    ffmpeg(*video, "-i", "-", *sound, *encoding, plain, stdin=pictures)
    if tagged:
        tag = ["-display_rotation", rotation, *(["-display_hflip"] if mirror else [])]
        ffmpeg(*tag, "-i", plain, "-c", "copy", path)
        plain.unlink()
    return path
