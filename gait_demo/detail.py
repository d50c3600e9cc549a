"""The original's own pixels for synthesised silhouettes, at the video's own resolution.

Two silhouettes of one frame, the old and the new, are laid over each other by a smooth field; the
person's pixels follow it. Only what lies well inside the old silhouette is ever shown, so that no
background and no old outline come along, and of the head no detail.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .correspondence import signed_distance
from .placing import placed
from .rendering.head import hide_above
from .structures import SILHOUETTE_SIZE

_INSET = 1.2  # 1/64 of the height: pixels nearer to the old outline are not sure to be the person
_KNOWN = 0.8  # of the same, where the background is known and tells them apart
_DEEP = 3.5  # 1/64 of the height: gaps between limbs that a silhouette has closed are not so deep
_ALIKE = 14  # levels: what differs less from the background could be it
_SPOT = 0.01  # heights: smaller spots of the background's colour are chance
_RIM = 0.007  # heights over which such a spot and the person mix
_COARSE = 4  # pixels: how finely that is filled which is not surely the person
_SOFT = 1.0  # deviation, of these
_MIX = 2.5  # 1/64 of the height over which what is filled becomes the picture
_HEAD = 0.2  # heights from the top: what is above is taken for the head, hair and neck
_USUAL = 50  # frames before and after, whose heights say how tall somebody stands


def necks(masks: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """Down to where the head may reach in each frame of a track.

    Who lifts the arms, and so seems taller than before and after, has the head farther down. Of
    whom the picture cuts, or the mask holds a part only, the square says how tall they are.

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
    whole = np.maximum(usual, squares[:, 3] - squares[:, 1])
    return np.maximum(top + _HEAD * np.maximum(tall, whole), bottom - usual + _HEAD * whole)


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
            neck: y in pixels of `rgb` above which nothing finer than half a head is left; None:
                all is left.

        Returns:
            None if nothing is surely the person.
        """
        square = np.asarray(square, np.float32)
        height = float(square[3] - square[1])
        depth = _inset(mask, _INSET if behind is None else _KNOWN)
        depth = placed(depth, square, (0, 0, *rgb.shape[1::-1]), cv2.BORDER_REPLICATE)
        sure = (depth > 0).view(np.uint8)
        if behind is not None:
            sure &= ~_alike(rgb, behind, height) | (depth > _DEEP).view(np.uint8)
        if not sure.any():
            return None
        mix = _MIX * height / SILHOUETTE_SIZE
        if neck is None:
            return cls(_continued(rgb, sure, mix), square)
        clean = _continued(rgb, sure, mix)
        hide_above(clean, neck, height)
        return cls(clean, square)


def _inset(mask: np.ndarray, most: float) -> np.ndarray:
    """(64, 64) float32: how deep a pixel is in what is surely the person, narrow limbs as well.

    Args:
        most: pixels nearer to the outline than this, in narrow limbs than less, are not sure.
    """
    depth = signed_distance(mask)
    limb = cv2.dilate(depth, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5)))
    return cv2.GaussianBlur(depth - np.clip(0.6 * limb, 0.3, most), (0, 0), 0.6)


def _alike(rgb: np.ndarray, behind: np.ndarray, height: float) -> np.ndarray:
    """(h, w) uint8, 0 or 1: where a larger spot, and its rim, could be the background."""
    red, green, blue = cv2.split(cv2.blur(cv2.absdiff(rgb, behind), (3, 3)))
    difference = cv2.max(cv2.max(red, green), blue)
    spot, rim = max(3, round(_SPOT * height)), max(1, round(_RIM * height))
    alike = cv2.erode((difference < _ALIKE).astype(np.uint8), np.ones((spot, spot), np.uint8))
    return cv2.dilate(alike, np.ones((spot + 2 * rim, spot + 2 * rim), np.uint8))


def _continued(rgb: np.ndarray, sure: np.ndarray, mix: np.ndarray | float) -> np.ndarray:
    """The picture with all that is not sure filled with the nearest sure colours, softly.

    Args:
        sure: (h, w) uint8, 0 or 1.
        mix: pixels inside its edge over which the colours become the picture, a number or (h, 1).
            A hard edge would jump with the silhouette's pixels, which are large, and flicker.
    """
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
    depth = cv2.distanceTransform(sure, cv2.DIST_L2, 3)
    weight = np.minimum(depth / np.maximum(np.float32(mix), 2), 1)
    return cv2.blendLinear(rgb, colour, weight, 1 - weight)


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
    at_x, at_y = cv2.split(placed(field * look_side, square, view, cv2.BORDER_REPLICATE))
    scale = look_side / side
    at_x += (np.arange(w, dtype=np.float32) + 0.5 - local[0]) * scale[0] + look.square[0] - 0.5
    down = (np.arange(h, dtype=np.float32) + 0.5 - local[1]) * scale[1] + look.square[1] - 0.5
    at_y += down[:, None]
    return cv2.remap(look.rgb, at_x, at_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
