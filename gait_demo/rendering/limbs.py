"""Moves a person's own limbs to the joints and into the outline of another walker."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter1d, maximum_filter1d

from gait_demo.imaging.nearest import nearest_colours
from gait_demo.imaging.placing import placed
from gait_demo.joints import ARMS, LEGS
from gait_demo.rendering.correspondence import correspond, signed_distance
from gait_demo.rendering.cutout import (
    Cutout,
    Piece,
    above,
    enlarged,
    grid_of,
    step_of,
    whole_shares,
    with_alpha,
)
from gait_demo.rendering.depth import Depths
from gait_demo.rendering.rig import PARTS, TRUNK, Motion, Pose
from gait_demo.types import SILHOUETTE_SIZE

_PAD = 2  # 1/64 of the square: padding of an outline, so that heads and soles have edges
_CELLS = 32  # cells per side at which silhouettes are registered
# A-NET's silhouette: where it falls from the first to the second within so many 1/64 of the square,
# A-NET is sure of the outline; elsewhere the limbs' own edge is drawn
_SURELY, _MAYBE, _WIDTH = 0.85, 0.15, 2.5
_SHARP = 0.25  # 1/64 of the square: minimum width of an edge, if more than a pixel
_EDGE = 0.3  # width of the range of alpha around one half over which an edge is drawn
_SMOOTH = 0.004  # heights: deviation of the filter that smooths an edge
_REVEALED = 0.01  # minimum ratio of revealed to visible area for completing a part
_AT_ONCE = 16  # number of silhouettes that are moved at once
_SPECK, _SPECK_EDGE = 0.1, 0.4  # share of the largest component; alpha from which pixels connect
_LEG_BONES = np.array([leg[n : n + 2] for leg in LEGS for n in (0, 1)])  # thighs and shanks
_HIPS = [leg[0] for leg in LEGS]
_LEGS_BEGIN = 0.06  # sides of the square below the hips
# limbs up to the joint by which one sees that they are drawn, and widths of their middle in heights
_LIMB_CORES = *((leg[:3], 0.05) for leg in LEGS), *((arm, 0.03) for arm in ARMS)
_SHIFT = 4  # fractional bits of OpenCV's drawing coordinates
_PLACES = 12  # along each of these bones, at which an outline is compared with the joints
_AGREES, _CONTRADICTS = 0.2, 0.5  # shares of them that the outline lacks: no doubt, and most
_DOUBTED_S, _DOUBT_FADES_S = 0.08, 0.06  # before and after a doubtful frame; deviation of a filter
_LIMB_MARGIN, _TRUNK_MARGIN = 0.14, 0.22  # heights: drawn around the bones; the trunk has bags


def reconciled(
    outlines: np.ndarray, joints: np.ndarray, limbs: np.ndarray, fps: float
) -> np.ndarray:
    """A-NET's outlines; where their legs are elsewhere than its joints tell, below the hips halfway
    to the moved limbs, so that nothing is sure there and the limbs' own edges are drawn.

    Args:
        outlines: (T, 64, 64) float32 in [0, 1].
        joints: (T, 19, 2), A-NET's, in the unit squares.
        limbs: (T, 64, 64) float32 in [0, 1], of `moved_silhouettes` with these joints.
        fps: frames per second.

    Returns:
        (T, 64, 64) float32.
    """
    rows = (np.arange(SILHOUETTE_SIZE, dtype=np.float32) + 0.5) / SILHOUETTE_SIZE
    hips = joints[:, _HIPS, 1].mean(axis=1, keepdims=True)
    below = ((rows - hips) / _LEGS_BEGIN).clip(0, 1)
    weight = _doubt(outlines, joints, limbs, fps)[:, None] * below / 2
    return outlines + weight[..., None] * (limbs - outlines)


def _doubt(outlines: np.ndarray, joints: np.ndarray, limbs: np.ndarray, fps: float) -> np.ndarray:
    """(T,) float32 in [0, 1], smooth in time: whether the limbs show a thigh or a shank where the
    joints are, and the outline does not."""
    along = np.linspace(0, 1, _PLACES, dtype=np.float32)[:, None, None]
    first, last = (joints[:, None, _LEG_BONES[:, end]] for end in (0, 1))
    places = (SILHOUETTE_SIZE * (first + along * (last - first))).astype(int)
    x, y = np.moveaxis(places.clip(0, SILHOUETTE_SIZE - 1), -1, 0)
    here = np.arange(len(outlines))[:, None, None], y, x
    missing = (outlines[here] < 0.5) & (limbs[here] > 0.5)
    share = missing.mean(axis=1, dtype=np.float32).max(axis=1)
    doubt = ((share - _AGREES) / (_CONTRADICTS - _AGREES)).clip(0, 1)
    wider = maximum_filter1d(doubt, 2 * round(_DOUBTED_S * fps) + 1)
    return gaussian_filter1d(wider, _DOUBT_FADES_S * fps)


def outline_fields(
    masks: np.ndarray,
    old: np.ndarray,
    new: np.ndarray,
    depths: Sequence[Depths],
    outlines: np.ndarray,
) -> np.ndarray:
    """Displacements in the new silhouettes, to be added before the joints lead back to the old
    ones, so that the old silhouettes with moved limbs fill the new outlines.

    Args:
        masks: (T, 64, 64) float32 in [0, 1], the old silhouettes.
        old, new: (T, 19, 2) joints in the unit squares.
        outlines: (T, 64, 64) float32 in [0, 1], the new silhouettes.

    Returns:
        (T, 32, 32, 2) float32, in sides of the square.
    """
    # both binary and equally coarse, so that this difference causes no displacement
    coarse = np.stack([_coarse(mask > 0.5) for mask in masks])
    moved = moved_silhouettes(coarse, old, new, depths)
    wanted = [
        np.clip(limbs, *(_coarse(depth > 0) for depth in _bounds(outline)))
        for limbs, outline in zip(moved, outlines, strict=True)
    ]
    both = moved, wanted
    return correspond(*(np.stack([_fine(silhouette) for silhouette in those]) for those in both))


def moved_silhouettes(
    masks: np.ndarray, old: np.ndarray, new: np.ndarray, depths: Sequence[Depths]
) -> np.ndarray:
    """Silhouettes whose limbs follow the joints.

    Args:
        masks: (T, n, n) float32 in [0, 1].
        old, new: (T, 19, 2) joints in the unit squares.

    Returns:
        (T, n, n) float32.
    """
    size = masks.shape[1]
    grid, result = grid_of(size, size, 1), np.zeros_like(masks)
    for first in range(0, len(masks), _AT_ONCE):
        part = np.s_[first : first + _AT_ONCE]
        start, end = (Pose.of(size * joints[part] - 0.5, size) for joints in (old, new))
        motion, shares = Motion(start, end), whole_shares(start, depths[part], grid)
        shares *= masks[part, None]
        for limb in range(PARTS):
            places = motion.sources(limb, grid)
            for moved, share, there in zip(result[part], shares[:, limb], places, strict=True):
                np.maximum(moved, cv2.remap(share, there, None, cv2.INTER_LINEAR), out=moved)
    return result


def _coarse(mask: np.ndarray) -> np.ndarray:
    return cv2.resize(mask.astype(np.float32), (_CELLS, _CELLS), interpolation=cv2.INTER_AREA)


def _fine(mask: np.ndarray) -> np.ndarray:
    return cv2.resize(mask, (SILHOUETTE_SIZE, SILHOUETTE_SIZE), interpolation=cv2.INTER_LINEAR)


def draw(
    cutout: Cutout,
    others: Sequence[Callable[[], Cutout]],
    order: Sequence[int],
    pose: Pose,
    outline: np.ndarray,
    field: np.ndarray,
    square: np.ndarray,
    view: tuple[int, int, int, int],
) -> tuple[np.ndarray, np.ndarray]:
    """Draws a person into a part of a frame.

    Args:
        others: functions that make cutouts of other frames, for pixels hidden in this one; the
            best first.
        order: the parts, the farthest first.
        pose: the new one, in pixels of the frame.
        outline: (64, 64) float32 in [0, 1], of `reconciled`.
        field: (32, 32, 2), of `outline_fields`.
        square: (x0, y0, x1, y1) of both, in pixels of the frame.
        view: x, y, width and height of the part of the frame.

    Returns:
        Colours (h, w, 3) uint8, and alpha (h, w) float32 in [0, 1].
    """
    x, y, w, h = view
    pose = pose.moved(x, y)
    step = step_of(pose)
    coarse = (np.asarray(square, np.float32) - np.float32([x, y, x, y])) / step
    grid = grid_of(h, w, step)
    m, n = grid.shape[:2]
    side = float(square[3] - square[1])
    grid = grid + side * placed(field, coarse, (0, 0, n, m), cv2.BORDER_REPLICATE)
    order = [part for part in order if cutout.parts.pieces[part] is not None]
    motion = Motion(cutout.pose, pose)
    places = {part: _places(motion, part, grid, step) for part in order}
    revealed = _revealed(cutout, order, places, (m, n))
    rgb, alpha = np.zeros((h, w, 3), np.uint8), np.zeros((h, w), np.float32)
    for part in order:
        piece = cutout.parts.pieces[part]
        if part in revealed:
            pixels = cutout.completed(part, others)
        else:
            pixels = with_alpha(cutout.rgb[piece.inner], piece.whole)
        _lay_over(rgb, alpha, pixels, piece, *places[part], step, pose.height)
    return _within(rgb, alpha, pose, outline, square, view)


def _places(motion: Motion, part: int, grid: np.ndarray, step: int) -> tuple[np.ndarray, int, int]:
    """(m, n, 2) float32: for the points of a grid around a part's bones, the places in the cutout
    whose pixels the part shows there; and the first column and row of these points."""
    pose = motion.new
    low, high = pose.extent(part)
    margin = (_TRUNK_MARGIN if part == TRUNK else _LIMB_MARGIN) * pose.height
    end = np.array(grid.shape[1::-1])
    x0, y0 = np.clip((low - margin) // step, 0, end - 1).astype(int)
    x1, y1 = np.clip((high + margin) // step + 1, [x0 + 1, y0 + 1], end).astype(int)
    return motion.sources(part, grid[y0:y1, x0:x1]), x0, y0


def _revealed(
    cutout: Cutout,
    order: Sequence[int],
    places: Mapping[int, tuple[np.ndarray, int, int]],
    shape: tuple[int, int],
) -> set[int]:
    """The parts of which the new pose reveals pixels that are hidden in the old one."""
    free = np.ones(shape, np.float32)
    parts = set()
    for part in reversed(order):
        there, x, y = places[part]
        cells = (there - (cutout.parts.step - 1) / 2) / cutout.parts.step
        own, hidden = (
            cv2.remap(share, cells, None, cv2.INTER_LINEAR) for share in cutout.parts.coarse(part)
        )
        m, n = own.shape
        here = free[y : y + m, x : x + n]
        if (hidden * here).sum() > _REVEALED * own.sum():
            parts.add(part)
        here *= 1 - np.minimum(own + hidden, 1)
    return parts


def _lay_over(
    rgb: np.ndarray,
    alpha: np.ndarray,
    pixels: np.ndarray,
    piece: Piece,
    places: np.ndarray,
    x: int,
    y: int,
    step: int,
    height: float,
) -> None:
    """Draws a piece with pixels (h, w, 4) over colours and alpha, in place."""
    m, n = places.shape[:2]
    inner = np.s_[step * y : step * (y + m), step * x : step * (x + n)]
    below, under = rgb[inner], alpha[inner]
    places = enlarged(places - np.float32([piece.x, piece.y]), under.shape[::-1], step)
    moved = cv2.remap(pixels, places, None, cv2.INTER_LINEAR)
    *colours, share = cv2.split(moved)
    share = cv2.GaussianBlur(share, (0, 0), max(0.5, _SMOOTH * height)).astype(np.float32)
    share = (share * (1 / (255 * _EDGE)) + (0.5 - 0.5 / _EDGE)).clip(0, 1)
    moved = cv2.merge(colours)
    rest = 1 - share
    below[:] = cv2.blendLinear(np.ascontiguousarray(below), moved, rest * (under > 0), share)
    under[:] = share + rest * under


def _within(
    rgb: np.ndarray,
    alpha: np.ndarray,
    pose: Pose,
    outline: np.ndarray,
    square: np.ndarray,
    view: tuple[int, int, int, int],
) -> tuple[np.ndarray, np.ndarray]:
    """Colours and alpha, opaque within the outline and transparent beyond it; `pose` is the new one
    in pixels of the view."""
    cell = float(square[3] - square[1]) / SILHOUETTE_SIZE
    edge = max(1 / cell, _SHARP)
    around = cv2.copyMakeBorder(outline, _PAD, _PAD, _PAD, _PAD, cv2.BORDER_CONSTANT)
    larger = np.asarray(square) + _PAD * cell * np.array([-1, -1, 1, 1])
    inside, near = (
        (placed(depth, larger, view, cv2.BORDER_REPLICATE) / edge + 0.5).clip(0, 1)
        for depth in _bounds(around)
    )
    inside = np.maximum(inside, _cores(alpha, pose))
    if (inside > alpha).any():
        rgb = cv2.blendLinear(
            rgb, _continued(rgb, alpha, max(1, round(cell / 2))), alpha, 1 - alpha
        )
    return rgb, _in_one_piece(np.maximum(alpha, inside) * near)


def _cores(alpha: np.ndarray, pose: Pose) -> np.ndarray:
    """(h, w) float32 in [0, 1]: the middle of limbs whose end is drawn, so that none of them comes
    apart where no frame shows a knee or an elbow."""
    cores = np.zeros(alpha.shape, np.uint8)
    fine = np.rint((1 << _SHIFT) * pose.points).astype(np.int32)
    ends = np.rint(pose.points).astype(int)
    for limb, width in _LIMB_CORES:
        x, y = ends[limb[-1]]
        if 0 <= x < alpha.shape[1] and 0 <= y < alpha.shape[0] and alpha[y, x] > 0.5:
            thick = max(1, round(width * pose.height))
            cv2.polylines(cores, [fine[list(limb)]], False, 255, thick, cv2.LINE_AA, _SHIFT)
    return cores.astype(np.float32) / 255


def _in_one_piece(alpha: np.ndarray) -> np.ndarray:
    """(h, w) float32: an alpha without specks, as they arise where a limb does not quite fit the
    outline."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(above(alpha, _SPECK_EDGE))
    if count <= 2:
        return alpha
    areas = stats[1:, cv2.CC_STAT_AREA]
    kept = np.concatenate([[False], areas >= _SPECK * areas.max()])
    return alpha * kept[labels]


