"""How well each person was seen: their entries and warnings in the report."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence

import numpy as np

from gait_demo.imaging.runs import runs
from gait_demo.people.faces import UnknownFace
from gait_demo.people.person import Person
from gait_demo.people.visibility import Visibility
from gait_demo.pipeline.analysis import Suspect
from gait_demo.types import Moment, Track, TrackReport

_LOST_S = 0.5  # people lost for longer between two frames that show them are warned of
_LIKELY = 0.9  # presence from which a track that was not accepted as a person is warned of
_FEWEST_SAME = 3  # minimum number of frames in which a region looks unchanged, for a warning
_MOST_TIMES = 5  # maximum number of times, or places, that one sentence lists


def coverage(person: Person, drawn: bool, frames: int | None = None) -> TrackReport:
    """One person's part of the report.

    Args:
        drawn: whether the person is drawn again, and not only removed.
        frames: number of frames of the new walk, which may go on longer than the old one; None: as
            long.

    Returns:
        `person`: the track id; `drawn`: the argument; `changed`: whether they have another gait in
        any frame; `first_frame`, `frames`: start and length of what the result shows of them;
        `lost`: first and last frame, counted in the clip, of every stretch in which the person
        should be in the picture but was not seen; `carried`: the same for stretches whose
        silhouette comes from a frame shortly before or after; `kept_pose`: the same for stretches
        in which the person keeps their pose with another outline (half a second before and after,
        the gait changes hardly at all); `partial`: number of frames that show only a part of the
        person; `poor`: number of silhouettes that the quality rule rejects; `coverage`: share of
        the frames in which the person was not lost.
    """
    track = person.track
    stretches = {
        name: [[track.first_frame + a, track.first_frame + b - 1] for a, b in runs(flags)]
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
        "frames": len(track) if frames is None else frames,
        **stretches,
        "partial": int((person.visibility == Visibility.PARTIAL).sum()),
        "poor": int(person.poor.sum()),
        "coverage": round(float(1 - person.lost_between.mean()), 4),
    }


def moments(
    report: TrackReport, track: Track, times: Sequence[float], duration_s: float, grid_px: int
) -> list[Moment]:
    """The stretches of `coverage` in seconds, each with a box around the person.

    Args:
        times: of the clip's frames, in seconds.
        duration_s: of the clip: the end of its last frame.
        grid_px: boxes are enlarged to multiples of it, so that they do not reveal how tall people
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
    """Sentences about people who were lost for a while, kept their pose, are too small, or are
    refused by the landmark network.

    Args:
        times: of the frames, in seconds.
        min_height_px: people smaller than this are removed.
        drawn: track ids of the people who are drawn again.
    """
    sentences, lost, kept, small, refused = [], [], [], [], []
    for person in people:
        name, begin = f"person {person.track.track_id}", person.track.first_frame
        gaps = [(begin + a, begin + b) for a, b in runs(person.lost_between)]
        if when := _when([(a, b) for a, b in gaps if _at(b, times) - times[a] > _LOST_S], times):
            lost.append(f"{name} at {when} ({person.lost_between.mean():.0%})")
        if person.track.track_id not in drawn:
            when = _when([(begin, begin + len(person.track))], times)
            if person.is_refused:
                refused.append(f"{name} at {when}")
            elif person.height < min_height_px:
                small.append(f"{name} at {when}")
            continue
        still = [(begin + a, begin + b) for a, b in runs(person.keeps_pose & ~person.lost)]
        if when := _when(still, times):
            kept.append(f"{name} at {when}")
    if kept:
        sentences.append(
            f"No other gait could be given to {'; '.join(kept)}, because they stand, run, sit, "
            "lie, bend, or are seen only in part. Their head is hidden and their outline changed, "
            "but their pose and the way they move stay, and hardly change for half a second "
            "before and after: they may be recognised by it."
        )
    if small:
        sentences.append(
            f"Smaller than {min_height_px} pixels, and replaced by background: {'; '.join(small)}."
        )
    if refused:
        sentences.append(
            "Seen by one detector only and perhaps a mirror image, or a thing that moves; replaced "
            f"by background within a box: {'; '.join(refused)}. Check that nobody is left there."
        )
    if lost:
        sentences.append(
            f"Not seen, though they should be in the picture: {'; '.join(lost)}. Seconds are "
            "counted in the result, percentages are shares of the person's frames. Then only the "
            "place where they should be is painted over: check that they cannot be seen "
            "elsewhere, use a clip in which they are seen better, or trim it."
        )
    return sentences


