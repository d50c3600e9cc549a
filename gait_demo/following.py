"""The ways of people through a clip, from what a detector saw of them frame by frame.

ByteTrack (Zhang et al. 2022), as ultralytics has it, follows people through crossings and, by
prediction, for a while through frames in which they are not seen.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .sightings import Sightings

_GAP_S = 1.0  # a person may stay unseen for so long and still be the same
_HIDDEN_S = 1.5  # and so long behind another
_LINE = 8  # sightings that show which way somebody goes
# Heights by which two ways that are one may miss each other, and more for each second between them
_SAME, _DRIFT = 0.4, 0.15
_ONCE, _PACE = 0.1, 1.0  # the same, at most, of who was seen once
_STRIDES_AWAY = 0.2  # heights a person moves, or else ...
_GROWS = 0.15  # ... grows, in logarithms
_TRUNK = 0.4  # width over height by which the tracker knows a person
SURELY = 0.45  # score that begins a way
_SURE, _UNSURE = 0.35, 0.1  # scores that go on with a way, and at most one

Way = dict[int, int]  # frame to number of the sighting in it


def follow(sightings: Sightings, fps: float) -> list[Way]:
    """Who in one frame is who in the others, of all who are surely seen in two looks running."""
    tracker = _byte_tracker(round(_GAP_S * fps * sightings.looked))
    ways: dict[int, Way] = {}
    for frame, seen in enumerate(sightings.frames):
        if seen is not None:
            for track_id, number in _update(tracker, sightings, frame):
                ways.setdefault(track_id, {})[frame] = number
    return joined(sightings, list(ways.values()), fps)


def others(sightings: Sightings, ways: Iterable[Way], least: float) -> list[Way]:
    """Who is on none of the ways and has a score of at least `least`, each sighting by itself."""
    followed = {place for way in ways for place in way.items()}
    return [
        {frame: number}
        for frame, seen in enumerate(sightings.frames)
        for number, one in enumerate(seen or [])
        if one.score >= least and (frame, number) not in followed
    ]


def _byte_tracker(gap: int):
    """The tracker; `gap` is for how many looks somebody may stay unseen."""
    from ultralytics.trackers.byte_tracker import BYTETracker
    from ultralytics.utils import IterableSimpleNamespace

    return BYTETracker(
        IterableSimpleNamespace(
            track_high_thresh=_SURE, track_low_thresh=_UNSURE, new_track_thresh=SURELY,
            track_buffer=gap, match_thresh=0.8, fuse_score=True,
        )
    )  # fmt: skip


def _update(tracker, sightings: Sightings, frame: int) -> list[tuple[int, int]]:
    """The track id, and the number of the sighting, of everybody who is followed in a frame."""
    from ultralytics.engine.results import Boxes

    rows = [[*_upright(one.xyxy), one.score, 0] for one in sightings.frames[frame]]
    size = tuple(round(side / sightings.scale) for side in sightings.shape)
    followed = tracker.update(Boxes(np.array(rows, np.float32).reshape(-1, 6), size))
    return [(int(row[4]), int(row[7])) for row in followed]


def joined(sightings: Sightings, pieces: list[Way], fps: float) -> list[Way]:
    """Joins pieces of one person's way that are not too far apart: the tracker forgets whoever is
    exactly behind another, and knows nobody who is seen in no two looks running.

    Args:
        pieces: the number of the sighting in each frame.
    """
    people: list[Way] = []
    ends: list[_Line] = []
    recent: list[int] = []
    for later in sorted(pieces, key=min):
        start = _Line.of(sightings, later, sorted(later)[:_LINE])
        recent = [n for n in recent if start.first - ends[n].last <= _HIDDEN_S * fps]
        misses = {
            n: ends[n].apart(start) - _tolerance(people[n], later, fps)
            for n in recent
            if ends[n].last < start.first
        }
        nearest = min(misses, key=misses.get, default=None)
        if nearest is None or misses[nearest] >= 0:
            nearest = len(people)
            people.append({})
            ends.append(start)
            recent.append(nearest)
        people[nearest].update(later)
        way = people[nearest]
        ends[nearest] = _Line.of(sightings, way, sorted(way)[-_LINE:])
    return people


def _tolerance(earlier: Way, later: Way, fps: float) -> float:
    """Heights by which two pieces of one way may miss each other; what was seen once, and may be
    the neighbour, must be nearer."""
    wait = (min(later) - max(earlier)) / fps
    most = _SAME + _DRIFT * wait
    return min(most, _ONCE + _PACE * wait) if len(later) == 1 else most


@dataclass(frozen=True)
class _Line:
    """On which line somebody goes in a few looks.

    Attributes:
        first, last: of these frames.
        line: (2, 2) or (1, 2), of a polynomial: the middle of the feet line by frame.
        height: of the person.
    """

    first: int
    last: int
    line: np.ndarray
    height: float

    @classmethod
    def of(cls, sightings: Sightings, way: Way, frames: list[int]) -> _Line:
        boxes = np.stack([sightings.frames[n][way[n]].xyxy for n in frames])
        feet_line = np.column_stack([boxes[:, [0, 2]].mean(axis=1), boxes[:, 3]])
        degree = 1 if len(frames) > 2 else 0
        line = np.polynomial.polynomial.polyfit(frames, feet_line, degree)
        height = max(1.0, float(np.median(boxes[:, 3] - boxes[:, 1])))  # pixels
        return cls(frames[0], frames[-1], line, height)

    def apart(self, later: _Line) -> float:
        """How far, in heights, both miss each other if they go on until half way between."""
        half_way = (self.last + later.first) / 2
        here, there = (
            np.polynomial.polynomial.polyval(half_way, each.line) for each in (self, later)
        )
        taller = abs(np.log(self.height / later.height))
        return float(np.linalg.norm(here - there) / max(self.height, later.height) + taller)


def moves(boxes: np.ndarray) -> bool:
    """Whether somebody comes to another place, nearer, or farther away, by boxes (T, 4)."""
    step = max(1, len(boxes) // 6)
    middles, heights = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 3] - boxes[:, 1]
    way = np.linalg.norm(np.median(middles[-step:], axis=0) - np.median(middles[:step], axis=0))
    growth = abs(np.log(np.median(heights[-step:]) / np.median(heights[:step])))
    return bool(way > _STRIDES_AWAY * np.median(heights) or growth > _GROWS)


def _upright(xyxy: np.ndarray) -> np.ndarray:
    """A box as high and of fixed proportions: the tracker would go on with swinging legs."""
    middle, half = (xyxy[0] + xyxy[2]) / 2, _TRUNK * (xyxy[3] - xyxy[1]) / 2
    return np.array([middle - half, xyxy[1], middle + half, xyxy[3]])
