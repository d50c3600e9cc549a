"""Silhouettes of walking people, from real videos and from synthetic ("made") ones.

All videos go through the same analysis. Made videos are first adapted to the real camera: grey
unless colour is wanted, the same frame size, people as tall in pixels, compressed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from gait_demo.datasets.casia import CasiaB
from gait_demo.errors import DataError, GaitDemoError
from gait_demo.silhouettes.crops import box_around, is_good, normalise, squares_from_boxes
from gait_demo.types import Progress, SilhouetteClip, silent
from gait_demo.video import VideoWriter, probe, read_frames

_VIDEO_NAMES = ("*.mp4", "*.avi", "*.mov", "*.mkv", "*.webm")
_REACH = 0.4  # heights to each side of a walker's middle that must be in the picture
_TALLEST = 0.92  # maximum share of the picture's height that a made walker fills
_HOLES = 0.03  # maximum share of holes in a whole silhouette
_FULL = 0.9  # minimum share of its square's height that a whole silhouette fills
_CRF = 20  # quality of x264

Extract = Callable[[Path], list[SilhouetteClip]]


@dataclass
class Walks:
    """The frames of one kind, in the order of their tracks.

    Attributes:
        masks: (64, 64) uint8 each, 0 or 1.
        good: for each, whether it is whole; see `is_whole`.
        person: for each, the person.
        group: for each, the circumstances: session, or condition and view.
        track: for each, the number of its track.
        heights: for each track, the walker's height in pixels.
        videos: number of videos.
        refused: a sentence for each video that the analysis refused.
        cut: number of frames left out because they reached over the picture's border.
    """

    masks: list[np.ndarray] = field(default_factory=list)
    good: list[bool] = field(default_factory=list)
    person: list[str] = field(default_factory=list)
    group: list[str] = field(default_factory=list)
    track: list[int] = field(default_factory=list)
    heights: list[float] = field(default_factory=list)
    videos: int = 0
    refused: list[str] = field(default_factory=list)
    cut: int = 0

    def film(self, video: Path, extract: Extract, person: str, group: str) -> None:
        """Adds all people in a video."""
        self.videos += 1
        try:
            clips, info = extract(video), probe(video)
        except GaitDemoError as error:
            self.refused.append(f"{video.stem}: {error}")
            return
        for clip in clips:
            self.add(clip, (info.width, info.height), person, group)

    def add(self, clip: SilhouetteClip, size: tuple[int, int], person: str, group: str) -> None:
        """Adds one track.

        Args:
            size: width and height of its video.
        """
        height = clip.squares[:, 3] - clip.squares[:, 1]
        middle = clip.squares[:, ::2].mean(axis=1)
        inside = (
            (middle - _REACH * height >= 0) & (middle + _REACH * height <= size[0])
            & (clip.squares[:, 1] >= 0) & (clip.squares[:, 3] <= size[1])
        )  # fmt: skip
        self.cut += int((~inside).sum())
        if not inside.any():
            return
        masks = [(mask > 0.5).astype(np.uint8) for mask in clip.masks[inside]]
        track = self.track[-1] + 1 if self.track else 0
        self.masks += masks
        self.good += [is_whole(mask) for mask in masks]
        self.person += [person] * len(masks)
        self.group += [group] * len(masks)
        self.track += [track] * len(masks)
        self.heights.append(float(np.median(height[inside])))


def is_whole(mask: np.ndarray) -> bool:
    """Whether a silhouette (64, 64), uint8, is one piece without holes that fills its height."""
    rows = np.flatnonzero(mask.any(axis=1))
    if not is_good(mask) or rows[-1] + 1 - rows[0] < _FULL * len(mask):
        return False
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = cv2.drawContours(np.zeros_like(mask), outlines, -1, 1, cv2.FILLED)
    return bool(filled.sum() <= (1 + _HOLES) * mask.sum())


def read_real(
    folder: Path, extract: Extract, skip: str | None = None, on_progress: Progress = silent
) -> tuple[Walks, tuple[int, int]]:
    """The walks of all people in a folder of videos; a file's name up to its first "_" is the
    person.

    Args:
        extract: gives the silhouettes of all people in a video, without frames in which a person
            was lost; may refuse a video with a GaitDemoError.
        skip: videos whose names contain this are left out.

    Returns:
        The walks, and width and height of the videos.

    Raises:
        DataError: there are no videos, or none with people.
    """
    videos = sorted(path for pattern in _VIDEO_NAMES for path in folder.glob(pattern))
    videos = [path for path in videos if skip is None or skip not in path.name]
    if not videos:
        raise DataError(f"{folder} holds no videos: expected names such as person01_walk.mp4.")
    walks = Walks()
    for done, video in enumerate(videos):
        on_progress("real", done, len(videos))
        person, _, session = video.stem.partition("_")
        walks.film(video, extract, person, session)
    info = probe(videos[0])
    return _not_empty(walks), (info.width, info.height)


def read_made(
    data: CasiaB,
    extract: Extract,
    heights: list[float],
    size: tuple[int, int],
    colour: bool = False,
    on_progress: Progress = silent,
) -> tuple[Walks, Walks]:
    """The walks of all people in the videos of a folder like CASIA-B.

    Args:
        extract: as for `read_real`.
        heights: of the real walkers, in pixels; those of the made ones are drawn from them.
        size: width and height of the real videos.
        colour: whether the made videos keep their colours, which the analysis needs if clothes and
            background are equally bright.

    Returns:
        The walks that the analysis finds in the adapted videos; and the same walks from the
        silhouettes of the folder.

    Raises:
        DataError: there are no videos, or none with people.
    """
    sequences = [sequence for sequence in data.sequences() if data.video(sequence)]
    if not sequences:
        raise DataError("The data has no videos: make some with synthesize casia --rgb.")
    rng = np.random.default_rng(0)
    seen, drawn = Walks(), Walks()
    with tempfile.TemporaryDirectory() as folder:
        for done, sequence in enumerate(sequences):
            on_progress("made", done, len(sequences))
            masks = data.read(sequence).masks
            masks = masks[masks.any(axis=(1, 2))]
            if not len(masks):
                raise DataError(f"{sequence.name} has a video but no silhouettes: make it again.")
            again = Path(folder) / f"{sequence.name}.mp4"
            height = float(rng.choice(heights))
            scale = film_again(data.video(sequence), masks, again, size, height, colour)
            who = f"made-{sequence.person:03d}", f"{sequence.condition}-{sequence.view:03d}"
            seen.film(again, extract, *who)
            again.unlink()
            drawn.add(_clip_of(masks, scale), (masks.shape[2], masks.shape[1]), *who)
    return _not_empty(seen), _not_empty(drawn)


def film_again(
    video: Path,
    masks: np.ndarray,
    out: Path,
    size: tuple[int, int],
    height_px: float,
    colour: bool = False,
) -> float:
    """Adapts a made video to the real camera: grey, smaller, compressed.

    Args:
        video: the made video.
        masks: (T, H, W) uint8, its walker.
        out: the MP4 to write.
        size: width and height of the MP4.
        height_px: height of the walker in it, as far as the picture allows.
        colour: whether to keep the colours.

    Returns:
        Pixels of the MP4 per pixel of the made video.
    """
    info = probe(video)
    width, height = size
    boxes = np.stack([box_around(mask) for mask in masks])
    tall = float(np.median(boxes[:, 3] - boxes[:, 1]))
    rows = np.flatnonzero(masks.any(axis=(0, 2)))
    top, bottom = rows[0], rows[-1] + 1
    least = max(width / info.width, height / info.height)  # to fill the picture
    scale = float(np.clip(height_px / tall, least, max(least, _TALLEST * height / (bottom - top))))
    inner = round(info.width * scale), round(info.height * scale)
    x = (inner[0] - width) // 2
    y = int(np.clip(((top + bottom) * scale - height) / 2, 0, inner[1] - height))
    with VideoWriter(out, width, height, info.fps, crf=_CRF) as writer:
        for frame in read_frames(video):
            image = cv2.resize(frame.rgb, inner, interpolation=cv2.INTER_AREA)
            image = image[y : y + height, x : x + width]
            if not colour:
                gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
                image = cv2.cvtColor(gray, cv2.COLOR_GRAY2RGB)
            writer.write(image, frame.time)
    return scale


def _clip_of(masks: np.ndarray, scale: float) -> SilhouetteClip:
    """The silhouettes at a coarser scale, with squares in pixels of the masks."""
    size = (round(masks.shape[2] * scale), round(masks.shape[1] * scale))
    squares = squares_from_boxes(np.stack([box_around(mask) for mask in masks]))
    coarse = [cv2.resize(m.astype(np.float32), size, interpolation=cv2.INTER_AREA) for m in masks]
    images = [
        normalise(mask > 0.5, square * scale) for mask, square in zip(coarse, squares, strict=True)
    ]
    return SilhouetteClip(1, 0, np.stack(images), squares)


def _not_empty(walks: Walks) -> Walks:
    if not walks.masks:
        reason = walks.refused[0] if walks.refused else "the border cuts everybody."
        raise DataError(f"None of the {walks.videos} videos shows a usable walker: {reason}")
    return walks
