"""What of each frame is replaced by background: people, what hangs on them, and their shadows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from gait_demo.background.foreground import pack, unpack
from gait_demo.background.plate import NoPlate, Plate, working_scale, working_shape
from gait_demo.imaging.jpeg import packed, unpacked
from gait_demo.imaging.morphology import widened
from gait_demo.imaging.resizing import scaling
from gait_demo.people.person import Person
from gait_demo.people.visibility import CONSEQUENCES, Visibility
from gait_demo.pipeline.blobs import Blobs

_SURE = 0.15  # of a matte: what is fainter is not the person
_WIDER = 0.0125  # heights around what hangs on somebody
_REACH = 0.3  # heights around a box in which a bag may hang together with a person
_SHADOW_REACH = 0.6  # heights around a box in which a cast shadow is removed
_RIM = 16  # pixels around a hole that are kept of a clean frame
_OWN = 0.02  # of the matte's area that a piece of foreground must share with it, ...
_LARGE = 4000  # ... or of so many working pixels, of larger people
_MOSTLY = 0.5  # of a shadow, or of a piece while a person is not seen, that is as near: it goes
_WRONG = 0.06  # of the picture beside people: where more stands out, the background is wrong
_AREA = 0.1  # squared heights that a body covers, at least
_BAGS, _SHADOWS = 0.5, 1.0  # of the matte's area: where more stands out, the background is wrong
_GUESSED = 2.0  # the same, while the person is not seen
_WITH_HAT = 2.0  # radii of a head: what belongs to it
_CHIN = 0.8  # radii of an upright head: where it ends below its centre
_GUESSED_HEAD = 0.1  # heights: its radius where no landmarks say so


@dataclass(frozen=True)
class Removal:
    """A part of a frame that goes.

    Attributes:
        x, y: of its upper left corner, at working resolution.
        shape: (h, w).
        height: of the person, in pixels of the frame.
    """

    x: int
    y: int
    shape: tuple[int, int]
    height: float
    packed: bytes = field(repr=False)

    @property
    def mask(self) -> np.ndarray:
        """(h, w) uint8, 0 or 1."""
        return unpack(self.packed, self.shape)


@dataclass(frozen=True)
class CleanPart:
    """A part of a frame without its people.

    Attributes:
        x, y: of its upper left corner, in pixels of the image that was kept of the frame.
        scale: of that image, against the frame.
    """

    x: int
    y: int
    scale: float
    packed: bytes = field(repr=False)

    @classmethod
    def of(cls, image: np.ndarray, hole: np.ndarray, scale: float) -> CleanPart:
        """
        Args:
            image: (h, w, 3) uint8, without people.
            hole: (h, w) uint8, not 0 where they were; somewhere.
        """
        x, y, w, h = cv2.boundingRect(hole)
        x, y, right, bottom = max(0, x - _RIM), max(0, y - _RIM), x + w + _RIM, y + h + _RIM
        return cls(x, y, scale, packed(image[y:bottom, x:right]))

    def decoded(self) -> np.ndarray:
        """(h, w, 3) uint8."""
        return unpacked(self.packed)

    def crop(self, decoded: np.ndarray, x: int, y: int, w: int, h: int) -> np.ndarray:
        """(h, w, 3) uint8: a part of the frame; beyond what is known, its border goes on."""
        here = [[1, 0, self.x], [0, 1, self.y], [0, 0, 1]]
        to_part = scaling(1 / self.scale)[:2] @ here - [[0, 0, x], [0, 0, y]]
        return cv2.warpAffine(decoded, to_part, (w, h), None, cv2.INTER_LINEAR,
                              cv2.BORDER_REPLICATE)  # fmt: skip


def matte_mask(
    person: Person, position: int, shape: tuple[int, int], scale: float, more: float = 0.0
) -> np.ndarray:
    """(h, w) uint8, 0 or 1, at working resolution: where somebody is, and a little around, by
    `more` heights more."""
    one, box = person.detections[position], person.track.xyxy[position]
    wider = CONSEQUENCES[Visibility(person.visibility[position])].widened
    mask = np.zeros(shape, np.uint8)
    if wider is None:
        return mask
    wider += more
    tall = box[3] - box[1]
    x0, y0, x1, y1 = _clipped(one.box, wider * tall, scale, shape)
    if x1 <= x0 or y1 <= y0:
        return mask
    soft = one.matte.drawn(x0, y0, x1 - x0, y1 - y0, scale)
    mask[y0:y1, x0:x1] = soft > _SURE
    return widened(mask, max(2, round(wider * tall * scale)))


class Remover:
    """Finds what goes, frame by frame."""

    def __init__(
        self, people: Sequence[Person], frame_shape: tuple[int, int], drawn: Collection[int]
    ):
        """
        Args:
            frame_shape: (H, W).
            drawn: track ids of those who are drawn again; of the others nothing may stay.
        """
        self._people, self._drawn = people, drawn
        self._scale, self._shape = working_scale(frame_shape), working_shape(frame_shape)

    def at(self, index: int, image: np.ndarray, plate: Plate | NoPlate) -> list[Removal | None]:
        """For each person, what goes of a frame; None where nothing of them is in it.

        Args:
            image: (h, w, 3) uint8, the frame at working resolution.
            plate: of its shot.
        """
        masks = [self._mask(person, index) for person in self._people]
        if all(mask is None for mask in masks):
            return masks
        moving, shadow = plate.differences(image, index)
        everybody = np.max([mask for mask in masks if mask is not None], axis=0)
        beside = everybody == 0
        if moving[beside].sum() > _WRONG * beside.sum():  # the plate does not fit this frame
            moving, shadow = np.zeros_like(moving), np.zeros_like(shadow)
        elif isinstance(plate, Plate):
            masks = [
                None if mask is None else self._standing_out(person, index, mask, moving)
                for person, mask in zip(self._people, masks, strict=True)
            ]
        pieces = [Blobs.of(each, self._scale) for each in (moving, shadow)]
        return [
            None if mask is None else self._removal(person, index, mask, everybody, pieces)
            for person, mask in zip(self._people, masks, strict=True)
        ]

    def _mask(self, person: Person, index: int) -> np.ndarray | None:
        position = person.position(index)
        if position is None:
            return None
        return matte_mask(person, position, self._shape, self._scale)

    def _standing_out(
        self, person: Person, index: int, mask: np.ndarray, moving: np.ndarray
    ) -> np.ndarray:
        """A person's mask; where they may be, but are not seen yet, or no more, only what of it
        stands out from the background."""
        position = person.position(index)
        if not person.around[position]:
            return mask
        x0, y0, x1, y1 = person.track.xyxy[position]
        return mask & widened(mask & moving, max(2, round(_WIDER * (y1 - y0) * self._scale)))

    def _removal(
        self,
        person: Person,
        index: int,
        mask: np.ndarray,
        everybody: np.ndarray,
        pieces: list[Blobs],
    ) -> Removal | None:
        box, position = person.box(index), person.position(index)
        tall = float(box[3] - box[1])
        near, far = (
            _rectangle(_clipped(box, reach * tall, self._scale, self._shape), self._shape)
            for reach in (_REACH, _SHADOW_REACH)
        )
        others = everybody & ~mask
        moving, shadow = pieces
        if self._stays(person, position):
            own = (mask | (moving.labels > 0)) & self._head(person, position, _WITH_HAT)
            own = own & ~others | self._head(person, position, 1.0)  # also what a matte lacks of it
            return _removal_of(own, tall)
        if not person.around[position]:
            mask = mask | self._head(person, position, 1.0)  # a matte may lack it
        own = mask
        usual = max(float(mask.sum()), _AREA * (tall * self._scale) ** 2)
        is_seen = person.seen[position]
        shared = np.bincount(moving.labels[mask > 0], minlength=len(moving.areas))
        hangs = shared > _OWN * min(int(mask.sum()), _LARGE)
        if not is_seen:  # the matte is a guess
            hangs |= moving.share(near) > _MOSTLY
        own = _joined(own, moving, hangs, near & ~others, usual * (_BAGS if is_seen else _GUESSED))
        cast = shadow.touched(own) | (shadow.share(near) > _MOSTLY)
        own = _joined(own, shadow, cast, far & ~others, usual * _SHADOWS)
        own = mask | widened(own & ~mask, max(1, round(_WIDER * tall * self._scale))) & far
        return _removal_of(own, tall)

    def _stays(self, person: Person, position: int) -> bool:
        """Whether the picture below somebody's head stays, but for a shift of the outline: where
        they are only guessed to be, the head may be elsewhere."""
        keeps_pose = bool(person.seen[position] and person.keeps_pose[position])
        return keeps_pose and person.track.track_id in self._drawn

    def _head(self, person: Person, position: int, radii: float) -> np.ndarray:
        """(h, w) uint8, 0 or 1: within so many radii of where a head is."""
        x, y, radius = person.heads[position] * self._scale
        if not np.isfinite(radius):
            left, top, right, bottom = person.track.xyxy[position] * self._scale
            radius = _GUESSED_HEAD * (bottom - top)
            x, y = (left + right) / 2, top + radius
        mask = np.zeros(self._shape, np.uint8)
        centre = round(float(x)), round(float(y))
        cv2.circle(mask, centre, round(float(radii * radius)), 1, cv2.FILLED)
        top, bottom = person.track.xyxy[position, [1, 3]] * self._scale
        if y < (2 * top + bottom) / 3:  # upright
            mask[int(max(0, y + _CHIN * radius)) :] = 0
        return mask


def _removal_of(mask: np.ndarray, height: float) -> Removal | None:
    x, y, w, h = cv2.boundingRect(mask)
    if w * h == 0:
        return None
    return Removal(x, y, (h, w), height, pack(mask[y : y + h, x : x + w]))


def _joined(
    own: np.ndarray, blobs: Blobs, which: np.ndarray, near: np.ndarray, most: float
) -> np.ndarray:
    """A mask (h, w), uint8, 0 or 1, with those blobs, as far as they are near; without them if they
    have more than `most` pixels."""
    more = which.astype(np.uint8)[blobs.labels] & near & ~own
    more[blobs.labels == 0] = 0
    return own | more if more.sum() <= most else own


def _rectangle(box: tuple[int, int, int, int], shape: tuple[int, int]) -> np.ndarray:
    """(h, w) uint8, 1 in a box and 0 elsewhere."""
    x0, y0, x1, y1 = box
    mask = np.zeros(shape, np.uint8)
    mask[y0:y1, x0:x1] = 1
    return mask


def _clipped(
    box: np.ndarray, margin: float, scale: float, shape: tuple[int, int]
) -> tuple[int, int, int, int]:
    """x0, y0, x1, y1 in whole working pixels."""
    low = np.floor((np.asarray(box[:2]) - margin) * scale)
    high = np.ceil((np.asarray(box[2:]) + margin) * scale)
    h, w = shape
    x0, y0 = int(np.clip(low[0], 0, w)), int(np.clip(low[1], 0, h))
    return x0, y0, int(np.clip(high[0], x0, w)), int(np.clip(high[1], y0, h))
