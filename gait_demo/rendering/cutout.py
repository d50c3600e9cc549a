"""A person cut out of one frame, part by part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import cv2
import numpy as np

from gait_demo.rendering.arms import ArmColours, Look, Region, told_by_colour
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
# half widths within which a hidden part goes on behind another; from the side, a trunk is slim
_CORES = np.float32([0.7, 1.2, 1.2, 1.2, 1.2])
_SOFT = 0.15  # half widths over which one part becomes another
_BEHIND = 10.0  # half widths by which a part that another hides is farther
_SLEEVE, _HEM = 1.3, 1.6  # half widths: farther from an arm, and as near to the trunk, is its cloth
_FAINT = 0.02  # of a part: what is fainter is none of it
_SURE = 0.85  # of a matte: below, colours may be mixed with the background's
_RIM = 0.012  # heights over which the colours of a rim are taken from inside
_FEW = 8  # of 255: of fewer sure pixels around it a rim takes no colours
_LEFT_OVER = 0.1  # of what is hidden, that need not be found
_FEW_SEEN = 0.1  # of what is hidden: a limb of which less is seen has the colours of the other
_MOSTLY_SEEN = 0.5  # of a part: where less is seen, that may well be something else
_UNKNOWN = 0.8  # of what is hidden of a limb: if less is not found, that is none of it ...
_CRACK = 0.004  # ... but for cracks of up to twice so many heights between what is found
_CLEAR = 220  # of 255: a share below shows something else as well
_SHARPEN = 0.3  # of the detail of a pixel, lost when pixels are moved
_NEARBY = 0.06  # heights from which a part takes colours for what no frame shows of it


@dataclass(frozen=True)
class Piece:
    """One part of a person in one frame.

    Attributes:
        x, y: of its upper left corner, in pixels of the cutout.
        own: (h, w) float32 in [0, 1], its visible share of the matte.
        hidden: (h, w) float32 in [0, 1], where it goes on behind another part.
    """

    x: int
    y: int
    own: np.ndarray
    hidden: np.ndarray

    @property
    def whole(self) -> np.ndarray:
        """(h, w) float32 in [0, 1]."""
        return np.minimum(self.own + self.hidden, 1)

    @property
    def inner(self) -> tuple[slice, slice]:
        """Its rows and columns of the cutout."""
        h, w = self.own.shape
        return np.s_[self.y : self.y + h, self.x : self.x + w]

    def within(self, other: Piece) -> tuple[np.ndarray, np.ndarray]:
        """What it shows and hides in the rows and columns of another piece, of that one's size."""
        own, hidden = np.zeros((2, *other.own.shape), np.float32)
        there, here = self._shared(other)
        own[there], hidden[there] = self.own[here], self.hidden[here]
        return own, hidden

    def changed(self, other: Piece, own: np.ndarray, hidden: np.ndarray) -> Piece:
        """The same with what it shows and hides in the rows and columns of another piece."""
        there, here = self._shared(other)
        result = replace(self, own=self.own.copy(), hidden=self.hidden.copy())
        result.own[here], result.hidden[here] = own[there], hidden[there]
        return result

    def _shared(self, other: Piece) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
        """Rows and columns that two pieces share, as they count in the other and in this one."""
        (h, w), (m, n) = self.own.shape, other.own.shape
        x0, y0 = max(self.x, other.x), max(self.y, other.y)
        x1, y1 = max(x0, min(self.x + w, other.x + n)), max(y0, min(self.y + h, other.y + m))
        return tuple(
            np.s_[y0 - one.y : y1 - one.y, x0 - one.x : x1 - one.x] for one in (other, self)
        )


