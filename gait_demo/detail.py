"""The original's own pixels for synthesised silhouettes, at the video's own resolution.

Two silhouettes of one frame, the old and the new, are laid over each other by a smooth field; the
person's pixels follow it. Only what lies well inside the old silhouette is ever shown, so that no
background and no old outline come along, and of the head no more than what 64x64 pixels hold.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .structures import SILHOUETTE_SIZE

_GRID = 32  # cells of a field, across and down
_STEPS = (6, 4)  # iterations, first with a stiff field, then with a softer one
_STIFF = (3.0, 2.0)  # deviation in cells of the filter that smooths each step
_UPRIGHT = 0.5  # share of a step up or down that is taken
_REACH = 1.25  # cells a step may move
_OUTSIDE = 3.0  # cells beyond the outline up to which distance counts
_CHUNK, _MARGIN = 128, 8  # frames fitted together, and those shared with the neighbours
_INSET = 1.2  # 1/64 of the height: pixels nearer to the old outline are not sure to be the person
_ALIKE = 14  # levels: what differs less from the background could be it
_SPOT = 0.01  # heights: smaller spots of the background's colour are chance
_RIM = 0.007  # heights over which such a spot and the person mix
_COARSE = 4  # pixels: how finely that is filled which is not surely the person
_SOFT = 1.0  # deviation, of these
_HEAD = 0.2  # heights from the top: what is above is taken for the head, hair and neck
_FADE = 0.04  # heights below it over which the picture becomes sharp
_USUAL = 50  # frames before and after, whose heights say how tall somebody stands


def correspond(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Where in the old silhouettes the points of the new ones belong, smooth in space and time.

    The distances to the two outlines are matched by the demons algorithm (Thirion, 1998), its
    field filtered by Gaussians in space, and from frame to frame.

    Args:
        old, new: (T, 64, 64) float32 in [0, 1], in the same squares.

    Returns:
        (T, 32, 32, 2) float32: what to add to x and y, in sides of the square.
    """
    fields = np.zeros((len(old), _GRID, _GRID, 2), np.float32)
    for first in range(0, len(old), _CHUNK):
        low = max(0, first - _MARGIN)
        part = np.s_[low : first + _CHUNK + _MARGIN]
        fitted = _fit(_distances(old[part]), _distances(new[part]))
        fields[first : first + _CHUNK] = fitted[first - low :][:_CHUNK]
    return fields / _GRID


def _fit(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """(T, 32, 32, 2) cells, from the distances (T, 32, 32)."""
    images = [
        np.dstack([image, *(cv2.Sobel(image, -1, dx, 1 - dx, scale=1 / 8) for dx in (1, 0))])
        for image in old
    ]
    there = np.stack(np.meshgrid(np.arange(_GRID), np.arange(_GRID)), -1).astype(np.float32)
    fields = np.zeros((len(old), _GRID, _GRID, 2), np.float32)
    for steps, stiff in zip(_STEPS, _STIFF, strict=True):
        for _ in range(steps):
            warped = np.stack([
                cv2.remap(image, there + field, None, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE)
                for image, field in zip(images, fields, strict=True)
            ])  # fmt: skip
            error, slope = new - warped[..., 0], warped[..., 1:]
            size = (slope**2).sum(-1) + (error / (2 * _REACH)) ** 2 + 1e-3
            fields += (error / size)[..., None] * slope * np.float32([1, _UPRIGHT])
            for field in fields:
                cv2.GaussianBlur(field, (0, 0), stiff, field)
            fields = _smooth_in_time(fields)
    return fields


def _smooth_in_time(fields: np.ndarray) -> np.ndarray:
    before, after = np.roll(fields, 1, 0), np.roll(fields, -1, 0)
    before[0], after[-1] = fields[0], fields[-1]
    return (before + 2 * fields + after) / 4


def _distances(masks: np.ndarray) -> np.ndarray:
    """(T, 32, 32) cells to the outline, negative outside."""
    return np.stack([
        cv2.resize(_signed(mask), (_GRID, _GRID), interpolation=cv2.INTER_AREA)
        for mask in masks
    ]).clip(-2 * _OUTSIDE) / 2  # fmt: skip


def _signed(mask: np.ndarray) -> np.ndarray:
    """(64, 64) float32: distance to the outline of a (64, 64) mask, negative outside."""
    inside = (mask > 0.5).astype(np.uint8)
    far = cv2.distanceTransform(inside, cv2.DIST_L2, 5)
    far -= cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5)
    return cv2.GaussianBlur(far.clip(-SILHOUETTE_SIZE, SILHOUETTE_SIZE), (0, 0), 0.8)


