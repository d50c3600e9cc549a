"""How well people were seen: what a report says of everybody."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence

import numpy as np

from gait_demo.people.person import Person
from gait_demo.people.visibility import Visibility
from gait_demo.pipeline.analysis import Suspect
from gait_demo.types import Moment, Track, TrackReport

_LOST_S = 0.5  # who is lost for longer between two frames that show them may be in clear
_LIKELY = 0.9  # presence of something that may well be a person
_FEWEST_SAME = 3  # frames in which a place must look as before to be told
_MOST_TIMES = 5  # that one sentence lists


def coverage(person: Person, drawn: bool) -> TrackReport:
    """One person's part of the report.

    Args:
        drawn: whether they are drawn anew, and not only removed.

    Returns:
        `person`: the track id; `drawn`; `changed`: whether they got another gait in any frame;
        `first_frame`, `frames`: of the track; `lost`: pairs of the first and the last frame of
        every stretch in which the person was not seen, but should have been, in the numbers of the
        clip; `carried`: such pairs where the silhouette comes from a frame shortly before or after;
        `kept_pose`: such pairs where the person got no other gait, but kept the pose with another
        outline, and around which hardly another gait is given for half a second;
        `partial`: how many frames show a part of the person only; `poor`: how many silhouettes the
        quality rule rejects; `coverage`: share of the frames in which the person was not lost.
    """
    track = person.track
    stretches = {
        name: [[track.first_frame + a, track.first_frame + b] for a, b in _runs(flags)]
        for name, flags in (
            ("lost", person.lost_between),
            ("carried", person.carried),
            ("kept_pose", person.keeps_pose & ~person.lost),
        )
    }
    return {
        "person": track.track_id,
        "drawn": drawn,
        "changed": drawn and person.walks,
        "first_frame": track.first_frame,
        "frames": len(track),
        **stretches,
        "partial": int((person.visibility == Visibility.PARTIAL).sum()),
        "poor": int(person.poor.sum()),
        "coverage": round(float(1 - person.lost_between.mean()), 4),
    }


def moments(
    report: TrackReport, track: Track, times: Sequence[float], duration_s: float, grid_px: int
) -> list[Moment]:
    """The stretches of `coverage` as seconds, each with the place in the picture.

    Args:
        times: of the clip's frames, in seconds.
        duration_s: of the clip, where its last frame is over.
        grid_px: boxes reach outwards to multiples of it, so that they do not tell how tall people
            are.
    """
    ends = [*times[1:], duration_s]

    def place(frame: int) -> list[int]:
        low, high = np.split(track.xyxy[frame - track.first_frame] / grid_px, 2)
        return (grid_px * np.concatenate([np.floor(low), np.ceil(high)])).astype(int).tolist()

    return [
        {
            "kind": kind,
            "from_s": round(float(times[first]), 3),
            "to_s": round(float(ends[last]), 3),
            "box": place((first + last) // 2),
        }
        for kind in ("lost", "carried", "kept_pose")
        for first, last in report[kind]
    ]


def warnings(
    people: Iterable[Person], times: Sequence[float], min_height_px: int, drawn: Container[int]
) -> list[str]:
    """Sentences on who was lost for a while, kept the pose, or is too small.

    Args:
        times: of the frames, in seconds.
        min_height_px: the reason why smaller people are removed.
        drawn: track ids of those who are not removed.
    """
    told, lost, kept, small = [], [], [], []
    for person in people:
        name, begin = f"person {person.track.track_id}", person.track.first_frame
        runs = [(begin + a, begin + b) for a, b in _runs(person.lost_between)]
        if when := _when([(a, b) for a, b in runs if _end(b, times) - times[a] > _LOST_S], times):
            lost.append(f"{name} at {when} ({person.lost_between.mean():.0%})")
        if person.track.track_id not in drawn:
            if person.height < min_height_px:
                small.append(f"{name} at {_when([(begin, begin + len(person.track) - 1)], times)}")
            continue
        runs = [(begin + a, begin + b) for a, b in _runs(person.keeps_pose & ~person.lost)]
        if when := _when(runs, times):
            kept.append(f"{name} at {when}")
    if kept:
        told.append(
            f"No other gait could be given to {'; '.join(kept)}: standing, running, seated, lying, "
            "bent, or seen in part only. Their head is hidden and their outline changed, but the "
            "pose and the way they move stay, and nearly so for half a second before and after: "
            "they may be recognised by it."
        )
    if small:
        told.append(
            f"Smaller than {min_height_px} pixels, and replaced by background: {'; '.join(small)}."
        )
    if lost:
        told.append(
            f"Not seen, though they should be in the picture: {'; '.join(lost)}. Seconds are of "
            "the result, shares of their frames. Only the place where they should be is painted "
            "over then: check that they are nowhere else, use a clip in which they are seen "
            "better, or trim it."
        )
    return told


def not_removed(frames: Mapping[int, Sequence[int]], times: Sequence[float]) -> list[str]:
    """A sentence on people whose place looks as before, once they were taken out.

    Args:
        frames: in which it does, rising, by track id.
        times: of the frames, in seconds.
    """
    told = []
    for track_id, there in sorted(frames.items()):
        if len(there) < _FEWEST_SAME:
            continue
        flags = np.zeros(len(times), bool)
        flags[list(there)] = True
        told.append(f"person {track_id} at {_when(_runs(flags), times)}")
    if not told:
        return []
    return [
        f"The place of {'; '.join(told)} looks as before, although it was replaced by background: "
        "check that nobody is left there."
    ]


def unsure(suspects: Iterable[Suspect], times: Sequence[float], size: tuple[int, int]) -> list[str]:
    """A sentence on what may be people, and was left as it is.

    Args:
        times: of the frames, in seconds.
        size: width and height of the frames.
    """
    likely = [one for one in suspects if one.presence >= _LIKELY]
    if not likely:
        return []
    places = [
        f"{_place(one.box, size)} at {_when([(one.first, one.last)], times)}"
        for one in likely[:_MOST_TIMES]
    ]
    more = " and elsewhere" if len(likely) > _MOST_TIMES else ""
    return [
        f"Not taken for a person, and left as it is: {'; '.join(places)}{more}. Check that nobody "
        "is there."
    ]


def likeness(other: Person, wanted: Person) -> str:
    """A sentence on somebody who got another gait because they may be the person who was wanted."""
    other, wanted = other.track.track_id, wanted.track.track_id
    return (
        f"Person {other} is not seen together with person {wanted} for as long as a fifth of a "
        "second, may be the same, and was anonymized as well."
    )


def _place(box: np.ndarray, size: tuple[int, int]) -> str:
    """Where a box lies in a frame, in words."""
    x, y = (box[0] + box[2]) / 2 / size[0], (box[1] + box[3]) / 2 / size[1]
    across = "left" if x < 1 / 3 else "right" if x > 2 / 3 else "middle"
    down = "top" if y < 1 / 3 else "bottom" if y > 2 / 3 else ""
    return f"{down} {across}".strip() + f" ({round(box[3] - box[1])} pixels tall)"


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
