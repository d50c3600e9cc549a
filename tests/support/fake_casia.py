"""A copy of CASIA-B so small that it is drawn: figures in red who cross a grey room."""

from pathlib import Path

import cv2
import numpy as np

from gait_demo.datasets.casia import FPS, FRAME_SHAPE, SILHOUETTES, Sequence, video_folder
from gait_demo.video import write_avi

FRAMES, HEIGHT, TOP, STEP = 26, 128, 80, 4  # but for the first, in pixels
RED = (220, 40, 40)


def figure(person: int, number: int) -> np.ndarray:
    """(240, 320) bool: an ellipse on two swinging legs; its width is the person's."""
    height, width = FRAME_SHAPE
    y, x = np.mgrid[:height, :width]
    y, x = (y - TOP) / HEIGHT, (x - 60 - STEP * number) / HEIGHT
    trunk = ((y - 0.35) / 0.35) ** 2 + (x / (0.12 + 0.01 * person)) ** 2 < 1
    leg = 0.15 * np.sin(number / 4 + person) * (y - 0.5) / 0.5
    legs = (np.minimum(abs(x - leg), abs(x + leg)) < 0.06) & (y >= 0.5) & (y < 1)
    return trunk | legs


def write_fake_casia(
    root: Path, people: int = 4, videos: bool = True, conditions: tuple[str, ...] = ("nm-01",)
) -> Path:
    """The first people at 090."""
    room = np.full((*FRAME_SHAPE, 3), 128, np.uint8)
    room[::2] += 40
    sequences = [Sequence(n, name, 90) for n in range(1, people + 1) for name in conditions]
    for sequence in sequences:
        folder = root / SILHOUETTES / sequence.folder
        folder.mkdir(parents=True)
        seen = [figure(sequence.person, number) for number in range(1, FRAMES + 1)]
        for number, mask in enumerate(seen, start=1):
            cv2.imwrite(str(folder / sequence.frame_name(number)), mask.astype(np.uint8) * 255)
        if videos:
            filmed = root / video_folder(sequence.person)
            filmed.mkdir(parents=True, exist_ok=True)
            frames = (np.where(mask[..., None], np.uint8(RED), room) for mask in seen)
            write_avi(filmed / f"{sequence.name}.avi", frames, FPS)
    return root
