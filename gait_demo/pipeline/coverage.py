"""How well a person was seen: what a report says of everybody who was anonymized."""

from __future__ import annotations

import numpy as np

from gait_demo.pipeline.analysis import Person

_ENOUGH = 0.8  # share of a person's frames in which they should be seen


def coverage(person: Person) -> dict:
    """One person's part of the report.

    Returns:
        `person`: the track id; `first_frame`, `frames`: of the track; `lost`: pairs of the first
        and the last frame of every stretch that was bridged, in the numbers of the clip;
        `poor`: how many silhouettes the quality rule rejects; `coverage`: share of the frames in
        which the person was seen; `found_by`: "detector" or "motion".
    """
    track = person.track
    return {
        "person": track.track_id,
        "first_frame": track.first_frame,
        "frames": len(track),
        "lost": [[track.first_frame + a, track.first_frame + b] for a, b in _runs(person.held)],
        "poor": int(person.poor.sum()),
        "coverage": round(float(1 - person.held.mean()), 4),
        "found_by": "motion" if track.sightings is None else "detector",
    }


def warning(person: Person) -> str | None:
    """A sentence on somebody who was seen too seldom; None if there is nothing to say."""
    share = 1 - person.held.mean()
    if share >= _ENOUGH:
        return None
    return (
        f"Person {person.track.track_id} was seen in only {share:.0%} of the frames: in the others "
        "the place where they should be is painted over. Check those frames, or use a clip in "
        "which they are seen better."
    )


def _runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """First and last index of every stretch of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]
