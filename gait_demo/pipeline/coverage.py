"""How well people were seen: what a report says of everybody who was taken out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from gait_demo.pipeline.analysis import Person
from gait_demo.sightings import Sightings

_ENOUGH = 0.8  # share of a person's frames in which they should be seen
# Lost for longer before the first look or after the last, or between two, they may be in clear
_AWHILE_S, _AWHILE_BETWEEN_S = 0.1, 0.5
_MOST_TIMES = 5  # that one sentence lists


def coverage(person: Person, drawn: bool) -> dict:
    """One person's part of the report.

    Args:
        drawn: whether they got another gait, and are not only taken out.

    Returns:
        `person`: the track id; `drawn`; `first_frame`, `frames`: of the track, which begins
        before the first look and ends after the last one, where prediction has the person come
        and go; `lost`: pairs of the first and the last frame of every stretch in which the person
        was not seen, but should have been, in the numbers of the clip; `bridged`: such pairs where
        the detector had lost them, and their silhouette comes from another frame, moved along with
        the picture; `poor`: how many silhouettes the quality rule rejects; `coverage`: share of
        the frames in which the person was not lost; `found_by`: "detector" or "motion".
    """
    track = person.track
    lost, bridged = (
        [[track.first_frame + a, track.first_frame + b] for a, b in _runs(flags)]
        for flags in (person.lost, person.bridged)
    )
    return {
        "person": track.track_id,
        "drawn": drawn,
        "first_frame": track.first_frame,
        "frames": len(track),
        "lost": lost,
        "bridged": bridged,
        "poor": int(person.poor.sum()),
        "coverage": round(float(1 - person.lost.mean()), 4),
        "found_by": "motion" if track.sightings is None else "detector",
    }


def warnings(people: Iterable[Person], times: Sequence[float]) -> list[str]:
    """Sentences on who was lost for a while, or not seen on the way in or out, or only in parts.

    Args:
        times: of the frames, in seconds.
    """
    told, lost = [], []
    for person in people:
        track, name = person.track, f"Person {person.track.track_id}"
        if track.is_part:
            told.append(
                f"{name} is seen in the place of somebody else, and painted over: a part of them, "
                "what is behind them, or somebody beside them. Check that they are nowhere in "
                "clear."
            )
        elif not person.walks:
            told.append(f"{name} was never seen whole, and is painted over: check where they are.")
        elif when := _when(_serious(person, times), times):
            lost.append(f"person {track.track_id} at {when} ({person.lost.mean():.0%})")
    if lost:
        told.append(
            f"Not seen, though they should be in the picture: {'; '.join(lost)}. Seconds are of "
            "the result, shares of their frames. Only the place where they should be is painted "
            "over then: check that they are nowhere else, use a clip in which they are seen "
            "better, or trim it."
        )
    return told


def unfollowed(sightings: Sightings, times: Sequence[float]) -> list[str]:
    """A sentence on people who are too small, or were seen too seldom, to be followed; `times` as
    for `warnings`."""
    frames = np.zeros(len(sightings), bool)
    for first, last in sightings.unfollowed:
        frames[first : last + 1] = True
    when = _when(_runs(frames), times)
    if not when:
        return []
    return [
        f"At {when} of the result, somebody seems to be there who is too small, or is seen too "
        "briefly or unsurely, to be followed. They are painted over then, and for up to a second "
        "around: check that nobody is in clear."
    ]


def likeness(other: Person, wanted: Person) -> str:
    """A sentence on somebody who got another gait because they may be the person who was wanted."""
    other, wanted = other.track.track_id, wanted.track.track_id
    return (
        f"Person {other} is not seen together with person {wanted} for as long as 0.2 s, may be "
        "the same, and was anonymized as well."
    )


def _serious(person: Person, times: Sequence[float]) -> list[tuple[int, int]]:
    """First and last frame of the stretches to look at in which somebody was lost; of those who
    are lost often, all."""
    begin = person.track.first_frame
    runs = [(begin + a, begin + b) for a, b in _runs(person.lost)]
    if 1 - person.lost.mean() < _ENOUGH:
        return runs
    first, last = begin + np.flatnonzero(person.seen)[[0, -1]]
    awhile_s = {False: _AWHILE_S, True: _AWHILE_BETWEEN_S}
    return [(a, b) for a, b in runs if _end(b, times) - times[a] > awhile_s[first < a and b < last]]


def _when(runs: list[tuple[int, int]], times: Sequence[float]) -> str:
    """Such stretches in words; nothing of none."""
    when = [f"{float(times[a]):.1f}-{float(_end(b, times)):.1f}" for a, b in runs]
    more = " and more often" if len(when) > _MOST_TIMES else ""
    return f"{', '.join(when[:_MOST_TIMES])} s{more}" if when else ""


def _end(frame: int, times: Sequence[float]) -> float:
    """When a frame is over; of the last, when it begins."""
    return times[min(frame + 1, len(times) - 1)]


def _runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """First and last index of every stretch of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]
