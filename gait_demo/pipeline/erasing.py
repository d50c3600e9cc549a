"""People taken out of frames."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gait_demo.background.filling import light_matched
from gait_demo.background.plate import working_scale
from gait_demo.composite import erase, region_of
from gait_demo.people.person import Person
from gait_demo.pipeline.analysis import Analysis


class Eraser:
    """Takes people out of the frames of one video."""

    def __init__(self, analysis: Analysis, people: Sequence[Person]):
        """people: whom to take out."""
        self._analysis = analysis
        wanted = {person.track.track_id for person in people}
        self._numbers = [n for n, one in enumerate(analysis.people) if one.track.track_id in wanted]

    def erase(self, rgb: np.ndarray, index: int) -> bool:
        """Takes the old people out of a frame.

        Args:
            rgb: (H, W, 3) uint8, changed in place.
            index: of the frame.

        Returns:
            Whether one of them was lost.
        """
        shape, background = rgb.shape[:2], self._analysis.background
        scale, clean = working_scale(shape), self._analysis.clean.get(index)
        shown = None if clean is None else clean.decoded()
        removals = [self._analysis.removals[index][n] for n in self._numbers]
        for one in filter(None, removals):
            region = region_of(shape, one.mask, one.x, one.y, scale, one.height)
            if region is None:
                continue
            (h, w), x, y = region.mask.shape, region.x, region.y
            if shown is None:
                behind = background.crop(index, x, y, w, h)
                behind = light_matched(behind, rgb[y : y + h, x : x + w], region.mask)
            else:
                behind = clean.crop(shown, x, y, w, h)
            erase(rgb, behind, region)
        people = (self._analysis.people[n] for n in self._numbers)
        at = ((person, person.position(index)) for person in people)
        return any(position is not None and bool(person.lost[position]) for person, position in at)
