"""Frames of a video as they are displayed: upright, square pixels, RGB, at their exact times."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer

from gait_demo.errors import VideoError
from gait_demo.types import Frame, VideoInfo
from gait_demo.video.container import (
    audio_stream,
    decoded_frames,
    file_name,
    open_video,
    video_stream,
)
from gait_demo.video.display import Display
from gait_demo.video.rate import declared_duration_s, frame_rate

MIN_SIDE_PX = 32  # nobody can be seen walking in less
MAX_PIXELS = 4096 * 2304  # a frame; 4K of any shape
MILLISECOND = Fraction(1, 1000)
_WORTH_SEEKING_S = 2
TRIM_PER_S = 90_000  # steps of a second in which a trim is told


def probe(path: str | Path) -> VideoInfo:
    """Describe a video; only its first two frames are decoded.

    Raises:
        VideoError: there is no such file; it is empty, cut off before its index, not a video,
            has no picture or only one, or is smaller than 32 pixels or larger than 4K.
    """
    with open_video(path) as container:
        stream = video_stream(container)
        first, _ = _first_two(decoded_frames(container, stream), stream)
        height, width = Display.of(first, stream).rgb(first).shape[:2]
        return VideoInfo(
            width=width,
            height=height,
            fps=frame_rate(stream),
            frames=stream.frames or None,
            duration_s=declared_duration_s(stream),
            has_audio=audio_stream(container) is not None,
        )


def read_frames(
    path: str | Path,
    *,
    start_s: float = 0,
    end_s: float | None = None,
    max_duration_s: float | None = None,
) -> Iterator[Frame]:
    """Decode a video frame by frame, as it is displayed.

    Frames whose pixels are not square are stretched; those of another size than the first (a
    browser's recording may change it) are scaled to it. Times are exact where the container's are;
    those rounded to milliseconds move to the grid of the average rate where they fit. A
    clip that is damaged here and there gives the frames that can be decoded. Closing the
    generator closes the file.

    Args:
        path: a video file.
        start_s, end_s: seconds since the first frame; those at or after `start_s` and before
            `end_s` (None: the end) are read, and count from index 0 and time 0.
        max_duration_s: seconds; what would be longer by more than a frame is refused.

    Yields:
        Frame: rgb is (H, W, 3) uint8.

    Raises:
        VideoError: as for `probe`, for a part that is too long, or holds fewer than two frames,
            and, after its last frame, for a video that is cut off.
    """
    with open_video(path) as container:
        stream = video_stream(container)
        fps = frame_rate(stream)
        start = Fraction(start_s).limit_denominator(TRIM_PER_S)
        end = math.inf if end_s is None else Fraction(end_s).limit_denominator(TRIM_PER_S)
        limit_s = math.inf if max_duration_s is None else max_duration_s
        declared_s = declared_duration_s(stream)
        if declared_s is not None:
            length_s = min(declared_s, end) - start
            if length_s - 1 / fps > limit_s:
                raise _too_long(container, f"{float(length_s):.1f} s long", limit_s)

        with ExitStack() as stack:
            decoded = stack.enter_context(closing(decoded_frames(container, stream)))
            first_two = _first_two(decoded, stream)
            display = Display.of(first_two[0], stream)
            zero = first_two[0].pts
            frames = stack.enter_context(_from_keyframe(container, stream, zero, start))
            frames = frames or itertools.chain(first_two, decoded)
            index, first = 0, None
            for time, frame in _timed(frames, stream, fps, zero):
                if time < start:
                    continue
                if time >= end:
                    break
                first = time if first is None else first
                if time - first > limit_s:
                    raise _too_long(container, f"longer than {limit_s:g} s", limit_s)
                yield Frame(index, time - first, display.rgb(frame))
                index += 1
        if index < 2:
            until = "its end" if end_s is None else f"{end_s:g} s"
            raise VideoError(
                f"{file_name(container)} has fewer than two frames from {start_s:g} s to {until}: "
                "choose a longer part."
            )


@contextmanager
def _from_keyframe(
    container: InputContainer, stream: av.VideoStream, zero: int | None, start: Fraction
) -> Iterator[Iterator[av.VideoFrame] | None]:
    """The frames from the last keyframe before `start` seconds on, without those before it.

    Args:
        zero: time stamp of the first frame.

    Yields:
        The frames; None where there is little to skip, or the file does not say where they are.
    """
    if start < _WORTH_SEEKING_S or zero is None or not _stores_display_order(stream):
        yield None
        return
    with open_video(container.name) as again:
        there = again.streams[stream.index]
        target = zero + math.floor(start / stream.time_base)
        with closing(decoded_frames(again, there, whole=False)) as decoded:
            first = None
            with suppress(av.FFmpegError):
                again.seek(target, stream=there)
                first = next(decoded, None)
            found = first is not None and first.pts is not None and zero <= first.pts <= target
            yield itertools.chain([first], decoded) if found else None


def _too_long(container: InputContainer, length: str, limit_s: float) -> VideoError:
    return VideoError(
        f"{file_name(container)} is {length}; the limit is {limit_s:g} s: trim it and try again."
    )


def _first_two(decoded: Iterator[av.VideoFrame], stream: av.VideoStream) -> list[av.VideoFrame]:
    name = file_name(stream.container)
    frames = list(itertools.islice(decoded, 2))
    if not frames:
        raise VideoError(f"{name} has no picture that can be decoded: copy or record it again.")
    if len(frames) == 1:
        raise VideoError(f"{name} has only one frame; a walk is needed: choose a longer video.")
    shown = Display.of(frames[0], stream)
    width, height = shown.width, shown.height
    if width * height > MAX_PIXELS:
        raise VideoError(
            f"{name} is too large, {width}x{height} pixels: at most 4K (4096x2304) can be worked "
            "on. Export it smaller."
        )
    if min(width, height) < MIN_SIDE_PX:
        raise VideoError(
            f"{name} is too small, {width}x{height} pixels: at least "
            f"{MIN_SIDE_PX}x{MIN_SIDE_PX} are needed."
        )
    return frames


def _stores_display_order(stream: av.VideoStream) -> bool:
    return stream.container.format.name != "avi"


def _timed(
    frames: Iterable[av.VideoFrame], stream: av.VideoStream, fps: Fraction, start: int | None
) -> Iterator[tuple[Fraction, av.VideoFrame]]:
    """Pair each frame with its time since the video's first, whose stamp is `start`: exact, and
    strictly increasing."""
    tick, in_order = stream.time_base, _stores_display_order(stream)
    start, last = start if in_order else None, None
    for frame in frames:
        stamp = frame.pts if in_order else frame.dts
        time = None
        if stamp is not None:
            start = stamp if start is None else start
            time = (stamp - start) * tick
            if tick == MILLISECOND:
                on_grid = round(time * fps) / fps
                time = on_grid if abs(time - on_grid) <= tick else time
        if last is None:
            time = max(time or Fraction(0), Fraction(0))
        elif time is None or time <= last:
            time = last + 1 / fps
        last = time
        yield time, frame
