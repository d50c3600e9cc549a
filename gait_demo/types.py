"""The values that stages hand to each other: frozen, and checked when they are made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TypedDict

import numpy as np

from gait_demo.joints import JOINTS

SILHOUETTE_SIZE = 64  # pixels; the paper's square crop

Progress = Callable[[str, int, int], None]  # is told a stage, how much of it is done, and the total


def silent(stage: str, done: int, total: int) -> None:
    """The `Progress` that tells nobody."""


def _require(array: np.ndarray, name: str, shape: tuple[int | None, ...], kind: str) -> None:
    matches = array.ndim == len(shape) and all(
        want is None or want == got for want, got in zip(shape, array.shape, strict=True)
    )
    if not matches or array.dtype.kind != kind:
        wanted = "(" + ", ".join("any" if n is None else str(n) for n in shape) + ")"
        raise ValueError(
            f"{name}: expected shape {wanted} of kind {kind!r}, "
            f"got {array.shape} of dtype {array.dtype}"
        )


@dataclass(frozen=True)
class VideoInfo:
    """Properties of a video as it is displayed, that is with its rotation tag applied.

    Attributes:
        width, height: pixels, after rotation.
        fps: frames per second, from the most common interval; exact (30000/1001 stays 30000/1001).
        frames: number of frames that are displayed.
        duration_s: seconds from the start of the first frame to the end of the last.
        has_audio: whether there is an audio stream.
        warnings: sentences about what the file leaves open and had to be assumed.
    """

    width: int
    height: int
    fps: Fraction
    frames: int
    duration_s: float
    has_audio: bool
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Inspection:
    """What a quick inspection of a few frames tells about a video before a run.

    Attributes:
        info: properties of the video.
        duration_s: seconds.
        people: the largest number of people in any of these frames.
        frames_read: number of these frames.
    """

    info: VideoInfo
    duration_s: float
    people: int
    frames_read: int


@dataclass(frozen=True)
class Frame:
    """One decoded frame.

    Attributes:
        index: position in the clip, from 0.
        time: presentation time in seconds since the first frame, exact.
        rgb: (H, W, 3) uint8, RGB, upright.
    """

    index: int
    time: Fraction
    rgb: np.ndarray


@dataclass(frozen=True)
class Track:
    """One person followed through consecutive frames.

    Attributes:
        track_id: number of the person, from 1; stable within a clip.
        first_frame: index of the first frame of the track.
        xyxy: (T, 4) float32 boxes in pixels, one for each consecutive frame.
        found: (T,) bool; False where the person was not seen and the box is an estimate.
    """

    track_id: int
    first_frame: int
    xyxy: np.ndarray
    found: np.ndarray

    def __post_init__(self) -> None:
        _require(self.xyxy, "Track.xyxy", (None, 4), "f")
        _require(self.found, "Track.found", (len(self.xyxy),), "b")

    def __len__(self) -> int:
        return len(self.xyxy)

    def is_found(self, index: int) -> bool:
        """Whether the person was found in the clip's frame `index`."""
        position = index - self.first_frame
        return 0 <= position < len(self) and bool(self.found[position])


@dataclass(frozen=True)
class SilhouetteClip:
    """The silhouettes of one track, as the paper crops them.

    Attributes:
        track_id: that of the Track.
        first_frame: index of the first frame of the track.
        masks: (T, 64, 64) float32 in [0, 1].
        squares: (T, 4) float32 (x0, y0, x1, y1) in pixels: where each 64x64 mask lies in its
            frame. A square may reach over the frame's border.
        joints: (T, 19, 3) float32, in the order of `joints.NAMES`: x and y in the unit square of
            the crop, and visibility in [0, 1], 0 where not known; None without landmarks.
    """

    track_id: int
    first_frame: int
    masks: np.ndarray
    squares: np.ndarray
    joints: np.ndarray | None = None

    def __post_init__(self) -> None:
        size = SILHOUETTE_SIZE
        _require(self.masks, "SilhouetteClip.masks", (None, size, size), "f")
        _require(self.squares, "SilhouetteClip.squares", (len(self.masks), 4), "f")
        if self.joints is not None:
            _require(self.joints, "SilhouetteClip.joints", (len(self.masks), JOINTS, 3), "f")

    def __len__(self) -> int:
        return len(self.masks)


class Moment(TypedDict):
    """A stretch of the result that the user should check: its kind, start and end in seconds, and
    the person's box in pixels in the middle frame."""

    kind: str
    from_s: float
    to_s: float
    box: list[int]


class TrackReport(TypedDict):
    """One person's part of a report; stretches are pairs of the first and the last frame."""

    person: int
    drawn: bool
    changed: bool
    first_frame: int
    frames: int
    lost: list[list[int]]
    carried: list[list[int]]
    kept_pose: list[list[int]]
    moments: list[Moment]
    partial: int
    poor: int
    coverage: float


class WeightsReport(TypedDict):
    """One weights file that a run used."""

    name: str
    file: str
    source: str
    sha256: str


class Report(TypedDict):
    """The content of report.json; pipeline/README.md explains every key."""

    frames_in: int
    frames_out: int
    fps: float
    duration_s: float
    width: int
    height: int
    camera: str
    people: int
    people_removed: int
    people_in_clear: int
    frames_covered: int
    frames_lost: int
    frames_kept_pose: int
    tracks: list[TrackReport]
    warnings: list[str]
    seed: int
    strength: float
    colour: str
    anonymizer: str
    weights: list[WeightsReport]
    timings: dict[str, float]


@dataclass(frozen=True)
class GaitResult:
    """The files of one run (None for videos that were not asked for) and its report."""

    original: Path | None
    binary: Path | None
    colorized: Path | None
    comparison: Path | None
    report: Report


@dataclass(frozen=True)
class Rank:
    """The rank of the right person in a recogniser's list of the most similar gaits; rank 1 means
    recognised.

    Attributes:
        recogniser: its name.
        before, after: rank with another part of the original walk as the probe, and with the
            anonymized version of that part. People at equal distance share a rank.
    """

    recogniser: str
    before: float
    after: float
