"""Inpainting that continues lines and texture: patches of the picture itself, copied into the hole.

Coarse to fine, every patch that touches the hole gets its nearest neighbour among the patches
beside it, and the hole becomes the weighted mean of what these neighbours show (Wexler, Shechtman,
Irani: "Space-Time Completion of Video", PAMI 2007, section 3). On the finest level neighbours are
found by propagation and random search (Barnes et al.: "PatchMatch", SIGGRAPH 2009, section 3). What
is kept of all this are the offsets: the full resolution copies whole pixels by them, so that the
texture is as sharp as around the hole, and a membrane takes away the steps in brightness (Perez et
al.: "Poisson Image Editing", SIGGRAPH 2003, equation 4).
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
_HOLE_AREA = 3000  # pixels of the hole on the finest level
_WINDOW_AREA = 30_000  # pixels of the hole and its surroundings, on the same
_COARSE_AREA = 250  # pixels of the hole below which no coarser level is made
_MIN_SOURCES = 64  # patches that a level must offer
_MARGINS = (0.5, 1.5, 8.0)  # longer sides of the hole around it: the first with enough sources
_PAIRS = 8_000_000  # patches times candidates that are compared exhaustively
_FEATURES = 16  # principal components by which patches are compared
_DRIFT = 0.6, 0.15  # grey levels per 1/128 of the window between patch and source, down and across
_COHERENCE = 0.5  # of the median distance: cost of a source that does not continue a neighbour's
_ROUNDS = 6, 3, 2  # votes on the coarsest level, the next, and finer ones
_INWARD = 1.3  # factor by which a vote weighs less a pixel deeper in the hole
_STIFFNESS = 0.05  # of the membrane: the seam's step falls to 1/e over some four pixels
_RIM = 0.5  # pixels of the finest level over which the copy fades into the surroundings
_RIM_RANGE = 0.8, 3.0  # deviation in pixels of the picture, of the filter that does so
_FIT = 12.0  # grey levels by which a guess may differ around the hole, apart from its light
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
        guess: (H, W, 3) uint8, an earlier frame with its fill, moved with the camera. If it fits
            around the hole, its pixels are adopted and only their light is adapted: fills made
            afresh for every frame of a video would flicker.

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
    """(n, 3) uint8: a guess in the light of its surroundings; None if it does not fit them."""
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
    """(h, w, 3) float32: the mean of what is known, as near as there is any; else grey."""
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
    """Levels that offer enough patches, from the finest to the coarsest; maybe none."""
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
    """One resolution. Pixels are counted in the image with a border of _RADIUS pixels, row by row.

    Attributes:
        image: (h + 6, w + 6, 3) float32, what is known and what is thought of the rest.
        usable: (h, w) bool, what may be copied.
        unknown: (n,) pixels that get votes: the hole and what is forbidden beside it.
        targets, sources: (t,), (s,) centres of the patches that touch the hole, or may be copied.
        trust: (t,) float32, weight of a target's vote.
        nearest: (t,) the source of each target.
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
        """Begins from the rim inward, with the sources that fit what is known so far."""
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
        """Begins from the sources that were found one level above."""
        ratio = np.array(self.usable.shape) / coarse.usable.shape
        high, wide = coarse.usable.shape
        shifts = np.zeros((high * wide, 2), np.float32)
        to, by = (np.stack(np.divmod(p, coarse.width), 1) for p in (coarse.targets, coarse.nearest))
        shifts[(to[:, 0] - _RADIUS) * wide + to[:, 1] - _RADIUS] = by - to
        here = np.stack(np.divmod(self.targets, self.width), 1) - _RADIUS
        y, x = np.minimum(here // ratio, [high - 1, wide - 1]).astype(int).T
        there = np.rint(here + shifts[y * wide + x] * ratio).astype(int)
        y, x = np.clip(there, 0, np.array(self.usable.shape) - 1).T + _RADIUS
        there, is_source = y * self.width + x, self._is_source()
        lost = ~is_source[there]
        after = np.searchsorted(self.sources, there[lost]).clip(0, len(self.sources) - 1)
        there[lost] = self.sources[after]
        self.nearest = there
        self.vote(np.where(lost, 1e-3, 1).astype(np.float32))

    def match(self, random: np.random.Generator) -> None:
        """Looks for the nearest source of every target."""
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
        """Makes the unknown the mean of what the sources of all patches over it show."""
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
        """(h, w, 2) float32: right and down to the source of each target, 0 elsewhere."""
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
        """(n, 147) float32."""
        view = np.lib.stride_tricks.sliding_window_view(self.image, (_SIDE, _SIDE), (0, 1))
        y, x = np.divmod(centres, self.width)
        return view[y - _RADIUS, x - _RADIUS].reshape(len(centres), -1)

    @cached_property
    def _basis(self) -> np.ndarray:
        """(147, f) float32: the principal components of the sources."""
        some = self._patches(self.sources[:: 1 + len(self.sources) // 2000])
        some -= some.mean(axis=0)
        return np.linalg.eigh(some.T @ some)[1][:, -_FEATURES:]

    @cached_property
    def _offered(self) -> np.ndarray:
        """(s, f + 2) float32: the features of the sources, which no vote changes."""
        return self._features(self.sources)

    def _features(self, centres: np.ndarray) -> np.ndarray:
        """(n, f + 2) float32: by whose squares patches differ, the place included."""
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
    """(n, 3) uint8: the window's own pixels for those that are missing, at full resolution."""
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
    """Weights of the cells below and above: they fade over half a cell, midway between both."""
    above = np.clip(2 * (cells - np.floor(cells)) - 0.5, 0, 1)
    return 1 - above, above