def not_removed(frames: Mapping[int, Sequence[int]], times: Sequence[float]) -> list[str]:
    """A sentence about people whose region looks the same after it was replaced by background.

    Args:
        frames: by track id, the frames in which it does, in rising order.
        times: of the frames, in seconds.
    """
    cases = []
    for track_id, unchanged in sorted(frames.items()):
        if len(unchanged) < _FEWEST_SAME:
            continue
        flags = np.zeros(len(times), bool)
        flags[list(unchanged)] = True
        cases.append(f"person {track_id} at {_when(runs(flags), times)}")
    if not cases:
        return []
    return [
        f"The place of {'; '.join(cases)} looks as before, although it was replaced by background: "
        "check that nobody is left there."
    ]


def unsure(suspects: Iterable[Suspect], times: Sequence[float], size: tuple[int, int]) -> list[str]:
    """A sentence about tracks that may be people, but were not accepted as such and stay in clear.

    Args:
        times: of the frames, in seconds.
        size: width and height of the frames.
    """
    likely = [suspect for suspect in suspects if suspect.presence >= _LIKELY]
    if not likely:
        return []
    places = [
        f"{_place(suspect.box, size)} at {_when([(suspect.first, suspect.last + 1)], times)}"
        for suspect in likely[:_MOST_TIMES]
    ]
    more = " and elsewhere" if len(likely) > _MOST_TIMES else ""
    return [
        "Perhaps a person, but not recognised as one and left in clear: "
        f"{'; '.join(places)}{more}. Check that nobody is there."
    ]


def unknown_faces(
    faces: Sequence[UnknownFace], times: Sequence[float], size: tuple[int, int], *, hidden: bool
) -> list[str]:
    """A sentence about faces that belong to nobody who was found.

    Args:
        times, size: as for `unsure`.
        hidden: whether they are blurred.
    """
    if not faces:
        return []
    longest = sorted(faces, key=lambda face: -len(face.heads))[:_MOST_TIMES]
    places = [
        f"{_part(face.heads[len(face.heads) // 2, :2], size)} at "
        f"{_when([(face.first, face.first + len(face.heads))], times)}"
        for face in longest
    ]
    more = " and elsewhere" if len(faces) > _MOST_TIMES else ""
    what = (
        "Faces that belong to nobody who was found at that moment, as in a mirror, in a picture or "
        f"behind something, {'are blurred' if hidden else 'stay in clear'}: {'; '.join(places)}"
        f"{more}."
    )
    check = " What else shows of these people stays: check that they cannot be recognised."
    return [what + check if hidden else what]


def likeness(other: Person, wanted: Person) -> str:
    """A sentence about a person who got another gait because they may be the chosen person."""
    other, wanted = other.track.track_id, wanted.track.track_id
    return (
        f"Person {other} may be the same as person {wanted}, because the two are seen together for "
        "less than a fifth of a second, and was anonymized as well."
    )


def _place(box: np.ndarray, size: tuple[int, int]) -> str:
    """Where a box lies in a frame, in words, and how tall it is."""
    return f"{_part((box[:2] + box[2:]) / 2, size)} ({round(box[3] - box[1])} pixels tall)"


def _part(point: np.ndarray, size: tuple[int, int]) -> str:
    """The part of a frame in which a point lies, in words."""
    x, y = point / size
    across = "left" if x < 1 / 3 else "right" if x > 2 / 3 else "middle"
    down = "top" if y < 1 / 3 else "bottom" if y > 2 / 3 else ""
    return f"{down} {across}".strip()


def _when(stretches: list[tuple[int, int]], times: Sequence[float]) -> str:
    """Stretches, as start and end (exclusive), as text, in seconds; empty if there are none."""
    when = [f"{float(times[a]):.1f}-{float(_at(b, times)):.1f}" for a, b in stretches]
    more = " and more often" if len(when) > _MOST_TIMES else ""
    return f"{', '.join(when[:_MOST_TIMES])} s{more}" if when else ""


def _at(frame: int, times: Sequence[float]) -> float:
    """When a frame begins; after the last one, when the last one begins."""
    return times[min(frame, len(times) - 1)]
