"""Captions, clocks, logos and bars that were burnt into a video: they lie in front of everybody.

What an overlay is, two kinds of frames tell. Where somebody passes, the scene is hidden and an
overlay is not: its pixels keep their level while the rest of the person's place changes. Where the
camera moves, the scene changes and an overlay does not. Somebody who stands still keeps the level
as well, but then hardly anything of their place changes: such a place is never an overlay.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from gait_demo.background.foreground import pack, unpack
from gait_demo.imaging.morphology import narrowed
from gait_demo.imaging.resizing import shrink_by

_WINDOW_S = 3.0  # in which a caption is looked for, beside the whole shot
_PER_S = 15.0  # frames by which it is judged
_MOST = 60  # of them in a whole shot
_LONGEST_PX = 1280  # of a side, in which overlays are looked for
_FREE, _PASSED = 4, 3  # of these, in which a pixel must be free, and be passed by somebody
_STEADY, _KEPT = 7.0, 11.0  # grey levels: deviation of what does not change, free and passed
_EXACT = 6.0  # grey levels: of its mean, while somebody passes
_CHANGED = 14.0  # grey levels by which a person's pixels differ from what is behind
_STANDS_OUT = 0.5  # of a person's place that must do so
_TOLD = 0.3  # of it, by which that is told
_DEEP = 0.02  # heights to the edge of a matte, within which its person surely is
_CONTRAST = 10.0  # grey levels between an overlay and its surroundings
_STARK = 40.0  # the same, where only the moving camera tells
_NEAR = 0.04  # of the picture's height, that letters of one caption are apart
_LETTER, _DIGITS = 4, 3  # times that: a letter's longer side, and how far a clock's digits are
_WIDE = 0.3  # of the picture's height, that a box reaches from where somebody passes
_BEYOND = 0.3  # of a piece's area that may lie farther, else it is a part of the scene
_RESTLESS = 12.0  # grey levels: deviation beside an overlay before a moving camera
_BESIDE_PX = 7  # width of the place that this is looked for in ...
_MOSTLY = 0.4  # ... and share of a wider one, in which it must be so
_LEVELS = 64  # grey levels; brighter and darker parts of an overlay are told apart
_BRIGHT = 128  # from which on an overlay is told by itself
_SPECK_PX = 8  # of an overlay's pixels: fewer are noise
_SAME = 20.0  # grey levels by which an overlay's own may differ from frame to frame
_SAME_COLOUR = 40.0  # the same of Cr and Cb together: half as fine, they mix with what is beside
_BLEEDING = 0.5  # of its contrast, by which the colour of a thin line may differ more
_SHOWN_COLOUR = 60.0  # by which an overlay's own may, from frame to frame
_ALIKE = 13.0  # within a piece of it
_IN_FRONT = 0.85  # of what people pass of a piece, that stays
_TICKING = 25.0  # grey levels: deviation of what a clock shows now and then
_SOMETIMES = 0.1  # of the free frames, in which a clock's digit shows
_AS_OFTEN = 0.6  # of that share, while somebody passes
_BAR_LEVEL, _BAR_EDGE = 24.0, 10.0  # grey levels: of bars, at most; of the picture more, at least
_BAR_FILLED = 0.8  # of a bar's rows and columns that are as dark
_BAR_MOST = 0.4  # of the picture

Read = Callable[[int], np.ndarray]
Places = Callable[[int], Sequence[np.ndarray]]


@dataclass(frozen=True)
class Overlay:
    """What lies in front of everybody in some frames of a shot.

    Attributes:
        first, end: these frames, end excluded.
        scale: pixels of the levels per pixel of a frame.
        x, y: of the upper left corner, in these pixels.
        shape: (h, w).
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
            mask: (H, W) bool, where it may be; somewhere.
            colours: (H, W, 3) uint8 YCrCb, its own there.
        """
        x, y, w, h = cv2.boundingRect(mask.astype(np.uint8))
        part = np.s_[y : y + h, x : x + w]
        packed = cv2.imencode(".png", colours[part])[1]
        return cls(first, end, scale, x, y, (h, w), pack(mask[part]), packed.tobytes())

    def shown_in(self, ycc: np.ndarray, x: int, y: int, scale: float) -> np.ndarray:
        """(h, w) uint8, 0 or 255: where a part of a frame shows it; arguments as of `overlay_mask`,
        in YCrCb."""
        s = scale / self.scale
        shift = (s - 1) / 2  # pixel centres lie at whole numbers
        to_part = np.array([[s, 0, s * self.x + shift - x], [0, s, s * self.y + shift - y]])
        size, mask = ycc.shape[1::-1], 255 * unpack(self.mask, self.shape)
        colours = cv2.imdecode(np.frombuffer(self.colours, np.uint8), cv2.IMREAD_COLOR)
        mask = cv2.warpAffine(mask, to_part, size, flags=cv2.INTER_LINEAR)
        colours = cv2.warpAffine(colours, to_part, size, flags=cv2.INTER_NEAREST)
        luma, red, blue = cv2.split(cv2.absdiff(ycc, colours))
        same = cv2.compare(luma, _SAME, cv2.CMP_LE)
        same &= cv2.compare(cv2.add(red, blue), _SHOWN_COLOUR, cv2.CMP_LE)
        return same & cv2.compare(mask, 127, cv2.CMP_GT)


def overlay_mask(
    overlays: Sequence[Overlay],
    index: int,
    rgb: np.ndarray,
    x: int = 0,
    y: int = 0,
    scale: float = 1.0,
) -> np.ndarray | None:
    """What of a part of a frame lies in front of everybody, with its soft edge.

    Args:
        index: of the frame.
        rgb: (h, w, 3) uint8, the part.
        x, y: of its upper left corner, in its own pixels.
        scale: of the part, against the frame.

    Returns:
        (h, w) uint8, 0 or 255; None: nothing does.
    """
    here = [one for one in overlays if one.first <= index < one.end]
    if not here:
        return None
    ycc = cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb)
    mask = np.max([one.shown_in(ycc, x, y, scale) for one in here], axis=0)
    return cv2.dilate(mask, np.ones((3, 3), np.uint8))


def find_overlays(
    read: Read, frames: range, scale: float, fps: float, people: Places, taken: Read, moves: bool
) -> tuple[Overlay, ...]:
    """What lies in front of everybody in one shot.

    Args:
        read: (H, W, 3) uint8, a frame by its index, `scale` times as large as it is.
        frames: of the shot.
        people: for each person who is seen in a frame, where they are: (h, w) uint8, 0 or 1, at any
            resolution.
        taken: (h, w) uint8, not 0 where anybody is or may be, and around.
        moves: whether the camera does.
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
    for n in range(pieces):
        part = frames[len(frames) * n // pieces : len(frames) * (n + 1) // pieces]
        samples = [_Sample.of(read(index), people(index), taken(index)) for index in part[::step]]
        whole += samples[::sparse]
        if pieces > 1:
            found += _Evidence(samples).overlays(part, scale, moves)
    return (*found, *_Evidence(whole).overlays(frames, scale, moves))


def _smaller(read: Read, first: int) -> tuple[Read, float]:
    """Frames of a bounded size, since many are held at once, and how large they are then."""
    smaller = min(1.0, _LONGEST_PX / max(read(first).shape))
    return lambda index: shrink_by(read(index), smaller), smaller


_Part = tuple[slice, slice]


@dataclass(frozen=True)
class _Sample:
    """One frame.

    Attributes:
        luma: (H, W) uint8.
        colour: (h, w, 2) uint8, Cr and Cb at half the resolution, as most videos hold them.
        free: (H, W) uint8, not 0 where nobody is or may be.
        people: for each person, a part of the frame, and where in it they surely are, bool.
    """

    luma: np.ndarray
    colour: np.ndarray
    free: np.ndarray
    people: tuple[tuple[_Part, np.ndarray], ...]

    @classmethod
    def of(cls, rgb: np.ndarray, people: Sequence[np.ndarray], taken: np.ndarray) -> _Sample:
        size = rgb.shape[1::-1]
        free = cv2.resize(cv2.compare(taken, 0, cv2.CMP_EQ), size, interpolation=cv2.INTER_NEAREST)
        luma, red, blue = cv2.split(cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb))
        half = (size[0] + 1) // 2, (size[1] + 1) // 2
        colour = cv2.resize(cv2.merge([red, blue]), half, interpolation=cv2.INTER_AREA)
        deep = (_deep(mask, size) for mask in people if mask.any())
        return cls(luma, colour, free, tuple(one for one in deep if one[1].any()))


