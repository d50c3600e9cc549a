"""Writing AVI files like those of CASIA-B."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import av
import numpy as np

_BITS_PER_PIXEL = 0.8  # per frame: light compression for MPEG-4 part 2


def write_avi(path: Path, frames: Iterable[np.ndarray], fps: int) -> None:
    """Write MPEG-4 in AVI; the file appears complete or not at all.

    Args:
        path: the file to write.
        frames: (H, W, 3) uint8 RGB each, all of the same even size.
        fps: frames per second.
    """
    part = path.with_name(f".{path.name}.part.avi")
    try:
        with av.open(str(part), "w", options={"fflags": "+bitexact"}) as output:
            stream = None
            for rgb in frames:
                if stream is None:
                    height, width, _ = rgb.shape
                    stream = output.add_stream("mpeg4", rate=fps)
                    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
                    stream.bit_rate = round(_BITS_PER_PIXEL * width * height * fps)
                output.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
            if stream is not None:
                output.mux(stream.encode(None))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
