"""Frames that show what is behind the people of others, where the camera moves far.

Nothing is taken from where somebody is, or may be, in them or shortly before or after: whatever
they give, the result shows anyway.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

_MARGIN = 0.15  # heights around a box: heads and feet that it lacks, and shadows
_AROUND_S = 0.5  # before and after, in which somebody may be there unseen


@dataclass(frozen=True)
class Neighbour:
    """One frame of a clip.

    Attributes:
        index: of the frame.
        rgb: (H, W, 3) uint8.
        free: (h, w) uint8 at working resolution, 255 where nobody is or may be; None: not known.
    """

    index: int
    rgb: np.ndarray
    free: np.ndarray | None = None

    def seen_from(self, motion: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """What it shows, in the pixels of a part of another frame, and where that may be used.

        Args:
            motion: (3, 3), its pixels to those.
            size: (width, height) of the part.

        Returns:
            (height, width, 3) uint8; (height, width) uint8, 0 or 255.
        """
        scale = self.free.shape[1] / self.rgb.shape[1]
        shift = (1 / scale - 1) / 2  # pixel centres lie at whole numbers
        to_full = np.array([[1 / scale, 0, shift], [0, 1 / scale, shift], [0, 0, 1]])
        free = cv2.warpPerspective(self.free, motion @ to_full, size)
        return cv2.warpPerspective(self.rgb, motion, size), cv2.compare(free, 254, cv2.CMP_GT)


def free_places(
    index: int,
    motions: np.ndarray,
    people: list[np.ndarray],
    fps: float,
    shape: tuple[int, int],
    scale: float,
) -> np.ndarray:
    """Where nobody is in a frame, nor was or will be a moment before or after.

    Args:
        index: of the frame.
        motions: (T, 3, 3), pixels of the first frame to those of each; nan where not known.
        people: for each frame, (N, 4) boxes of whoever may be there, in pixels.
        fps: frames per second.
        shape: (h, w) of the result.
        scale: its pixels per pixel of a frame.

    Returns:
        (h, w) uint8, 255 there, and 0 elsewhere; everywhere if the camera was lost meanwhile.
    """
    around = round(_AROUND_S * fps)
    free = np.full(shape, 255, np.uint8)
    for other in range(max(0, index - around), min(len(motions), index + around + 1)):
        motion = motions[index] @ np.linalg.inv(motions[other])
        if np.isnan(motion).any():
            return np.zeros(shape, np.uint8)
        for x0, y0, x1, y1 in people[other]:
            margin = _MARGIN * (y1 - y0)
            x0, y0, x1, y1 = x0 - margin, y0 - margin, x1 + margin, y1 + margin
            corners = np.float32([[[x0, y0]], [[x1, y0]], [[x1, y1]], [[x0, y1]]])
            corners = scale * cv2.perspectiveTransform(corners, motion)
            cv2.fillConvexPoly(free, np.rint(corners).astype(np.int32), 0)
    return free