@dataclass(frozen=True)
class Division:
    """Whose the pixels of a matte are.

    Attributes:
        matte: (h, w) float32 in [0, 1].
        lead: (5, m, n) float32, of `grid_of` the matte: by how many half widths each part is nearer
            than any other, and than what hides it.
        far: (5, m, n) float32, half widths to each part.
        covered: (5, m, n) float32 in [0, 1], what the parts in front of each show.
        bones: (2, m, n) uint8, the nearest bone of the left and of the right arm.
        step: pixels between the places of the grid.
        rgb: (h, w, 3) uint8.
        height: of the body, in pixels.
        depths: what is in front of what.
        colours: of the arms; None: learnt here.
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

    def looks(self) -> list[Look]:
        """The arms, at the places of the grid that are surely the person."""
        first = (self.step - 1) // 2
        every = np.s_[first :: self.step, first :: self.step]
        m, n = self.far.shape[1:]
        sure = np.zeros((m, n), bool)
        matte, rgb = self.matte[every], self.rgb[every]
        sure[: matte.shape[0], : matte.shape[1]] = matte > _SURE
        rgb = rgb[sure[: matte.shape[0], : matte.shape[1]]]
        body = self.far[[TRUNK, LEFT_LEG, RIGHT_LEG]].min(axis=0)
        return [
            Look(rgb, bone[sure], self.far[arm][sure], body[sure], arm in self.depths.front_arms)
            for arm, bone in zip((LEFT_ARM, RIGHT_ARM), self.bones, strict=True)
        ]

    @cached_property
    def pieces(self) -> tuple[Piece | None, ...]:
        """One a part, None of what is not there."""
        pieces = [self._piece(part) for part in range(PARTS)]
        colours = self.colours or ArmColours.learnt(self.looks())
        for arm in (LEFT_ARM, RIGHT_ARM):
            self._tell_by_colour(arm, pieces, colours)
        return tuple(pieces)

    def _tell_by_colour(self, arm: int, pieces: list[Piece | None], colours: ArmColours) -> None:
        """Parts an arm from the trunk and the legs by their colours; changes the pieces."""
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
        """(m, n) float32 in [0, 1] twice: what a part shows, and what of it is hidden, as the bones
        tell."""
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
        """How much of a part is seen, in [0, 1]; 0 of what is not there."""
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
            enlarged(each[rows, columns], size, step) for each in (lead, far, covered)
        )
        own, hidden = _shares(lead, far, covered.clip(0, 1), _CORES[part])
        return Piece(left, top, own * matte, hidden * matte)


def whole_shares(pose: Pose, depths: Sequence[Depths], grid: np.ndarray) -> np.ndarray:
    """(T, 5, h, w) float32 in [0, 1]: what each part shows at the places of a grid (h, w, 2), and
    what of it is hidden, if mattes were whole.

    Args:
        pose: of T frames.
        depths: of these.
    """
    far, score = pose.distances(grid)
    lead = _leads(far, score, depths)
    own, hidden = _shares(lead, far, _covered(lead, depths), _CORES[:, None, None])
    return np.minimum(own + hidden, 1)


def _leads(far: np.ndarray, score: np.ndarray, depths: Sequence[Depths]) -> np.ndarray:
    """(T, 5, m, n) float32: by how many half widths each part is nearer than any other, and than
    what hides it.

    Args:
        far, score: (T, 5, m, n), half widths to all of each part, and to what is seen of it; the
            second is changed.
        depths: of the T frames.
    """
    for arm in (LEFT_ARM, RIGHT_ARM):
        score[:, arm] += np.minimum(_ramp(far[:, arm] - _SLEEVE), _ramp(_HEM - far[:, TRUNK]))
    for each in set(depths):
        frames = [t for t, here in enumerate(depths) if here == each]
        held = _ramp(_HELD - far[frames])
        for front, back in each.hiding():
            score[frames, back] += held[:, front]
    nearest, second = np.moveaxis(np.partition(score, 1, axis=1)[:, :2, None], 1, 0)
    return np.where(score == nearest, second, nearest) - score


def _covered(lead: np.ndarray, depths: Sequence[Depths]) -> np.ndarray:
    """(T, 5, m, n) float32 in [0, 1]: what the parts in front of each show."""
    own, covered = _own(lead), np.zeros_like(lead)
    for each in set(depths):
        frames = [t for t, here in enumerate(depths) if here == each]
        for front, back in pairwise(each.order[::-1]):
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
    """Half widths by which a part counts as farther, from 0 where a distance is negative."""
    return _BEHIND * (0.5 + distance / _SOFT).clip(0, 1)


@dataclass(frozen=True)
class Cutout:
    """The pixels of one person in one frame.

    Attributes:
        rgb: (h, w, 3) uint8; around the person their own colours go on.
        parts: whose they are.
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
        """The same, with its arms told by such colours."""
        return replace(self, parts=replace(self.parts, colours=colours))

    def pixels(self, part: int) -> np.ndarray:
        """(h, w, 4) uint8: colours of a piece, and the share of it that they show, 0 to 255."""
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
        """The pixels (h, w, 4) uint8 of a whole piece, and the share of it that is there, 0 to 255:
        its own, and where another part hides it what other frames show of it.

        Args:
            others: cutouts of other frames, the best first; made when they are needed.
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
            # the limb of the other side looks alike
            mirrored = pose.mirrored(), _MIRRORED[part]
            missing ^= self._fetch(found, missing, *mirrored, grid, step)
        left_over = cv2.countNonZero(missing)
        if left_over:
            cv2.copyTo(np.ascontiguousarray(self._around(part, piece)[inner]), missing, found)
        weight = cv2.blur(hidden, (3, 3))
        own = rgba[inner][..., :3].copy()
        rgba[inner][..., :3] = cv2.blendLinear(own, found, 1 - weight, weight)
        if part in _MIRRORED and left_over < _UNKNOWN * wanted:
            # the limb is slimmer than its bones tell
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
        """Puts what this cutout shows of a part where it is missing, in place.

        Args:
            found: (h, w, 3) uint8, changed.
            missing: (h, w) uint8, 255 where it is.
            pose: in pixels of these.
            grid, step: of them.

        Returns:
            (h, w) uint8, 255 where it was put.
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
        """(3,) float32: the mean colour of what is seen of a piece."""
        return np.float32(cv2.mean(self.rgb[piece.inner], cv2.convertScaleAbs(255 * piece.own)))[:3]

    def _around(self, part: int, piece: Piece) -> np.ndarray:
        """(h, w, 3) uint8: the mean colours of what is seen of a piece nearby, or, where hardly
        anything is seen of it, of the other side's."""
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
    """A cutout whose pixels show all of each part.

    Attributes:
        others: cutouts of other frames that show what is hidden in this one; the best first.
    """

    others: Sequence[Callable[[], Cutout]]

    def _make_pixels(self, part: int) -> np.ndarray:
        visible = Cutout(self.rgb, self.parts, self.pose)
        return visible.completed(part, self.others)


