"""Whoever was seen, but too seldom, too unsurely or too small to be followed, is there longer."""

from __future__ import annotations

import cv2
import numpy as np

from .boxes import area, overlap
from .following import Way, joined, others
from .foreground import pack
from .morphology import widened
from .sightings import Sighting, Sightings
from .structures import Track

LEAST = 0.2  # score of a sighting that may be somebody
_LIKELY = 0.35  # median score from which on somebody is told of, and ...
_AROUND_S = 1.0  # ... taken to be there so long before the first look and after the last
_AROUND_UNLIKELY_S = 0.2
_INSIDE = 0.6  # of a sighting: from there on it is of the person in whose box it is
_FEWEST, _MOST = 3, 8  # looks that tell a speed
_REACH = 0.06  # heights around a moved mask: limbs move otherwise than the body


def spread(sightings: Sightings, tracks: list[Track], fps: float) -> None:
    """Gives whoever is on no track a sighting in the looks between those in which they were seen,
    and for a while before and after: that of the nearest look, moved along.

    Args:
        sightings: of the clip; what it gets is `bridged`, and who is likely `unfollowed`.
        tracks: of everybody who is followed.
    """
    looked = [frame for frame, seen in enumerate(sightings.frames) if seen is not None]
    for way in joined(sightings, _doubtful(sightings, tracks), fps):
        score = np.median([sightings.frames[frame][number].score for frame, number in way.items()])
        first, last, around = min(way), max(way), round(_AROUND_UNLIKELY_S * fps)
        if score >= _LIKELY:
            around = round(_AROUND_S * fps)
            sightings.unfollowed.append((first, last))
        for frame in looked:
            if frame not in way and first - around <= frame <= last + around:
                sightings.frames[frame].append(_moved(sightings, way, frame))


def _doubtful(sightings: Sightings, tracks: list[Track]) -> list[Way]:
    """The sightings, each by itself, of nobody who is followed."""
    followed = [
        {track.first_frame + n: int(number) for n, number in enumerate(track.sightings)}
        for track in tracks
        if track.sightings is not None
    ]

    def is_in(track: Track, frame: int, box: np.ndarray) -> bool:
        if not track.is_found(frame):
            return False
        return bool(overlap(box, track.xyxy[frame - track.first_frame]) > _INSIDE * area(box))

    def is_anybodys(frame: int, number: int) -> bool:
        box = sightings.frames[frame][number].xyxy
        return any(is_in(track, frame, box) for track in tracks)

    alone = others(sightings, followed, LEAST)
    return [way for way in alone if not is_anybodys(*next(iter(way.items())))]


def _moved(sightings: Sightings, way: Way, frame: int) -> Sighting:
    """The sighting of the nearest look, where the person should be in a frame."""
    looks = sorted(way)
    seen = [sightings.frames[look][way[look]] for look in looks]
    nearest = int(np.abs(np.array(looks) - frame).argmin())
    way_on = np.stack([(one.xyxy[:2] + one.xyxy[2:]) / 2 for one in seen])
    shift = _position(np.array(looks), way_on, frame) - way_on[nearest]
    x, y = shift * sightings.scale
    mask = sightings.mask(seen[nearest])
    mask = widened(mask, max(1, round(_REACH * cv2.boundingRect(mask)[3])))
    moved = cv2.warpAffine(
        mask, np.array([[1, 0, x], [0, 1, y]]), mask.shape[::-1], flags=cv2.INTER_NEAREST
    )
    box = (seen[nearest].xyxy + np.tile(shift, 2)).astype(np.float32)
    return Sighting(box, seen[nearest].score, pack(moved), bridged=True)


def _position(looks: np.ndarray, places: np.ndarray, frame: int) -> np.ndarray:
    """(2,) where somebody is who was in `places`, (T, 2), in the frames `looks`: on the line
    between two looks or, with the speed of the nearest, beyond all of them."""
    near = slice(None, _MOST) if frame < looks[0] else slice(-_MOST, None)
    if looks[0] <= frame <= looks[-1] or len(looks) < _FEWEST:
        return np.array([np.interp(frame, looks, each) for each in places.T])
    speed, start = np.polyfit(looks[near], places[near], 1)
    return speed * frame + start