def _deep(mask: np.ndarray, size: tuple[int, int]) -> tuple[_Part, np.ndarray]:
    """Where a person surely is, also behind letters that the matte lacks."""
    reach = max(1, round(_DEEP * cv2.boundingRect(mask)[3]))
    closing = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    deep = narrowed(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, closing), reach)
    deep = cv2.resize(deep, size, interpolation=cv2.INTER_NEAREST)
    x, y, w, h = cv2.boundingRect(deep)
    part = np.s_[y : y + h, x : x + w]
    return part, deep[part] > 0


class _Evidence:
    """What some frames of a shot say. All images are (H, W)."""

    def __init__(self, samples: list[_Sample]):
        self._samples, shape = samples, samples[0].luma.shape
        self._near = round(_NEAR * shape[0])
        self._times, self._usual, squares = (np.zeros(shape, np.float32) for _ in range(3))
        for one in samples:
            cv2.accumulate((one.free > 0).view(np.uint8), self._times)
            cv2.accumulate(one.luma, self._usual, one.free)
            cv2.accumulateSquare(one.luma, squares, one.free)
        self._usual /= np.maximum(self._times, 1)
        self._usual_colour = self._mean_colour()
        variance = squares / np.maximum(self._times, 1) - self._usual**2
        self._deviation = np.sqrt(variance.clip(0))
        self._known = self._times >= _FREE
        self._find_passes()

    def _mean_colour(self) -> np.ndarray:
        """(H, W, 2) float32, of the frames in which nobody is there."""
        size = self._samples[0].colour.shape[1::-1]
        total, times = np.zeros((*size[::-1], 2), np.float32), np.zeros(size[::-1], np.float32)
        for one in self._samples:
            free = cv2.resize(one.free, size, interpolation=cv2.INTER_NEAREST)
            cv2.accumulate(one.colour, total, free)
            cv2.accumulate((free > 0).view(np.uint8), times)
        mean = total / np.maximum(times, 1)[..., None]
        return cv2.resize(mean, self._usual.shape[::-1], interpolation=cv2.INTER_LINEAR)

    def _find_passes(self) -> None:
        """People who stand out from what is usual at their place pass; of the others, who may
        themselves be what is usual there, the place is remembered."""
        shape = self._usual.shape
        self._passes: list[tuple[_Sample, _Part, np.ndarray]] = []
        self._still = np.zeros(shape, bool)
        self._passed, self._then, self._off = (np.zeros(shape, np.float32) for _ in range(3))
        self._off_colour = np.zeros(shape, np.float32)
        for sample in self._samples:
            for part, deep in sample.people:
                told = deep & self._known[part]
                here = sample.luma[part].astype(np.float32)
                away = np.abs(here - self._usual[part])
                apart = _colour_apart(sample, self._usual_colour, part)
                changed = (away[told] > _CHANGED) | (apart[told] > _CHANGED)
                if told.sum() <= _TOLD * deep.sum() or changed.mean() < _STANDS_OUT:
                    self._still[part] |= deep
                    continue
                self._passes.append((sample, part, deep))
                self._passed[part] += deep
                self._then[part] += deep * here
                self._off[part] += deep * away**2
                self._off_colour[part] += deep * apart**2
        self._then /= np.maximum(self._passed, 1)

    def overlays(self, frames: range, scale: float, moves: bool) -> list[Overlay]:
        kept = self._off <= _SAME**2 * self._passed
        contrasts = np.abs(_contrast(self._then, self._passed >= _PASSED, self._near))
        thin = _SAME_COLOUR + _BLEEDING * contrasts
        kept &= self._off_colour <= thin**2 * self._passed
        steady = self._known & ~self._still & (self._deviation <= _STEADY) & kept
        exact = self._off <= _KEPT**2 * self._passed
        exact &= np.abs(self._then - self._usual) <= _EXACT
        surely = _without_specks(steady & exact & self._in_front())
        likely = _without_specks(steady & self._unmoved()) if moves else np.zeros_like(surely)
        found, bright = [], np.zeros(steady.shape, np.uint8)
        for least in range(256 - _LEVELS, -1, -_LEVELS):
            level = (self._usual >= least) & (self._usual < least + _LEVELS)
            if least < _BRIGHT:  # dark before dark says nothing: only boxes and outlines of others
                vivid = np.abs(self._usual_colour - 128).sum(axis=2) >= _SAME_COLOUR
                level &= vivid | (cv2.dilate(bright, _square(self._near)) > 0)
            seeds = self._connected(surely & level, likely & level, steady)
            if seeds.any():
                found.append(self._grown(seeds, moves))
                bright |= found[-1][0]
        found.append(self._bars())
        span = frames.start, frames.stop
        return [Overlay.of(*span, scale, *one) for one in found if one[0].any()]

    def _in_front(self) -> np.ndarray:
        """Bool: what stands out from the scene, and from those who pass, alike."""
        passed = self._passed >= _PASSED
        both = (_contrast(each, passed, self._near) for each in (self._usual, self._then))
        return passed & (np.minimum(*map(np.abs, both)) >= _CONTRAST)

    def _unmoved(self) -> np.ndarray:
        """Bool: what stands out from a scene that changes all around, where nobody ever is."""
        nobody = self._times == len(self._samples)
        restless = (self._known & (self._deviation >= _RESTLESS)).astype(np.float32)
        beside = cv2.dilate(restless, np.ones((_BESIDE_PX, _BESIDE_PX), np.uint8)) > 0
        mostly = cv2.blur(restless, (8 * self._near + 1, 8 * self._near + 1)) >= _MOSTLY
        stands_out = np.abs(_contrast(self._usual, self._known, self._near)) >= _STARK
        return nobody & beside & mostly & stands_out

    def _connected(self, surely: np.ndarray, likely: np.ndarray, steady: np.ndarray) -> np.ndarray:
        """Bool: the pieces of the picture, as bright as some seeds, that hold seeds, and letters
        beside them. Of a piece that people pass nearly all stays: clothes of the same brightness
        hide no more than a part of it. What goes on beyond the seeds may be scenery: of that only
        what was passed."""
        seeds = surely | likely
        if not seeds.any():
            return seeds
        level = np.median(self._usual[seeds])
        alike = self._known & (self._deviation <= _STEADY) & (np.abs(self._usual - level) <= _ALIKE)
        alike = (alike | seeds).view(np.uint8)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(alike, connectivity=4)
        passed = self._passed >= _PASSED
        all_passed, kept, held = (
            np.bincount(labels[mask], minlength=count) for mask in (passed, passed & steady, seeds)
        )
        stays = kept >= _IN_FRONT * all_passed
        whole = stays & (held >= _SPECK_PX)
        nearby = cv2.dilate(seeds.view(np.uint8), _square(_WIDE * len(seeds))) > 0
        beyond = np.bincount(labels[(alike > 0) & ~nearby], minlength=count)
        goes_on = beyond > _BEYOND * stats[:, cv2.CC_STAT_AREA]
        whole[0] = stays[0] = False
        mask = whole[labels] & (passed & nearby | ~goes_on[labels])
        beside = np.zeros(count, bool)
        beside[labels[cv2.dilate(mask.view(np.uint8), _square(self._near)) > 0]] = True
        wide, high = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
        letters = stays & beside & (np.maximum(wide, high) <= _LETTER * self._near)
        return mask | letters[labels]

    def _grown(self, seeds: np.ndarray, moves: bool) -> tuple[np.ndarray, np.ndarray]:
        """With the pixels beside them that are now and then as bright, as those of a clock: bool;
        and the colour of each, uint8."""
        reach = _DIGITS * self._near
        away, labels = cv2.distanceTransformWithLabels(
            (~seeds).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
        )
        of_label = np.zeros((labels.max() + 1, 3), np.uint8)
        of_label[labels[seeds]] = np.rint(self._colours()[seeds])
        colours = of_label[labels]
        levels = colours[..., 0].copy()
        shown, shown_passed = (np.zeros(seeds.shape, np.float32) for _ in range(2))
        for sample in self._samples:
            same = cv2.compare(cv2.absdiff(sample.luma, levels), _SAME, cv2.CMP_LE)
            cv2.accumulate(np.full_like(same, 1), shown, same & sample.free)
        for sample, part, deep in self._passes:
            same = cv2.absdiff(sample.luma[part], levels[part]) <= _SAME
            same &= _colour_apart(sample, colours[..., 1:], part) <= _SAME_COLOUR
            shown_passed[part] += deep & same
        share = shown / np.maximum(self._times, 1)
        ticks = (share >= _SOMETIMES) & (self._deviation >= _TICKING) & (away <= reach)
        if moves:
            ticks &= self._passed >= _PASSED
            ticks &= shown_passed >= _AS_OFTEN * share * self._passed
        return (seeds | ticks) & ~self._still & self._known, colours

    def _colours(self) -> np.ndarray:
        """(H, W, 3) float32 YCrCb, of the frames in which nobody is there."""
        return np.dstack([self._usual, self._usual_colour])

    def _bars(self) -> tuple[np.ndarray, np.ndarray]:
        """Black bars along the sides, in which nobody ever is seen: as of `_grown`."""
        shape = self._usual.shape
        dark, bright = np.ones(shape, bool), np.zeros(shape, bool)
        for sample in self._samples:
            dark &= sample.luma <= _BAR_LEVEL
            for part, deep in sample.people:
                bright[part] |= deep & (sample.luma[part] > _BAR_LEVEL)
        mask = np.zeros(shape, bool)
        for turn in range(4):
            rows = _bar_height(*(np.rot90(one, turn) for one in (dark, self._usual, bright)))
            np.rot90(mask, turn)[:rows] = True
        return mask, np.rint(self._colours()).astype(np.uint8)


