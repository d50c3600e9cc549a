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
from gait_demo.silhouettes import own_mask, own_place
from gait_demo.structures import Track

_STRANGER = 0.15  # of the smallest person: what moves and is as tall is not let through
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
            own = self._place(person.track, index)
            lost |= bool(person.lost[position])
            seen |= bool(person.seen[position])
            if not person.seen[position] or person.partial[position]:
                regions.append(box_region(shape, box))
            if self._everyone:  # with all that hangs together with the person
                own, box = blobs.whole(own, box, blobs.share(own) > 0.5)
            else:
                own = own | self._tangle(person.track, index)
            mine |= own
            own, _ = shadows.whole(own, box, shadows.touched(own))
            mask, square = (each[position] for each in (
                person.silhouettes.masks, person.silhouettes.squares))  # fmt: skip
            regions.append(silhouette_region(shape, own, box, [(mask, square)]))
        strangers = []
        if self._everyone or lost or not seen:  # whoever is nobody else may be who is not seen
            for person in self._bystanders(index):
                own = self._place(person.track, index)
                mine |= blobs.whole(own, person.box(index), blobs.share(own) > 0.5)[0]
            strangers = self._strangers((moving | self._suspects(index)) & ~mine, scale)
        for blob, box in strangers:
            blob, _ = shadows.whole(blob, box, shadows.touched(blob))
            regions.append(silhouette_region(shape, blob, box, []))
        for region in regions:
            if region is not None:
                erase(rgb, plate, index, region)
        return lost, any(self._is_other(box, index) for _, box in strangers)

    def _bystanders(self, index: int) -> list[Person]:
        """Who is seen in a frame and stays in clear."""
        mine = {person.track.track_id for person in self._people}
        others = (p for p in self._analysis.people if p.track.track_id not in mine)
        there = ((person, person.position(index)) for person in others)
        return [person for person, n in there if n is not None and person.seen[n]]

    def _is_other(self, box: np.ndarray, index: int) -> bool:
        """Whether a box of what was taken out may be somebody who is not followed."""
        followed = [person.box(index) for person in self._analysis.people]
        known = any(overlap(box, one) > 0.5 * area(box) for one in followed if one is not None)
        return not known and box[3] - box[1] >= _OTHER * self._smallest_px

    def _place(self, track: Track, index: int) -> np.ndarray:
        """Where a person is in a frame, (h, w) uint8, 0 or 1: as seen, and what moves there."""
        analysis = self._analysis
        tracks = [person.track for person in analysis.people]
        seen = own_place(analysis.foreground, track, tracks, index, analysis.sightings)
        return seen | own_mask(analysis.foreground, track, tracks, index)

    def _tangle(self, track: Track, index: int) -> np.ndarray:
        """What moves in the box of a person whom another overlaps, but for what the detector knows
        to be the other's, (h, w) uint8, 0 or 1."""
        foreground, sightings = self._analysis.foreground, self._analysis.sightings
        box = track.xyxy[index - track.first_frame]
        found = [person for person in self._analysis.people if person.track.is_found(index)]
        others = [person.box(index) for person in found if person.track is not track]
        if not any(overlap(box, other) for other in others):
            return np.zeros(foreground.shape, np.uint8)
        tangle = own_mask(foreground, track, [], index)
        seen = sightings.frames[sightings.last_look(index)] or []
        mine = [iou(one.xyxy, box) > max(iou(one.xyxy, other) for other in others) for one in seen]
        if any(mine):  # else a mask of another may hold the person, too
            for one in (one for one, is_mine in zip(seen, mine, strict=True) if not is_mine):
                tangle &= ~sightings.mask(one)
        return tangle

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