def necks(masks: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """Down to where the head may reach in each frame of a track.

    Who lifts the arms, and so seems taller than before and after, has the head farther down.

    Args:
        masks: (T, 64, 64) float32 in [0, 1].
        squares: (T, 4) (x0, y0, x1, y1) in pixels.

    Returns:
        (T,) y in pixels.
    """
    rows = (masks > 0.5).any(axis=2)
    cell = (squares[:, 3] - squares[:, 1]) / SILHOUETTE_SIZE
    top = squares[:, 1] + cell * rows.argmax(axis=1)
    bottom = squares[:, 3] - cell * rows[:, ::-1].argmax(axis=1)
    tall = bottom - top
    usual = np.array([
        np.median(tall[max(0, t - _USUAL) : t + _USUAL + 1]) for t in range(len(tall))
    ])  # fmt: skip
    return np.maximum(top + _HEAD * np.maximum(tall, usual), bottom - (1 - _HEAD) * usual)


@dataclass(frozen=True)
class Look:
    """How a person looks in one frame, and nothing of what is around them.

    Attributes:
        rgb: (h, w, 3) uint8; beyond the person their own colours go on.
        square: (x0, y0, x1, y1) of the silhouette's square, in pixels of `rgb`.
    """

    rgb: np.ndarray
    square: np.ndarray

    @classmethod
    def of(
        cls,
        rgb: np.ndarray,
        behind: np.ndarray | None,
        mask: np.ndarray,
        square: np.ndarray,
        neck: float | None,
    ) -> Look | None:
        """
        Args:
            rgb: (h, w, 3) uint8, the part of a frame that shows the person.
            behind: the same of the background, if it is known.
            mask: (64, 64) float32 in [0, 1], the person's silhouette.
            square: (x0, y0, x1, y1) of it, in pixels of `rgb`; may reach over the border.
            neck: y in pixels of `rgb` above which only what 64x64 pixels hold is left; None: all
                is left.

        Returns:
            None if nothing is surely the person.
        """
        square = np.asarray(square, np.float32)
        sure = (_enlarged(_inset(mask), square, rgb.shape[:2]) > 0).astype(np.uint8)
        if behind is not None:
            sure &= ~_alike(rgb, behind, square[3] - square[1])
        if not sure.any():
            return None
        clean = _continued(rgb, sure)
        if neck is not None:
            _coarsen_above(clean, neck, square)
        return cls(clean, square)


def _inset(mask: np.ndarray) -> np.ndarray:
    """(64, 64) float32, positive where a pixel is surely the person, in narrow limbs as well."""
    depth = _signed(mask)
    limb = cv2.dilate(depth, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5)))
    return depth - np.clip(0.6 * limb, 0.3, _INSET)


def _alike(rgb: np.ndarray, behind: np.ndarray, height: float) -> np.ndarray:
    """(h, w) uint8, 0 or 1: where a larger spot, and its rim, could be the background."""
    red, green, blue = cv2.split(cv2.blur(cv2.absdiff(rgb, behind), (3, 3)))
    difference = cv2.max(cv2.max(red, green), blue)
    spot, rim = max(3, round(_SPOT * height)), max(1, round(_RIM * height))
    alike = cv2.erode((difference < _ALIKE).astype(np.uint8), np.ones((spot, spot), np.uint8))
    return cv2.dilate(alike, np.ones((spot + 2 * rim, spot + 2 * rim), np.uint8))


