"""A person cut out of one frame, part by part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import cv2
import numpy as np

from gait_demo.rendering.arms import ArmColours, ArmSample, Region, told_by_colour
from gait_demo.rendering.depth import Depths
from gait_demo.rendering.rig import (
    LEFT_ARM,
    LEFT_LEG,
    PARTS,
    RIGHT_ARM,
    RIGHT_LEG,
    TRUNK,
    Motion,
    Pose,
)

_MIRRORED = {LEFT_ARM: RIGHT_ARM, RIGHT_ARM: LEFT_ARM, LEFT_LEG: RIGHT_LEG, RIGHT_LEG: LEFT_LEG}
_GRID = 0.014  # heights between the places at which distances and displacements are computed
# half widths within which a part in front hides what is behind
_HELD = np.float32([1.15, 1.15, 1.15, 0.9, 0.9])[:, None, None]
# half widths within which a hidden part continues behind another; from the side, a trunk is slim
_CORES = np.float32([0.7, 1.2, 1.2, 1.2, 1.2])
_SOFT = 0.15  # half widths over which one part becomes another
_BEHIND = 10.0  # half widths added to the distance of a part that another one hides
_SLEEVE, _HEM = 1.3, 1.6  # half widths from the arm, and from the trunk, between which is cloth
_FAINT = 0.02  # minimum share of a part
_SURE = 0.85  # matte level below which colours may be mixed with the background
_RIM = 0.012  # heights: distance over which the rim gets colours from inside
_FEW = 8  # of 255: minimum share of sure pixels around, for this
_LEFT_OVER = 0.1  # share of the hidden pixels that need not be found
_FEW_SEEN = 0.1  # of the hidden area: with less visible, a limb gets the colours of the other one
_MOSTLY_SEEN = 0.5  # minimum visible share of a part from which others are completed
_UNKNOWN = 0.8  # share of hidden pixels: if fewer are not found, these are not the limb ...
_CRACK = 0.004  # ... except for cracks up to twice as wide, in heights
_CLEAR = 220  # of 255: minimum share of a part in a pixel to copy
_SHARPEN = 0.3  # amount of unsharp masking, against the blur of resampling
_NEARBY = 0.06  # heights: radius of the mean colours for pixels that no frame shows


@dataclass(frozen=True)
class Piece:
    """One part of a person in one frame.

    Attributes:
        x, y: upper left corner, in pixels of the cutout.
        own: (h, w) float32 in [0, 1], visible share of the matte.
        hidden: (h, w) float32 in [0, 1], where the part continues behind another one.
    """

    x: int
    y: int
    own: np.ndarray
    hidden: np.ndarray

    @property
    def whole(self) -> np.ndarray:
        """(h, w) float32 in [0, 1]: the visible and the hidden share."""
        return np.minimum(self.own + self.hidden, 1)

    @property
    def inner(self) -> tuple[slice, slice]:
        """The rows and columns of the cutout that the piece covers."""
        h, w = self.own.shape
        return np.s_[self.y : self.y + h, self.x : self.x + w]

    def within(self, other: Piece) -> tuple[np.ndarray, np.ndarray]:
        """`own` and `hidden` in the rows and columns of another piece."""
        own, hidden = np.zeros((2, *other.own.shape), np.float32)
        there, here = self._shared(other)
        own[there], hidden[there] = self.own[here], self.hidden[here]
        return own, hidden

    def changed(self, other: Piece, own: np.ndarray, hidden: np.ndarray) -> Piece:
        """The piece with other values of `own` and `hidden` in the rows and columns of another."""
        there, here = self._shared(other)
        result = replace(self, own=self.own.copy(), hidden=self.hidden.copy())
        result.own[here], result.hidden[here] = own[there], hidden[there]
        return result

    def _shared(self, other: Piece) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
        """Rows and columns that two pieces share, first in the other's, then in this one's
        pixels."""
        (h, w), (m, n) = self.own.shape, other.own.shape
        x0, y0 = max(self.x, other.x), max(self.y, other.y)
        x1, y1 = max(x0, min(self.x + w, other.x + n)), max(y0, min(self.y + h, other.y + m))
        return tuple(
            np.s_[y0 - one.y : y1 - one.y, x0 - one.x : x1 - one.x] for one in (other, self)
        )


@dataclass(frozen=True)
class Division:
    """The division of a matte into the parts of the body.

    Attributes:
        matte: (h, w) float32 in [0, 1].
        lead: (5, m, n) float32 on the grid of `grid_of`: by how many half widths each part is
            nearer than all others, after a penalty for those that are hidden.
        far: (5, m, n) float32, distance to each part in half widths.
        covered: (5, m, n) float32 in [0, 1], share that the parts in front of each cover.
        bones: (2, m, n) uint8, the nearest bone of the left and of the right arm.
        step: pixels between the places of the grid.
        rgb: (h, w, 3) uint8.
        height: of the body, in pixels.
        depths: the order of the parts.
        colours: of the arms; None: learnt from this frame.
    """

    matte: np.ndarray
    lead: np.ndarray
    far: np.ndarray
    covered: np.ndarray
    bones: np.ndarray
    step: int
    rgb: np.ndarray
    height: float
    depths: Depths
    colours: ArmColours | None = None

    @classmethod
    def of(cls, rgb: np.ndarray, matte: np.ndarray, pose: Pose, depths: Depths) -> Division:
        """pose: in pixels of the matte."""
        step = step_of(pose)
        grid = grid_of(*matte.shape, step)
        far, score = pose.distances(grid)
        lead = _leads(far[None], score[None], [depths])
        covered = _covered(lead, [depths])[0]
        bones = np.stack([pose.nearest_bone(arm, grid) for arm in (LEFT_ARM, RIGHT_ARM)])
        return cls(matte, lead[0], far, covered, bones, step, rgb, pose.height, depths)

    def arm_samples(self) -> list[ArmSample]:
        """Pixels of both arms, at the grid points that surely show the person."""
        first = (self.step - 1) // 2
        every = np.s_[first :: self.step, first :: self.step]
        m, n = self.far.shape[1:]
        sure = np.zeros((m, n), bool)
        matte, rgb = self.matte[every], self.rgb[every]
        sure[: matte.shape[0], : matte.shape[1]] = matte > _SURE
        rgb = rgb[sure[: matte.shape[0], : matte.shape[1]]]
        body = self.far[[TRUNK, LEFT_LEG, RIGHT_LEG]].min(axis=0)
        return [
            ArmSample(
                rgb, bone[sure], self.far[arm][sure], body[sure], arm in self.depths.front_arms
            )
            for arm, bone in zip((LEFT_ARM, RIGHT_ARM), self.bones, strict=True)
        ]

    @cached_property
    def pieces(self) -> tuple[Piece | None, ...]:
        """One piece for each part; None if the part is not there."""
        pieces = [self._piece(part) for part in range(PARTS)]
        colours = self.colours or ArmColours.learnt(self.arm_samples())
        for arm in (LEFT_ARM, RIGHT_ARM):
            self._tell_by_colour(arm, pieces, colours)
        return tuple(pieces)

    def _tell_by_colour(self, arm: int, pieces: list[Piece | None], colours: ArmColours) -> None:
        """Separates an arm from trunk and legs by their colours; changes `pieces` in place."""
        piece = pieces[arm]
        others = [part for part in (TRUNK, LEFT_LEG, RIGHT_LEG) if pieces[part] is not None]
        if piece is None or not others:
            return
        size = piece.own.shape[::-1]
        cells = piece.y // self.step, piece.x // self.step
        rows, columns = (
            np.s_[first : first + -(-length // self.step)]
            for first, length in zip(cells, piece.own.shape, strict=True)
        )
        far = {
            part: enlarged(self.far[part][rows, columns], size, self.step)
            for part in (arm, *others)
        }
        seen, hidden = np.stack([pieces[part].within(piece) for part in others], axis=1)
        from_others = np.stack([far[part] for part in others])
        bone = self.bones[arm - LEFT_ARM][rows, columns].repeat(self.step, 0).repeat(self.step, 1)
        region = Region(
            self.rgb[piece.inner], piece.own, bone[: size[1], : size[0]], far[arm],
            arm in self.depths.front_arms, seen, from_others, hidden,
        )  # fmt: skip
        own, shown, hidden = told_by_colour(region, colours, self.height)
        pieces[arm] = replace(piece, own=own)
        for part, *changed in zip(others, shown, hidden, strict=True):
            pieces[part] = pieces[part].changed(piece, *changed)

    def coarse(self, part: int) -> tuple[np.ndarray, np.ndarray]:
        """(m, n) float32 in [0, 1] each: the visible and the hidden share of a part, by the bones
        alone."""
        own, hidden = _shares(self.lead[part], self.far[part], self.covered[part], _CORES[part])
        return own * self._coarse_matte, hidden * self._coarse_matte

    @cached_property
    def _coarse_matte(self) -> np.ndarray:
        """(m, n) float32 in [0, 1]: the matte at the places of the grid."""
        m, n = self.far.shape[1:]
        below, right = self.step * m - self.matte.shape[0], self.step * n - self.matte.shape[1]
        whole = cv2.copyMakeBorder(self.matte, 0, below, 0, right, cv2.BORDER_CONSTANT)
        return cv2.resize(whole, (n, m), interpolation=cv2.INTER_AREA)

    def seen_share(self, part: int) -> float:
        """The visible share of a part, in [0, 1]; 0 if the part is not there."""
        piece = self.pieces[part]
        return 0.0 if piece is None else float(piece.own.sum() / max(piece.whole.sum(), 1e-6))

    def _piece(self, part: int) -> Piece | None:
        step, lead, far, covered = (self.step, self.lead[part], self.far[part], self.covered[part])
        x, y, w, h = cv2.boundingRect(
            ((lead > -_SOFT) | (far < _CORES[part] + _SOFT)).view(np.uint8)
        )
        if w * h == 0:
            return None
        rows, columns = np.s_[max(0, y - 1) : y + h + 1], np.s_[max(0, x - 1) : x + w + 1]
        top, left = step * rows.start, step * columns.start
        matte = self.matte[top : step * rows.stop, left : step * columns.stop]
        size = matte.shape[::-1]
        lead, far, covered = (
            enlarged(field[rows, columns], size, step) for field in (lead, far, covered)
        )
        own, hidden = _shares(lead, far, covered.clip(0, 1), _CORES[part])
        return Piece(left, top, own * matte, hidden * matte)


def whole_shares(pose: Pose, depths: Sequence[Depths], grid: np.ndarray) -> np.ndarray:
    """(T, 5, h, w) float32 in [0, 1]: the visible and hidden share of each part together, at the
    points of a grid (h, w, 2), if the matte were 1 everywhere.

    Args:
        pose: poses of T frames.
        depths: of these frames.
    """
    far, score = pose.distances(grid)
    lead = _leads(far, score, depths)
    own, hidden = _shares(lead, far, _covered(lead, depths), _CORES[:, None, None])
    return np.minimum(own + hidden, 1)


def _leads(far: np.ndarray, score: np.ndarray, depths: Sequence[Depths]) -> np.ndarray:
    """(T, 5, m, n) float32: `Division.lead` of T frames.

    Args:
        far, score: (T, 5, m, n), distances in half widths to each part, and to its visible bones;
            `score` is changed in place.
        depths: of the T frames.
    """
    for arm in (LEFT_ARM, RIGHT_ARM):
        score[:, arm] += np.minimum(_ramp(far[:, arm] - _SLEEVE), _ramp(_HEM - far[:, TRUNK]))
    for depth_order in set(depths):
        frames = [t for t, here in enumerate(depths) if here == depth_order]
        held = _ramp(_HELD - far[frames])
        for front, back in depth_order.hiding():
            score[frames, back] += held[:, front]
    nearest, second = np.moveaxis(np.partition(score, 1, axis=1)[:, :2, None], 1, 0)
    return np.where(score == nearest, second, nearest) - score


def _covered(lead: np.ndarray, depths: Sequence[Depths]) -> np.ndarray:
    """(T, 5, m, n) float32 in [0, 1]: `Division.covered` of T frames."""
    own, covered = _own(lead), np.zeros_like(lead)
    for depth_order in set(depths):
        frames = [t for t, here in enumerate(depths) if here == depth_order]
        for front, back in pairwise(depth_order.order[::-1]):
            covered[frames, back] = np.maximum(covered[frames, front], own[frames, front])
    return covered


def _own(lead: np.ndarray) -> np.ndarray:
    return (1 + lead / _SOFT).clip(0, 1)


def _shares(
    lead: np.ndarray, far: np.ndarray, covered: np.ndarray, core: float
) -> tuple[np.ndarray, np.ndarray]:
    own = _own(lead)
    return own, (0.5 + (core - far) / _SOFT).clip(0, 1) * np.minimum(1 - own, covered)


def _ramp(distance: np.ndarray) -> np.ndarray:
    """A penalty in half widths, which rises from 0 to 10 where the distance passes 0."""
    return _BEHIND * (0.5 + distance / _SOFT).clip(0, 1)


@dataclass(frozen=True)
class Cutout:
    """The pixels of one person in one frame.

    Attributes:
        rgb: (h, w, 3) uint8; around the person, their colours are continued.
        parts: division of the pixels into parts.
        pose: in pixels of `rgb`.
    """

    rgb: np.ndarray
    parts: Division
    pose: Pose

    @classmethod
    def of(cls, rgb: np.ndarray, matte: np.ndarray, pose: Pose, depths: Depths) -> Cutout:
        """
        Args:
            rgb: (h, w, 3) uint8, the part of a frame that shows the person.
            matte: (h, w) float32 in [0, 1].
            pose: in pixels of `rgb`.
        """
        rgb = cv2.addWeighted(rgb, 1 + _SHARPEN, cv2.GaussianBlur(rgb, (0, 0), 1), -_SHARPEN, 0)
        rimmed = _rimmed(rgb, matte, pose.height)
        return cls(rimmed, Division.of(rimmed, matte, pose, depths), pose)

    def telling(self, colours: ArmColours) -> Cutout:
        """The same cutout with these colours of the arms."""
        return replace(self, parts=replace(self.parts, colours=colours))

    def pixels(self, part: int) -> np.ndarray:
        """(h, w, 4) uint8: colours and alpha of the piece of a part."""
        if part not in self._pixels:
            self._pixels[part] = self._make_pixels(part)
        return self._pixels[part]

    @cached_property
    def _pixels(self) -> dict[int, np.ndarray]:
        return {}

    def _make_pixels(self, part: int) -> np.ndarray:
        piece = self.parts.pieces[part]
        return with_alpha(self.rgb[piece.inner], piece.own)

    def completed(self, part: int, others: Sequence[Callable[[], Cutout]]) -> np.ndarray:
        """(h, w, 4) uint8: colours and alpha of a part, completed where another part hides it, by
        what other frames show there.

        Args:
            others: functions that make cutouts of other frames; the best first.
        """
        piece = self.parts.pieces[part]
        rgba = with_alpha(self.rgb[piece.inner], piece.whole)
        x, y, w, h = cv2.boundingRect((piece.hidden > _FAINT).view(np.uint8))
        if w * h == 0:
            return rgba
        inner = np.s_[y : y + h, x : x + w]
        hidden = piece.hidden[inner]
        missing = above(hidden, _FAINT)
        wanted = cv2.countNonZero(missing)
        found, enough = rgba[inner][..., :3].copy(), _LEFT_OVER * wanted
        step = self.parts.step
        grid, pose = grid_of(h, w, step), self.pose.moved(piece.x + x, piece.y + y)
        for other in others:
            if cv2.countNonZero(missing) <= enough:
                break
            if other().parts.seen_share(part) > _MOSTLY_SEEN:
                missing ^= other()._fetch(found, missing, pose, part, grid, step)
        if part in _MIRRORED and cv2.countNonZero(missing) > enough:
            # the limb of the other side has the same colours
            mirrored = pose.mirrored(), _MIRRORED[part]
            missing ^= self._fetch(found, missing, *mirrored, grid, step)
        left_over = cv2.countNonZero(missing)
        if left_over:
            cv2.copyTo(np.ascontiguousarray(self._around(part, piece)[inner]), missing, found)
        weight = cv2.blur(hidden, (3, 3))
        own = rgba[inner][..., :3].copy()
        rgba[inner][..., :3] = cv2.blendLinear(own, found, 1 - weight, weight)
        if part in _MIRRORED and left_over < _UNKNOWN * wanted:
            # the limb is slimmer than the bones suggest
            size = 2 * max(1, round(_CRACK * self.pose.height)) + 1
            beyond = cv2.morphologyEx(missing, cv2.MORPH_OPEN, np.ones((size, size), np.uint8))
            rgba[inner][..., 3] = cv2.min(rgba[inner][..., 3], 255 - cv2.blur(beyond, (3, 3)))
        return rgba

    def _fetch(
        self,
        found: np.ndarray,
        missing: np.ndarray,
        pose: Pose,
        part: int,
        grid: np.ndarray,
        step: int,
    ) -> np.ndarray:
        """Copies what this cutout shows of a part to where it is missing.

        Args:
            found: (h, w, 3) uint8, changed in place.
            missing: (h, w) uint8, 255 where pixels are missing.
            pose: the pose in pixels of `found`.
            grid, step: of these pixels.

        Returns:
            (h, w) uint8, 255 where pixels were copied.
        """
        piece = self.parts.pieces[part]
        if piece is None:
            return np.zeros_like(missing)
        places = Motion(self.pose, pose).sources(part, grid) - np.float32([piece.x, piece.y])
        places = enlarged(places, missing.shape[::-1], step)
        moved = cv2.remap(self.pixels(part), places, None, cv2.INTER_LINEAR)
        *colours, share = cv2.split(moved)
        clear = above(share, _CLEAR) & missing
        cv2.copyTo(cv2.merge(colours), clear, found)
        return clear

    def _mean(self, piece: Piece) -> np.ndarray:
        """(3,) float32: the mean colour of the visible pixels of a piece."""
        return np.float32(cv2.mean(self.rgb[piece.inner], cv2.convertScaleAbs(255 * piece.own)))[:3]

    def _around(self, part: int, piece: Piece) -> np.ndarray:
        """(h, w, 3) uint8: the mean colours of visible pixels of a piece nearby; if hardly any are
        visible, the mean colour of the other side's limb."""
        if part in _MIRRORED and piece.own.sum() < _FEW_SEEN * piece.hidden.sum():
            like = self.parts.pieces[_MIRRORED[part]] or piece
            return np.full((*piece.own.shape, 3), self._mean(like), np.uint8)
        rgb, size = self.rgb[piece.inner], piece.own.shape[::-1]
        step = self.parts.step
        few = max(1, size[0] // step), max(1, size[1] // step)
        own = cv2.resize(piece.own, few, interpolation=cv2.INTER_AREA)
        rgb = cv2.resize(rgb, few, interpolation=cv2.INTER_AREA).astype(np.float32)
        mean = self._mean(piece)
        reach = 2 * max(1, round(_NEARBY * self.pose.height / step)) + 1
        share = cv2.blur(own, (reach, reach))[..., None]
        colours = (cv2.blur(rgb * own[..., None], (reach, reach)) + 0.02 * mean) / (share + 0.02)
        return cv2.resize(cv2.convertScaleAbs(colours), size, interpolation=cv2.INTER_LINEAR)


@dataclass(frozen=True)
class CompletedCutout(Cutout):
    """A cutout whose parts are completed where they are hidden.

    Attributes:
        others: functions that make cutouts of other frames, by which hidden pixels are filled; the
            best first.
    """

    others: Sequence[Callable[[], Cutout]]

    def _make_pixels(self, part: int) -> np.ndarray:
        visible = Cutout(self.rgb, self.parts, self.pose)
        return visible.completed(part, self.others)


def with_alpha(rgb: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """(h, w, 4) uint8 of colours (h, w, 3) uint8 and an alpha (h, w) in [0, 1]."""
    return cv2.merge([*cv2.split(rgb), cv2.convertScaleAbs(alpha, alpha=255)])


def above(values: np.ndarray, level: float) -> np.ndarray:
    """(h, w) uint8, 255 where values are over a level. (OpenCV's comparison with a number fails on
    the smallest pictures.)"""
    return (values > level).view(np.uint8) * np.uint8(255)


def step_of(pose: Pose) -> int:
    """Pixels between the points of a grid that is fine enough for a person of this height."""
    return max(1, round(_GRID * pose.height))


def grid_of(h: int, w: int, step: int) -> np.ndarray:
    """(m, n, 2) float32: x and y of the centres of an image's cells of `step` pixels."""
    x, y = (
        step * np.arange(-(-size // step), dtype=np.float32) + (step - 1) / 2 for size in (w, h)
    )
    return np.stack(np.meshgrid(x, y), axis=-1)


def enlarged(field: np.ndarray, size: tuple[int, int], step: int) -> np.ndarray:
    """(h, w) or (h, w, C): a field on the grid of `grid_of`, interpolated to an image of size (w,
    h)."""
    if step == 1:
        return field
    m, n = field.shape[:2]
    w, h = size
    wider = np.empty((m + 2, n + 2, *field.shape[2:]), field.dtype)
    wider[1:-1, 1:-1] = field
    # linear extrapolation beyond the edges
    for lines in (wider[:, 1:-1], wider.swapaxes(0, 1)):
        second, last = min(2, len(lines) - 2), max(1, len(lines) - 3)
        lines[0] = 2 * lines[1] - lines[second]
        lines[-1] = 2 * lines[-2] - lines[last]
    fine = cv2.resize(wider, ((n + 2) * step, (m + 2) * step), interpolation=cv2.INTER_LINEAR)
    return fine[step : step + h, step : step + w]


def _rimmed(rgb: np.ndarray, matte: np.ndarray, height: float) -> np.ndarray:
    """A picture in which the colours inside a matte continue over its rim and beyond."""
    sure = above(matte, _SURE)
    reach = 2 * max(1, round(_RIM * height)) + 1
    share = cv2.blur(sure, (reach, reach))
    inside = cv2.blur(cv2.bitwise_and(rgb, rgb, mask=sure), (reach, reach)).astype(np.float32)
    inside *= (255 / np.maximum(share, 1).astype(np.float32))[..., None]
    weight = cv2.blur(sure, (3, 3)).astype(np.float32) / 255
    weight[share < _FEW] = 1
    return cv2.blendLinear(rgb, cv2.convertScaleAbs(inside), weight, 1 - weight)
