"""Detection of overlays, which lie in front of everybody: captions, clocks, logos and bars.

While a person passes, a pixel of an overlay keeps its colour and stands out from the person; a
pixel of the scene is hidden. People who stand still keep their colours as well: where they stand,
no overlay is found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import reduce

import cv2
import numpy as np

from gait_demo.background.foreground import pack, unpack
from gait_demo.imaging.morphology import narrowed
from gait_demo.imaging.resizing import shrink_by

_WINDOW_S = 3.0  # windows in which overlays are searched for, as well as in the whole shot
_PER_S = 15.0  # frames per second that are examined
_MOST = 60  # maximum number of frames that are examined in a whole shot
_LONGEST_PX = 1280  # longest side of the frames that are examined
_WEIGHTS = np.float32([[1, 0.5, 0.5]])  # of Y, Cr, Cb: most videos hold chroma at half resolution
_SAME = 10.0  # levels: maximum difference of equal colours on average over frames ...
_SHOWN = 20.0  # ... and in a single frame
_STEADY = 7.0  # levels: maximum deviation of a pixel that does not change
_TIMES = 3  # minimum number of frames in which a pixel is free, and in which it is passed
_MOSTLY = 0.5  # share of pixels or frames that counts as most of them
_SOMETIMES = 0.1  # minimum share of the free frames that show a changing part, as a digit
_DEEP = 0.02  # heights: a pixel this far inside a mask surely shows the person
_NEAR = 0.04  # picture heights: half side of the surroundings of a pixel
_REACH = 0.12  # picture heights: how far an overlay may extend from its seeds
_BRIGHT = 128  # luma from which a pixel of an overlay is evidence by itself
_SPECK_PX = 8  # minimum area of a component; smaller ones are noise
_BAR_LEVEL = 24  # maximum luma of a bar
_BAR_FILLED = 0.8  # minimum share of so dark pixels in each row or column of a bar
_BAR_MOST = 0.4  # maximum share of the picture's height or width

Read = Callable[[int], np.ndarray]
Places = Callable[[int], Sequence[np.ndarray]]


@dataclass(frozen=True)
class Overlay:
    """An overlay in some frames of a shot.

    Attributes:
        first, end: these frames, end excluded.
        scale: pixels of the mask per pixel of a frame.
        x, y: upper left corner, in pixels of the mask.
        shape: (h, w) of the mask.
        mask: where the overlay may show, compressed by `pack`.
        colours: (h, w, 3) uint8 YCrCb, as PNG.
    """

    first: int
    end: int
    scale: float
    x: int
    y: int
    shape: tuple[int, int]
    mask: bytes = field(repr=False)
    colours: bytes = field(repr=False)

    @classmethod
    def of(
        cls, first: int, end: int, scale: float, mask: np.ndarray, colours: np.ndarray
    ) -> Overlay:
        """
        Args:
            mask: (H, W) bool, where the overlay may show; not empty.
            colours: (H, W, 3) uint8 YCrCb, its colours there.
        """
        x, y, w, h = cv2.boundingRect(mask.astype(np.uint8))
        part = np.s_[y : y + h, x : x + w]
        packed = cv2.imencode(".png", colours[part])[1]
        return cls(first, end, scale, x, y, (h, w), pack(mask[part]), packed.tobytes())

    def shown_in(self, ycc: np.ndarray, x: int, y: int, scale: float) -> np.ndarray:
        """(h, w) uint8, 0 or 255: where a part of a frame, in YCrCb, shows the overlay; other
        arguments as of `overlay_mask`."""
        s = scale / self.scale
        shift = (s - 1) / 2  # pixel centres lie at whole numbers
        to_part = np.array([[s, 0, s * self.x + shift - x], [0, s, s * self.y + shift - y]])
        size, mask = ycc.shape[1::-1], 255 * unpack(self.mask, self.shape)
        colours = cv2.imdecode(np.frombuffer(self.colours, np.uint8), cv2.IMREAD_COLOR)
        mask = cv2.warpAffine(mask, to_part, size, flags=cv2.INTER_LINEAR)
        colours = cv2.warpAffine(colours, to_part, size, flags=cv2.INTER_NEAREST)
        same = cv2.compare(_apart(ycc, colours), _SHOWN, cv2.CMP_LE)
        return same & cv2.compare(mask, 127, cv2.CMP_GT)


def overlay_mask(
    overlays: Sequence[Overlay],
    index: int,
    rgb: np.ndarray,
    x: int = 0,
    y: int = 0,
    scale: float = 1.0,
) -> np.ndarray | None:
    """Where a part of a frame shows overlays, with their soft edges.

    Args:
        index: of the frame.
        rgb: (h, w, 3) uint8, the part.
        x, y: of its upper left corner, in its own pixels.
        scale: pixels of the part per pixel of the frame.

    Returns:
        (h, w) uint8, 0 or 255; None if no overlay is known in this frame.
    """
    here = [overlay for overlay in overlays if overlay.first <= index < overlay.end]
    if not here:
        return None
    ycc = cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb)
    mask = np.max([overlay.shown_in(ycc, x, y, scale) for overlay in here], axis=0)
    return cv2.dilate(mask, np.ones((3, 3), np.uint8))


def find_overlays(
    read: Read, frames: range, scale: float, fps: float, people: Places, taken: Read
) -> tuple[Overlay, ...]:
    """The overlays of one shot.

    Args:
        read: gives for an index the frame, (H, W, 3) uint8, scaled by `scale`.
        frames: indices of the shot's frames.
        people: gives for an index a mask of each person seen in the frame, (h, w) uint8, 0 or 1, at
            any resolution.
        taken: gives for an index (h, w) uint8, not 0 where anybody is or may be, with a margin.
    """
    if not frames:
        return ()
    read, smaller = _smaller(read, frames.start)
    scale *= smaller
    step = max(1, round(fps / _PER_S))
    sparse = max(1, -(-len(frames) // (step * _MOST)))
    pieces = max(1, round(len(frames) / (fps * _WINDOW_S)))
    found: list[Overlay] = []
    whole: list[_Sample] = []
    count = 0
    for n in range(pieces):
        part = frames[len(frames) * n // pieces : len(frames) * (n + 1) // pieces]
        samples = [_Sample.of(read(index), people(index), taken(index)) for index in part[::step]]
        whole += samples[-count % sparse :: sparse]
        count += len(samples)
        if pieces > 1:
            found += _Evidence(samples).overlays(part, scale)
    return (*found, *_Evidence(whole).overlays(frames, scale))


def _smaller(read: Read, first: int) -> tuple[Read, float]:
    """`read` with frames of a bounded size, since many are held at once; and their scale."""
    smaller = min(1.0, _LONGEST_PX / max(read(first).shape))
    return lambda index: shrink_by(read(index), smaller), smaller


_Part = tuple[slice, slice]


@dataclass(frozen=True)
class _Sample:
    """One frame.

    Attributes:
        ycc: (H, W, 3) uint8 YCrCb.
        free: (H, W) uint8, 0 or 1: where nobody is or may be.
        people: for each person, a part of the frame and, bool, where in it they surely are.
    """

    ycc: np.ndarray
    free: np.ndarray
    people: tuple[tuple[_Part, np.ndarray], ...]

    @classmethod
    def of(cls, rgb: np.ndarray, people: Sequence[np.ndarray], taken: np.ndarray) -> _Sample:
        size = rgb.shape[1::-1]
        free = cv2.resize((taken == 0).view(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        deep = (_deep(mask, size) for mask in people if mask.any())
        ycc = cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb)
        return cls(ycc, free, tuple((part, inside) for part, inside in deep if inside.any()))


def _deep(mask: np.ndarray, size: tuple[int, int]) -> tuple[_Part, np.ndarray]:
    """A part of the frame and, bool, where in it a person surely is; gaps in the mask, as letters
    leave them, are closed."""
    reach = max(1, round(_DEEP * cv2.boundingRect(mask)[3]))
    closing = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    deep = narrowed(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, closing), reach)
    deep = cv2.resize(deep, size, interpolation=cv2.INTER_NEAREST)
    x, y, w, h = cv2.boundingRect(deep)
    part = np.s_[y : y + h, x : x + w]
    return part, deep[part] > 0


class _Evidence:
    """Statistics of the pixels of some frames of a shot, (H, W) or (H, W, 3)."""

    def __init__(self, samples: list[_Sample]):
        self._samples, shape = samples, samples[0].free.shape
        self._near, self._reach = (round(share * shape[0]) for share in (_NEAR, _REACH))
        self._times, squares = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        total = np.zeros((*shape, 3), np.float32)
        for sample in samples:
            cv2.accumulate(sample.free, self._times)
            cv2.accumulate(sample.ycc, total, sample.free)
            cv2.accumulateSquare(cv2.extractChannel(sample.ycc, 0), squares, sample.free)
        count = np.maximum(self._times, 1)
        mean = total / count[..., None]
        self._usual = np.rint(mean).astype(np.uint8)
        self._steady = squares / count - mean[..., 0] ** 2 <= _STEADY**2
        self._find_passes()

    def _find_passes(self) -> None:
        """Collects the people who differ from the mean colours of their place: they pass it. Places
        of the others are marked as still, as these people may be part of the mean."""
        known = self._times >= _TIMES
        self._passes: list[tuple[np.ndarray, _Part, np.ndarray]] = []
        self._still, self._passed = np.zeros(known.shape, bool), np.zeros(known.shape, np.float32)
        then = np.zeros((*known.shape, 3), np.float32)
        for sample in self._samples:
            for part, deep in sample.people:
                ycc, known_inside = sample.ycc[part], deep & known[part]
                changed = _apart(ycc, self._usual[part])[known_inside] > _SHOWN
                if known_inside.sum() < _MOSTLY * deep.sum() or changed.mean() < _MOSTLY:
                    self._still[part] |= deep
                else:
                    self._passes.append((ycc, part, deep))
                    self._passed[part] += deep
                    then[part] += deep[..., None] * ycc
        self._then = np.rint(then / np.maximum(self._passed, 1)[..., None]).astype(np.uint8)

    def overlays(self, frames: range, scale: float) -> list[Overlay]:
        """The overlays in these frames; `scale` is that of the samples."""
        seeds = self._seeds()
        grey = self._usual.copy()
        grey[..., 1:] = 128
        # dark clothes before something dark change nothing: dark overlays need bright or colourful
        # pixels beside them
        beside = (self._usual[..., 0] >= _BRIGHT) | (_apart(self._usual, grey) > _SHOWN)
        found = [(_bars(self._samples), self._usual)]
        for level in range(3, -1, -1):
            here = seeds & (self._usual[..., 0] // 64 == level)
            if (here & beside).any():
                found.append(self._grown(here, beside))
                near = np.ones((2 * self._near + 1, 2 * self._near + 1), np.uint8)
                beside |= cv2.dilate(found[-1][0].view(np.uint8), near) > 0
        span = frames.start, frames.stop
        return [Overlay.of(*span, scale, mask, ycc) for mask, ycc in found if mask.any()]

    def _seeds(self) -> np.ndarray:
        """(H, W) bool: pixels that surely show an overlay. They keep their colour while people
        pass, and stand out from their surroundings in the scene, in most of the passes, and in the
        mean of the passes: clothes may look like the wall that they pass."""
        off, apart = (np.zeros(self._still.shape, np.float32) for _ in range(2))
        for ycc, part, deep in self._passes:
            away = _apart(ycc, self._usual[part])
            off[part] += deep * np.square(away, dtype=np.float32)
            apart[part] += deep & (_contrast(ycc, deep, self._near) >= _SAME)
        tried = self._passed >= _TIMES
        seeds = tried & (self._times >= _TIMES) & self._steady & ~self._still
        seeds &= (off <= _SAME**2 * self._passed) & (apart >= _MOSTLY * self._passed)
        often = self._passed >= _TIMES
        for mean in (self._usual, self._then):
            seeds &= _contrast(mean, often, self._near) >= _SAME
        return _without_specks(seeds)

    def _grown(self, seeds: np.ndarray, beside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Extends seeds to pixels nearby of the same colour, also to those that show it only now
        and then, as the digits of a clock.

        Most of a connected piece must keep the colour while people pass: clothes of that colour
        would cover only a part of it.

        Args:
            beside: (H, W) bool, of which each piece must contain a pixel.

        Returns:
            (H, W) bool; and (H, W, 3) uint8 YCrCb, the colours.
        """
        colour = np.rint(np.median(self._usual[seeds], axis=0)).astype(np.uint8)
        colours = np.where(self._steady[..., None], self._usual, colour)
        shown, shown_passed = (np.zeros(seeds.shape, np.float32) for _ in range(2))
        for sample in self._samples:
            same = cv2.compare(_apart(sample.ycc, colour), _SAME, cv2.CMP_LE)
            cv2.accumulate(same & sample.free, shown)
        for ycc, part, deep in self._passes:
            shown_passed[part] += deep & (_apart(ycc, colour) <= _SHOWN)
        share = shown / np.maximum(self._times, 1)
        alike = seeds | (share >= _SOMETIMES) & (self._times >= _TIMES)
        tried = alike & (self._passed >= _TIMES)
        stays = seeds | tried & (shown_passed >= _MOSTLY * share * self._passed)
        away = cv2.distanceTransform((~seeds).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
        near = away <= self._reach
        count, pieces = cv2.connectedComponents(alike.view(np.uint8), connectivity=4)
        is_beside, all_tried, all_stay = (
            np.bincount(pieces[mask], minlength=count) for mask in (alike & beside, tried, stays)
        )
        in_front = (is_beside > 0) & (all_stay >= _MOSTLY * all_tried)
        mask = (stays | alike & ~tried) & in_front[pieces]
        return mask & near & ~self._still, colours


def _bars(samples: list[_Sample]) -> np.ndarray:
    """(H, W) bool: dark bars along the sides of the picture, in which nobody is ever seen."""
    brightest = reduce(np.maximum, (sample.ycc[..., 0] for sample in samples))
    seen = np.zeros(brightest.shape, bool)
    for sample in samples:
        for part, deep in sample.people:
            seen[part] |= deep & (sample.ycc[part][..., 0] > _BAR_LEVEL)
    mask = np.zeros(brightest.shape, bool)
    for turn in range(4):
        bright, people = np.rot90(brightest, turn), np.rot90(seen, turn)
        ends = ((bright <= _BAR_LEVEL).mean(axis=1) < _BAR_FILLED) | people.any(axis=1)
        rows = int(np.argmax(ends))
        inner, outer = bright[rows + 1 : rows + 3].mean(), bright[:rows].mean() if rows else 0
        if 0 < rows <= _BAR_MOST * len(ends) and inner - outer >= _SAME:
            np.rot90(mask, turn)[:rows] = True
    return mask


def _apart(ycc: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(h, w) uint8: weighted difference of colours (h, w, 3) uint8 from others or one (3,)."""
    other = np.broadcast_to(other, ycc.shape)
    return cv2.transform(cv2.absdiff(ycc, np.ascontiguousarray(other)), _WEIGHTS)


def _contrast(ycc: np.ndarray, known: np.ndarray, near: int) -> np.ndarray:
    """(H, W) uint8: difference of known pixels from the mean of the known pixels around them; 0
    elsewhere."""
    size = 2 * near + 1, 2 * near + 1
    weight = known.astype(np.float32)
    around = cv2.blur(ycc * weight[..., None], size)
    around /= np.maximum(cv2.blur(weight, size), 1e-3)[..., None]
    return _apart(ycc, np.rint(around).astype(np.uint8)) * known


def _without_specks(mask: np.ndarray) -> np.ndarray:
    """(H, W) bool: a mask without its small components."""
    near = cv2.dilate(mask.view(np.uint8), np.ones((3, 3), np.uint8))
    count, labels = cv2.connectedComponents(near)
    sizes = np.bincount(labels[mask], minlength=count)
    return mask & (sizes >= _SPECK_PX)[labels]
