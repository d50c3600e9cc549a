"""Conversion of decoded frames to what a player displays: upright, square pixels, RGB."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction

import av
import numpy as np
from av.filter import Graph
from av.video.reformatter import ColorPrimaries, Colorspace, Interpolation, VideoReformatter

from gait_demo.video.colour import conversion_file, needs_conversion
from gait_demo.video.layout import Crop

SQUARE_PIXEL_TOLERANCE = 0.02  # a pixel aspect ratio that differs from 1 by less is ignored
SD_HEIGHT_PX = 576  # without a colour tag, taller pictures are BT.709, others BT.601

_UNSPECIFIED = 2  # FFmpeg's AVCOL_SPC_UNSPECIFIED
_KNOWN_MATRICES = (0, 1, 2, 4, 5, 6, 7, 9)  # H.273; FFmpeg's scaler refuses others
_LOGARITHMIC = (9, 10)  # transfer functions of H.273 that FFmpeg's scaler refuses
_LUT = "lut3d"
_TO_RGB = Interpolation.BILINEAR  # 1 ms for a 720p frame; accurate rounding takes 15 ms


@dataclass(frozen=True)
class Display:
    """The conversion of one video's frames to upright RGB with square pixels."""

    width: int  # before transposing
    height: int
    colorspace: Colorspace | None  # None: as tagged
    transpose: bool
    mirror_x: bool  # after transposing
    mirror_y: bool
    scaler: VideoReformatter = field(default_factory=VideoReformatter)

    @classmethod
    def of(cls, frame: av.VideoFrame, stream: av.VideoStream) -> Display:
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

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) of a displayed frame."""
        return (self.width, self.height) if self.transpose else (self.height, self.width)

    def rgb(self, frame: av.VideoFrame) -> np.ndarray:
        """The displayed frame, (H, W, 3) uint8."""
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


def prepared(frames: Iterable[av.VideoFrame], crop: Crop) -> Iterator[av.VideoFrame]:
    """Crops frames to their clean aperture, deinterlaces them, and converts them to SDR; frames
    that need none of this are passed on unchanged, those that FFmpeg refuses are skipped.

    Args:
        frames: decoded frames in display order.
        crop: the borders that are not displayed.
    """
    graph, made_for, interlaced = None, None, False
    for frame in frames:
        if frame.colorspace not in _KNOWN_MATRICES:
            frame.colorspace = _UNSPECIFIED
        if frame.color_trc in _LOGARITHMIC:
            frame.color_trc = _UNSPECIFIED
        interlaced = interlaced or frame.interlaced_frame
        filters = _filters(frame, crop, interlaced)
        colours = frame.format.name, frame.color_trc, frame.color_primaries
        kind = filters, colours, frame.width, frame.height
        if kind != made_for:
            if graph is not None:
                yield from graph.frames(None)
            graph, made_for = None, None
            if filters:
                try:
                    graph = _Graph(frame, filters)
                except av.FFmpegError:  # a damaged frame, skipped as damaged packets are
                    continue
            made_for = kind
        if graph is None:
            yield frame
        else:
            yield from graph.frames(frame)
    if graph is not None:
        yield from graph.frames(None)


def _filters(frame: av.VideoFrame, crop: Crop, interlaced: bool) -> tuple[tuple[str, str], ...]:
    """Names and options of the FFmpeg filters that a frame needs."""
    filters = []
    if interlaced:
        filters.append(("bwdif", "mode=send_frame:deint=interlaced"))
    width = frame.width - crop.left - crop.right
    height = frame.height - crop.top - crop.bottom
    smaller = (width, height) != (frame.width, frame.height)
    if smaller and min(crop.left, crop.top, crop.right, crop.bottom) >= 0 < min(width, height):
        filters.append(("crop", f"{width}:{height}:{crop.left}:{crop.top}:exact=1"))
    if needs_conversion(frame):
        is_wide = frame.color_primaries == ColorPrimaries.BT2020
        matrix = "bt2020" if frame.colorspace == _UNSPECIFIED and is_wide else "auto"
        filters += [("scale", f"in_color_matrix={matrix}"), ("format", "gbrp16le")]
        filters += [(_LUT, ""), ("format", "rgb24")]
    return tuple(filters)


class _Graph:
    """A chain of FFmpeg filters, for frames of the same kind as the given one."""

    def __init__(self, frame: av.VideoFrame, filters: Iterable[tuple[str, str]]) -> None:
        self._tick = frame.time_base or Fraction(1, 1000)  # after the last packet, none
        self._graph = Graph()
        last = self._graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=self._tick
        )
        for name, options in (*filters, ("buffersink", "")):
            if name == _LUT:
                with conversion_file(frame) as path:
                    node = self._graph.add(name, file=path)
            else:
                node = self._graph.add(name, options)
            last.link_to(node)
            last = node
        self._graph.configure()

    def frames(self, frame: av.VideoFrame | None) -> Iterator[av.VideoFrame]:
        """Puts a frame into the chain, or None after the last one, and gives the frames that come
        out. Time stamps are kept."""
        self._graph.push(frame)
        with suppress(av.BlockingIOError, av.EOFError):
            while True:
                shown = self._graph.pull()
                if shown.pts is not None:
                    shown.pts = round(shown.pts * shown.time_base / self._tick)
                shown.time_base = self._tick
                yield shown
