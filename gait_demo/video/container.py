"""Opening a video file, and decoding its readable frames."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition

from gait_demo.errors import VideoError
from gait_demo.video.layout import missing_share

# Security: FFmpeg would also open playlists and other formats that refer to files and addresses.
# Only these containers are accepted, and only plain files are opened.
_OPTIONS = {
    "format_whitelist": "mov,mp4,matroska,webm,avi,gif,apng,mpegts,mpeg,flv,asf,ogg,mxf,dv",
    "protocol_whitelist": "file",
}
# Raised by reading packets where a file is damaged; IndexError if new streams appeared meanwhile.
NOTHING_MORE = (av.FFmpegError, IndexError)
_MAX_MISSING = 0.1  # share of a file's bytes; if less is missing, the rest is processed


def open_video(path: str | Path) -> InputContainer:
    """Open a video for reading.

    Raises:
        VideoError: the file is missing, empty, cut off, or not a video that can be read.
    """
    path = Path(path)
    try:
        if not path.is_file():
            raise VideoError(f"There is no file {_short(path)}: check its name and folder.")
        if path.stat().st_size == 0:
            raise VideoError(f"{path.name} is empty (0 bytes): copy or upload it again.")
        missing = missing_share(path)
    except (OSError, ValueError) as error:  # no permission; name too long; NUL in the name
        reason = getattr(error, "strerror", None) or "this is not a valid file name"
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
            reason = "is cut off or damaged (its index is missing): copy or record it again."
        else:
            reason = "is not a video that can be read: use MP4, MOV, WebM, MKV, AVI or GIF."
        raise VideoError(f"{path.name} {reason}") from error


def file_name(container: InputContainer) -> str:
    return Path(container.name).name


def audio_stream(container: InputContainer) -> av.AudioStream | None:
    """The default audio stream, or else the first, of those that can be decoded; None without
    one."""
    streams = [stream for stream in container.streams.audio if stream.codec_context is not None]
    return max(
        streams, key=lambda stream: bool(stream.disposition & Disposition.default), default=None
    )


def decoded_frames(
    container: InputContainer, stream: av.VideoStream | av.AudioStream
) -> Iterator[av.VideoFrame | av.AudioFrame]:
    """All frames that can be decoded; damaged packets are skipped. Every pass gives the same
    frames."""
    stream.thread_type = "SLICE"  # frame threading conceals damage differently in every pass
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
