"""Choosing the video track of a file, and reading the times of its frames without decoding."""

from __future__ import annotations

import math
from array import array
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.stream import Discard, Disposition

from gait_demo.errors import VideoError
from gait_demo.video.container import NOTHING_MORE, file_name, open_video

MIN_FPS, MAX_FPS = 1, 1000  # outside this range, no walk can be seen, or the file is damaged
MAX_PAUSE_S = 10  # a longer pause is a jump of the time stamps, in formats that may have them
MILLISECOND = Fraction(1, 1000)

_STILLS = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image
_SAME_RATE = 0.01


@dataclass(frozen=True)
class VideoTrack:
    """The video track of a file, by its packets: nothing is decoded.

    Attributes:
        index: of the stream.
        fps: frames per second, from the usual interval between frames.
        frames: number of displayed frames.
        start: time stamp of the first frame, in ticks.
        duration_s: seconds from the start of the first frame to the end of the last.
        tick: unit of time stamps, in seconds.
        leaps: times in seconds since the first frame at which time stamps restart or jump ahead.
        may_leap: whether containers of this kind may have such jumps.
    """

    index: int
    fps: Fraction
    frames: int
    start: int
    duration_s: float
    tick: Fraction
    leaps: tuple[float, ...]
    may_leap: bool

    def is_leap(self, step: int) -> bool:
        """Whether time stamps jump between two frames that are `step` ticks apart."""
        return step <= 0 or (self.may_leap and step * self.tick > MAX_PAUSE_S)


def stores_display_order(container: InputContainer) -> bool:
    """Whether packets have presentation times; AVI's have only decoding times."""
    return container.format.name != "avi"


def track_of(container: InputContainer) -> VideoTrack:
    """Finds the video track of a file and reads the times of its frames.

    The default track is preferred, then the one with the most pixels in all its frames together.
    Cover art, thumbnails and tracks of one frame are the last choice or none.

    Raises:
        VideoError: there is no video track, or its frame rate is out of range.
    """
    path = Path(container.name)
    stat = path.stat()
    return _track_of(path, (stat.st_ino, stat.st_size, stat.st_mtime_ns))


@lru_cache(maxsize=8)
def _track_of(path: Path, _version: tuple[int, ...]) -> VideoTrack:
    with open_video(path) as container:
        videos = [
            stream
            for stream in container.streams.video
            if stream.codec_context is not None and not stream.disposition & _STILLS
        ]
        if not videos:
            raise VideoError(f"{path.name} has no picture, only sound or data: choose a video.")
        stamps = _stamps(container, videos)

        def rank(stream: av.VideoStream) -> tuple[bool, bool, int]:
            frames = sum(map(len, stamps[stream.index]))
            pixels = stream.codec_context.width * stream.codec_context.height
            return frames > 1, bool(stream.disposition & Disposition.default), frames * pixels

        best = max(videos, key=rank)
        return _timed(best, stamps[best.index])


class _Stamps:
    """The time stamps of a stream's frames, split into parts where they jump."""

    def __init__(self, stream: av.VideoStream) -> None:
        self._in_order = stores_display_order(stream.container)
        may_leap = _may_leap(stream.container)
        self._longest = MAX_PAUSE_S / stream.time_base if may_leap else math.inf
        self._clock: int | None = None
        self._end: int | None = None
        self._parts = [array("q")]

    def add(self, packet: av.Packet) -> None:
        shown, clock = packet.pts if self._in_order else packet.dts, packet.dts
        if shown is None:
            shown = self._end if clock is None else clock
        if shown is None:
            return
        self._end = shown + (packet.duration or 0)  # start of a following packet without stamps
        if clock is not None:
            if self._clock is not None and not 0 <= clock - self._clock <= self._longest:
                self._parts.append(array("q"))
            self._clock = clock
        self._parts[-1].append(shown)

    def presented(self) -> list[np.ndarray]:
        """(N,) int64 time stamps of each part, in display order."""
        return [np.unique(np.array(part, np.int64)) for part in self._parts if part]


def _stamps(container: InputContainer, videos: list[av.VideoStream]) -> dict[int, list[np.ndarray]]:
    """The time stamps by stream index, split into parts where they jump."""
    stamps = {stream.index: _Stamps(stream) for stream in videos}
    for stream in container.streams:
        if stream.index not in stamps:
            stream.discard = Discard.all
    with suppress(*NOTHING_MORE):
        for packet in container.demux(videos):
            if packet.size and not packet.is_discard:
                stamps[packet.stream_index].add(packet)
    return {index: stamp.presented() for index, stamp in stamps.items()}


def _may_leap(container: InputContainer) -> bool:
    return bool(container.format.flags & av.format.Flags.ts_discont.value)


def _timed(stream: av.VideoStream, parts: list[np.ndarray]) -> VideoTrack:
    steps = np.concatenate([np.diff(part) for part in parts]) if parts else np.empty(0)
    fps = _rate(stream, steps)
    usual_s = 1 / fps
    spans = [(int(part[-1]) - int(part[0])) * stream.time_base + usual_s for part in parts]
    ends = np.cumsum([float(span) for span in spans])
    counted, declared = sum(spans), _declared_duration_s(stream)
    fits = declared is not None and abs(declared - counted) <= usual_s
    return VideoTrack(
        index=stream.index,
        fps=fps,
        frames=sum(map(len, parts)),
        start=int(parts[0][0]) if parts else 0,
        duration_s=float(declared if fits else counted),
        tick=stream.time_base,
        leaps=tuple(ends[:-1].tolist()),
        may_leap=_may_leap(stream.container),
    )


def _declared_duration_s(stream: av.VideoStream) -> Fraction | None:
    if stream.duration:
        return stream.duration * stream.time_base
    if stream.container.duration:
        return Fraction(stream.container.duration, av.time_base)
    return None


def _rate(stream: av.VideoStream, steps: np.ndarray) -> Fraction:
    """Frames per second, from intervals (N,) in ticks. The declared rate is taken if it fits,
    because time stamps may be rounded."""
    declared = [rate for rate in (stream.average_rate, stream.guessed_rate) if rate]
    if not len(steps):
        return next(iter(declared), Fraction(MIN_FPS))
    median = np.sort(steps)[(len(steps) - 1) // 2]
    rounded = steps[np.abs(steps - median) <= max(1, median / 10)].mean()
    measured = [1 / (Fraction(float(usual)) * stream.time_base) for usual in (median, rounded)]
    fitting = (a for b in measured for a in declared if abs(a / b - 1) < _SAME_RATE)
    rate = next(fitting, measured[-1].limit_denominator(1001))
    if not MIN_FPS <= rate <= MAX_FPS:
        raise VideoError(
            f"{file_name(stream.container)} has {float(rate):.3g} frames per second; {MIN_FPS} to "
            f"{MAX_FPS} are possible: copy, export or record it again."
        )
    return rate
