"""Silhouettes as an attacker would cut them out of a video, by other means than the pipeline's.

By brightness: the background is the median of frames spread over the clip, and the person is the
largest region that differs from it by more than Otsu's threshold. This requires a still camera and
a place that is empty most of the time. Or by a network that segments people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from gait_demo.errors import VideoError
from gait_demo.evaluation.gei import aligned
from gait_demo.video import read_frames

_MEDIAN_FRAMES = 120
_LARGEST_PX = 480  # longest side to which videos are scaled
_LEAST_DIFFERENCE = 14  # grey levels below which a difference is noise
_LEAST_HEIGHT = 0.25  # minimum height of a person, as a share of the picture's
_UPRIGHT = 1.2  # minimum ratio of a person's height to width
_SHORTEST = 12  # minimum number of frames of a walk
_GAP = 3  # maximum number of frames in a row without the person within a walk

Segment = Callable[[np.ndarray], np.ndarray]  # of (H, W, 3) uint8, (H, W) uint8 of 0 and 1


@dataclass(frozen=True)
class Crossing:
    """One walk through the picture.

    Attributes:
        first_frame: index in the video.
        masks: (T, 64, 64) float32 in [0, 1], aligned for recognisers, and mirrored if necessary so
            that everybody walks to the right.
    """

    first_frame: int
    masks: np.ndarray

    @property
    def middle(self) -> float:
        """Frame of the video in which half of the walk is over."""
        return self.first_frame + len(self.masks) / 2


def crossings(video: Path, segment: Segment | None = None) -> list[Crossing]:
    """The walks of whole people through the picture.

    Args:
        segment: gives a mask of the people in a frame; None: by brightness.

    Raises:
        VideoError: the video cannot be read, or has too few frames.
    """
    frames = (small(frame.rgb) for frame in read_frames(video))
    if segment is None:
        people = _by_brightness(np.stack([cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY) for rgb in frames]))
    else:
        people = [_person(segment(rgb)) for rgb in frames]
    if len(people) < _SHORTEST:
        raise VideoError(f"{video.name} has only {len(people)} frames.")
    walks = [
        _crossing(run, [people[n] for n in run])
        for run in runs(n for n, mask in enumerate(people) if mask is not None)
        if len(run) >= _SHORTEST
    ]
    return [walk for walk in walks if walk is not None]


def runs(frames: Iterable[int]) -> list[list[int]]:
    """Rising frame numbers, split where more than _GAP of them are missing."""
    result: list[list[int]] = []
    for frame in frames:
        if not result or frame - result[-1][-1] > _GAP:
            result.append([])
        result[-1].append(frame)
    return result


def _crossing(frames: list[int], masks: list[np.ndarray]) -> Crossing | None:
    columns = [np.nonzero(mask)[1].mean() for mask in masks]
    way = np.polyfit(frames, columns, 1)[0] * (frames[-1] - frames[0])
    height = np.median([cv2.boundingRect(mask)[3] for mask in masks])
    if abs(way) < height:  # the person stays in place
        return None
    step = 1 if way > 0 else -1
    kept = [a for mask in masks if (a := aligned(mask[:, ::step])) is not None]
    return Crossing(int(frames[0]), np.stack(kept)) if len(kept) >= _SHORTEST else None


def _by_brightness(grey: np.ndarray) -> list[np.ndarray | None]:
    """The person in each frame (T, H, W) uint8; see `_person`."""
    spread = np.linspace(0, len(grey) - 1, min(len(grey), _MEDIAN_FRAMES)).astype(int)
    background = np.median(grey[spread], axis=0).astype(np.uint8)
    return [_person(_standing_out(cv2.absdiff(frame, background))) for frame in grey]


def _standing_out(difference: np.ndarray) -> np.ndarray:
    """(H, W) uint8, 0 or 1."""
    soft = cv2.GaussianBlur(difference, (0, 0), 1)
    threshold, _ = cv2.threshold(soft, 0, 255, cv2.THRESH_OTSU)
    out = (soft > max(threshold, _LEAST_DIFFERENCE)).astype(np.uint8)
    return cv2.morphologyEx(out, cv2.MORPH_CLOSE, np.ones((5, 3), np.uint8))


def _person(out: np.ndarray) -> np.ndarray | None:
    """(H, W) uint8, 0 or 1: the largest component of a mask; None if it is no person, or is cut by
    the border."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(out)
    if count < 2:
        return None
    number = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    x, _, w, h = stats[number, :4]
    whole = x > 1 and x + w < out.shape[1] - 1
    if not whole or h < _LEAST_HEIGHT * len(out) or h < _UPRIGHT * w:
        return None
    return (labels == number).astype(np.uint8)


def small(rgb: np.ndarray) -> np.ndarray:
    """A frame (H, W, 3) uint8, scaled down to what attackers work on."""
    scale = _LARGEST_PX / max(rgb.shape)
    if scale >= 1:
        return rgb
    return cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
