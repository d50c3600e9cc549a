"""How long a video is, and at what rate its frames come: as declared, or counted."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av

from gait_demo.errors import VideoError
from gait_demo.video.container import file_name, open_video, video_stream

MIN_FPS, MAX_FPS = 1, 1000  # beyond these nobody walks, or the file is damaged


def duration_s(path: str | Path) -> float:
    """Seconds that a video lasts: as declared, or counted where its container does not say.

    Raises:
        VideoError: as for `probe`, where that is seen before decoding.
    """
    with open_video(path) as container:
        stream = video_stream(container)
        declared_s = declared_duration_s(stream)
        if declared_s is not None:
            return declared_s
        frames, span_s = _counted(stream)
        return float(span_s * frames / max(1, frames - 1))


def declared_duration_s(stream: av.VideoStream) -> float | None:
    if stream.duration:
        return float(stream.duration * stream.time_base)
    if stream.container.duration:
        return stream.container.duration / av.time_base
    return None


def frame_rate(stream: av.VideoStream) -> Fraction:
    """Average frames per second: as declared if that fits the frames, otherwise counted.

    A declared rate can be exact where times are rounded, but some containers only guess it from
    the first few frames.

    Raises:
        VideoError: it is no rate of a video.
    """
    if stream.frames and stream.duration:
        counted = stream.frames / (stream.duration * stream.time_base)
    else:
        counted = _counted_rate(stream)
    declared = stream.average_rate
    if declared and (counted is None or abs(declared / counted - 1) < 0.01):
        rate = declared
    else:
        rate = counted or Fraction(25)
    if not MIN_FPS <= rate <= MAX_FPS:
        raise VideoError(
            f"{file_name(stream.container)} has {float(rate):.3g} frames per second; {MIN_FPS} to "
            f"{MAX_FPS} can be worked on: copy, export or record it again."
        )
    return rate


def _counted_rate(stream: av.VideoStream) -> Fraction | None:
    frames, span_s = _counted(stream)
    return ((frames - 1) / span_s).limit_denominator(1001) if span_s else None


def _counted(stream: av.VideoStream) -> tuple[int, Fraction]:
    """Number of frames, and seconds from the first to the last, by their time stamps."""
    ticks = []
    with open_video(stream.container.name) as container:
        with suppress(av.FFmpegError):
            for packet in container.demux(container.streams[stream.index]):
                if packet.pts is not None:
                    ticks.append(packet.pts)
    if not ticks:
        return 0, Fraction(0)
    return len(ticks), (max(ticks) - min(ticks)) * stream.time_base
