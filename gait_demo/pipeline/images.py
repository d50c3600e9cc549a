"""The frames of a clip, stored on disk during the analysis, which reads them more than once."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np

from gait_demo.errors import not_written
from gait_demo.imaging.jpeg import packed, unpacked
from gait_demo.imaging.resizing import shrink_by

_LONGEST_PX = 1280


class FrameStore:
    """Frames as JPEG in a temporary file without a name, which is deleted when the block ends.

    A context manager. A frame of 1280x720 takes about 0.2 MB: a minute at 25 frames per second,
    0.3 GB.

    Attributes:
        scale: size of the stored frames relative to the originals, at most 1.
    """

    def __init__(self, folder: Path, shape: tuple[int, int]):
        """
        Args:
            folder: where the temporary file is created.
            shape: (H, W) of a frame.
        """
        self.scale = min(1.0, _LONGEST_PX / max(shape))
        self._folder = folder
        self._ends = [0]

    def __enter__(self) -> FrameStore:
        self._file = TemporaryFile(dir=self._folder)
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # a full disk, which `append` has reported
            self._file.close()

    def append(self, rgb: np.ndarray) -> None:
        """Stores the next frame.

        Args:
            rgb: (H, W, 3) uint8.

        Raises:
            VideoError: the file cannot be written, for example because the disk is full.
        """
        jpeg = packed(shrink_by(rgb, self.scale))
        try:
            self._file.seek(self._ends[-1])
            self._file.write(jpeg)
            self._file.flush()
        except OSError as error:
            sentence = f"The video cannot be analysed: {error.strerror}."
            raise not_written(sentence, error) from error
        self._ends.append(self._ends[-1] + len(jpeg))

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, index: int) -> np.ndarray:
        """The stored frame, (h, w, 3) uint8."""
        start, end = self._ends[index], self._ends[index + 1]
        self._file.seek(start)
        return unpacked(self._file.read(end - start))
