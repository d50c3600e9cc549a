"""People bridged over the looks in which the detector loses them, or their outline.

From the nearest looks that are sure, a mask goes along with the picture (dense inverse search
flow, Kroeger et al. 2016), forward and backward; look by look its edge is laid anew where colours
part (GrabCut, Rother et al. 2004) and where something stands out from the background.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from gait_demo.background.foreground import ForegroundClip, pack

from .boxes import bounds, depth_in
from .following import Way
from .morphology import narrowed, widened
from .sightings import Sighting, Sightings

_USUAL = 0.75  # of a person's median score: a look that has less is not sure, ...
_ONE_PIECE = 0.9  # ... nor one whose mask has less of its area in its largest piece
_LONGEST_S = 1.5  # that a mask is moved from a sure look
_FLOW_S = 1 / 30  # between two images whose flow is measured, at least
_CORE, _REACH = 0.012, 0.07  # heights from a moved edge, inwards and outwards, of the new one
_ROUNDS = 2  # of GrabCut
_BINS = 8  # of each colour, in a histogram
_ALIKE = 0.5  # Hellinger distance of colours from those at the sure look, at most
_SHRUNK, _GROWN = 0.4, 2.0  # times the area at the sure look: beyond that, the person is lost

Images = Callable[[], Iterable[np.ndarray]]  # a clip's (h, w, 3) uint8, at working resolution


@dataclass(frozen=True)
class Gap:
    """Looks in which a person is not surely seen, and the sure ones before and after them."""

    way: Way
    looks: tuple[int, ...]
    before: int | None
    after: int | None

    @property
    def first(self) -> int:
        return self.looks[0] if self.before is None else self.before

    @property
    def last(self) -> int:
        return self.looks[-1] if self.after is None else self.after


def bridge(
    sightings: Sightings,
    lost: list[Way],
    everyone: list[Way],
    foreground: ForegroundClip,
    fps: float,
    images: Images,
) -> None:
    """Gives people a sighting in the looks in which they are not surely seen, where they can be
    moved there. Where they cannot, what was seen stays.

    Args:
        sightings: of the clip; those that are bridged are added.
        lost: the ways of the people to bridge; changed in place.
        everyone: all ways: what surely is another's is not theirs.
        foreground: of the clip.
        images: read once, and only if somebody must be bridged.
    """
    gaps = [gap for way in lost for gap in find_gaps(sightings, way, fps)]
    for gap, shown in _with_images(gaps, fps, images):
        others = [way for way in everyone if way is not gap.way]
        for look, mask in _Bridge(sightings, others, foreground, shown).span(gap).items():
            score = np.mean([
                sightings.frames[n][gap.way[n]].score
                for n in (gap.before, gap.after) if n is not None
            ])  # fmt: skip
            box = bounds(mask) / np.float32(sightings.scale)
            gap.way[look] = len(sightings.frames[look])
            sightings.frames[look].append(Sighting(box, float(score), pack(mask), bridged=True))


def find_gaps(sightings: Sightings, way: Way, fps: float) -> list[Gap]:
    """Where somebody must be bridged, and can be: near enough to a sure look.

    A look is sure if its score is about the usual one and its mask one piece.
    """
    usual = np.median([sightings.frames[frame][number].score for frame, number in way.items()])
    sure = [
        frame
        for frame, number in sorted(way.items())
        if sightings.frames[frame][number].score >= _USUAL * usual
        and _pieces(sightings.mask(sightings.frames[frame][number])) >= _ONE_PIECE
    ]
    if not sure:
        return []
    longest = round(_LONGEST_S * fps)
    looked = [frame for frame, seen in enumerate(sightings.frames) if seen is not None]
    gaps = []
    for before, after in pairwise([None, *sure, None]):
        low = after - longest - 1 if before is None else before
        high = before + longest + 1 if after is None else after
        looks = tuple(look for look in looked if low < look < high)
        if looks:
            gaps.append(Gap(way, looks, before, after))
    return gaps


def _pieces(mask: np.ndarray) -> float:
    """What share of a mask its largest piece is."""
    areas = cv2.connectedComponentsWithStats(mask)[2][1:, cv2.CC_STAT_AREA]
    return float(areas.max() / areas.sum()) if len(areas) else 0.0


def _with_images(
    gaps: list[Gap], fps: float, images: Images
) -> Iterator[tuple[Gap, dict[int, np.ndarray]]]:
    """The gaps, each as soon as its images have been read; no longer are these kept."""
    step = max(1, int(_FLOW_S * fps))
    waiting = sorted(gaps, key=lambda gap: gap.last)
    kept: dict[int, np.ndarray] = {}
    if not waiting:
        return
    with closing(iter(images())) as shown:
        for index, image in enumerate(shown):
            wanted = [gap for gap in waiting if gap.first <= index]
            if any(index % step == 0 or index in (g.first, g.last, *g.looks) for g in wanted):
                kept[index] = image
            while waiting and waiting[0].last <= index:
                gap = waiting.pop(0)
                yield gap, {n: kept[n] for n in sorted(kept) if gap.first <= n <= gap.last}
            if not waiting:
                return
            oldest = min(gap.first for gap in waiting)
            kept = {n: kept[n] for n in kept if n >= oldest}


class _Bridge:
    """Moves masks along the images of one gap, which are (h, w, 3) uint8 by frame."""

    def __init__(
        self,
        sightings: Sightings,
        others: list[Way],
        foreground: ForegroundClip,
        images: dict[int, np.ndarray],
    ):
        self._sightings = sightings
        self._others = others
        self._foreground = foreground
        self._images = images
        self._gray = {n: cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for n, image in images.items()}
        self._flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        self._grid = np.stack(np.meshgrid(*map(np.arange, sightings.shape[::-1])), axis=-1)

    def span(self, gap: Gap) -> dict[int, np.ndarray]:
        """(h, w) uint8, 0 or 1, by look: from the sure look before, or after, or from both, each
        the more the nearer it is."""
        frames = list(self._images)
        there = self._along(gap, gap.before, frames)
        back = self._along(gap, gap.after, frames[::-1])
        masks = {}
        for look in gap.looks:
            if look in there and look in back:
                share = (look - gap.before) / (gap.after - gap.before)
                depth = (1 - share) * depth_in(there[look]) + share * depth_in(back[look])
                masks[look] = (depth > 0).astype(np.uint8)
            elif look in there or look in back:
                masks[look] = there[look] if look in there else back[look]
        return {look: mask for look, mask in masks.items() if mask.any()}

    def _along(self, gap: Gap, start: int | None, frames: list[int]) -> dict[int, np.ndarray]:
        """Masks by look, as far as they are surely the person's."""
        masks: dict[int, np.ndarray] = {}
        if start is None:
            return masks
        mask = self._sightings.mask(self._sightings.frames[start][gap.way[start]])
        tall = cv2.boundingRect(mask)[3]
        mask = self._outlined(mask, start, tall)
        area, colours = cv2.countNonZero(mask), self._colours(mask, start)
        for last, frame in pairwise(frames):
            mask = self._moved(mask, last, frame)
            if frame not in gap.looks:
                continue
            mask = self._outlined(mask, frame, tall)
            apart = cv2.compareHist(self._colours(mask, frame), colours, cv2.HISTCMP_BHATTACHARYYA)
            if apart > _ALIKE or not _SHRUNK < cv2.countNonZero(mask) / max(1, area) < _GROWN:
                break
            masks[frame] = mask
        return masks

    def _moved(self, mask: np.ndarray, last: int, frame: int) -> np.ndarray:
        flow = self._flow.calc(self._gray[frame], self._gray[last], None)
        soft = cv2.remap(np.float32(mask), np.float32(self._grid + flow), None, cv2.INTER_LINEAR)
        return (soft > 0.5).astype(np.uint8)

    def _outlined(self, mask: np.ndarray, frame: int, tall: int) -> np.ndarray:
        """The mask with its edge where the picture has one, near to where it is."""
        core = narrowed(mask, max(1, round(_CORE * tall)))
        near = widened(mask, max(2, round(_REACH * tall)))
        hint = np.where(mask > 0, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
        hint[core > 0] = cv2.GC_FGD
        behind = near == 0
        if self._foreground.is_known:
            behind |= self._foreground[frame] == 0
        for way in self._others:
            if frame in way:
                behind |= self._sightings.mask(self._sightings.frames[frame][way[frame]]) > 0
        hint[behind] = cv2.GC_BGD
        x, y, w, h = cv2.boundingRect(near)
        edge = max(2, round(_REACH * tall))
        part = np.s_[max(0, y - edge) : y + h + edge, max(0, x - edge) : x + w + edge]
        hint = hint[part].copy()
        if not {cv2.GC_FGD, cv2.GC_BGD} <= set(np.unique(hint)):
            return mask & ~behind
        cv2.setRNGSeed(0)  # the same result for the same clip
        models = np.zeros((2, 1, 65))
        image = np.ascontiguousarray(self._images[frame][part])
        cv2.grabCut(image, hint, None, *models, _ROUNDS, cv2.GC_INIT_WITH_MASK)
        result = np.zeros_like(mask)
        result[part] = (hint == cv2.GC_FGD) | (hint == cv2.GC_PR_FGD)
        return cv2.morphologyEx(result, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))

    def _colours(self, mask: np.ndarray, frame: int) -> np.ndarray:
        counts = cv2.calcHist([self._images[frame]], [0, 1, 2], mask, [_BINS] * 3, [0, 256] * 3)
        return counts / max(1, counts.sum())
