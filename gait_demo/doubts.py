"""Whoever was seen, but too seldom, too unsurely or too small to be followed, or in turns with
somebody else, is there longer."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

from gait_demo.background.foreground import pack

from .boxes import area, overlap
from .following import Way, joined, moves, others
from .morphology import moved, widened
from .sightings import Sighting, Sightings
from .structures import Track

LEAST = 0.2  # score of a sighting that may be somebody
# Somebody is likely there whose median score is so much, or who moves and is seen so often
_LIKELY, _OFTEN = 0.35, 5
_AROUND_S = 1.0  # before the first look, and after the last, that they are taken to be there
_AROUND_UNLIKELY_S = 0.2  # the same of others, and of who is always in somebody's box
_INSIDE = 0.6  # of a sighting: from there on it is in a person's box
_FEWEST, _MOST = 3, 8  # looks that tell a speed
_ALIKE = 0.5  # share of two masks running, from which on they are one person's
_REACH = 0.06  # heights around a moved mask: limbs move otherwise than the body


def spread(sightings: Sightings, tracks: list[Track], fps: float) -> None:
    """Gives whoever is on no track a sighting in the looks between those in which they were seen,
    and for a while before and after: that of the nearest look, moved along. The same, for a
    moment, where what a track shows changes so much that it may be two people's.

    Args:
        sightings: of the clip; what it gets is `bridged`, and who is likely `unfollowed`.
        tracks: of everybody who is followed.
    """
    looked = np.flatnonzero([seen is not None for seen in sightings.frames])
    doubtful = _doubtful(sightings, tracks)
    for track in tracks:
        if track.sightings is not None:
            _fill_changes(sightings, track, fps)
    for way in joined(sightings, doubtful, fps):
        first, last, is_likely = min(way), max(way), _is_likely(sightings, way)
        if len(way) == 1 and not is_likely:
            continue
        # who is always in somebody's box may be a part of them
        is_apart = is_likely and not all(
            _holders(sightings, tracks, *place) for place in way.items()
        )
        if is_apart:
            sightings.unfollowed.append((first, last))
        around = round(fps * (_AROUND_S if is_apart else _AROUND_UNLIKELY_S))
        near = looked[(looked >= first - around) & (looked <= last + around)]
        _fill(sightings, way, [int(n) for n in near if n not in way], may_stand=is_apart)


def _doubtful(sightings: Sightings, tracks: list[Track]) -> list[Way]:
    """The sightings, each by itself, of nobody who is followed."""
    followed = [
        {track.first_frame + n: int(number) for n, number in enumerate(track.sightings)}
        for track in tracks
        if track.sightings is not None
    ]

    def is_of(track: Track, frame: int, number: int) -> bool:
        """Whether a sighting in a person's box is that person's, and not of a child beside them,
        say."""
        if track.sightings is None or track.sightings[frame - track.first_frame] < 0:
            return True
        seen = sightings.frames[frame]
        own = seen[track.sightings[frame - track.first_frame]]
        return own.bridged or seen[number].score < _LIKELY

    return [
        way
        for way in others(sightings, followed, LEAST)
        for place in way.items()
        if not any(is_of(track, *place) for track in _holders(sightings, tracks, *place))
    ]


def _holders(sightings: Sightings, tracks: list[Track], frame: int, number: int) -> list[Track]:
    """Those in whose boxes a sighting is; of whom the detector sees, where it did."""
    box = sightings.frames[frame][number].xyxy
    there = [
        track
        for track in tracks
        if track.first_frame <= frame < track.first_frame + len(track)
        and (track.sightings is None or track.is_found(frame))
    ]
    boxes = ((track, track.xyxy[frame - track.first_frame]) for track in there)
    return [track for track, each in boxes if overlap(box, each) > _INSIDE * area(box)]


def _is_likely(sightings: Sightings, way: Way) -> bool:
    seen = [sightings.frames[frame][number] for frame, number in sorted(way.items())]
    if np.median([one.score for one in seen]) >= _LIKELY:
        return True
    return len(seen) >= _OFTEN and moves(np.stack([one.xyxy for one in seen]))


def _fill(sightings: Sightings, way: Way, frames: list[int], may_stand: bool) -> None:
    """Adds somebody in the frames; who may stand, and was seen in few, also where they were."""
    looks = np.array(sorted(way))
    seen = [sightings.frames[look][way[look]] for look in looks]
    middles = np.stack([(one.xyxy[:2] + one.xyxy[2:]) / 2 for one in seen])
    places = _places(looks, middles, frames)
    if may_stand and len(looks) < _MOST:  # their speed is not sure
        still = np.zeros(2)
        _add(sightings, seen[0], [(frame, still) for frame in frames if frame < looks[0]])
        _add(sightings, seen[-1], [(frame, still) for frame in frames if frame > looks[-1]])
    nearest = np.abs(looks[:, None] - np.array(frames, int)).argmin(axis=0)
    for n in np.unique(nearest):
        there = [(frames[m], places[m] - middles[n]) for m in np.flatnonzero(nearest == n)]
        _add(sightings, seen[n], there)


def _fill_changes(sightings: Sightings, track: Track, fps: float) -> None:
    """Adds what a track shows before a change after it as well, and the other way round."""
    looks = np.flatnonzero(track.sightings >= 0)
    middles = (track.xyxy[:, :2] + track.xyxy[:, 2:]) / 2
    around = round(_AROUND_UNLIKELY_S * fps)
    for a, b in pairwise(looks):
        pair = [sightings.frames[track.first_frame + n][track.sightings[n]] for n in (a, b)]
        masks = [sightings.mask(one) for one in pair]
        before = moved(masks[0], sightings.scale * (middles[b] - middles[a]))
        if (before & masks[1]).sum() > _ALIKE * (before | masks[1]).sum():
            continue
        after, until = (
            looks[(looks > a) & (looks <= a + around)],
            looks[(looks < b) & (looks >= b - around)],
        )
        for n, one, there in ((a, pair[0], after), (b, pair[1], until)):
            _add(sightings, one, [(track.first_frame + m, middles[m] - middles[n]) for m in there])


def _add(sightings: Sightings, seen: Sighting, there: list[tuple[int, np.ndarray]]) -> None:
    """Adds a sighting in other frames, each with the full pixels, (2,), by which it is moved."""
    mask = sightings.mask(seen)
    mask = widened(mask, max(1, round(_REACH * cv2.boundingRect(mask)[3])))
    for frame, shift in there:
        there_mask = pack(moved(mask, sightings.scale * shift))
        box = (seen.xyxy + np.tile(shift, 2)).astype(np.float32)
        sightings.frames[frame].append(Sighting(box, seen.score, there_mask, bridged=True))


def _places(looks: np.ndarray, middles: np.ndarray, frames: list[int]) -> np.ndarray:
    """(F, 2) where somebody is who was at `middles`, (T, 2), in the frames `looks`: on the line
    between two looks or, with the speed of the nearest, beyond all of them."""
    frames = np.array(frames, int)
    places = np.column_stack([np.interp(frames, looks, each) for each in middles.T])
    if len(looks) >= _FEWEST:
        for near, beyond in (
            (slice(None, _MOST), frames < looks[0]),
            (slice(-_MOST, None), frames > looks[-1]),
        ):
            speed, start = np.polyfit(looks[near], middles[near], 1)
            places[beyond] = frames[beyond, None] * speed + start
    return places
