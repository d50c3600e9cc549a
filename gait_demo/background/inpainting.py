"""Exemplar-based inpainting: patches of the picture are copied into the hole, so that lines and
texture continue.

Coarse to fine, every patch that touches the hole gets its nearest neighbour among the patches
beside it, and the hole becomes the weighted mean of what these neighbours show (Wexler, Shechtman,
Irani: "Space-Time Completion of Video", PAMI 2007, section 3). On the finest level neighbours are
found by propagation and random search (Barnes et al.: "PatchMatch", SIGGRAPH 2009, section 3). Only
the offsets to these neighbours are kept: at full resolution, whole pixels are copied by them, so
that the texture is as sharp as around the hole, and a membrane removes steps in brightness (Perez
et al.: "Poisson Image Editing", SIGGRAPH 2003, equation 4).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import cv2
import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.linalg import splu

_RADIUS = 3  # pixels of a patch to each side of its centre
_SIDE = 2 * _RADIUS + 1
_HOLE_AREA = 3000  # maximum area of the hole in pixels of the finest level
_WINDOW_AREA = 30_000  # maximum area of the hole and its surroundings on the same level
_COARSE_AREA = 250  # area of the hole below which no coarser level is made
_MIN_SOURCES = 64  # minimum number of patches that can be copied on a level
_MARGINS = (0.5, 1.5, 8.0)  # around the hole, in its longer sides: the first with enough pixels
_PAIRS = 8_000_000  # patches times candidates: up to here all are compared
_FEATURES = 16  # principal components by which patches are compared
_DRIFT = 0.6, 0.15  # cost of distance: grey levels per 1/128 of the window, down and across
_COHERENCE = 0.5  # cost in median costs, for each neighbour whose source is not adjacent
_ROUNDS = 6, 3, 2  # of matching and voting on the coarsest level, the next, and finer ones
_INWARD = 1.3  # factor by which the weight of a vote falls per pixel of depth in the hole
_STIFFNESS = 0.05  # of the membrane: a step at the seam falls to 1/e over about four pixels
_RIM = 0.5  # pixels of the finest level: deviation of the filter that fades out seams ...
_RIM_RANGE = 0.8, 3.0  # ... and its limits, in pixels of the picture
_FIT = 12.0  # grey levels: maximum difference of a guess around the hole, up to a constant
_NEIGHBOURS = ((0, 1), (0, -1), (1, 0), (-1, 0))


def inpaint(
    rgb: np.ndarray,
    hole: np.ndarray,
    forbidden: np.ndarray | None = None,
    guess: np.ndarray | None = None,
) -> np.ndarray:
    """Fills a hole with patches of its surroundings.

    The same arguments give the same result. The work is bounded by the areas above; only reading
    the window and copying the pixels grow with the resolution.

    Args:
        rgb: (H, W, 3) uint8; its values in the hole are not read.
        hole: (H, W) bool, where to fill, of any shape.
        forbidden: (H, W) bool, what must neither be copied nor continued, such as other people.
        guess: (H, W, 3) uint8, an earlier filled frame, moved with the camera. If it fits around
            the hole, it is used with adapted brightness: filling every frame of a video anew would
            flicker.

    Returns:
        (H, W, 3) uint8, outside the hole the values of `rgb`. A hole with too little around it for
        patches is filled smoothly, one with nothing around it with grey.
    """
    result = rgb.copy()
    if not hole.any():
        return result
    usable = ~hole if forbidden is None else ~(hole | forbidden)
    window = _window(hole, usable)
    part, missing, usable = rgb[window], hole[window], usable[window]
    adopted = None if guess is None else _adopted(part, missing, usable, guess[window])
    if adopted is not None:
        result[window][missing] = adopted
        return result
    part = part * usable[..., None]
    levels = _pyramid(part, missing, usable)
    if not levels:
        result[window][missing] = np.rint(_smooth(part, usable)[missing])
        return result
    levels[-1].grow()
    random = np.random.default_rng(0)
    for n, level in enumerate(reversed(levels)):
        if n:
            level.inherit(levels[-n])
        for _ in range(_ROUNDS[min(n, 2)]):
            level.match(random)
            level.vote()
    result[window][missing] = _copy(part, missing, usable, levels[0])
    return result


def _window(hole: np.ndarray, usable: np.ndarray) -> tuple[slice, slice]:
    """The hole and enough of its surroundings to take patches from."""
    x, y, w, h = cv2.boundingRect(hole.view(np.uint8))
    for margin in _MARGINS:
        reach = round(margin * max(w, h)) + 2 * _SIDE
        window = np.s_[max(0, y - reach) : y + h + reach, max(0, x - reach) : x + w + reach]
        if np.count_nonzero(usable[window]) > np.count_nonzero(hole):
            break
    return window


def _adopted(
    part: np.ndarray, missing: np.ndarray, usable: np.ndarray, guess: np.ndarray
) -> np.ndarray | None:
    """(n, 3) uint8: the guess in the hole, in the brightness of what is around it; None if it does
    not fit there."""
    x, y, w, h = cv2.boundingRect(missing.view(np.uint8))
    box = np.s_[max(0, y - _SIDE) : y + h + _SIDE, max(0, x - _SIDE) : x + w + _SIDE]
    missing, guess = missing[box], guess[box]
    near = cv2.dilate(missing.view(np.uint8), np.ones((2 * _SIDE + 1,) * 2, np.uint8)) > 0
    rim = near & usable[box]
    step = part[box].astype(np.float32) - guess
    if not rim.any() or np.abs(step[rim] - np.median(step[rim], axis=0)).mean() > _FIT:
        return None
    lit = guess + _smooth(step, rim)
    return np.clip(np.rint(lit[missing]), 0, 255).astype(np.uint8)


def _smooth(rgb: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(h, w, 3) float32: unknown pixels filled with the mean of the nearest known ones, by halving
    the resolution until there are any; grey if nothing is known."""
    if known.all():
        return rgb.astype(np.float32)
    if not known.any():
        return np.full(rgb.shape, 128, np.float32)
    size = tuple(-(-side // 2) for side in known.shape[::-1])
    share = _halved(known.astype(np.float32), size)
    mean = _halved(rgb * known[..., None].astype(np.float32), size)
    coarse = _smooth(mean / np.maximum(share, 1e-6)[..., None], share > 0)
    wide = cv2.resize(coarse, known.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.where(known[..., None], rgb, wide)


def _pyramid(part: np.ndarray, missing: np.ndarray, usable: np.ndarray) -> list[_Level]:
    """Levels with enough patches to copy, from the finest to the coarsest; possibly none."""
    scale = min(1.0, (_HOLE_AREA / np.count_nonzero(missing)) ** 0.5)
    scale = min(scale, (_WINDOW_AREA / missing.size) ** 0.5)
    size = tuple(max(1, round(side * scale)) for side in missing.shape[::-1])
    share, covered = (
        cv2.resize(255 * mask.astype(np.uint8), size, interpolation=cv2.INTER_AREA)
        for mask in (usable, missing)
    )
    image = _halved(part, size) / np.maximum(share / np.float32(255), 0.01)[..., None]
    missing, usable = covered > 0, share == 255
    usable &= ~missing
    levels: list[_Level] = []
    while missing.any() and min(missing.shape) > _SIDE:
        levels.append(_Level.of(image, missing, usable))
        if len(levels[-1].sources) < _MIN_SOURCES:
            return levels[:-1]
        if np.count_nonzero(missing) < _COARSE_AREA:
            break
        size = tuple(side // 2 for side in missing.shape[::-1])
        share = _halved(usable.astype(np.float32), size)
        image = _halved(image * usable[..., None], size) / np.maximum(share, 0.01)[..., None]
        missing, usable = _halved(missing.astype(np.float32), size) > 0.6, share > 0.4
        usable &= ~missing
    return levels


def _halved(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


@dataclass
class _Level:
    """One level of the pyramid. A pixel is given by its number, row by row, in the image with a
    border of 3 pixels.

    Attributes:
        image: (h + 6, w + 6, 3) float32, what is known, and the current estimate of the rest.
        usable: (h, w) bool, what may be copied.
        unknown: (n,) pixels to estimate: the hole, and what must not be copied beside it.
        targets, sources: (t,), (s,) centres of patches that touch the hole, or may be copied.
        trust: (t,) float32, weight of a target's vote.
        nearest: (t,) the most similar source of each target.
    """

    image: np.ndarray
    usable: np.ndarray
    unknown: np.ndarray
    targets: np.ndarray
    sources: np.ndarray
    trust: np.ndarray
    nearest: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))

    @classmethod
    def of(cls, image: np.ndarray, missing: np.ndarray, usable: np.ndarray) -> _Level:
        patch = np.ones((_SIDE, _SIDE), np.uint8)
        touching = cv2.dilate(missing.view(np.uint8), patch)
        near = cv2.dilate(touching, patch) > 0
        whole = cv2.erode(np.pad(usable, _RADIUS).view(np.uint8), patch)
        depth = cv2.distanceTransform(missing.view(np.uint8), cv2.DIST_L2, 5)[touching > 0]
        return cls(
            _bordered(image),
            usable,
            np.flatnonzero(np.pad(missing | (near & ~usable), _RADIUS)),
            np.flatnonzero(np.pad(touching, _RADIUS)),
            np.flatnonzero(whole),
            _INWARD**-depth,
        )

    @property
    def width(self) -> int:
        return self.image.shape[1]

    @property
    def _inner(self) -> np.ndarray:
        return self.image[_RADIUS:-_RADIUS, _RADIUS:-_RADIUS]

    def grow(self) -> None:
        """Makes a first estimate, from the rim inward: each pixel is that of the source that best
        fits what is known around it."""
        pending = np.zeros(self.image.shape[:2], np.uint8)
        pending.ravel()[self.unknown] = 1
        offered = self._patches(self.sources) - 128
        squares, theirs = (offered**2).T, self._places(self.sources)
        while pending.any():
            known = cv2.erode(pending, np.ones((3, 3), np.uint8))
            now = np.flatnonzero((pending > 0) & (known == 0))
            if not len(now):
                break
            view = np.lib.stride_tricks.sliding_window_view(pending == 0, (_SIDE, _SIDE))
            y, x = np.divmod(now, self.width)
            weight = view[y - _RADIUS, x - _RADIUS].reshape(len(now), 1, -1)
            weight = weight.repeat(3, 1).reshape(len(now), -1).astype(np.float32)
            cost = weight @ squares - 2 * (weight * (self._patches(now) - 128)) @ offered.T
            apart = self._places(now)[:, None] - theirs
            cost += weight.mean(1, keepdims=True) * (apart**2).sum(2)
            colours = self.image.reshape(-1, 3)
            colours[now] = colours[self.sources[cost.argmin(1)]]
            pending.ravel()[now] = 0
        self.image = _bordered(self._inner)

    def inherit(self, coarse: _Level) -> None:
        """Makes a first estimate from the offsets that were found on the next coarser level."""
        ratio = np.array(self.usable.shape) / coarse.usable.shape
        high, wide = coarse.usable.shape
        shifts = np.zeros((high * wide, 2), np.float32)
        to, by = (np.stack(np.divmod(p, coarse.width), 1) for p in (coarse.targets, coarse.nearest))
        shifts[(to[:, 0] - _RADIUS) * wide + to[:, 1] - _RADIUS] = by - to
        here = np.stack(np.divmod(self.targets, self.width), 1) - _RADIUS
        y, x = np.minimum(here // ratio, [high - 1, wide - 1]).astype(int).T
        source = np.rint(here + shifts[y * wide + x] * ratio).astype(int)
        y, x = np.clip(source, 0, np.array(self.usable.shape) - 1).T + _RADIUS
        source, is_source = y * self.width + x, self._is_source()
        lost = ~is_source[source]
        after = np.searchsorted(self.sources, source[lost]).clip(0, len(self.sources) - 1)
        source[lost] = self.sources[after]
        self.nearest = source
        self.vote(np.where(lost, 1e-3, 1).astype(np.float32))

    def match(self, random: np.random.Generator) -> None:
        """Finds the most similar source of every target, by comparing all or by PatchMatch."""
        wanted, offered = self._features(self.targets), self._offered
        if len(wanted) * len(offered) <= _PAIRS or not len(self.nearest):
            step = -(-len(wanted) * len(offered) // _PAIRS)
            few = offered[::step]
            best = ((few**2).sum(1) - 2 * wanted @ few.T).argmin(1)
            self.nearest = self.sources[::step][best]
            self._distance = ((wanted - few[best]) ** 2).sum(1)
            return
        row = np.full(self._is_source().shape, -1, np.int32)
        row[self.sources] = np.arange(len(self.sources), dtype=np.int32)
        place = np.full(row.shape, -1, np.int32)
        place[self.targets] = np.arange(len(self.targets), dtype=np.int32)
        found, steps = self.nearest.copy(), [y * self.width + x for y, x in _NEIGHBOURS]
        distance = ((wanted - offered[row[found]]) ** 2).sum(1)
        all_targets = np.arange(len(found))
        beside = [place[self.targets + step] for step in steps]
        beside = [np.where(n < 0, all_targets, n) for n in beside]
        price = _COHERENCE * np.median(distance)

        def breaks(candidates: np.ndarray, which: np.ndarray) -> np.ndarray:
            """Number of neighbours whose source is not adjacent to the candidate."""
            links = zip(beside, steps, strict=True)
            return sum(found[n[which]] - step != candidates for n, step in links)

        def consider(candidates: np.ndarray, which: np.ndarray) -> None:
            rows = row[candidates.clip(0, len(row) - 1)]
            ok = (rows >= 0) & (candidates != found[which])
            which, rows = which[ok], rows[ok]
            cost = ((wanted[which] - offered[rows]) ** 2).sum(1)
            gain = breaks(found[which], which) - breaks(self.sources[rows], which)
            better = cost < distance[which] + price * gain
            found[which[better]] = self.sources[rows[better]]
            distance[which[better]] = cost[better]

        for stride in (2, 1):
            for step in steps:
                other = place[self.targets + stride * step]
                which = np.flatnonzero(other >= 0)
                consider(found[other[which]] - stride * step, which)
            for reach in (8, 4, 2, 1):
                y, x = random.integers(-reach, reach + 1, (2, len(found)))
                consider(found + y * self.width + x, all_targets)
        self.nearest, self._distance = found, distance

    def vote(self, weight: np.ndarray | None = None) -> None:
        """Sets each unknown pixel to the weighted mean of what the sources of patches over it show.

        Args:
            weight: (t,) float32; by default it falls with the cost of the match.
        """
        if weight is None:
            weight = np.exp(-self._distance / (2 * np.percentile(self._distance, 75) + 1))
        weight = (self.trust * weight)[:, None].astype(np.float32)
        ones = np.ones((*self.image.shape[:2], 1), np.float32)
        colours = np.concatenate([self.image, ones], 2).reshape(-1, 4)
        votes = np.zeros_like(colours)
        for y in range(-_RADIUS, _RADIUS + 1):
            for x in range(-_RADIUS + (y + _RADIUS) % 2, _RADIUS + 1, 2):
                step = y * self.width + x
                votes[self.targets + step] += weight * colours.take(self.nearest + step, 0)
        votes = votes[self.unknown]
        known = votes[:, 3:] > 1e-12
        mean = votes[:, :3] / np.maximum(votes[:, 3:], 1e-12)
        self._set(np.where(known, mean, colours[self.unknown, :3]))

    def membrane(self) -> np.ndarray:
        """(h, w, 3) float32: what to add to the copied pixels so that no seam shows."""
        image = self.image.reshape(-1, 3)
        shift = np.zeros(len(image), np.int64)
        shift[self.targets] = self.nearest - self.targets
        inside = self.unknown[np.isin(self.unknown, self.targets)]
        number = np.full(len(image), -1)
        number[inside] = np.arange(len(inside))
        fixed = np.pad(self.usable, _RADIUS).ravel()
        total = np.full(len(inside), _STIFFNESS)
        wanted, rows, columns = np.zeros((len(inside), 3)), [], []
        for step in (y * self.width + x for y, x in _NEIGHBOURS):
            beside = inside + step
            inner, rim = number[beside] >= 0, fixed[beside]
            total += inner | rim
            seen = image[beside + shift[inside]]
            wanted[rim] += (image[beside] - seen)[rim]
            here, there = inside[inner], beside[inner]
            jump = image[there + shift[there]] - seen[inner]
            jump += image[here + shift[there]] - image[here + shift[here]]
            wanted[inner] += jump / 2
            rows.append(np.flatnonzero(inner))
            columns.append(number[there])
        rows, columns = np.concatenate(rows), np.concatenate(columns)
        diagonal = np.arange(len(inside))
        matrix = coo_array(
            (
                np.concatenate([total, np.full(len(rows), -1.0)]),
                (np.concatenate([diagonal, rows]), np.concatenate([diagonal, columns])),
            )
        ).tocsc()
        result = np.zeros_like(self.image)
        solved = splu(matrix, permc_spec="MMD_AT_PLUS_A").solve(wanted)
        result.reshape(-1, 3)[inside] = solved
        return result[_RADIUS:-_RADIUS, _RADIUS:-_RADIUS]

    def shifts(self) -> np.ndarray:
        """(h, w, 2) float32: x and y from each target to its source, 0 elsewhere."""
        result = np.zeros((self.image.shape[0] * self.width, 2), np.float32)
        to, by = (np.stack(np.divmod(p, self.width), 1) for p in (self.targets, self.nearest))
        result[self.targets] = (by - to)[:, ::-1]
        result = result.reshape(*self.image.shape[:2], 2)
        return result[_RADIUS:-_RADIUS, _RADIUS:-_RADIUS]

    def _is_source(self) -> np.ndarray:
        result = np.zeros(self.image.shape[0] * self.width, bool)
        result[self.sources] = True
        return result

    def _patches(self, centres: np.ndarray) -> np.ndarray:
        """(n, 147) float32: the values of the patches."""
        view = np.lib.stride_tricks.sliding_window_view(self.image, (_SIDE, _SIDE), (0, 1))
        y, x = np.divmod(centres, self.width)
        return view[y - _RADIUS, x - _RADIUS].reshape(len(centres), -1)

    @cached_property
    def _basis(self) -> np.ndarray:
        """(147, f) float32: the principal components of the sources."""
        patches = self._patches(self.sources[:: 1 + len(self.sources) // 2000])
        patches -= patches.mean(axis=0)
        return np.linalg.eigh(patches.T @ patches)[1][:, -_FEATURES:]

    @cached_property
    def _offered(self) -> np.ndarray:
        """(s, f + 2) float32: the features of the sources; votes do not change them."""
        return self._features(self.sources)

    def _features(self, centres: np.ndarray) -> np.ndarray:
        """(n, f + 2) float32: content and place of patches; the cost of a match is the squared
        distance."""
        shown = (self._patches(centres) - 128) @ self._basis
        return np.concatenate([shown, self._places(centres)], 1, dtype=np.float32)

    def _places(self, centres: np.ndarray) -> np.ndarray:
        """(n, 2) float32: where patches are, in the units of `_features`."""
        place = np.stack(np.divmod(centres, self.width), 1).astype(np.float32)
        unit = _SIDE * 3**0.5 * 128 / max(self.usable.shape)
        return place * np.array(_DRIFT, np.float32) * np.float32(unit)

    def _set(self, colours: np.ndarray) -> None:
        self.image.reshape(-1, 3)[self.unknown] = colours
        self.image = _bordered(self._inner)


def _bordered(image: np.ndarray) -> np.ndarray:
    border = (_RADIUS,) * 4
    return cv2.copyMakeBorder(image, *border, cv2.BORDER_REFLECT)


def _copy(part: np.ndarray, missing: np.ndarray, usable: np.ndarray, level: _Level) -> np.ndarray:
    """(n, 3) uint8: the missing pixels, copied from the window by the offsets of a level."""
    (high, wide), (h, w) = usable.shape, level.usable.shape
    ratio = np.array([wide / w, high / h], np.float32)
    left, top, *size = cv2.boundingRect(missing.view(np.uint8))
    reach = float(np.clip(_RIM * ratio.max(), *_RIM_RANGE))
    border = round(3 * reach) + 1
    x = np.arange(max(0, left - border), min(wide, left + size[0] + border), dtype=np.float32)
    y = np.arange(max(0, top - border), min(high, top + size[1] + border), dtype=np.float32)
    box = np.s_[int(y[0]) : int(y[-1]) + 1, int(x[0]) : int(x[-1]) + 1]
    places = np.dstack(np.meshgrid(x, y))
    columns, rows = ((at + 0.5) / r - 0.5 for at, r in zip((x, y), ratio, strict=True))
    cells = np.dstack(np.meshgrid(columns, rows))
    membrane = level.membrane()
    result = cv2.remap(membrane, cells, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    shifts = np.rint(level.shifts() * ratio)
    column, row = (np.floor(cell).astype(int) for cell in (columns, rows))
    rights = [np.clip(column + n, 0, w - 1) for n in (0, 1)]
    downs = [np.clip(row + n, 0, h - 1) for n in (0, 1)]
    over_x = [np.tile(weight, (len(y), 1)) for weight in _fades(columns)]
    over_y = [np.tile(weight[:, None], len(x)) for weight in _fades(rows)]
    bands = []
    for down in downs:
        maps = (places + shifts[np.ix_(down, right)] for right in rights)
        shown = (cv2.remap(part, at, None, cv2.INTER_NEAREST) for at in maps)
        bands.append(cv2.blendLinear(*shown, *over_x))
    result = cv2.add(result, cv2.blendLinear(*bands, *over_y), dtype=cv2.CV_32F)
    known = usable[box].astype(np.float32)
    step = (part[box] - result) * known[..., None]
    weight = cv2.GaussianBlur(known, (0, 0), reach) + 0.1
    result += cv2.GaussianBlur(step, (0, 0), reach) / weight[..., None]
    return np.clip(np.rint(result), 0, 255).astype(np.uint8)[missing[box]]


def _fades(cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights of the cells before and after each coordinate: they cross-fade over half a cell,
    midway between both."""
    above = np.clip(2 * (cells - np.floor(cells)) - 0.5, 0, 1)
    return 1 - above, above
