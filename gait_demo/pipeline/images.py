"""The frames of a clip at working resolution, so that only two passes have to decode it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np

from gait_demo.errors import VideoError


class WorkingImages:
    """Images of one size, kept in a file that has no name and goes when the block ends.

    A context manager. Each takes 0.4 MB: a minute at 25 frames per second, 0.6 GB.
    """

    def __init__(self, folder: Path, shape: tuple[int, int]):
        """
        Args:
            folder: on whose disk the file is.
            shape: (h, w) of an image.
        """
        self._folder = folder
        self._shape = (*shape, 3)
        self._count = 0

    def __enter__(self) -> WorkingImages:
        self._file = TemporaryFile(dir=self._folder)
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # of a full disk, told before
            self._file.close()

    def append(self, image: np.ndarray) -> None:
        """
        Args:
            image: (h, w, 3) uint8.

        Raises:
            VideoError: the disk is full.
        """
        try:
            self._file.seek(self._count * image.nbytes)
            self._file.write(np.ascontiguousarray(image))
            self._file.flush()
        except OSError as error:
            raise VideoError(f"The video cannot be analysed: {error.strerror}.") from error
        self._count += 1

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> np.ndarray:
        """(h, w, 3) uint8."""
        image = np.empty(self._shape, np.uint8)
        self._file.seek(index * image.nbytes)
        self._file.readinto(image)
        return image

    def read(self) -> Iterator[np.ndarray]:
        """All of them, in order."""
        return (self[index] for index in range(len(self)))
