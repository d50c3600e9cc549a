"""Reading the frames of a video as a player displays them, with their exact times."""

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
from gait_demo.video.container import audio_stream, decoded_frames, file_name, open_video
from gait_demo.video.display import Display, prepared
from gait_demo.video.layout import crop_of, missing_share
from gait_demo.video.track import MILLISECOND, VideoTrack, stores_display_order, track_of

MIN_SIDE_PX = 32  # in smaller pictures nobody can be seen walking
MAX_PIXELS = 4096 * 2304  # per displayed frame; 4K of any shape
MAX_CODED_PIXELS = 4 * MAX_PIXELS  # per frame before cropping to the clean aperture
MAX_ASPECT = 10  # ratio of a picture's sides
_WORTH_SEEKING_S = 2  # with an earlier start, frames are decoded and dropped instead of seeking
_MOST_MOMENTS = 3  # maximum number of times that a warning lists
TRIM_PER_S = 90_000  # resolution of start and end times, in steps per second


def probe(path: str | Path) -> VideoInfo:
    """Describe a video. This reads all its packets and decodes its first two frames.

    Raises:
        VideoError: the file is missing, empty, cut off, or not a video; it has no frame or only
            one; or its frames are smaller than 32 pixels, larger than 4K, or too long and narrow.
    """
    path = Path(path)
    with open_video(path) as container:
        track = track_of(container)
        stream = container.streams[track.index]
        with closing(_decoded(container, stream)) as decoded:
            first, _ = _first_two(decoded, stream)
        height, width = Display.of(first, stream).shape
        return VideoInfo(
            width=width,
            height=height,
            fps=track.fps,
            frames=track.frames,
            duration_s=track.duration_s,
            has_audio=audio_stream(container) is not None,
            warnings=tuple(_warnings(path, track)),
        )


def _warnings(path: Path, track: VideoTrack) -> Iterator[str]:
    if track.leaps:
        moments = ", ".join(f"{leap:.1f} s" for leap in track.leaps[:_MOST_MOMENTS])
        more = " and later" if len(track.leaps) > _MOST_MOMENTS else ""
        yield (
            f"The video's time stamps jump at {moments}{more}; it is processed as if nothing were "
            "missing there."
        )
    missing = missing_share(path)
    if missing:
        yield f"The last {max(missing, 0.01):.0%} of the video file is missing."


def read_frames(
    path: str | Path,
    *,
    start_s: float = 0,
    end_s: float | None = None,
    max_duration_s: float | None = None,
    max_frames: int | None = None,
) -> Iterator[Frame]:
    """Decode a video frame by frame, as a player displays it.

    Frames outside an edit list and pixels outside the clean aperture are left out; interlaced
    frames are deinterlaced; HDR and wide-gamut colours are converted to SDR. Frames with pixels
    that are not square are stretched. Frames of another size than the first are scaled to it (a
    browser's recording may change its size).

    Times are exact if the container's are. Times rounded to milliseconds are moved to the grid of
    the usual frame rate where they fit. Where time stamps restart or jump, the next frame follows
    at the usual interval. Of a damaged clip, the frames that can be decoded are given. Closing the
    generator closes the file.

    Args:
        path: a video file.
        start_s, end_s: seconds since the first frame; only frames at or after `start_s` and before
            `end_s` (None: the end) are read. Their index and time start at 0.
        max_duration_s: a part that is more than one frame longer than this is refused.
        max_frames: a part that has at least two frames more than this is refused.

    Yields:
        Frame: rgb is (H, W, 3) uint8.

    Raises:
        VideoError: as for `probe`; or the part is too long or has fewer than two frames.
    """
    with open_video(path) as container:
        track = track_of(container)
        stream = container.streams[track.index]
        start = Fraction(start_s).limit_denominator(TRIM_PER_S)
        end = math.inf if end_s is None else Fraction(end_s).limit_denominator(TRIM_PER_S)
        length_s = min(track.duration_s, end) - start
        if max_duration_s is not None and length_s - 1 / track.fps > max_duration_s:
            raise VideoError(
                f"{file_name(container)} is {float(length_s):.1f} s long; the limit is "
                f"{max_duration_s:g} s: trim it and try again."
            )
        count = min(track.frames, math.ceil(length_s * track.fps))
        if max_frames is not None and count - 1 > max_frames:
            raise VideoError(
                f"{file_name(container)} has {count} frames; the limit is {max_frames}: trim it, "
                "or export it with fewer frames per second."
            )
        with ExitStack() as stack:
            decoded = stack.enter_context(closing(_decoded(container, stream)))
            first_two = _first_two(decoded, stream)
            display = Display.of(first_two[0], stream)
            zero = first_two[0].pts
            frames = stack.enter_context(_from_keyframe(container, track, zero, start))
            frames = frames or itertools.chain(first_two, decoded)
            index, first = 0, None
            for time, frame in _timed(frames, track, zero):
                if time < start:
                    continue
                if time >= end:
                    break
                first = time if first is None else first
                yield Frame(index, time - first, display.rgb(frame))
                index += 1
        if index < 2 and start >= track.duration_s:
            raise VideoError(
                f"{file_name(container)} is {track.duration_s:.1f} s long, so nothing of it comes "
                f"after {start_s:g} s: choose a part that starts earlier."
            )
        if index < 2:
            until = "its end" if end_s is None else f"{end_s:g} s"
            raise VideoError(
                f"{file_name(container)} has fewer than two frames from {start_s:g} s to {until}: "
                "choose a longer part."
            )


