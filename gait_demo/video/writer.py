"""Writing frames and sound to an MP4 file that any browser plays."""

from __future__ import annotations

import itertools
import math
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.codec.context import Flags
from av.container import InputContainer, OutputContainer
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from gait_demo.errors import VideoError, not_written
from gait_demo.video.container import audio_stream, decoded_frames, open_video
from gait_demo.video.track import track_of

TICKS_PER_S = 90_000  # minimum resolution of time stamps
KEYFRAME_INTERVAL_S = 2  # so that players can seek
AAC_RATES_HZ = (44_100, 48_000)

_OPTIONS = {"movflags": "+faststart", "fflags": "+bitexact"}  # bitexact: no encoder tag
_BT709 = 1  # FFmpeg's AVCOL_SPC_BT709, AVCOL_PRI_BT709 and AVCOL_TRC_BT709
_GREY_TO_LUMA = np.rint(16 + np.arange(256) * (219 / 255)).astype(np.uint8)
_TO_YUV = Interpolation.AREA | Interpolation.FULL_CHR_H_INP  # chroma: means of four pixels


class VideoWriter:
    """Writes an H.264 MP4 file that any browser plays: yuv420p, BT.709, index first, no metadata.

    A context manager: the file appears under its name when the block ends; if an exception ends
    the block, nothing is left behind. yuv420p needs even sizes: an odd width or height is extended
    by a copy of the last column or row. There are no B-frames, so that frames are stored in display
    order and keep exactly the times they were given.

    Args:
        path: the file to write; replaced if it exists.
        width, height: of every frame, in pixels.
        fps: nominal frame rate; determines the time base and the duration of the last frame.
        audio_from: a file whose sound is added as AAC, cut to the duration of the frames. A file
            without sound is no error.
        audio_start_s: where its sound starts, in seconds after its first frame.
        crf: constant rate factor of x264; 18 is visually lossless, larger is coarser.
        qp: constant quantiser of x264, used instead of `crf` if given; faster.
        preset: speed preset of x264.
        threads: number of x264's threads; 0: x264 chooses by the number of cores.

    Raises:
        VideoError: no frame was written, or the file cannot be written, for example because the
            disk is full.
    """

    def __init__(
        self,
        path: str | Path,
        width: int,
        height: int,
        fps: Fraction,
        *,
        audio_from: str | Path | None = None,
        audio_start_s: float = 0,
        crf: int = 18,
        qp: int | None = None,
        preset: str = "veryfast",
        threads: int = 0,
    ) -> None:
        self._path = Path(path)
        self._part = self._path.with_name(f".{uuid.uuid4().hex}.mp4")
        self._shape = (height, width, 3)
        self._fps = Fraction(fps).limit_denominator(1001)
        numerator = self._fps.numerator
        self._tick = Fraction(1, numerator * math.ceil(TICKS_PER_S / numerator))
        rate = {"crf": str(crf)} if qp is None else {"qp": str(qp)}
        self._options = {**rate, "preset": preset, "bf": "0"}
        self._threads = threads
        self._audio_from, self._audio_start_s = audio_from, audio_start_s
        self._scaler = VideoReformatter()
        self._last_pts: int | None = None

    def __enter__(self) -> VideoWriter:
        with ExitStack() as stack:
            stack.callback(self._part.unlink, missing_ok=True)
            self._output = av.open(str(self._part), "w", container_options=_OPTIONS)
            stack.callback(self._close_quietly)
            self._stream = self._add_video_stream()
            self._sound: Iterator[av.Packet] = iter(())
            if self._audio_from is not None:
                source = stack.enter_context(open_video(self._audio_from))
                self._sound = _sound_packets(source, self._output, self._audio_start_s)
            self._next_sound = next(self._sound, None)
            self._cleanup = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._cleanup:
            if kind is None:
                self._finish()

    def write(self, image: np.ndarray, time: Fraction) -> None:
        """Add a frame.

        Args:
            image: (height, width, 3) uint8 RGB, or (height, width) uint8 grey.
            time: seconds since the first frame, later than that of the frame before.
        """
        if image.shape not in (self._shape, self._shape[:2]) or image.dtype != np.uint8:
            raise ValueError(f"expected {self._shape} of uint8, got {image.shape} of {image.dtype}")
        pts = round(time / self._tick)
        if self._last_pts is not None and pts <= self._last_pts:
            raise ValueError(f"expected a time after that of the last frame, got {time} s")
        self._last_pts = pts
        height, width, _ = self._shape
        if height % 2 or width % 2:
            odd = [(0, height % 2), (0, width % 2), (0, 0)][: image.ndim]
            image = np.pad(image, odd, mode="edge")
        frame = self._yuv(image)
        frame.pts, frame.time_base = pts, self._tick
        self._mux(frame, sound_until=time)

    def _yuv(self, image: np.ndarray) -> av.VideoFrame:
        if image.ndim == 2:
            luma = cv2.LUT(image, _GREY_TO_LUMA)
            colourless = np.full((len(image) // 2, image.shape[1]), 128, np.uint8)
            return av.VideoFrame.from_ndarray(np.concatenate([luma, colourless]), "yuv420p")
        return self._scaler.reformat(
            av.VideoFrame.from_numpy_buffer(np.ascontiguousarray(image)),
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            interpolation=_TO_YUV,
        )

    def _add_video_stream(self) -> av.VideoStream:
        height, width, _ = self._shape
        stream = self._output.add_stream("libx264", rate=self._fps, options=self._options)
        stream.width, stream.height = width + width % 2, height + height % 2
        stream.pix_fmt = "yuv420p"
        stream.thread_type = "AUTO"
        context = stream.codec_context
        context.thread_count = self._threads
        context.time_base = self._tick
        context.gop_size = math.ceil(KEYFRAME_INTERVAL_S * self._fps)
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = ColorRange.MPEG
        return stream

    def _mux(self, frame: av.VideoFrame | None, sound_until: Fraction) -> None:
        """Encodes a frame (None: flushes the encoder), and writes the sound up to a time."""
        with self._reporting():
            self._output.mux(self._stream.encode(frame))
            while self._next_sound is not None and _start(self._next_sound) < sound_until:
                self._output.mux(self._next_sound)
                self._next_sound = next(self._sound, None)

    def _finish(self) -> None:
        if self._last_pts is None:
            raise VideoError(f"{self._path.name} was not written: there were no frames.")
        self._mux(None, sound_until=self._last_pts * self._tick + 1 / self._fps)
        with self._reporting():
            self._output.close()
            self._part.replace(self._path)

    def _close_quietly(self) -> None:
        with suppress(av.FFmpegError):
            self._output.close()

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        try:
            yield
        except (av.FFmpegError, OSError) as error:
            sentence = f"{self._path.name} cannot be written: {error.strerror}."
            raise not_written(sentence, error) from error


def _start(packet: av.Packet) -> Fraction:
    return packet.pts * packet.time_base


def _sound_packets(
    source: InputContainer, output: OutputContainer, start_s: float
) -> Iterator[av.Packet]:
    """Adds a sound track to `output` and gives its packets, with times relative to `start_s`
    seconds after the source's first frame."""
    stream = audio_stream(source)
    if stream is None:
        return
    rate = stream.rate if stream.rate in AAC_RATES_HZ else AAC_RATES_HZ[-1]
    target = output.add_stream("aac", rate=rate)
    target.layout = "mono" if stream.channels == 1 else "stereo"
    target.codec_context.flags |= Flags.bitexact
    track = track_of(source)
    zero = track.start * track.tick + Fraction(start_s)
    for packet in _as_aac(stream, target):
        shift = round(zero / packet.time_base)
        packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
        if packet.pts + 2 * packet.duration >= 0:  # decoders need one packet before the first
            yield packet


def _as_aac(stream: av.AudioStream, target: av.AudioStream) -> Iterator[av.Packet]:
    resampler = av.AudioResampler("fltp", target.layout, target.rate, frame_size=1024)
    for frame in itertools.chain(decoded_frames(stream.container, stream), [None]):
        for chunk in resampler.resample(frame):
            yield from target.encode(chunk)
    yield from target.encode(None)
