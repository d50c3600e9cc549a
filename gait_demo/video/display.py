"""How the frames of a video are shown: upright, square pixels, in RGB."""

from __future__ import annotations

from dataclasses import dataclass, field

import av
import numpy as np
from av.video.reformatter import Colorspace, Interpolation, VideoReformatter

SQUARE_PIXEL_TOLERANCE = 0.02  # pixels that are stretched by less are left alone
SD_HEIGHT_PX = 576  # taller pictures without a colour tag are BT.709, the others BT.601

_UNSPECIFIED = 2  # FFmpeg's AVCOL_SPC_UNSPECIFIED
_TO_RGB = Interpolation.BILINEAR  # 1 ms a 720p frame; accurate rounding takes 15


@dataclass(frozen=True)
class Display:
    """How the frames of one video are shown: square pixels, in RGB, the right way up."""

    width: int  # before the quarter turn
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
