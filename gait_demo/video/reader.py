"""Frames of a video as they are displayed: upright, square pixels, RGB, at their exact times."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.video.reformatter import Colorspace, Interpolation, VideoReformatter

from gait_demo.errors import VideoError
from gait_demo.structures import Frame, VideoInfo
from gait_demo.video.container import (
    audio_stream,
    decoded_frames,
    file_name,
    open_video,
    video_stream,
)

MIN_SIDE_PX = 32  # nobody can be seen walking in less
SQUARE_PIXEL_TOLERANCE = 0.02  # pixels that are stretched by less are left alone
SD_HEIGHT_PX = 576  # taller pictures without a colour tag are BT.709, the others BT.601
MILLISECOND = Fraction(1, 1000)

_UNSPECIFIED = 2  # FFmpeg's AVCOL_SPC_UNSPECIFIED
_TO_RGB = Interpolation.BILINEAR  # 1 ms a 720p frame; accurate rounding takes 15


def probe(path: str | Path) -> VideoInfo:
    """Describe a video; only its first two frames are decoded.

    Raises:
        VideoError: there is no such file; it is empty, cut off before its index, not a video,
            has no picture or only one, or is smaller than 32 pixels.
    """
    with open_video(path) as container:
        stream = video_stream(container)
        first, _ = _first_two(decoded_frames(container, stream), container)
        height, width = _Display.of(first, stream).rgb(first).shape[:2]
        return VideoInfo(
            width=width,
            height=height,
            fps=_frame_rate(stream),
            frames=stream.frames or None,
            duration_s=_declared_duration_s(stream),
            has_audio=audio_stream(container) is not None,
        )


def read_frames(path: str | Path, *, max_duration_s: float | None = None) -> Iterator[Frame]:
    """Decode a video frame by frame, as it is displayed.

    Rotation and mirror tags are applied and pixels made square; a frame whose size differs from
    the first is scaled to it. Times are those of the file, so a variable frame rate is kept; a
    frame without a later time than its predecessor comes 1 / fps after it. Times that a
    container rounded to milliseconds go back to the grid of its frame rate where they fit. A
    clip that is damaged here and there gives the frames that can be decoded. Closing the
    generator closes the file.

    Args:
        path: a video file.
        max_duration_s: seconds; a clip that is longer by more than a frame is refused.

    Yields:
        Frame: rgb is (H, W, 3) uint8.

    Raises:
        VideoError: as for `probe`, for a clip that is too long, and, after its last frame, for
            one that is cut off.
    """
    with open_video(path) as container:
        stream = video_stream(container)
        fps = _frame_rate(stream)
        limit_s = math.inf if max_duration_s is None else max_duration_s
        declared_s = _declared_duration_s(stream)
        if declared_s is not None and declared_s - 1 / fps > limit_s:
            raise _too_long(container, f"{declared_s:.1f} s long", limit_s)

        with closing(decoded_frames(container, stream)) as decoded:
            first_two = _first_two(decoded, container)
            display = _Display.of(first_two[0], stream)
            frames = itertools.chain(first_two, decoded)
            for index, (time, frame) in enumerate(_timed(frames, stream, fps)):
                if time > limit_s:
                    raise _too_long(container, f"longer than {limit_s:g} s", limit_s)
                yield Frame(index, time, display.rgb(frame))


def _declared_duration_s(stream: av.VideoStream) -> float | None:
    if stream.duration:
        return float(stream.duration * stream.time_base)
    if stream.container.duration:
        return stream.container.duration / av.time_base
    return None


def _frame_rate(stream: av.VideoStream) -> Fraction:
    """Average frames per second: as declared if that fits the frames, otherwise counted.

    A declared rate can be exact where times are rounded, but some containers only guess it from
    the first few frames.
    """
    if stream.frames and stream.duration:
        counted = stream.frames / (stream.duration * stream.time_base)
    else:
        counted = _counted_rate(stream)
    declared = stream.average_rate
    if declared and (counted is None or abs(declared / counted - 1) < 0.01):
        return declared
    return counted or Fraction(25)


def _counted_rate(stream: av.VideoStream) -> Fraction | None:
    ticks = []
    with open_video(stream.container.name) as container:
        with suppress(av.FFmpegError):
            for packet in container.demux(container.streams[stream.index]):
                if packet.pts is not None:
                    ticks.append(packet.pts)
    if len(ticks) < 2 or min(ticks) == max(ticks):
        return None
    span_s = (max(ticks) - min(ticks)) * stream.time_base
    return ((len(ticks) - 1) / span_s).limit_denominator(1001)


def _too_long(container: InputContainer, length: str, limit_s: float) -> VideoError:
    return VideoError(
        f"{file_name(container)} is {length}; the limit is {limit_s:g} s: trim it and try again."
    )


def _first_two(decoded: Iterator[av.VideoFrame], container: InputContainer) -> list[av.VideoFrame]:
    name = file_name(container)
    frames = list(itertools.islice(decoded, 2))
    if not frames:
        raise VideoError(f"{name} has no picture that can be decoded: copy or record it again.")
    if len(frames) == 1:
        raise VideoError(f"{name} has only one frame; a walk is needed: choose a longer video.")
    width, height = frames[0].width, frames[0].height
    if min(width, height) < MIN_SIDE_PX:
        raise VideoError(
            f"{name} is too small, {width}x{height} pixels: at least "
            f"{MIN_SIDE_PX}x{MIN_SIDE_PX} are needed."
        )
    return frames


def _timed(
    frames: Iterable[av.VideoFrame], stream: av.VideoStream, fps: Fraction
) -> Iterator[tuple[Fraction, av.VideoFrame]]:
    """Pair each frame with its time since the first: exact, and strictly increasing."""
    tick = stream.time_base
    stores_display_order = stream.container.format.name != "avi"
    start = last = None
    for frame in frames:
        stamp = frame.pts if stores_display_order else frame.dts
        time = None
        if stamp is not None:
            start = stamp if start is None else start
            time = (stamp - start) * tick
            on_grid = round(time * fps) / fps
            if tick == MILLISECOND and abs(time - on_grid) <= tick:
                time = on_grid
        if last is None:
            time = Fraction(0)
        elif time is None or time <= last:
            time = last + 1 / fps
        last = time
        yield time, frame


@dataclass(frozen=True)
class _Display:
    """How the frames of one video are shown: square pixels, in RGB, the right way up."""

    width: int  # before the quarter turn
    height: int
    colorspace: Colorspace | None  # None: as tagged
    transpose: bool
    mirror_x: bool  # after transposing
    mirror_y: bool
    scaler: VideoReformatter = field(default_factory=VideoReformatter)

    @classmethod
    def of(cls, frame: av.VideoFrame, stream: av.VideoStream) -> _Display:
        aspect = stream.sample_aspect_ratio or 1
        if abs(aspect - 1) < SQUARE_PIXEL_TOLERANCE:
            aspect = 1
        untagged_hd = frame.colorspace == _UNSPECIFIED and frame.height > SD_HEIGHT_PX
        matrix = frame.side_data.get("DISPLAYMATRIX")
        a, b, _, c, d = (1, 0, 0, 0, 1) if matrix is None else np.frombuffer(matrix, np.int32)[:5]
        transpose = abs(b) > abs(a)  # a pixel (x, y) is shown at (a x + c y, b x + d y)
        return cls(
            width=round(frame.width * aspect),
            height=frame.height,
            colorspace=Colorspace.ITU709 if untagged_hd else None,
            transpose=bool(transpose),
            mirror_x=bool((c if transpose else a) < 0),
            mirror_y=bool((b if transpose else d) < 0),
        )

    def rgb(self, frame: av.VideoFrame) -> np.ndarray:
        """Convert a frame to (H, W, 3) uint8."""
        rgb = self.scaler.reformat(
            frame,
            self.width,
            self.height,
            "rgb24",
            src_colorspace=self.colorspace,
            interpolation=_TO_RGB,
        ).to_ndarray()
        if self.transpose:
            rgb = rgb.transpose(1, 0, 2)
        rgb = rgb[:: -1 if self.mirror_y else 1, :: -1 if self.mirror_x else 1]
        return np.ascontiguousarray(rgb)
