"""Opening a video file, and decoding what can be decoded of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition

from gait_demo.errors import VideoError
from gait_demo.video.layout import missing_share

# Naming the containers and allowing plain files only keeps playlists and other files that refer to
# files and addresses, which FFmpeg would open, from passing as videos.
_OPTIONS = {
    "format_whitelist": "mov,mp4,matroska,webm,avi,gif,apng,mpegts,mpeg,flv,asf,ogg,mxf,dv",
    "protocol_whitelist": "file",
}
# What reading packets ends with where a file is damaged; IndexError if streams appeared in between.
NOTHING_MORE = (av.FFmpegError, IndexError)
_MAX_MISSING = 0.1  # share of a file's bytes; with less, what is there is worked on


def open_video(path: str | Path) -> InputContainer:
    """Open a video for reading; VideoError says why it is none, or cannot be read."""
    path = Path(path)
    try:
        if not path.is_file():
            raise VideoError(f"There is no file {_short(path)}: check its name and folder.")
        if path.stat().st_size == 0:
            raise VideoError(f"{path.name} is empty (0 bytes): copy or upload it again.")
        missing = missing_share(path)
    except (OSError, ValueError) as error:  # no permission; too long a name; NUL in it
        reason = getattr(error, "strerror", None) or "the name is none of a file"
        raise VideoError(f"{_short(path)} cannot be opened: {reason}.") from error
    if missing >= _MAX_MISSING:
        raise VideoError(
            f"{path.name} is cut off, {missing:.0%} of it is missing: copy or record it again."
        )
    try:
        return av.open(str(path.absolute()), container_options=_OPTIONS, metadata_errors="replace")
    except av.FFmpegError as error:
        with path.open("rb") as file:
            is_mp4 = file.read(8)[4:] == b"ftyp"
        if is_mp4:
            reason = "is cut off or damaged, its index is missing: copy or record it again."
        else:
            reason = "is not a video that can be read: use MP4, MOV, WebM, MKV, AVI or GIF."
        raise VideoError(f"{path.name} {reason}") from error


def file_name(container: InputContainer) -> str:
    return Path(container.name).name


def audio_stream(container: InputContainer) -> av.AudioStream | None:
    """The default one, or the first, of those that can be decoded."""
    streams = [stream for stream in container.streams.audio if stream.codec_context is not None]
    return max(streams, key=lambda one: bool(one.disposition & Disposition.default), default=None)


def decoded_frames(
    container: InputContainer, stream: av.VideoStream | av.AudioStream
) -> Iterator[av.VideoFrame | av.AudioFrame]:
    """Every frame that can be decoded, the same in every pass; damaged packets are passed over."""
    stream.thread_type = "SLICE"  # with one thread a frame, what replaces damage is left to chance
    packets = container.demux(stream)
    packet = None
    while True:
        try:
            packet = next(packets, None)
        except NOTHING_MORE:
            packet = None
        frames = []
        with suppress(av.FFmpegError):
            frames = stream.decode(packet)
        yield from frames
        if packet is None:
            break


def _short(path: Path) -> str:
    name = path.name
    return name if len(name) <= 60 else f"{name[:57]}..."
