"""Drawn people whose masks and landmarks are known, and a segmenter that sees them exactly.

Every frame carries its number, so that the segmenter knows which one it is asked about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
import scenes
import walker

from gait_demo.people.person import Person
from gait_demo.people.segmenter import (
    ANKLES,
    ELBOWS,
    HEELS,
    HIPS,
    KNEES,
    LANDMARKS,
    LEFT_EAR,
    MARGIN,
    NOSE,
    RIGHT_EAR,
    SHOULDERS,
    TOES,
    WRISTS,
    Detection,
    Matte,
)
from gait_demo.people.tracking import Tracklet
from gait_demo.types import Frame

FPS = scenes.FPS
SHAPE = 180, 320
BLUE, YELLOW = (25, 30, 110), (235, 220, 60)
_BIT_PX, _BITS = 8, 9  # of the frame number, in the upper left corner
_LEAST_PX = 30  # area of a mask that is seen
_SAME = 0.35  # heights by which a person moves from one frame to the next, at most


@dataclass(frozen=True)
class Figure:
    """One drawn person.

    Attributes:
        middles: (T,) x in pixels of each frame; nan where the person is not in the scene.
        feet, tall: y of the soles, and height, in pixels.
        stride: phase of the legs in each frame.
        misses: frames in which the segmenter does not see the person.
        score, presence: that the segmenter gives.
        has_landmarks: whether it gives landmarks as well.
        posture: of the landmarks, see `landmarks`.
        is_refused: whether it gives only a box, as where the landmark network sees nobody.
    """

    middles: np.ndarray
    feet: float = 165
    tall: float = 110
    colour: tuple[int, int, int] = BLUE
    stride: float = 0.35
    misses: frozenset[int] = frozenset()
    score: float = 0.9
    presence: float = 0.999
    has_landmarks: bool = True
    posture: str = "upright"
    is_refused: bool = False

    @classmethod
    def walking(cls, start: float, end: float, frames: int, **rest) -> Figure:
        return cls(np.linspace(start, end, frames), **rest)

    @classmethod
    def standing(cls, middle: float, frames: int, **rest) -> Figure:
        return cls(np.full(frames, float(middle)), **{"stride": 0.0} | rest)

    def missed(self, frames: Sequence[int]) -> Figure:
        return replace(self, misses=frozenset(frames))

    def mask(self, index: int, shape: tuple[int, int]) -> np.ndarray:
        """(H, W) uint8, 0 or 1, as if nobody stood before them."""
        x = self.middles[index]
        if np.isnan(x):
            return np.zeros(shape, np.uint8)
        return scenes.figure(shape, x, self.feet, self.tall, self.stride * index)

    def detection(self, index: int, visible: np.ndarray, scale: float = 1.0) -> Detection:
        """Of the pixels (H, W) that are visible of the person, in a frame `scale` times larger."""
        x = float(self.middles[index])
        left, top, wide, high = cv2.boundingRect(visible)
        if self.is_refused:
            box = np.float32([left, top, left + wide, top + high])
            return Detection.refused(box, self.score).resized(scale)
        side = max(wide, high)
        inside = np.zeros((side, side), np.float32)  # square, as the landmark network's
        inside[:high, :wide] = visible[top : top + high, left : left + wide]
        mass = visible.sum(axis=0).cumsum()
        points = region = colours = None
        if self.has_landmarks:
            phase = self.stride * index
            points = landmarks(x, self.feet, self.tall, self.posture, phase)
            hips = points[list(HIPS), :2].mean(axis=0)
            region = np.float32([hips, hips - [0, MARGIN * self.tall / 2]])
            colours = np.float32([self.colour, self.colour])
        seen = Detection(
            np.float32([left, top, left + wide, top + high]),
            self.score,
            self.presence if self.has_landmarks else np.nan,
            points,
            region,
            Matte.of(inside, np.array([[1, 0, left], [0, 1, top]])),
            float(np.searchsorted(mass, mass[-1] / 2)),
            colours,
        )
        return seen if scale == 1 else seen.resized(scale)


def landmarks(
    x: float, feet: float, tall: float, posture: str = "upright", phase: float = 0.0
) -> np.ndarray:
    """(33, 4) float32 of a `scenes.figure`.

    Args:
        posture: "upright", "seated" (thighs level), "lying" (turned by a right angle),
            "bent" (the trunk by 70 degrees), or "arms raised".
    """
    step = 0.16 * np.sin(phase)
    up = {NOSE: (0.03, 0.91), LEFT_EAR: (0, 0.93), RIGHT_EAR: (0, 0.93)}
    for side, pair in ((1, 0), (-1, 1)):
        up[SHOULDERS[pair]] = (0.02 * side, 0.82)
        up[ELBOWS[pair]] = (0.03 * side, 0.66)
        up[WRISTS[pair]] = (0.04 * side, 0.52)
        up[HIPS[pair]] = (0.02 * side, 0.52)
        up[KNEES[pair]] = (0.5 * step * side, 0.28)
        up[ANKLES[pair]] = (step * side, 0.05)
        up[HEELS[pair]] = (step * side - 0.01, 0.02)
        up[TOES[pair]] = (step * side + 0.06, 0.01)
    lower = {*KNEES, *ANKLES, *HEELS, *TOES}
    if posture == "seated":
        drop = {KNEES: (0.25, 0.5), ANKLES: (0.25, 0.27), HEELS: (0.24, 0.24), TOES: (0.3, 0.23)}
        for pair, place in drop.items():
            up |= dict.fromkeys(pair, place)
    elif posture == "bent":
        angle = np.radians(70)
        for point in up.keys() - lower - set(HIPS):
            dx, dy = up[point][0], up[point][1] - 0.52
            up[point] = (
                dx * np.cos(angle) + dy * np.sin(angle),
                0.52 + dy * np.cos(angle) - dx * np.sin(angle),
            )
    elif posture == "lying":
        up = {point: (dy - 0.5, 0.1 + dx) for point, (dx, dy) in up.items()}
    elif posture == "arms raised":
        for pair, height in ((ELBOWS, 0.95), (WRISTS, 1.1)):
            up |= {point: (up[point][0], height) for point in pair}
    points = np.tile(np.float32([*up[NOSE], 0, 1]), (LANDMARKS, 1))
    for point, place in up.items():
        points[point, :2] = place
    points[17:23, :2] = points[[15, 16] * 3, :2]  # hands
    points[:, 0] = x + tall * points[:, 0]
    points[:, 1] = feet - tall * points[:, 1]
    return points.astype(np.float32)


@dataclass(frozen=True)
class Scene:
    """A film of figures; a later one stands before an earlier one.

    Attributes:
        cuts: frames in which another background begins.
        paint: (index, rgb) to a changed picture, before the frame's noise.
    """

    figures: tuple[Figure, ...]
    shape: tuple[int, int] = SHAPE
    cuts: tuple[int, ...] = ()
    seed: int = 0
    paint: Callable[[int, np.ndarray], np.ndarray] | None = None

    def __len__(self) -> int:
        return len(self.figures[0].middles)

    @cached_property
    def frames(self) -> list[Frame]:
        rng = np.random.default_rng(self.seed + 1)
        made = []
        for index in range(len(self)):
            rgb = self.background(index)
            for number, figure in enumerate(self.figures):
                rgb[self.mask(number, index) > 0] = figure.colour
            if self.paint is not None:
                rgb = self.paint(index, rgb)
            rgb = np.clip(rgb + rng.normal(0, 1.5, rgb.shape), 0, 255).astype(np.uint8)
            _stamp(rgb, index)
            made.append(Frame(index, Fraction(index, FPS), rgb))
        return made

    def background(self, index: int) -> np.ndarray:
        """(H, W, 3) uint8, without noise and frame number."""
        shot = sum(index >= cut for cut in self.cuts)
        return scenes.background(*self.shape, seed=self.seed + 100 * shot)

    def mask(self, number: int, index: int) -> np.ndarray:
        """(H, W) uint8, 0 or 1: what a frame shows of a figure."""
        visible = self.figures[number].mask(index, self.shape)
        for other in self.figures[number + 1 :]:
            visible &= 1 - other.mask(index, self.shape)
        return visible

    def segmenter(self) -> DrawnSegmenter:
        return DrawnSegmenter(self)

    def write(self, path: Path) -> Path:
        return walker.write_clip(path, self._pictures())

    def _pictures(self) -> Iterator[np.ndarray]:
        for frame in self.frames:
            yield frame.rgb


class DrawnSegmenter:
    """A `PersonSegmenter` that knows the scene.

    Attributes:
        asked: number and `detect` of every frame that it was asked about.
    """

    def __init__(self, scene: Scene):
        self._scene = scene
        self.asked: list[tuple[int, bool]] = []

    def fresh(self) -> DrawnSegmenter:
        return self

    def __call__(
        self,
        rgb: np.ndarray,
        before: Sequence[Detection] = (),
        detect: bool = True,
        others: Sequence[Detection] = (),
    ) -> list[Detection]:
        index = _stamped(rgb, rgb.shape[1] / self._scene.shape[1])
        self.asked.append((index, detect))
        here = self._visible(index, rgb.shape[1] / self._scene.shape[1])
        for other in others:
            here.pop(_nearest(here, other), None)
        people = []
        for known in before:
            nearest = _nearest(here, known)
            if nearest is not None:
                one = here.pop(nearest)
                followed = not detect and one.landmarks is not None
                people.append(replace(one, score=0.0) if followed else one)
        return people + (list(here.values()) if detect else [])

    def _visible(self, index: int, scale: float) -> dict[int, Detection]:
        found = {}
        for number, figure in enumerate(self._scene.figures):
            mask = self._scene.mask(number, index)
            if index not in figure.misses and mask.sum() >= _LEAST_PX:
                found[number] = figure.detection(index, mask, scale)
        return found


def _nearest(here: dict[int, Detection], known: Detection) -> int | None:
    """Number of the person who is where another detection was; None: nobody is."""
    apart = {
        number: np.linalg.norm(one.middle - known.middle) / known.height
        for number, one in here.items()
    }
    nearest = min(apart, key=apart.get, default=None)
    return nearest if nearest is not None and apart[nearest] < _SAME else None


def _stamp(rgb: np.ndarray, index: int) -> None:
    """Writes the frame number into the upper left corner, in place."""
    for bit in range(_BITS):
        level = 220 if index >> bit & 1 else 30
        rgb[:_BIT_PX, bit * _BIT_PX : (bit + 1) * _BIT_PX] = level


def _stamped(rgb: np.ndarray, scale: float) -> int:
    side = _BIT_PX * scale
    y = round(side / 2)
    levels = [rgb[y, round((bit + 0.5) * side)].mean() for bit in range(_BITS)]
    return sum(1 << bit for bit, level in enumerate(levels) if level > 125)


def person(figure, seen=range(60), hide=None, shot=(0, 60)):
    """Of a figure that is seen in some frames.

    Args:
        hide: (index, mask) changes in place what is visible of the figure.
    """
    found = {}
    for index in seen:
        mask = figure.mask(index, SHAPE)
        if hide is not None:
            hide(index, mask)
        found[index] = figure.detection(index, mask)
    return Person.of(Tracklet(found), SHAPE, shot, FPS)