def _colour_apart(sample: _Sample, colour: np.ndarray, part: _Part) -> np.ndarray:
    """Float32: in a part of a frame, by how much the colour differs from another, (H, W, 2)."""
    theirs = colour[part].astype(np.float32)
    size, (rows, columns) = theirs.shape[1::-1], part
    to_part = np.array([[2, 0, 0.5 - columns.start], [0, 2, 0.5 - rows.start]])
    ours = cv2.warpAffine(
        sample.colour, to_part, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.abs(ours - theirs).sum(axis=2)


def _bar_height(dark: np.ndarray, level: np.ndarray, bright: np.ndarray) -> int:
    """Rows of a bar along the upper side.

    Args:
        dark: (h, w) bool, in all frames.
        level: (h, w) float32, its brightness.
        bright: (h, w) bool, where somebody is not as dark.
    """
    is_bar = (dark.mean(axis=1) >= _BAR_FILLED) & ~bright.any(axis=1)
    rows = int(np.argmin(is_bar))
    if not 0 < rows <= _BAR_MOST * len(level):  # the picture is dark all over
        return 0
    inner, outer = level[rows + 1 : rows + 3].mean(), level[:rows].mean()
    return rows if inner - outer >= _BAR_EDGE else 0


def _square(radius: float) -> np.ndarray:
    side = 2 * round(radius) + 1
    return np.ones((side, side), np.uint8)


def _contrast(level: np.ndarray, known: np.ndarray, near: int) -> np.ndarray:
    """(H, W) float32: by how much pixels are brighter than what is known around them."""
    size = 2 * near + 1, 2 * near + 1
    weight = known.astype(np.float32)
    around = cv2.blur(level * weight, size) / np.maximum(cv2.blur(weight, size), 1e-3)
    return (level - around) * known


def _without_specks(mask: np.ndarray) -> np.ndarray:
    """(H, W) bool: a mask without the components that are small."""
    near = cv2.dilate(mask.view(np.uint8), np.ones((3, 3), np.uint8))
    count, labels = cv2.connectedComponents(near)
    sizes = np.bincount(labels[mask], minlength=count)
    return mask & (sizes >= _SPECK_PX)[labels]
