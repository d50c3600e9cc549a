"""The old people go: everybody who gets another gait, and whoever may be one of them."""

from __future__ import annotations

import cv2
import numpy as np

from gait_demo.boxes import area, iou, overlap
from gait_demo.composite import box_region, erase, silhouette_region
from gait_demo.config import TrackOptions
from gait_demo.doubts import LEAST
from gait_demo.pipeline.analysis import Analysis, Person
from gait_demo.pipeline.blobs import Blobs
from gait_demo.sightings import nearest_of
from gait_demo.silhouettes import own_mask, own_place
from gait_demo.structures import Track

_STRANGER = 0.15  # of the smallest person: what moves and is as tall is not let through
_SAME = 0.2  # share of a person's box and a sighting, from which on it may be theirs
_OTHER = 0.5  # of the smallest person: who is taken out, is as tall, and is not followed, counts


class Eraser:
    """Takes people out of the frames of one video."""

    def __init__(self, analysis: Analysis, chosen: list[Person] | None, options: TrackOptions):
        """chosen: whom to take out; None: everyone, and what else moves or looks like a person."""
        self._analysis = analysis
        self._everyone = chosen is None
        self._people = analysis.people if chosen is None else chosen
        self._smallest_px = options.min_height_px

    def erase(self, rgb: np.ndarray, index: int) -> tuple[bool, bool]:
        """Takes the old people out of a frame.

        Args:
            rgb: (H, W, 3) uint8, changed in place.
            index: of the frame.

        Returns:
            Whether one of them was lost, and whether something was taken out as well that may be
            somebody who is not followed.
        """
        shape, plate = rgb.shape[:2], self._analysis.plate
        moving, scale = self._analysis.foreground[index], self._analysis.foreground.scale
        shadows = Blobs.of(self._analysis.foreground.shadow(index), scale)
        blobs = Blobs.of(moving, scale)
        mine = np.zeros_like(moving)
        regions, lost, seen = [], False, False
        for person in self._people:
            position, box = person.position(index), person.box(index)
            if position is None:
                continue
            track, side = person.track, self._side(person.track, index)
            own = self._seen(track, index)
            own = own | own_mask(self._analysis.foreground, track, [], index) & side
            lost |= bool(person.lost[position])
            seen |= bool(person.seen[position])
            if not person.seen[position]:
                regions.append(box_region(shape, box))
            elif person.partial[position]:
                own = own | _filled(box, scale, own.shape) & side
            if self._everyone:  # with all that hangs together with the person
                own, box = blobs.whole(own, box, blobs.share(own) > 0.5)
            mine |= own
            own, _ = shadows.whole(own, box, shadows.touched(own))
            mask, square = (each[position] for each in (
                person.silhouettes.masks, person.silhouettes.squares))  # fmt: skip
            regions.append(silhouette_region(shape, own, box, [(mask, square)]))
        strangers = []
        if self._everyone or lost or not seen:  # whoever is nobody else may be who is not seen
            others = self._bystanders(index, blobs)
            strangers = self._strangers((moving & ~mine | self._suspects(index)) & ~others, scale)
        for blob, box in strangers:
            blob, _ = shadows.whole(blob, box, shadows.touched(blob))
            regions.append(silhouette_region(shape, blob, box, []))
        original = rgb.copy()
        for region in regions:
            if region is not None:
                erase(rgb, plate, index, region, original)
        return lost, any(self._is_other(box, index) for _, box in strangers)

    def _bystanders(self, index: int, blobs: Blobs) -> np.ndarray:
        """Where those are who are seen in a frame and stay in clear, (h, w) uint8, 0 or 1."""
        analysis = self._analysis
        tracks = [person.track for person in analysis.people]
        chosen = {person.track.track_id for person in self._people}
        theirs = np.zeros(analysis.foreground.shape, np.uint8)
        for person in analysis.people:
            position = person.position(index)
            if person.track.track_id in chosen or position is None or not person.seen[position]:
                continue
            own = self._seen(person.track, index)
            own = own | own_mask(analysis.foreground, person.track, tracks, index)
            theirs |= blobs.whole(own, person.box(index), blobs.share(own) > 0.5)[0]
        return theirs

    def _seen(self, track: Track, index: int) -> np.ndarray:
        """Where a person was seen in a frame, (h, w) uint8, 0 or 1."""
        analysis = self._analysis
        tracks = [person.track for person in analysis.people]
        return own_place(analysis.foreground, track, tracks, index, analysis.sightings)

    def _is_other(self, box: np.ndarray, index: int) -> bool:
        """Whether a box of what was taken out may be somebody who is not followed."""
        followed = [person.box(index) for person in self._analysis.people]
        known = any(overlap(box, one) > 0.5 * area(box) for one in followed if one is not None)
        return not known and box[3] - box[1] >= _OTHER * self._smallest_px

    def _side(self, track: Track, index: int) -> np.ndarray:
        """Where one who is taken out may be, (h, w) uint8, 0 or 1: everywhere or, if the detector
        has seen both them and another whose box overlaps theirs, nearer to them, so that the other
        stays whole."""
        foreground, sightings = self._analysis.foreground, self._analysis.sightings
        everywhere = np.ones(foreground.shape, np.uint8)
        if self._everyone:
            return everywhere
        box = track.xyxy[index - track.first_frame]
        found = [person for person in self._analysis.people if person.track.is_found(index)]
        others = [person.box(index) for person in found if person.track is not track]
        boxes = np.stack([box, *(other for other in others if overlap(box, other) > 0)])
        masks, mine = [], []
        for one in sightings.frames[sightings.last_look(index)] or []:
            shares = iou(one.xyxy, boxes)
            if shares.max() > _SAME:
                masks.append(sightings.mask(one))
                mine.append(shares.argmax() == 0)
        if not any(mine):  # a mask of another may hold them, too
            return everywhere
        return np.array(mine, np.uint8)[nearest_of(np.stack(masks))]

    def _suspects(self, index: int) -> np.ndarray:
        """Where the detector last saw anybody who is not followed, (h, w) uint8, 0 or 1."""
        sightings = self._analysis.sightings
        suspects = np.zeros(sightings.shape, np.uint8)
        looked = sightings.last_look(index)
        followed = {
            int(track.sightings[looked - track.first_frame])
            for track in (person.track for person in self._analysis.people)
            if track.sightings is not None
            and track.first_frame <= looked <= index < track.first_frame + len(track)
        }
        for number, sighting in enumerate(sightings.frames[looked] or []):
            if sighting.score >= LEAST and number not in followed:
                suspects |= sightings.mask(sighting)
        return suspects

    def _strangers(self, left: np.ndarray, scale: float) -> list[tuple[np.ndarray, np.ndarray]]:
        """Of what is left, (h, w) uint8, 0 or 1, all that is tall enough to be somebody, or a part
        of somebody: mask and box."""
        left = cv2.morphologyEx(left, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        if not left.any():
            return []
        blobs = Blobs.of(left, scale)
        tall = blobs.xyxy[:, 3] - blobs.xyxy[:, 1] >= _STRANGER * self._smallest_px
        tall[0] = False  # the background
        return [
            ((blobs.labels == label).astype(np.uint8), blobs.xyxy[label])
            for label in np.flatnonzero(tall)
        ]


def _filled(box: np.ndarray, scale: float, shape: tuple[int, int]) -> np.ndarray:
    """(h, w) uint8: 1 in a box in full pixels."""
    mask = np.zeros(shape, np.uint8)
    low, high = np.floor(scale * box[:2]), np.ceil(scale * box[2:])
    (x0, y0), (x1, y1) = (np.clip(corner, 0, shape[::-1]).astype(int) for corner in (low, high))
    mask[y0:y1, x0:x1] = 1
    return mask
