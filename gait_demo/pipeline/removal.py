"""The region of each frame that is replaced by background: people, what they carry, and their
shadows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from gait_demo.background.foreground import pack, unpack
from gait_demo.background.learning import SHADOW_REACH
from gait_demo.background.plate import NoPlate, Plate, working_scale, working_shape
from gait_demo.imaging.jpeg import packed, unpacked
from gait_demo.imaging.morphology import widened
from gait_demo.imaging.resizing import scaling
from gait_demo.people.person import Person
from gait_demo.people.visibility import CONSEQUENCES, Visibility
from gait_demo.pipeline.blobs import Blobs

# "heights" are heights of the person's body; "foreground" is what differs from the background plate
_SURE = 0.15  # matte level above which a pixel belongs to the person
_WIDER = 0.0125  # heights: margin around bags and other foreground that is removed with a person
_REACH = 0.3  # heights around a box in which foreground may be a bag of the person
_LARGE_SHADOW_REACH = 0.6  # in place of SHADOW_REACH, for one that is too large for the person
_GAP_PX = 11  # working pixels: gaps of a shadow that are closed, where it is faint
_RIM = 16  # pixels kept around the hole of a clean part
_OWN = 0.02  # share of the matte's area that a component of foreground must overlap, to be removed
_LARGE = 4000  # maximum of that area, in working pixels
# share of a shadow (or, while the person is not seen, of any foreground) that must be within reach
# for it to be removed although it does not touch the person
_MOSTLY = 0.5
_WRONG = 0.06  # share of the frame without people: with more foreground, the plate does not fit
_AREA = 0.1  # squared heights: minimum area of a body
# shares of the matte's area: with more foreground, or more shadow, the plate is probably wrong and
# only the matte is removed
_BAGS, _SHADOWS = 0.5, 1.0
_GUESSED = 2.0  # the same as _BAGS, where the person is not seen
_WITH_HAT = 2.0  # radii of a disc that holds a head and a hat
_CHIN = 0.8  # radii from the centre of an upright head down to its chin
_GUESSED_HEAD = 0.1  # heights: radius of a head without landmarks


@dataclass(frozen=True)
class Removal:
    """The region of one person in one frame that is replaced by background.

    Attributes:
        x, y: upper left corner of its bounding box, in working pixels.
        shape: (h, w) of its bounding box, in working pixels.
        height: of the person, in pixels of the full frame.
        packed: the mask, compressed.
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
    """A part of a frame from which the people are removed, as JPEG.

    Attributes:
        x, y: upper left corner, in pixels of the stored frame.
        scale: size of the stored frame relative to the full frame.
        packed: the part as JPEG.
    """

    x: int
    y: int
    scale: float
    packed: bytes = field(repr=False)

    @classmethod
    def of(cls, image: np.ndarray, hole: np.ndarray, scale: float) -> CleanPart:
        """
        Args:
            image: (h, w, 3) uint8, the stored frame without people.
            hole: (h, w) uint8, not 0 where the people were; must not be empty.
            scale: size of the stored frame relative to the full frame.
        """
        x, y, w, h = cv2.boundingRect(hole)
        x, y, right, bottom = max(0, x - _RIM), max(0, y - _RIM), x + w + _RIM, y + h + _RIM
        return cls(x, y, scale, packed(image[y:bottom, x:right]))

    def decoded(self) -> np.ndarray:
        """(h, w, 3) uint8."""
        return unpacked(self.packed)

    def crop(self, decoded: np.ndarray, x: int, y: int, w: int, h: int) -> np.ndarray:
        """(h, w, 3) uint8: a rectangle of the full frame, in its pixels. Outside the known part the
        border is replicated.

        Args:
            decoded: as returned by `decoded`, so that it is decoded only once for many crops.
        """
        here = [[1, 0, self.x], [0, 1, self.y], [0, 0, 1]]
        to_part = scaling(1 / self.scale)[:2] @ here - [[0, 0, x], [0, 0, y]]
        return cv2.warpAffine(decoded, to_part, (w, h), None, cv2.INTER_LINEAR,
                              cv2.BORDER_REPLICATE)  # fmt: skip


