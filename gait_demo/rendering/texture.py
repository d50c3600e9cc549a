"""A walker's own pixels over time: what one frame hides of a part, another shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import cv2
import numpy as np

from gait_demo.people.person import Person
from gait_demo.rendering.cutout import CompletedCutout, Cutout

_EVERY_S = 0.2  # between two samples: a few a step
_APART_S = 0.1  # nearer in time, the same is hidden
_TRIED = 5  # samples in which a hidden part is looked for
_KEPT = 12  # cutouts
_MARGIN = 0.06  # heights around a person that a sample shows
_QUALITY = 92  # of JPEG


@dataclass(frozen=True)
class Sample:
    """A part of one frame that shows a person.

    Attributes:
        position: in the person's track.
        x, y: of its upper left corner, in pixels of the frame.
        scale: pixels kept per pixel of the frame.
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
            image: (H, W, 3) uint8, the frame, `scale` times as large.
        """
        h, w = image.shape[:2]
        x0, y0, x1, y1 = shown_box(person, position, (round(h / scale), round(w / scale)))
        if x1 <= x0 or y1 <= y0:
            return None
        left, top = int(scale * x0), int(scale * y0)
        part = image[top : round(scale * y1), left : round(scale * x1)]
        if part.size == 0:
            return None
        bgr = cv2.cvtColor(part, cv2.COLOR_RGB2BGR)
        packed = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1]
        return cls(position, x0, y0, scale, packed.tobytes())

    def rgb(self) -> np.ndarray:
        """(h, w, 3) uint8, in pixels of the frame."""
        bgr = cv2.imdecode(np.frombuffer(self.packed, np.uint8), cv2.IMREAD_COLOR)
        rgb = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
        if self.scale == 1:
            return rgb
        return cv2.resize(rgb, None, fx=1 / self.scale, fy=1 / self.scale)


def sampled(person: Person, fps: float) -> np.ndarray:
    """Positions of a track of which samples are kept: those that show the person well."""
    well = np.flatnonzero(person.well & ~person.keeps_pose)
    if not len(well):
        return well
    slots = (well / max(1.0, _EVERY_S * fps)).astype(int)
    return well[np.unique(slots, return_index=True)[1]]


def shown_box(person: Person, position: int, shape: tuple[int, int]) -> tuple[int, int, int, int]:
    """x0, y0, x1, y1 of the part of a frame (H, W) that shows a person, with some margin."""
    box, body = person.detections[position].box, person.track.xyxy[position]
    margin = _MARGIN * float(body[3] - body[1])
    x0, y0 = (int(max(0, v)) for v in box[:2] - margin)
    x1, y1 = (int(min(v, side)) for v, side in zip(box[2:] + margin, shape[::-1], strict=True))
    return x0, y0, x1, y1


class TextureMemory:
    """The samples of one person, cut out and completed by each other when they are needed."""

    def __init__(self, samples: Sequence[Sample], cut: Callable[[Sample], Cutout], fps: float):
        self._positions = np.array([one.position for one in samples], int)
        self._apart = _APART_S * fps
        self._cut = lru_cache(_KEPT)(lambda n: cut(samples[n]))
        self._completed = lru_cache(_KEPT)(self._complete)

    def nearest(self, position: int) -> CompletedCutout | None:
        """Of the sample that is nearest in time; None if there is none."""
        return self._completed(self._nearest(position)) if len(self._positions) else None

    def source(self, position: int) -> int:
        """The position of that sample; the same position if there is none."""
        return int(self._positions[self._nearest(position)]) if len(self._positions) else position

    def _nearest(self, position: int) -> int:
        return int(np.abs(self._positions - position).argmin())

    def _complete(self, n: int) -> CompletedCutout:
        cut = self._cut(n)
        away = np.abs(self._positions - self._positions[n])
        order = [int(m) for m in np.argsort(away, kind="stable") if away[m] > self._apart]
        others = tuple(lambda m=m: self._cut(m) for m in order[:_TRIED])
        return CompletedCutout(cut.rgb, cut.parts, cut.pose, others)