def _bounds(outline: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n, n) float32 each: signed distances in cells to the edge of what is surely the body, and of
    what may be; the same where the outline is sure."""
    surely, half, maybe = (signed_distance(outline, level) for level in (_SURELY, 0.5, _MAYBE))
    unsure = (maybe - surely - _WIDTH).clip(0, 1)
    return half + unsure * (surely - half), half + unsure * (maybe - half)


def _continued(rgb: np.ndarray, alpha: np.ndarray, step: int) -> np.ndarray:
    """(h, w, 3) uint8: colours continued smoothly beyond what is drawn, in cells of `step`
    pixels."""
    h, w = alpha.shape
    small = -(-w // step), -(-h // step)
    drawn = above(alpha, 0.5)
    known = cv2.resize(cv2.bitwise_and(rgb, rgb, mask=drawn), small, interpolation=cv2.INTER_AREA)
    share = cv2.resize(drawn, small, interpolation=cv2.INTER_AREA)
    there = share > 60
    if not there.any():
        return rgb
    known = known * (255 / np.maximum(share, 1).astype(np.float32))[..., None]
    colour = cv2.GaussianBlur(nearest_colours(known, there), (0, 0), 1)
    return cv2.resize(cv2.convertScaleAbs(colour), (w, h), interpolation=cv2.INTER_LINEAR)
