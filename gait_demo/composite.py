"""Background plate and crops to frames: the old person goes, the new one comes.

Outside the regions given here a frame stays as it is, bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np

from gait_demo.background.inpaint import inpaint
from gait_demo.background.plate import NoPlate, Plate

from .placing import placed
from .shrink import shrink_by
from .structures import SILHOUETTE_SIZE

_REACH = 0.02  # heights by which a silhouette is widened before it is erased
_BOX_MARGIN = 0.08  # heights around the box of a lost person
_FEATHER = 0.008  # heights over which the plate fades into the frame
_RING = 0.12  # heights around a region in which the plate's brightness is matched
_MATCH_STEP = 8  # pixels a sample of the brightness offset
_SMOOTH = 0.5  # deviation in 1/64 of the height, of the filter that smooths an outline
_PAD = 2  # of the same, around a silhouette, so that heads and soles are round as well
_INPAINT_SIDE = 128  # longest side, in pixels, at which what is not known is filled in
# Correlation of the edges around a region in frames that fit together, and pixels that tell it
_FITTING, _KNOWN = 0.6, 200
_MOST_VIEWS = 6  # other frames that are asked what is behind a region
_SPILL = 0.03  # heights from the edge of a region, which may not be the person any more
_SAME_LEVEL = 25  # levels: what differs less may be the same
_SAME_PIXELS, _SAME_COLOURS = 0.3, 0.4  # shares from which on it may be the same person
_MATCH_LIMIT = 28.0  # levels: what differs more is another object, not another light


@dataclass(frozen=True)
class Region:
    """What of a frame is to be replaced.

    Attributes:
        x, y: of the upper left corner, in pixels.
        mask: (h, w) uint8, 0 or 255.
        height: of the person, in pixels.
    """

    x: int
    y: int
    mask: np.ndarray
    height: float


def region_of(
    frame_shape: tuple[int, int], mask: np.ndarray, x: int, y: int, scale: float, height: float
) -> Region | None:
    """The region of a mask at working resolution, with a rim in which brightness is matched.

    Args:
        frame_shape: (H, W).
        mask: (h, w) uint8, 0 or 1, whose upper left corner is at working pixel (x, y).
        scale: working pixels per pixel of the frame.
        height: of the person, in pixels of the frame.

    Returns:
        None if nothing of it lies in the frame.
    """
    h, w = mask.shape
    low, high = np.array([x, y]) / scale, np.array([x + w, y + h]) / scale
    view = _view(low, high, _RING * height, frame_shape)
    if view is None:
        return None
    left, top, wide, tall = view
    shift = (1 / scale - 1) / 2
    to_view = np.array([
        [1 / scale, 0, shift + x / scale - left], [0, 1 / scale, shift + y / scale - top]
    ])  # fmt: skip
    fine = cv2.warpAffine(255 * mask, to_view, (wide, tall), flags=cv2.INTER_LINEAR)
    return Region(left, top, cv2.compare(fine, 100, cv2.CMP_GT), height)


def erase(
    rgb: np.ndarray, plate: Plate | NoPlate, index: int, region: Region, original: np.ndarray
) -> None:
    """Shows the background where the region is, with the frame's own light and a soft edge.

    Args:
        rgb: (H, W, 3) uint8 frame, changed in place.
        original: the same before anybody was taken out of it.
        plate: of the clip; without one the region is filled from what is around it.
        index: of the frame.
    """
    h, w = region.mask.shape
    part = rgb[region.y : region.y + h, region.x : region.x + w]
    behind = plate.crop(index, region.x, region.y, w, h)
    if behind is None:
        before = original[region.y : region.y + h, region.x : region.x + w]
        behind, left = _from_neighbours(part, before, plate, index, region)
        behind = inpaint(behind, left, _INPAINT_SIDE)
    else:
        behind = _lit_as(behind, part, region.mask)
    feather = 2 * max(1, round(_FEATHER * region.height)) + 1
    kernel = np.ones((feather, feather), np.uint8)
    weight = cv2.blur(cv2.dilate(region.mask, kernel), (feather, feather))
    _blend(part, behind, cv2.multiply(weight, 1 / 255, dtype=cv2.CV_32F))


def paste(rgb: np.ndarray, crop: np.ndarray, alpha: np.ndarray, square: np.ndarray) -> None:
    """Draws a person's crop into a frame.

    Args:
        rgb: (H, W, 3) uint8 frame, changed in place.
        crop: (64, 64, 3) float32 in [0, 1], the colours.
        alpha: (64, 64) float32 in [0, 1], the silhouette.
        square: (x0, y0, x1, y1) in pixels; may reach over the border.
    """
    view = silhouette_view(alpha, square, rgb.shape[:2])
    if view is not None:
        colours = np.rint(255 * np.clip(crop, 0, 1)).astype(np.uint8)
        paste_view(rgb, placed(colours, square, view, cv2.BORDER_REPLICATE), alpha, square, view)


def paste_view(
    rgb: np.ndarray,
    colours: np.ndarray,
    alpha: np.ndarray,
    square: np.ndarray,
    view: tuple[int, int, int, int],
) -> None:
    """Draws a person into a frame, whose colours are known at the frame's own resolution.

    Args:
        rgb, alpha, square: as for `paste`.
        colours: (h, w, 3) uint8, of the view.
        view: of `silhouette_view`.
    """
    x, y, w, h = view
    _blend(rgb[y : y + h, x : x + w], colours, _soft_silhouette(alpha, square, view))


def render_binary(
    frame_shape: tuple[int, int], layers: list[tuple[np.ndarray, np.ndarray]]
) -> np.ndarray:
    """White silhouettes on black.

    Args:
        frame_shape: (H, W).
        layers: (64x64 alpha in [0, 1], square) of each person.

    Returns:
        (H, W) uint8.
    """
    image = np.zeros(frame_shape, np.uint8)
    for alpha, square in layers:
        view = silhouette_view(alpha, square, frame_shape)
        if view is not None:
            x, y, w, h = view
            white = np.rint(255 * _soft_silhouette(alpha, square, view)).astype(np.uint8)
            part = image[y : y + h, x : x + w]
            np.maximum(part, white, out=part)
    return image


def silhouette_view(
    alpha: np.ndarray, square: np.ndarray, shape: tuple[int, int]
) -> tuple[int, int, int, int] | None:
    """What of a frame a silhouette touches.

    Args:
        alpha, square: as for `paste`.
        shape: (H, W) of the frame.

    Returns:
        x, y, width, height in whole pixels; None if nothing of it lies in the frame.
    """
    x, y, w, h = cv2.boundingRect((alpha > 0.02).view(np.uint8))
    if w * h == 0:
        return None
    cell = (square[2:] - square[:2]) / SILHOUETTE_SIZE
    low, high = square[:2] + cell * [x - 2, y - 2], square[:2] + cell * [x + w + 2, y + h + 2]
    return _view(low, high, 1, shape)


def _view(
    low: np.ndarray, high: np.ndarray, margin: float, shape: tuple[int, int]
) -> tuple[int, int, int, int] | None:
    """x, y, width, height of the whole pixels of a frame that a box and its margin touch."""
    x0, y0 = (max(0, int(np.floor(v - margin))) for v in low)
    x1, y1 = (min(n, int(np.ceil(v + margin))) for v, n in zip(high, shape[::-1], strict=True))
    return (x0, y0, x1 - x0, y1 - y0) if x1 > x0 and y1 > y0 else None


def _soft_silhouette(
    alpha: np.ndarray, square: np.ndarray, view: tuple[int, int, int, int]
) -> np.ndarray:
    """(h, w) float32 in [0, 1]: the silhouette in its square, its edge about two pixels wide."""
    scale = max(1.0, float(square[3] - square[1]) / SILHOUETTE_SIZE)
    around = cv2.copyMakeBorder(alpha, _PAD, _PAD, _PAD, _PAD, cv2.BORDER_CONSTANT)
    smooth = cv2.GaussianBlur(around, (0, 0), _SMOOTH)
    beyond = (square[2:] - square[:2]) * (_PAD / SILHOUETTE_SIZE)
    smooth = placed(smooth, np.concatenate([square[:2] - beyond, square[2:] + beyond]), view)
    half = min(0.5, 1.2 / scale)
    edge = np.clip((smooth - 0.5) / (2 * half) + 0.5, 0, 1)
    return edge * edge * (3 - 2 * edge)


def _from_neighbours(
    part: np.ndarray, before: np.ndarray, plate: NoPlate, index: int, region: Region
) -> tuple[np.ndarray, np.ndarray]:
    """The part of a frame where a region is, with what other frames show in it that have the same
    around it; and what of the region, (h, w) uint8, 0 or 255, is left."""
    filled, left = part.copy(), region.mask.copy()
    views = plate.views(index, region.x, region.y, left)
    for shown, free in islice(views, _MOST_VIEWS):
        new = free & left
        around = free & ~region.mask
        if _fit(shown, part, around) and not _look_alike(shown, before, new, region.height):
            cv2.copyTo(_lit_as(shown, part, ~around), new, filled)
            left &= ~new
    return filled, left


def _look_alike(shown: np.ndarray, part: np.ndarray, where: np.ndarray, height: float) -> bool:
    """Whether two pictures (h, w, 3) are alike where somebody is taken out of one, so that the
    other may show them, too: who stands, or comes nearer, and was missed there.

    Args:
        where: (h, w) uint8, 0 or 255, not empty.
        height: of the person, in pixels.
    """
    size = 2 * round(_SPILL * height) + 1
    core = cv2.erode(where, np.ones((size, size), np.uint8))
    core = core if core.any() else where
    shown, part = (cv2.GaussianBlur(rgb, (0, 0), 1.5) for rgb in (shown, part))
    same = (cv2.absdiff(shown, part).max(axis=2) < _SAME_LEVEL)[core > 0].mean()
    colours = [
        cv2.calcHist([rgb], [0, 1, 2], core, [8, 8, 8], [0, 256] * 3) for rgb in (shown, part)
    ]
    common = np.minimum(*colours).sum() / cv2.countNonZero(core)
    return bool(same > _SAME_PIXELS or common > _SAME_COLOURS)


def _fit(shown: np.ndarray, part: np.ndarray, around: np.ndarray) -> bool:
    """Whether the edges of two pictures (h, w, 3) agree in a mask (h, w), uint8, 0 or 255: the
    camera's motion may be known wrongly, and what is near moves otherwise."""
    scale = min(1.0, _INPAINT_SIDE / max(around.shape))
    known = cv2.erode(shrink_by(around, scale), np.ones((5, 5), np.uint8)) == 255
    here, there = (_slopes(shrink_by(rgb, scale))[known] for rgb in (part, shown))
    size = np.sqrt((here**2).sum() * (there**2).sum())
    return len(here) >= _KNOWN and bool((here * there).sum() > _FITTING * size)


