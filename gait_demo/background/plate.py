"""The background plate of a clip, and its foreground frame by frame."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np

from gait_demo.background.foreground import find_foreground
from gait_demo.background.neighbours import Neighbour, free_places
from gait_demo.background.registration import is_still, rescale
from gait_demo.imaging.resizing import shrink_by
from gait_demo.types import Frame

_WORK_SIDE = 480  # longest side, in pixels, at which people and foreground are found


def working_scale(frame_shape: tuple[int, int]) -> float:
    """By how much frames of this height and width are scaled for the analysis."""
    return min(1.0, _WORK_SIDE / max(frame_shape))


def working_shape(frame_shape: tuple[int, int]) -> tuple[int, int]:
    """Height and width at which frames of this height and width are analysed."""
    scale = working_scale(frame_shape)
    height, width = (max(1, round(side * scale)) for side in frame_shape)
    return height, width


@dataclass(frozen=True)
class Plate:
    """The scene without its moving people.

    Attributes:
        rgb: (H, W, 3) uint8; where the camera shakes, larger than a frame.
        work: (h, w, 3) uint8, the same at working resolution.
        noise: (h, w) float32, median absolute deviation of brightness in the background.
        unseen: (h, w) bool, where no sample showed the background and it was inpainted.
        transforms: (T, 3, 3) float64, one a frame: plate pixels to frame pixels.
        frame_shape: height and width of a frame.
        first_frame: index in the clip of the first of the T frames.
    """

    rgb: np.ndarray
    work: np.ndarray
    noise: np.ndarray
    unseen: np.ndarray
    transforms: np.ndarray
    frame_shape: tuple[int, int]
    first_frame: int = 0

    @property
    def scale(self) -> float:
        """Working pixels per full pixel."""
        return working_scale(self.frame_shape)

    def foreground(self, frame: Frame) -> np.ndarray:
        """(h, w) uint8, 0 or 1: what a frame shows in front of the plate, working resolution."""
        return self.differences(shrink_by(frame.rgb, self.scale), frame.index)[0]

    def differences(self, image: np.ndarray, index: int) -> tuple[np.ndarray, np.ndarray]:
        """The foreground, and the shadows that it casts, as `foreground`.

        Args:
            image: (h, w, 3) uint8, a frame at working resolution.
            index: of the frame.
        """
        transform = self.transforms[index - self.first_frame]
        if is_still(transform):  # the plate may be larger than a frame
            h, w = image.shape[:2]
            return find_foreground(image, self.work[:h, :w], self.noise[:h, :w])
        transform, size = rescale(transform, self.scale), image.shape[1::-1]
        plate, noise = (
            cv2.warpPerspective(a, transform, size, None, cv2.INTER_LINEAR, cv2.BORDER_REPLICATE)
            for a in (self.work, self.noise)
        )
        return find_foreground(image, plate, noise, shaking=True)

    def crop(self, index: int, x: int, y: int, w: int, h: int) -> np.ndarray:
        """(h, w, 3) uint8: the plate as the frame with this index would show it at (x, y)."""
        transform = self.transforms[index - self.first_frame]
        if is_still(transform):
            return self.rgb[y : y + h, x : x + w].copy()
        moved = np.array([[1, 0, -x], [0, 1, -y], [0, 0, 1]]) @ transform
        return cv2.warpPerspective(self.rgb, moved, (w, h), None, cv2.INTER_LINEAR,
                                   cv2.BORDER_REPLICATE)  # fmt: skip


@dataclass(frozen=True)
class NoPlate:
    """In place of a plate, where the camera moves too much for one: nothing stands out from it.

    Attributes:
        frame_shape: height and width of a frame.
        motions: (T, 3, 3) float64, pixels of the first frame to those of each; nan where the
            camera was lost; None: nothing is known of it.
        neighbours: some of the frames, that may show what is behind the people of others.
        first_frame: index in the clip of the first of the T frames.
    """

    frame_shape: tuple[int, int]
    motions: np.ndarray | None = None
    neighbours: tuple[Neighbour, ...] = ()
    first_frame: int = 0

    @property
    def scale(self) -> float:
        """Working pixels per full pixel."""
        return working_scale(self.frame_shape)

    def differences(self, image: np.ndarray, index: int) -> tuple[np.ndarray, np.ndarray]:
        """(h, w) uint8 twice, all 0."""
        nothing = np.zeros(image.shape[:2], np.uint8)
        return nothing, nothing

    def crop(self, index: int, x: int, y: int, w: int, h: int) -> None:
        """None: what is behind the people is not known for sure."""

    def without(
        self, people: list[np.ndarray], fps: float, overlay: Callable[[int], np.ndarray]
    ) -> NoPlate:
        """The same, where the neighbours show nobody, and no overlay.

        Args:
            people: for each of the T frames, (N, 4) boxes of whoever may be there, in pixels.
            fps: frames per second.
            overlay: (h, w) uint8, 0 or 255 at working resolution, what of the clip's frame with an
                index lies in front of everything.
        """
        shape = working_shape(self.frame_shape)
        first = self.first_frame
        free = [
            replace(
                one,
                free=free_places(one.index - first, self.motions, people, fps, shape, self.scale)
                & ~overlay(one.index),
            )
            for one in self.neighbours
        ]
        return replace(self, neighbours=tuple(free))

    def motion(self, first: int, second: int) -> np.ndarray | None:
        """(3, 3), pixels of one frame to those of another; None where it is not known."""
        if self.motions is None:
            return None
        one, other = (self.motions[index - self.first_frame] for index in (first, second))
        if np.isnan(one).any() or np.isnan(other).any():
            return None
        return other @ np.linalg.inv(one)

    def views(
        self, index: int, to_part: np.ndarray, wanted: np.ndarray
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """What other frames show of a part of the frame with this index, the nearest first.

        Args:
            to_part: (3, 3), pixels of the frame to those of the part.
            wanted: (h, w) uint8, not 0 where it is; may be changed meanwhile.

        Returns:
            Pairs of (h, w, 3) uint8 and, (h, w) uint8, 255 where that may be used and 0 elsewhere,
            of those that may be used where something is wanted.
        """
        size = wanted.shape[::-1]
        for one in sorted(self.neighbours, key=lambda one: abs(one.index - index)):
            motion = self.motion(one.index, index)
            if motion is None or one.free is None or not one.free.any():
                continue
            free = one.free_from(to_part @ motion, size)
            if (free & wanted).any():
                yield one.seen_from(to_part @ motion, size), free


@dataclass(frozen=True)
class Background:
    """What is behind the people of a clip, shot by shot.

    Attributes:
        shots: one a shot, in order.
    """

    shots: tuple[Plate | NoPlate, ...]

    def at(self, index: int) -> Plate | NoPlate:
        """Of the shot that holds the clip's frame `index`."""
        return next(one for one in reversed(self.shots) if one.first_frame <= index)

    def crop(self, index: int, x: int, y: int, w: int, h: int) -> np.ndarray | None:
        """As `Plate.crop`; None where it is not known."""
        return self.at(index).crop(index, x, y, w, h)
