"""A quick inspection of a clip before a run: its properties, and whether anybody is in it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from time import perf_counter

import numpy as np

from gait_demo.errors import VideoError
from gait_demo.options import PeopleOptions
from gait_demo.people.segmenter import Detection, PersonSegmenter
from gait_demo.types import Inspection
from gait_demo.video import probe, read_frames

_POSITIONS = (0.5, 0.25, 0.75, 0.12, 0.88)  # positions of the frames, as shares of the duration
_ENOUGH_S = 3  # seconds after which no further frame is read


def inspect_clip(source: Path, segmenter: PersonSegmenter, options: PeopleOptions) -> Inspection:
    """Describe a clip and count its people in a few frames.

    Raises:
        VideoError: the clip cannot be used.
    """
    began = perf_counter()
    info = probe(source)
    segmenter = segmenter.fresh()
    people = frames_read = 0
    for position in (*_POSITIONS, 0):
        if frames_read and (position == 0 or perf_counter() - began > _ENOUGH_S):
            break
        rgb = _picture(source, position * info.duration_s)
        if rgb is not None:
            people = max(people, sum(_is_sure(person, options) for person in segmenter(rgb)))
            frames_read += 1
    return Inspection(info, info.duration_s, people, frames_read)


def _is_sure(person: Detection, options: PeopleOptions) -> bool:
    """Whether a detection in a single frame is sure enough to be counted."""
    if person.is_refused:
        return False
    if person.landmarks is None:
        return person.score >= options.sure_yolo
    return person.presence >= options.sure_presence and person.score >= options.sure_score


def _picture(source: Path, start_s: float) -> np.ndarray | None:
    """The frame at a time, (H, W, 3) uint8; None if the clip has none there, because it is damaged
    or shorter than declared."""
    with closing(read_frames(source, start_s=start_s)) as frames:
        try:
            return next(frames).rgb
        except VideoError:
            if start_s == 0:
                raise
            return None
