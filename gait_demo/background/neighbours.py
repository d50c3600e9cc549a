"""Frames of a moving camera that show the background that people hide in other frames.

Only pixels are used where nobody is or may be, in the frame and shortly before and after. Whatever
is copied from there, the result shows in that frame anyway.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from gait_demo.imaging.jpeg import packed, unpacked
from gait_demo.imaging.resizing import scaling

_MARGIN = 0.15  # box heights: margin for heads and feet that a box misses, and shadows
_AROUND_S = 0.5  # before and after a detection, the person may be there undetected
_IN_FRONT, _FAR = 0.1, 1e5  # least homogeneous coordinate of a corner, and largest pixel coordinate


@dataclass(frozen=True)
class Neighbour:
    """A frame from which others are filled.

    Attributes:
        index: of the frame.
        jpeg: the frame as JPEG, because an analysis is kept on disk.
        width: of the frame, in pixels.
        free: (h, w) uint8 at working resolution, 255 where nobody is or may be; None: not known
            yet.
    """

    index: int
    jpeg: bytes
    width: int
    free: np.ndarray | None = None

    @classmethod
    def of(cls, index: int, rgb: np.ndarray) -> Neighbour:
        """rgb: (H, W, 3) uint8."""
        return cls(index, packed(rgb), rgb.shape[1])

    def free_from(self, motion: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """(height, width) uint8, 0 or 255: where this frame may fill a part of another frame.

        Args:
            motion: (3, 3), pixels of this frame to pixels of the part.
            size: (width, height) of the part.
        """
        to_full = scaling(self.width / self.free.shape[1])
        free = cv2.warpPerspective(self.free, motion @ to_full, size)
        return cv2.compare(free, 254, cv2.CMP_GT)

    def seen_from(self, motion: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """(height, width, 3) uint8: this frame in the pixels of the part; see `free_from`."""
        return cv2.warpPerspective(_unpacked(self.jpeg), motion, size)


_unpacked = lru_cache(maxsize=4)(unpacked)


def free_places(
    index: int,
    motions: np.ndarray,
    people: list[np.ndarray],
    fps: float,
    shape: tuple[int, int],
    scale: float,
) -> np.ndarray:
    """Where nobody is in a frame, nor in those up to half a second before and after.

    Args:
        index: of the frame.
        motions: (T, 3, 3), pixels of the first frame to those of each; nan where not known.
        people: for each frame, (N, 4) boxes in pixels of all who are or may be in it.
        fps: frames per second.
        shape: (h, w) of the result.
        scale: its pixels per pixel of a frame.

    Returns:
        (h, w) uint8, 255 where nobody is, else 0; all 0 if the camera's motion is not known
        meanwhile, or a box cannot be mapped.
    """
    around = round(_AROUND_S * fps)
    free, nowhere = np.full(shape, 255, np.uint8), np.zeros(shape, np.uint8)
    for other in range(max(0, index - around), min(len(motions), index + around + 1)):
        if np.isnan(motions[[index, other]]).any():
            return nowhere
        motion = motions[index] @ np.linalg.inv(motions[other])
        if not np.isfinite(people[other]).all():
            return nowhere
        for x0, y0, x1, y1 in people[other]:
            margin = _MARGIN * (y1 - y0)
            x0, y0, x1, y1 = x0 - margin, y0 - margin, x1 + margin, y1 + margin
            corners = np.array([[x0, y0, 1], [x1, y0, 1], [x1, y1, 1], [x0, y1, 1]]) @ motion.T
            if not (corners[:, 2] > _IN_FRONT).all():
                return nowhere
            corners = (scale * corners[:, :2] / corners[:, 2:]).clip(-_FAR, _FAR)
            cv2.fillConvexPoly(free, np.rint(corners).astype(np.int32), 0)
    return free
