"""Opening a video file, choosing its streams, and decoding what can be decoded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition

from gait_demo.errors import VideoError

# Naming the containers and allowing plain files only keeps playlists, which can make FFmpeg open
# other files and hosts, from passing as videos.
_OPTIONS = {
    "format_whitelist": "mov,mp4,matroska,webm,avi,gif,apng,mpegts,mpeg,flv,asf,ogg,mxf,dv",
    "protocol_whitelist": "file",
}
_COMPLETE = 0.9  # share of the declared frames that a whole file holds, at least


def open_video(path: str | Path) -> InputContainer:
    """Open a video for reading; VideoError says why it is none, or cannot be read."""
    path = Path(path)
    if not path.is_file():
        raise VideoError(f"There is no file {path.name}: check its name and folder.")
    if path.stat().st_size == 0:
        raise VideoError(f"{path.name} is empty (0 bytes): copy or upload it again.")
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


def video_stream(container: InputContainer) -> av.VideoStream:
    for stream in container.streams.video:
        if stream.codec_context is not None and not stream.disposition & Disposition.attached_pic:
            return stream
    raise VideoError(f"{file_name(container)} has no picture, only sound or data: choose a video.")


def audio_stream(container: InputContainer) -> av.AudioStream | None:
    return next((s for s in container.streams.audio if s.codec_context is not None), None)


def decoded_frames(
    container: InputContainer, stream: av.VideoStream | av.AudioStream, whole: bool = True
) -> Iterator[av.VideoFrame | av.AudioFrame]:
    """Every frame that can be decoded; damaged packets are passed over.

    Args:
        whole: whether they are read from the file's beginning.

    Raises:
        VideoError: after the last frame of a whole file, if it says that a tenth or more is
            missing.
    """
    stream.thread_type = "AUTO"
    packets = container.demux(stream)
    packet, read = None, 0
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError:  # nothing more can be read
            packet = None
        frames = []
        with suppress(av.FFmpegError):
            frames = stream.decode(packet)
        yield from frames
        if packet is None:
            break
        read += packet.size > 0
    if whole and stream.type == "video" and read < _COMPLETE * stream.frames:
        raise VideoError(
            f"{file_name(container)} is cut off: {read} of {stream.frames} frames are there. "
            "Copy or record it again."
        )
