"""Photos of people with masks, in folders as those of the clothing co-parsing data set (CCP).

`img/NAME.jpg` is a photo of one person, `mask/NAME.png` is 255 where the person is.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from gait_demo.errors import DataError

_HELD_OUT = 100  # the last of all names
# Names of CCP's photos that show others beside their person, as far as NanoDet sees them
_CROWDED = Path(__file__).with_name("ccp_crowded.txt")


@dataclass(frozen=True)
class Photo:
    """A photo on disk, and its person's mask.

    Attributes:
        crowded: whether there may be people without a mask.
    """

    image: Path
    mask: Path
    crowded: bool = False

    def read(self) -> tuple[np.ndarray, np.ndarray]:
        """(H, W, 3) uint8 RGB, and (H, W) bool.

        Raises:
            DataError: a file is damaged, or the two differ in size.
        """
        bgr = cv2.imread(str(self.image), cv2.IMREAD_COLOR)
        mask = cv2.imread(str(self.mask), cv2.IMREAD_GRAYSCALE)
        if bgr is None or mask is None or bgr.shape[:2] != mask.shape:
            raise DataError(f"{self.image} and {self.mask} are no photo and its mask.")
        return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), mask > 127


@dataclass(frozen=True)
class Photos:
    """All photos of a folder, in two parts.

    Attributes:
        training: to learn from.
        held_out: the last 100 by name, which no training sees.
    """

    training: list[Photo]
    held_out: list[Photo]


def read_photos(folder: Path) -> Photos:
    """
    Raises:
        DataError: the folder has no img/ and mask/, or a photo without a mask, or too few.
    """
    images = sorted((folder / "img").glob("*.jpg"))
    crowded = set(_CROWDED.read_text().split())
    photos = [
        Photo(image, folder / "mask" / f"{image.stem}.png", image.stem in crowded)
        for image in images
    ]
    missing = [photo.mask for photo in photos if not photo.mask.is_file()]
    if missing:
        raise DataError(f"There is no mask {missing[0]}.")
    if len(photos) <= _HELD_OUT:
        raise DataError(
            f"{folder} holds {len(photos)} photos img/*.jpg with masks mask/*.png; more than "
            f"{_HELD_OUT} are needed."
        )
    return Photos(photos[:-_HELD_OUT], photos[-_HELD_OUT:])
