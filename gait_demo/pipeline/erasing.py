"""People taken out of frames."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from gait_demo.background.filling import light_matched
from gait_demo.background.plate import working_scale
from gait_demo.people.person import Person
from gait_demo.pipeline.analysis import Analysis
from gait_demo.rendering.compositing import erase, region_of

_SAME_LEVELS = 8  # of a channel: what differs less from before looks the same
_SAMPLED_PX = 120  # along the longer side of a region, by which that is judged
_SAME_SHARE = 0.7  # of a person's place: where so much looks the same, nothing was removed


class Eraser:
    """Takes people out of the frames of one video."""

    def __init__(self, analysis: Analysis, people: Sequence[Person]):
        """people: whom to take out."""
        self._analysis = analysis
        wanted = {person.track.track_id for person in people}
        self._numbers = [n for n, one in enumerate(analysis.people) if one.track.track_id in wanted]

    def erase(self, rgb: np.ndarray, index: int) -> list[int]:
        """Takes the old people out of a frame.

        Args:
            rgb: (H, W, 3) uint8, changed in place.
            index: of the frame.

        Returns:
            The track ids of those who were seen in it and whose place looks as before.
        """
        shape, background = rgb.shape[:2], self._analysis.background
        scale, clean = working_scale(shape), self._analysis.clean.get(index)
        shown = None if clean is None else clean.decoded()
        unchanged = []
        for n in self._numbers:
            person, one = self._analysis.people[n], self._analysis.removals[index][n]
            region = one and region_of(shape, one.mask, one.x, one.y, scale, one.height)
            if region is None:
                continue
            (h, w), x, y = region.mask.shape, region.x, region.y
            part = rgb[y : y + h, x : x + w]
            before = part.copy()
            if shown is None:
                behind = light_matched(background.crop(index, x, y, w, h), part, region.mask)
            else:
                behind = clean.crop(shown, x, y, w, h)
            erase(rgb, behind, region)
            if person.seen[person.position(index)] and _is_same(before, part, region.mask):
                unchanged.append(person.track.track_id)
        return unchanged


def _is_same(before: np.ndarray, after: np.ndarray, mask: np.ndarray) -> bool:
    """Whether two pictures (h, w, 3) look the same in a mask (h, w), uint8, 0 or 255."""
    step = max(1, max(mask.shape) // _SAMPLED_PX)
    sparse = np.s_[::step, ::step]
    changed = cv2.absdiff(before[sparse].copy(), after[sparse].copy()).max(axis=2) > _SAME_LEVELS
    inside = changed[mask[sparse] > 0]
    return bool(len(inside) and inside.mean() < 1 - _SAME_SHARE)