def matte_mask(
    person: Person, position: int, shape: tuple[int, int], scale: float, more: float = 0.0
) -> np.ndarray:
    """(h, w) uint8, 0 or 1, at working resolution: the person's matte, widened as `CONSEQUENCES`
    says for their visibility, and by `more` body heights."""
    detection, box = person.detections[position], person.track.xyxy[position]
    wider = CONSEQUENCES[Visibility(person.visibility[position])].widened
    mask = np.zeros(shape, np.uint8)
    if wider is None:
        return mask
    wider += more
    tall = box[3] - box[1]
    x0, y0, x1, y1 = _clipped(detection.box, wider * tall, scale, shape)
    if x1 <= x0 or y1 <= y0:
        return mask
    soft = detection.matte.drawn(x0, y0, x1 - x0, y1 - y0, scale)
    mask[y0:y1, x0:x1] = soft > _SURE
    return widened(mask, max(2, round(wider * tall * scale)))


class Remover:
    """Finds the regions to replace by background, frame by frame."""

    def __init__(
        self, people: Sequence[Person], frame_shape: tuple[int, int], drawn: Collection[int]
    ):
        """
        Args:
            frame_shape: (H, W).
            drawn: track ids of the people who are drawn again; the others are removed completely.
        """
        self._people, self._drawn = people, drawn
        self._scale, self._shape = working_scale(frame_shape), working_shape(frame_shape)

    def at(self, index: int, image: np.ndarray, plate: Plate | NoPlate) -> list[Removal | None]:
        """For each person, the region of a frame to replace; None where the person is not in it.

        Args:
            image: (h, w, 3) uint8, the frame at working resolution.
            plate: of the frame's shot.
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
        shadow = cv2.morphologyEx(shadow, cv2.MORPH_CLOSE, np.ones((_GAP_PX, _GAP_PX), np.uint8))
        pieces = [Blobs.of(mask, self._scale) for mask in (moving, shadow)]
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
        """A person's mask; before the first and after the last frame that shows them, only the
        part of it that differs from the background."""
        position = person.position(index)
        if not person.extrapolated[position]:
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
        near, far, less_far = (
            _rectangle(_clipped(box, reach * tall, self._scale, self._shape), self._shape)
            for reach in (_REACH, SHADOW_REACH, _LARGE_SHADOW_REACH)
        )
        others = everybody & ~mask
        moving, shadow = pieces
        if self._stays(person, position):
            own = (mask | (moving.labels > 0)) & self._head(person, position, _WITH_HAT)
            own = own & ~others | self._head(person, position, 1.0)  # the matte may lack parts
            return _removal_of(own, tall)
        if not person.extrapolated[position]:
            mask = mask | self._head(person, position, 1.0)  # the matte may lack parts
        own = mask
        usual = max(float(mask.sum()), _AREA * (tall * self._scale) ** 2)
        is_seen = person.seen[position]
        shared = np.bincount(moving.labels[mask > 0], minlength=len(moving.areas))
        hangs = shared > _OWN * min(int(mask.sum()), _LARGE)
        if not is_seen:  # the matte comes from another frame
            hangs |= moving.share(near) > _MOSTLY
        own = _joined(own, moving, hangs, near & ~others, usual * (_BAGS if is_seen else _GUESSED))
        cast = shadow.touched(own) | (shadow.share(near) > _MOSTLY)
        for region in (far, less_far):
            joined = _joined(own, shadow, cast, region & ~others, usual * _SHADOWS)
            if joined is not own:
                break
        own = joined
        own = mask | widened(own & ~mask, max(1, round(_WIDER * tall * self._scale))) & far
        return _removal_of(own, tall)

    def _stays(self, person: Person, position: int) -> bool:
        """Whether only the head is replaced, because the person keeps their pose and only their
        outline changes. Only where they are seen: elsewhere the head may be in another place."""
        keeps_pose = bool(person.seen[position] and person.keeps_pose[position])
        return keeps_pose and person.track.track_id in self._drawn

    def _head(self, person: Person, position: int, radii: float) -> np.ndarray:
        """(h, w) uint8, 0 or 1: a disc around the head, `radii` head radii large, cut off below the
        chin of an upright person."""
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
    """A mask (h, w), uint8, 0 or 1, joined with the components in `which`, as far as they lie in
    `near`. The mask alone if that would add more than `most` pixels: then the background plate is
    probably wrong."""
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
    """x0, y0, x1, y1 in whole working pixels: a box in pixels of the full frame, with a margin,
    clipped to the frame."""
    low = np.floor((np.asarray(box[:2]) - margin) * scale)
    high = np.ceil((np.asarray(box[2:]) + margin) * scale)
    h, w = shape
    x0, y0 = int(np.clip(low[0], 0, w)), int(np.clip(low[1], 0, h))
    return x0, y0, int(np.clip(high[0], x0, w)), int(np.clip(high[1], y0, h))