def _slopes(rgb: np.ndarray) -> np.ndarray:
    """(h, w, 2) float32: the gradient of a picture's brightness, without its finest grain."""
    gray = cv2.GaussianBlur(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), (0, 0), 1)
    return np.dstack([cv2.Sobel(gray, cv2.CV_32F, dx, 1 - dx) for dx in (1, 0)])


def _lit_as(behind: np.ndarray, part: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The plate with the frame's brightness, carried smoothly from outside the mask into it: its
    exposure far, and soft shadows and mirror images on the floor a little, so that no seam shows.
    """
    h, w = mask.shape
    sparse = np.s_[_MATCH_STEP // 2 :: _MATCH_STEP, _MATCH_STEP // 2 :: _MATCH_STEP]
    offset = part[sparse].astype(np.float32) - behind[sparse]
    known = (mask[sparse] == 0).astype(np.float32)
    known *= np.abs(offset).max(axis=2, initial=0) < _MATCH_LIMIT
    if known.sum() < 4:
        return behind
    carried = np.zeros_like(offset)
    for reach, doubt in ((max(known.shape) / 5, 1e-4), (max(known.shape) / 15, 0.05), (1, 0.05)):
        weight = cv2.GaussianBlur(known, (0, 0), reach) + doubt
        missing = cv2.GaussianBlur((offset - carried) * known[..., None], (0, 0), reach)
        carried += missing / weight[..., None]
    offset = cv2.resize(np.rint(carried).astype(np.int16), (w, h), interpolation=cv2.INTER_LINEAR)
    return cv2.add(behind, offset, dtype=cv2.CV_8U)


def _blend(part: np.ndarray, over: np.ndarray, weight: np.ndarray) -> None:
    """Lays `over` on a part of a frame, in place, within the columns and rows that weigh."""
    x, y, w, h = cv2.boundingRect((weight > 0).view(np.uint8))
    if w * h == 0:
        return
    inner = np.s_[y : y + h, x : x + w]
    weight = weight[inner]
    part[inner] = cv2.blendLinear(
        np.ascontiguousarray(part[inner]), np.ascontiguousarray(over[inner]), 1 - weight, weight
    )
