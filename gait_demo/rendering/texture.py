"""A walker's own pixels over time: pixels hidden in one frame are taken from another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import cv2
import numpy as np

from gait_demo.imaging.jpeg import packed, unpacked
from gait_demo.people.person import Person
from gait_demo.rendering.cutout import CompletedCutout, Cutout

SAMPLE_SPACING_S = 0.2  # a few samples per step
_APART_S = 0.1  # minimum time between samples: nearer ones hide the same pixels
_TRIED = 5  # maximum number of samples in which hidden pixels are searched
_KEPT = 12  # number of cutouts that are kept
_MARGIN = 0.06  # heights: margin around a person in a sample
_QUALITY = 92  # JPEG quality


@dataclass(frozen=True)
class Sample:
    """A part of one frame that shows a person.

    Attributes:
        position: in the person's track.
        x, y: upper left corner, in pixels of the frame.
        scale: pixels of the sample per pixel of the frame.
    """

    position: int
    x: int
    y: int
    scale: float
    packed: bytes = field(repr=False)

    @classmethod
    def of(cls, position: int, person: Person, image: np.ndarray, scale: float) -> Sample | None:
        """
        Args:
            image: (H, W, 3) uint8, the frame scaled by `scale`.
        """
        h, w = image.shape[:2]
        x0, y0, x1, y1 = shown_box(person, position, (round(h / scale), round(w / scale)))
        if x1 <= x0 or y1 <= y0:
            return None
        left, top = int(scale * x0), int(scale * y0)
        part = image[top : round(scale * y1), left : round(scale * x1)]
        if part.size == 0:
            return None
        return cls(position, x0, y0, scale, packed(part, _QUALITY))

    def rgb(self) -> np.ndarray:
        """(h, w, 3) uint8, at the resolution of the frame."""
        rgb = unpacked(self.packed)
        if self.scale == 1:
            return rgb
        return cv2.resize(rgb, None, fx=1 / self.scale, fy=1 / self.scale)


def sampled(person: Person, fps: float) -> np.ndarray:
    """Positions in the track of the samples that are kept; they show the person's limbs."""
    well = np.flatnonzero(person.shows_limbs(fps) & ~person.keeps_pose)
    if not len(well):
        return well
    slots = (well / max(1.0, SAMPLE_SPACING_S * fps)).astype(int)
    return well[np.unique(slots, return_index=True)[1]]


def shown_box(person: Person, position: int, shape: tuple[int, int]) -> tuple[int, int, int, int]:
    """x0, y0, x1, y1: the part of a frame (H, W) that shows a person, with a margin."""
    box, body = person.detections[position].box, person.track.xyxy[position]
    margin = _MARGIN * float(body[3] - body[1])
    x0, y0 = (int(max(0, v)) for v in box[:2] - margin)
    x1, y1 = (int(min(v, side)) for v, side in zip(box[2:] + margin, shape[::-1], strict=True))
    return x0, y0, x1, y1


class TextureMemory:
    """The samples of one person, which are cut out and complete each other when needed."""

    def __init__(self, samples: Sequence[Sample], cut: Callable[[Sample], Cutout], fps: float):
        self._positions = np.array([sample.position for sample in samples], int)
        self._apart = _APART_S * fps
        self._cut = lru_cache(_KEPT)(lambda n: cut(samples[n]))
        self._completed = lru_cache(_KEPT)(self._complete)

    def nearest(self, position: int) -> CompletedCutout | None:
        """The completed cutout of the sample nearest in time; None without samples."""
        return self._completed(self._nearest(position)) if len(self._positions) else None

    def source(self, position: int) -> int:
        """The position of that sample; `position` itself without samples."""
        return int(self._positions[self._nearest(position)]) if len(self._positions) else position

    def _nearest(self, position: int) -> int:
        return int(np.abs(self._positions - position).argmin())

    def _complete(self, n: int) -> CompletedCutout:
        cut = self._cut(n)
        away = np.abs(self._positions - self._positions[n])
        order = [int(m) for m in np.argsort(away, kind="stable") if away[m] > self._apart]
        others = tuple(lambda m=m: self._cut(m) for m in order[:_TRIED])
        return CompletedCutout(cut.rgb, cut.parts, cut.pose, others)
