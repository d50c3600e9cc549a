"""Training data from one sequence of CASIA-B: the frames that show a whole person."""

from __future__ import annotations

import itertools
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from gait_demo.datasets.casia import FPS, Sequence, Silhouettes
from gait_demo.errors import VideoError
from gait_demo.silhouettes.crops import clip_of, crop_square, is_good
from gait_demo.video import read_frames

_PICTURES = 4  # number of pictures of each video


@dataclass
class Footage:
    """The frames of a sequence that show a whole person, cropped as the pipeline crops a video.

    Attributes:
        shape: (H, W) of its frames.
        numbers: (T,) int, of the video frames, from 1, rising.
        silhouettes: (T, 64, 8) uint8, packed bits along x.
        squares: (T, 4) float32 in pixels.
        pictures: (64, 64, 3) uint8 each, by place in T; none before `photograph`.
    """

    sequence: Sequence
    shape: tuple[int, int]
    numbers: np.ndarray
    silhouettes: np.ndarray
    squares: np.ndarray
    pictures: dict[int, np.ndarray] = field(default_factory=dict)

    @classmethod
    def of(cls, seen: Silhouettes) -> Footage | None:
        """The frames of a sequence; None if none shows a whole person."""
        first = int(seen.numbers[0])
        masks = np.zeros((int(seen.numbers[-1]) - first + 1, *seen.masks.shape[1:]), np.uint8)
        masks[seen.numbers - first] = seen.masks
        shown = masks.any(axis=(1, 2))
        if not shown.any():
            return None
        clip = clip_of(masks, shown, FPS)
        start = clip.first_frame
        whole = np.flatnonzero([
            is_good(mask) and not _is_cut(masks[start + n], clip.squares[n])
            for n, mask in enumerate(clip.masks)
        ])  # fmt: skip
        if not len(whole):
            return None
        packed = np.packbits(clip.masks[whole] > 0.5, axis=-1)
        numbers = first + start + whole
        return cls(seen.sequence, masks.shape[1:], numbers, packed, clip.squares[whole])

    @property
    def ahead(self) -> np.ndarray:
        """(T,) int: number of consecutive frames from each on, including itself."""
        place = np.arange(len(self.numbers))
        ends = np.append(np.flatnonzero(np.diff(self.numbers) != 1) + 1, len(place))
        return ends[np.searchsorted(ends, place, side="right")] - place

    def photograph(self, video: Path) -> list[str]:
        """Takes evenly spaced pictures of the walk; returns problems of the video."""
        evenly = np.linspace(0, len(self.numbers) - 1, _PICTURES + 2).round().astype(int)[1:-1]
        place = {int(self.numbers[at]) - 1: int(at) for at in evenly}
        try:
            with closing(read_frames(video)) as frames:
                for frame in itertools.islice(frames, max(place) + 1):
                    if frame.rgb.shape[:2] != self.shape:
                        return [f"{video.name} is of another size than its silhouettes"]
                    if (at := place.get(frame.index)) is not None:
                        crop = crop_square(frame.rgb, self.squares[at])
                        self.pictures[at] = (255 * crop).round().astype(np.uint8)
        except VideoError as error:
            return [str(error)]
        return [] if len(self.pictures) == len(place) else [f"{video.name} ends too early"]


def _is_cut(mask: np.ndarray, box: np.ndarray) -> bool:
    """Whether foreground in the rows or columns of a box touches the frame's border."""
    x0, y0, x1, y1 = np.maximum(box, 0).round().astype(int)
    return bool(mask[y0:y1, [0, -1]].any() or mask[[0, -1], x0:x1].any())