def _continued(rgb: np.ndarray, sure: np.ndarray) -> np.ndarray:
    """The picture with all that is not sure filled with the nearest sure colours, softly."""
    h, w = sure.shape
    small = -(-w // _COARSE), -(-h // _COARSE)
    known = cv2.resize(cv2.bitwise_and(rgb, rgb, mask=sure), small, interpolation=cv2.INTER_AREA)
    share = cv2.resize(sure.astype(np.float32), small, interpolation=cv2.INTER_AREA)
    there = share > 0.25
    if not there.any():
        there = share == share.max()
    _, nearest = cv2.distanceTransformWithLabels(
        (~there).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    table = np.zeros((nearest.max() + 1, 3), np.float32)
    table[nearest[there]] = known[there] / share[there][:, None]
    colour = cv2.GaussianBlur(table[nearest], (0, 0), _SOFT)
    colour = cv2.resize(np.clip(colour, 0, 255).astype(np.uint8), (w, h))
    edge = cv2.erode(sure, np.ones((3, 3), np.uint8)).astype(np.float32)
    edge = cv2.blur(edge, (3, 3))
    return cv2.blendLinear(rgb, colour, edge, 1 - edge)


def _coarsen_above(rgb: np.ndarray, neck: float, square: np.ndarray) -> None:
    """Leaves above a line, in place, what a square of 64x64 pixels holds."""
    height, width = rgb.shape[:2]
    side = square[3] - square[1]
    fade = _FADE * side
    last = int(np.clip(np.ceil(neck + fade), 1, height))
    head, cell = rgb[:last], side / SILHOUETTE_SIZE
    size = max(1, round(width / cell)), max(1, round(last / cell))
    coarse = cv2.resize(head, size, interpolation=cv2.INTER_AREA)
    coarse = cv2.resize(coarse, (width, last), interpolation=cv2.INTER_CUBIC)
    fine = ((np.arange(last) + 0.5 - neck) / fade).clip(0, 1).astype(np.float32)
    fine = np.repeat(fine[:, None], width, axis=1)
    head[:] = cv2.blendLinear(np.ascontiguousarray(head), coarse, fine, 1 - fine)


def carry(
    look: Look, field: np.ndarray, square: np.ndarray, view: tuple[int, int, int, int]
) -> np.ndarray:
    """The person's pixels where the new silhouette wants them.

    Args:
        field: (32, 32, 2), of `correspond`.
        square: (x0, y0, x1, y1) of the new silhouette, in pixels of its frame.
        view: x, y, width, height of the part of the frame that is asked for.

    Returns:
        (height, width, 3) uint8.
    """
    x, y, w, h = view
    local = np.asarray(square, np.float32) - np.float32([x, y, x, y])
    side, look_side = local[2:] - local[:2], look.square[2:] - look.square[:2]
    across = (np.arange(w, dtype=np.float32) + 0.5 - local[0]) / side[0]
    down = (np.arange(h, dtype=np.float32) + 0.5 - local[1]) / side[1]
    dx, dy = (_enlarged(field[..., axis], local, (h, w)) for axis in (0, 1))
    at_x = (dx + across) * look_side[0] + (look.square[0] - 0.5)
    at_y = (dy + down[:, None]) * look_side[1] + (look.square[1] - 0.5)
    return cv2.remap(look.rgb, at_x, at_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def _enlarged(image: np.ndarray, square: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """(h, w) float32 of an (n, n) image that fills a square, by cubic B-splines; beyond the square
    its border is repeated."""
    down, across = (
        _spline(((np.arange(size) + 0.5 - low) / (high - low) * n - 0.5).clip(0, n - 1), n)
        for size, low, high, n in zip(shape, square[1::-1], square[:1:-1], image.shape, strict=True)
    )
    return down @ image @ across.T


def _spline(at: np.ndarray, count: int) -> np.ndarray:
    """(N, count) float32 weights of the samples 0 to count - 1 at the places (N,)."""
    far = np.abs(at[:, None] - np.arange(count))
    weights = np.where(far < 1, 2 / 3 - far**2 + far**3 / 2, np.maximum(2 - far, 0) ** 3 / 6)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
