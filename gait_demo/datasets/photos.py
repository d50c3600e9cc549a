"""Reading photos of people with masks, in the layout of the clothing co-parsing data set (CCP).

`img/NAME.jpg` is a photo of one person, `mask/NAME.png` is 255 where the person is.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from gait_demo.errors import DataError

_HELD_OUT = 100  # number of photos, the last by name
# names of CCP's photos in which NanoDet also sees other people, who have no mask
_CROWDED = Path(__file__).with_name("ccp_crowded.txt")


@dataclass(frozen=True)
class Photo:
    """A photo of a person, and the person's mask.

    Attributes:
        image, mask: the files.
        crowded: whether the photo may show other people, who are not in the mask.
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
            raise DataError(f"{self.image} and {self.mask} are not a photo and its mask.")
        return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), mask > 127


@dataclass(frozen=True)
class Photos:
    """All photos of a folder, in two parts.

    Attributes:
        training: photos to train on.
        held_out: the last 100 by name, which are never trained on.
    """

    training: list[Photo]
    held_out: list[Photo]


def read_photos(folder: Path) -> Photos:
    """The photos of a folder.

    Raises:
        DataError: a photo has no mask, or there are too few photos in img/.
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
