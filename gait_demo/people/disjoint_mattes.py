"""Overlapping people: a pixel of two mattes belongs to the person whose limb is nearer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from gait_demo.imaging.boxes import intersection_area
from gait_demo.people.segmenter import (
    ANKLES,
    ELBOWS,
    HIPS,
    KNEES,
    LEFT_EAR,
    NOSE,
    RIGHT_EAR,
    SHOULDERS,
    TOES,
    WRISTS,
    Detection,
    Matte,
)

_CELLS = 64  # cells per side of a matte; distances to limbs are computed per cell
# half widths of the limbs, in body heights
_HEAD, _TRUNK, _ARM, _LEG = 0.075, 0.115, 0.045, 0.055


def make_disjoint(people: Sequence[Detection]) -> list[Detection]:
    """The people of one frame with mattes that do not overlap; see `keep_own_pixels`. People
    without landmarks are unchanged."""
    return [
        keep_own_pixels(person, [other for other in people if other is not person])
        for person in people
    ]


def keep_own_pixels(person: Detection, others: Sequence[Detection]) -> Detection:
    """A person whose matte lacks the pixels that it shares with another person's matte and that are
    nearer to a limb of the other. Unchanged for people without landmarks."""
    others = [
        other
        for other in others
        if person.landmarks is not None
        and other.landmarks is not None
        and intersection_area(person.box, other.box) > 0
    ]
    if not others:
        return person
    return replace(person, matte=_own(person, others), whole=person.whole or person.matte)


def restored(person: Detection) -> Detection:
    """A person whose matte has all pixels again that `keep_own_pixels` gave to others."""
    return replace(person, matte=person.whole, whole=None) if person.whole else person


def _own(person: Detection, others: Sequence[Detection]) -> Matte:
    alpha = person.matte.alpha()
    side = alpha.shape[0]
    to_matte = cv2.invertAffineTransform(person.matte.to_frame)
    own_distance = _limb_distance(person, to_matte, side)
    for other in others:
        theirs = other.matte.seen_through(to_matte, side)
        if not (theirs > 0.5).any():
            continue
        nearer = own_distance - _limb_distance(other, to_matte, side)
        nearer = cv2.resize(nearer, (side, side), interpolation=cv2.INTER_LINEAR)
        alpha = np.where((nearer > 0) & (theirs > 0.5), 0, alpha)
    return Matte.of(alpha, person.matte.to_frame)


def head_reach(person: Detection, centre: np.ndarray, most: float) -> float:
    """Radius in pixels around a point (2,) that holds nearly all of the head: of the matte's pixels
    that are nearer to the head than to any limb, within `most` pixels of the point."""
    alpha = person.matte.alpha()
    to_frame, side = person.matte.to_frame, alpha.shape[0]
    cells = cv2.resize(alpha, (_CELLS, _CELLS), interpolation=cv2.INTER_AREA)
    grid = np.argwhere(cells > 0.5)[:, ::-1].astype(np.float32)
    places = ((grid + 0.5) * side / _CELLS - 0.5) @ to_frame[:, :2].T + to_frame[:, 2]
    apart = np.linalg.norm(places - centre, axis=1)
    grid, apart = grid[apart < most], apart[apart < most]
    to_matte = cv2.invertAffineTransform(to_frame)
    on_head = _limb_distances(person, to_matte, side, grid).argmin(axis=1) == 0
    return float(np.quantile(apart[on_head], 0.95)) if on_head.any() else 0.0


def _limb_distance(person: Detection, to_matte: np.ndarray, side: int) -> np.ndarray:
    """(64, 64) float32: for each cell of a matte, the distance to the nearest bone, in units of the
    bone's half width."""
    grid = np.stack(np.meshgrid(np.arange(_CELLS), np.arange(_CELLS)), axis=-1).reshape(-1, 2)
    apart = _limb_distances(person, to_matte, side, grid.astype(np.float32))
    return apart.min(axis=1).reshape(_CELLS, _CELLS).astype(np.float32)


def _limb_distances(
    person: Detection, to_matte: np.ndarray, side: int, grid: np.ndarray
) -> np.ndarray:
    """(N, bones): distances from cells (N, 2) of a matte to the bones, the head first, in units of
    the bones' half widths."""
    scale = np.sqrt(abs(np.linalg.det(to_matte[:, :2])))
    height = scale * person.height * _CELLS / side
    points = person.landmarks[:, :2] @ to_matte[:, :2].T + to_matte[:, 2]
    starts, ends, widths = _bones((points + 0.5) * _CELLS / side - 0.5)
    along = ends - starts
    length = np.maximum((along**2).sum(axis=1), 1e-6)
    share = (((grid[:, None] - starts) * along).sum(axis=2) / length).clip(0, 1)
    apart = np.linalg.norm(grid[:, None] - (starts + share[..., None] * along), axis=2)
    return apart / (widths * height)


def _bones(points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Starts and ends (N, 2) of the bones, and their half widths (N,) in body heights, from
    landmarks (33, 2)."""
    neck, pelvis = points[list(SHOULDERS)].mean(axis=0), points[list(HIPS)].mean(axis=0)
    head = points[[NOSE, LEFT_EAR, RIGHT_EAR]].mean(axis=0)
    bones = [(head, 0.7 * head + 0.3 * neck, _HEAD), (neck, pelvis, _TRUNK)]
    for limbs, width in (
        ((SHOULDERS, ELBOWS, WRISTS), _ARM),
        ((HIPS, KNEES, ANKLES, TOES), _LEG),
    ):
        for start, end in zip(limbs, limbs[1:], strict=False):
            bones += [(points[a], points[b], width) for a, b in zip(start, end, strict=True)]
    starts, ends, widths = zip(*bones, strict=True)
    return np.stack(starts), np.stack(ends), np.array(widths)