def with_alpha(rgb: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """(h, w, 4) uint8, of an alpha in [0, 1]."""
    return cv2.merge([*cv2.split(rgb), cv2.convertScaleAbs(alpha, alpha=255)])


def above(values: np.ndarray, level: float) -> np.ndarray:
    """(h, w) uint8, 255 where values are more than a level. (OpenCV's comparison with a number
    fails on the smallest pictures.)"""
    return (values > level).view(np.uint8) * np.uint8(255)


def step_of(pose: Pose) -> int:
    """Pixels between the places of a grid that is fine enough for a person of that height."""
    return max(1, round(_GRID * pose.height))


def grid_of(h: int, w: int, step: int) -> np.ndarray:
    """(m, n, 2) float32: x and y of the middles of the cells, of `step` pixels, of an image."""
    x, y = (
        step * np.arange(-(-size // step), dtype=np.float32) + (step - 1) / 2 for size in (w, h)
    )
    return np.stack(np.meshgrid(x, y), axis=-1)


def enlarged(field: np.ndarray, size: tuple[int, int], step: int) -> np.ndarray:
    """(h, w) or (h, w, C) of what is known on `grid_of` an image of a size (w, h)."""
    if step == 1:
        return field
    m, n = field.shape[:2]
    w, h = size
    wider = np.empty((m + 2, n + 2, *field.shape[2:]), field.dtype)
    wider[1:-1, 1:-1] = field
    # beyond the edges it goes on as it was going
    for each in (wider[:, 1:-1], wider.swapaxes(0, 1)):
        second, last = min(2, len(each) - 2), max(1, len(each) - 3)
        each[0] = 2 * each[1] - each[second]
        each[-1] = 2 * each[-2] - each[last]
    fine = cv2.resize(wider, ((n + 2) * step, (m + 2) * step), interpolation=cv2.INTER_LINEAR)
    return fine[step : step + h, step : step + w]


def _rimmed(rgb: np.ndarray, matte: np.ndarray, height: float) -> np.ndarray:
    """The picture with the colours of a matte's inside continued over its rim and beyond."""
    sure = above(matte, _SURE)
    reach = 2 * max(1, round(_RIM * height)) + 1
    share = cv2.blur(sure, (reach, reach))
    inside = cv2.blur(cv2.bitwise_and(rgb, rgb, mask=sure), (reach, reach)).astype(np.float32)
    inside *= (255 / np.maximum(share, 1).astype(np.float32))[..., None]
    weight = cv2.blur(sure, (3, 3)).astype(np.float32) / 255
    weight[share < _FEW] = 1
    return cv2.blendLinear(rgb, cv2.convertScaleAbs(inside), weight, 1 - weight)
