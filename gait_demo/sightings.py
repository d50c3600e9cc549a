"""What a detector saw of the people in a clip, joined with what stands out from the background."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from gait_demo.background.foreground import pack, unpack

from .boxes import depth_in
from .detector import Detections
from .morphology import narrowed, widened

_REACH = 0.25  # heights around a detected mask in which foreground may be the person's
_CORE = 0.1  # heights from its edge at which a detected mask is sure
# Of the box of a mask in area and in height: where less stands out, subtraction has missed parts
_STANDS_OUT = (0.15, 0.75)
_SWOLLEN = 1.6  # of the mask's area: where more stands out, not all of it is the person's


@dataclass(frozen=True)
class Sighting:
    """One person in one frame.

    Attributes:
        xyxy: (4,) float32 box in full-resolution pixels.
        score: of the detector, in [0, 1].
        bridged: whether it was not detected, but comes from another frame (`bridging`).
    """

    xyxy: np.ndarray
    score: float
    packed: bytes = field(repr=False)
    bridged: bool = False


@dataclass
class Sightings:
    """Every sighting of a clip, by frame.

    Attributes:
        shape: (h, w) of the masks, at working resolution.
        scale: working pixels per full pixel.
        frames: the sightings of each frame; None where the detector did not look.
        unfollowed: the first and the last frame of each stretch in which somebody is likely to be
            seen whom no track shows.
    """

    shape: tuple[int, int]
    scale: float
    frames: list[list[Sighting] | None] = field(default_factory=list)
    unfollowed: list[tuple[int, int]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def looked(self) -> float:
        """Share of the frames in which the detector looked."""
        return sum(seen is not None for seen in self.frames) / max(1, len(self.frames))

    def append(self, seen: Detections | None, foreground: np.ndarray) -> None:
        """Takes the next frame.

        Args:
            seen: at working resolution; None: the detector did not look.
            foreground: (h, w) uint8, 0 or 1; all 0 where there is no background to compare with.
        """
        if seen is None:
            self.frames.append(None)
            return
        masks = join(seen.masks, foreground)
        self.frames.append([
            Sighting(xyxy / np.float32(self.scale), float(score), pack(mask))
            for xyxy, score, mask in zip(seen.xyxy, seen.scores, masks, strict=True)
        ])  # fmt: skip

    def last_look(self, frame: int) -> int:
        """The frame, or else the last one before it, in which the detector looked."""
        return next((n for n in range(frame, -1, -1) if self.frames[n] is not None), frame)

    def mask(self, sighting: Sighting) -> np.ndarray:
        """(h, w) uint8, 0 or 1."""
        return unpack(sighting.packed, self.shape)


def join(masks: np.ndarray, foreground: np.ndarray) -> np.ndarray:
    """Each person's mask, where the detector says about where and subtraction exactly.

    Foreground near a detected mask, and nearer to no other, counts, and so does the mask's core
    beside it: long shadows and neighbours stay out, and what has the background's colour stays
    in. What two masks hold is whose mask it is deeper in. Where much else stands out around a
    person, foreground only takes away from the detected mask. Of a person whom subtraction has
    missed in part, or everybody where the camera moves, it is taken as it is.

    Args:
        masks: (N, h, w) uint8, 0 or 1, as detected.
        foreground: (h, w) uint8, 0 or 1.

    Returns:
        (N, h, w) uint8, 0 or 1.
    """
    if not len(masks) or not foreground.any():
        return masks
    joined = masks.copy()
    nearest = nearest_of(masks)
    for n, (mask, result) in enumerate(zip(masks, joined, strict=True)):
        x, y, w, h = cv2.boundingRect(mask)
        if h == 0:
            continue
        reach, core = max(2, round(_REACH * h)), max(1, round(_CORE * h))
        part = np.s_[max(0, y - reach) : y + h + reach, max(0, x - reach) : x + w + reach]
        mine = nearest[part] == n
        own = mask[part] & mine
        near = widened(own, reach) & mine
        out = foreground[part] & near
        if cv2.countNonZero(out) > _SWOLLEN * cv2.countNonZero(own):
            out &= own
        area, height = cv2.countNonZero(out), cv2.boundingRect(out)[3]
        if area > _STANDS_OUT[0] * w * h and height > _STANDS_OUT[1] * h:
            result[part] = out | narrowed(own, core) & widened(out, core)
    return joined


def nearest_of(masks: np.ndarray) -> np.ndarray:
    """(h, w) in which of the masks (N, h, w), uint8, each pixel is deepest, or else nearest to."""
    return np.argmax([depth_in(mask) for mask in masks], axis=0)