def _decoded(container: InputContainer, stream: av.VideoStream) -> Iterator[av.VideoFrame]:
    """Decoded, prepared frames with the time stamps of the container."""
    crop = crop_of(Path(container.name), stream)
    stream.codec_context.options = {"max_pixels": str(MAX_CODED_PIXELS)}  # FFmpeg refuses larger
    in_order = stores_display_order(container)

    def stamped() -> Iterator[av.VideoFrame]:
        for frame in decoded_frames(container, stream):
            if not in_order:
                frame.pts = frame.dts
            yield frame

    return prepared(stamped(), crop)


@contextmanager
def _from_keyframe(
    container: InputContainer, track: VideoTrack, zero: int | None, start: Fraction
) -> Iterator[Iterator[av.VideoFrame] | None]:
    """Seeks: gives the frames from the last keyframe before `start` seconds on.

    Args:
        zero: time stamp of the video's first frame.

    Yields:
        The frames; None if seeking is not worthwhile or not reliable.
    """
    in_order = stores_display_order(container) and not track.leaps
    if start < _WORTH_SEEKING_S or zero is None or not in_order:
        yield None
        return
    with open_video(container.name) as again:
        stream = again.streams[track.index]
        target = zero + math.floor(start / track.tick)
        with closing(_decoded(again, stream)) as decoded:
            first = None
            with suppress(av.FFmpegError):
                again.seek(target, stream=stream)
                first = next(decoded, None)
            found = first is not None and first.pts is not None and zero <= first.pts <= target
            yield itertools.chain([first], decoded) if found else None


def _first_two(decoded: Iterator[av.VideoFrame], stream: av.VideoStream) -> list[av.VideoFrame]:
    name = file_name(stream.container)
    coded = stream.codec_context.width, stream.codec_context.height
    frames = list(itertools.islice(decoded, 2))
    if not frames and coded[0] * coded[1] > MAX_CODED_PIXELS:
        raise _too_large(name, *coded)
    if not frames:
        raise VideoError(
            f"{name} has no picture that can be decoded; it is cut off or damaged: copy or record "
            "it again."
        )
    if len(frames) == 1:
        raise VideoError(f"{name} has only one frame, which shows no walk: choose a longer video.")
    shown = Display.of(frames[0], stream)
    width, height = shown.width, shown.height
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise VideoError(
            f"{name} has {width}x{height} pixels, but one side may be at most {MAX_ASPECT} times "
            "as long as the other: crop it to the part with the person."
        )
    if width * height > MAX_PIXELS:
        raise _too_large(name, width, height)
    if min(width, height) < MIN_SIDE_PX:
        raise VideoError(
            f"{name} is too small, {width}x{height} pixels: at least "
            f"{MIN_SIDE_PX}x{MIN_SIDE_PX} are needed."
        )
    return frames


def _too_large(name: str, width: int, height: int) -> VideoError:
    return VideoError(
        f"{name} is too large, {width}x{height} pixels: at most 4K (4096x2304) is possible. "
        "Export it smaller."
    )


def _timed(
    frames: Iterable[av.VideoFrame], track: VideoTrack, zero: int | None
) -> Iterator[tuple[Fraction, av.VideoFrame]]:
    """Pairs each frame with its time in seconds since the video's first frame, whose time stamp is
    `zero`. Times are exact and strictly increasing."""
    last_stamp, clock, last = zero, Fraction(0), None
    for frame in frames:
        stamp = frame.pts
        step = None if None in (stamp, last_stamp) else stamp - last_stamp
        if last is not None and (step is None or track.is_leap(step)):
            clock = last + 1 / track.fps
        elif step is not None:
            clock += step * track.tick
        last_stamp = last_stamp if stamp is None else stamp
        time = clock
        if track.tick == MILLISECOND:
            on_grid = round(clock * track.fps) / track.fps
            time = on_grid if abs(clock - on_grid) <= track.tick else clock
        if last is not None and time <= last:
            time = last + 1 / track.fps
        last = time
        yield time, frame
