"""The background plate of a clip, and its foreground frame by frame."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np

from gait_demo.background.foreground import find_foreground
from gait_demo.background.neighbours import Neighbour, free_places
from gait_demo.background.registration import is_still, rescale

_WORK_SIDE = 480  # longest side, in pixels, at which people and foreground are found


def working_scale(frame_shape: tuple[int, int]) -> float:
    """Factor by which frames of this height and width are scaled for the analysis."""
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
        rgb: (H, W, 3) uint8; larger than a frame if the camera shakes.
        work: (h, w, 3) uint8, the same at working resolution.
        noise: (h, w) float32, median absolute deviation of brightness in the background.
        unseen: (h, w) bool, where too few samples showed the background and it was inpainted.
        transforms: (T, 3, 3) float64, for each frame: plate pixels to frame pixels.
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

    def differences(self, image: np.ndarray, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Masks (h, w) uint8, 0 or 1, of the foreground and of the shadows that it casts.

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

    def followed(self, points: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        """Where places of the scene lie in other frames, as the camera moves.

        Args:
            points: (N, 2) x and y in pixels, each in a frame of its own.
            before, after: (N,) int, indices of these frames, and of the others.

        Returns:
            (N, 2) in pixels of the other frames.
        """
        return _followed(
            points, *(self.transforms[index - self.first_frame] for index in (before, after))
        )

    def follows(self, start: int, end: int) -> bool:
        """Whether the camera's motion is known in the frames from `start` to before `end`."""
        return True

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
    """Stands for the plate of a shot whose camera moves too much for one; without foreground.

    Attributes:
        frame_shape: height and width of a frame.
        motions: (T, 3, 3) float64, pixels of the first frame to those of each; nan where the
            camera's motion is not known; None: it is known nowhere.
        neighbours: some of the frames, which may show the background behind people in others.
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
        """Two masks (h, w) uint8, all 0."""
        nothing = np.zeros(image.shape[:2], np.uint8)
        return nothing, nothing

    def crop(self, index: int, x: int, y: int, w: int, h: int) -> None:
        """None: the background behind the people is not known for sure."""

    def without(
        self, people: list[np.ndarray], fps: float, overlay: Callable[[int], np.ndarray]
    ) -> NoPlate:
        """The same with `free` of the neighbours: where they show neither people nor overlays.

        Args:
            people: for each of the T frames, (N, 4) boxes in pixels of all who are or may be there.
            fps: frames per second.
            overlay: gives for an index of the clip (h, w) uint8, 0 or 255 at working resolution,
                the overlays in the frame.
        """
        shape = working_shape(self.frame_shape)
        first = self.first_frame
        free = [
            replace(
                neighbour,
                free=free_places(
                    neighbour.index - first, self.motions, people, fps, shape, self.scale
                )
                & ~overlay(neighbour.index),
            )
            for neighbour in self.neighbours
        ]
        return replace(self, neighbours=tuple(free))

    def followed(self, points: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        """As `Plate.followed`, where `follows` holds; elsewhere the same points."""
        if not self.follows(min(before.min(), after.min()), 1 + max(before.max(), after.max())):
            return points
        return _followed(
            points, *(self.motions[index - self.first_frame] for index in (before, after))
        )

    def follows(self, start: int, end: int) -> bool:
        """Whether the camera's motion is known in the frames from `start` to before `end`."""
        first = self.first_frame
        return self.motions is not None and bool(
            np.isfinite(self.motions[start - first : end - first]).all()
        )

    def motion(self, first: int, second: int) -> np.ndarray | None:
        """(3, 3): pixels of one frame to pixels of another; None if it is not known."""
        if self.motions is None:
            return None
        a, b = (self.motions[index - self.first_frame] for index in (first, second))
        return None if np.isnan(a).any() or np.isnan(b).any() else b @ np.linalg.inv(a)

    def views(
        self, index: int, to_part: np.ndarray, wanted: np.ndarray
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """What other frames show of a part of the frame with this index, the nearest first.

        Args:
            to_part: (3, 3), pixels of the frame to pixels of the part.
            wanted: (h, w) uint8, not 0 where background is wanted; may be changed between the
                results.

        Returns:
            For each frame that has some of it, in pixels of the part: the frame, (h, w, 3) uint8;
            and (h, w) uint8, 255 where it may be used and 0 elsewhere.
        """
        size = wanted.shape[::-1]
        for neighbour in sorted(self.neighbours, key=lambda other: abs(other.index - index)):
            motion = self.motion(neighbour.index, index)
            if motion is None or neighbour.free is None or not neighbour.free.any():
                continue
            free = neighbour.free_from(to_part @ motion, size)
            if (free & wanted).any():
                yield neighbour.seen_from(to_part @ motion, size), free


def _followed(points: np.ndarray, there: np.ndarray, here: np.ndarray) -> np.ndarray:
    """(N, 2): places of the scene, given the motions (N, 3, 3) of the camera until they were at
    `points` (N, 2), and until now."""
    ways = here @ np.linalg.inv(there)
    x, y, w = np.einsum("nij,nj->in", ways, np.column_stack([points, np.ones(len(points))]))
    return np.column_stack([x / w, y / w])


@dataclass(frozen=True)
class Background:
    """The background of a clip: a plate, or what stands for it, for each shot, in order."""

    shots: tuple[Plate | NoPlate, ...]

    def at(self, index: int) -> Plate | NoPlate:
        """The plate of the shot that holds the clip's frame `index`."""
        return next(shot for shot in reversed(self.shots) if shot.first_frame <= index)

    def span(self, index: int, count: int) -> tuple[int, int]:
        """The first frame of the shot that holds the clip's frame `index`, and the one after its
        last; the clip has `count` frames."""
        starts = [shot.first_frame for shot in self.shots]
        later = [start for start in starts if start > index]
        return max(start for start in starts if start <= index), min([*later, count])

    def crop(self, index: int, x: int, y: int, w: int, h: int) -> np.ndarray | None:
        """As `Plate.crop`; None in a shot without a plate."""
        return self.at(index).crop(index, x, y, w, h)
