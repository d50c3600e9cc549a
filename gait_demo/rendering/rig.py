"""A rig of bones: distances of pixels to the parts of a body, and their motion with the joints.

Linear blend skinning in the image plane: every bone carries the pixels around it from its old place
to its new one, and neighbouring bones share what lies between them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from gait_demo.joints import JOINTS, MIRRORED

TRUNK, LEFT_ARM, RIGHT_ARM, LEFT_LEG, RIGHT_LEG = range(5)
PARTS = 5
_NECK, _PELVIS, _HEM, _CROWN = range(JOINTS, JOINTS + 4)  # points derived from joints
_HEAD = 0
_CROWN_BEYOND = 0.6  # share of the way from the neck to the head
# part, first and last point, and half width in body heights
_BONES = (
    (TRUNK, _NECK, _PELVIS, 0.115),
    (TRUNK, _NECK, _CROWN, 0.075),
    (TRUNK, _PELVIS, _HEM, 0.06),
    *((LEFT_ARM + side, 9 * side + a, 9 * side + b, width)
      for side in (0, 1) for a, b, width in ((1, 2, 0.042), (2, 3, 0.03), (3, 4, 0.032))),
    *((LEFT_LEG + side, 9 * side + a, 9 * side + b, width)
      for side in (0, 1) for a, b, width in ((5, 6, 0.065), (6, 7, 0.05), (8, 9, 0.035))),
)  # fmt: skip
_PART, _FIRST, _LAST = (np.array([bone[n] for bone in _BONES]) for n in range(3))
_WIDTH = np.array([bone[3] for bone in _BONES], np.float32)
_BONES_OF = tuple(np.flatnonzero(_PART == part) for part in range(PARTS))
_SPINE, _CLOTH = 0, 2
_END = np.where(np.arange(len(_BONES)) == _SPINE, 2.5, 1.0).astype(np.float32)[:, None]
_LOOSE = 1.3  # half widths from the legs: a pixel between them and farther is cloth
_SHARED = 2.0  # bones share pixels by weights exp(-2 d^2), d in half widths
_SHORT = 0.06  # heights: shorter bones point at the camera, so that their rotation is not known
_STRETCH = 0.6, 1.6  # range of a bone's new length relative to the old one
_VISIBLE = 0.5  # geometric mean of both ends: a bone below is hidden by the body
_FAR = 10.0  # half widths: as good as infinite
_SOFT = 0.2  # half widths: width of a soft transition


@dataclass(frozen=True)
class Pose:
    """The bones of a person in one frame, or in each of T frames.

    Attributes:
        points: (..., 23, 2) float32, the joints and the points derived from them, in pixels.
        height: of the body, in pixels.
        visibility: (..., 23) float32 in [0, 1], of the points.
    """

    points: np.ndarray
    height: float
    visibility: np.ndarray

    @classmethod
    def of(cls, joints: np.ndarray, height: float, visibility: np.ndarray | None = None) -> Pose:
        """
        Args:
            joints: (..., 19, 2) in pixels, in the order of `joints.NAMES`.
            visibility: (..., 19) in [0, 1]; None: all are visible.
        """
        if visibility is None:
            visibility = np.ones(joints.shape[:-1])
        neck, pelvis, hem = (joints[..., [a, a + 9], :].mean(axis=-2) for a in (1, 5, 6))
        head = joints[..., _HEAD, :]
        implied = np.stack([neck, pelvis, hem, head + _CROWN_BEYOND * (head - neck)], axis=-2)
        visibility = np.concatenate([visibility, np.ones(implied.shape[:-1])], axis=-1)
        points = np.concatenate([joints, implied], axis=-2).astype(np.float32)
        return cls(points, float(height), visibility.astype(np.float32))

    def moved(self, x: float, y: float) -> Pose:
        """The same pose in pixels of a part whose upper left corner is (x, y)."""
        return replace(self, points=self.points - np.float32([x, y]))

    def mirrored(self) -> Pose:
        """The same with left and right exchanged."""
        exchanged = [*MIRRORED, *range(JOINTS, _CROWN + 1)]
        return replace(
            self,
            points=self.points[..., exchanged, :],
            visibility=self.visibility[..., exchanged],
        )

    def extent(self, part: int) -> tuple[np.ndarray, np.ndarray]:
        """(2,) float32 each: upper left and lower right corner of the box around a part's bones in
        one frame."""
        bones = _PART == part
        points = self.points[np.concatenate([_FIRST[bones], _LAST[bones]])]
        return points.min(axis=0), points.max(axis=0)

    def distances(self, grid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Distances from the points of a grid (h, w, 2) to each part, in half widths.

        Returns:
            (..., 5, h, w) float32 each: to all bones of a part, and to its visible bones.
        """
        squared = self._squared(_homogeneous(grid), slice(None))
        legs = np.sqrt(squared[..., _PART >= LEFT_LEG, :].min(axis=-2))
        loose = _FAR * (1 + (_LOOSE - legs) / _SOFT).clip(0, 1)
        squared[..., _CLOTH, :] = (np.sqrt(squared[..., _CLOTH, :]) + loose) ** 2
        both = self.visibility[..., _FIRST] * self.visibility[..., _LAST]
        hidden = np.sqrt(both) < _VISIBLE
        distance = np.sqrt(squared)
        visible = distance + np.float32(_FAR) * hidden[..., None]
        return tuple(
            np.stack(
                [those[..., _PART == part, :].min(axis=-2) for part in range(PARTS)], axis=-2
            ).reshape(*self.points.shape[:-2], PARTS, *grid.shape[:2])
            for those in (distance, visible)
        )

    def nearest_bone(self, part: int, grid: np.ndarray) -> np.ndarray:
        """(h, w) uint8: the nearest bone of a part for each point of a grid (h, w, 2), in one
        frame."""
        squared = self._squared(_homogeneous(grid), _BONES_OF[part])
        return squared.argmin(axis=0).reshape(grid.shape[:2]).astype(np.uint8)

    def _squared(self, places: np.ndarray, bones: np.ndarray | slice) -> np.ndarray:
        """(..., B, P) float32: squared half widths from places (3, P) to bones."""
        lines, lengths = (array[..., bones, :] for array in self._lines)
        along, aside = lines[..., :3] @ places, lines[..., 3:] @ places
        along -= along.clip(0, lengths)
        along *= _END[bones]
        along *= along
        aside *= aside
        along += aside
        return along

    @cached_property
    def _lines(self) -> tuple[np.ndarray, np.ndarray]:
        """(..., B, 6) float32: two rows that turn (x, y, 1) into half widths along and beside each
        bone; and (..., B, 1), its length."""
        first, last = self.points[..., _FIRST, :], self.points[..., _LAST, :]
        half = (_WIDTH * np.float32(self.height))[:, None]
        length = np.maximum(np.linalg.norm(last - first, axis=-1, keepdims=True), 1e-3)
        along = (last - first) / length / half
        aside = along[..., ::-1] * np.float32([1, -1])
        origin = [-(axis * first).sum(axis=-1, keepdims=True) for axis in (along, aside)]
        return np.concatenate([along, origin[0], aside, origin[1]], axis=-1), length / half


@dataclass(frozen=True)
class Motion:
    """The motion of the parts of a body from an old pose to a new one.

    Attributes:
        old, new: of one frame, or of the same T frames.
    """

    old: Pose
    new: Pose

    def sources(self, part: int, grid: np.ndarray) -> np.ndarray:
        """(..., h, w, 2) float32: for the points of a grid (h, w, 2) in the new pose, the places in
        the old one that a part shows there."""
        places = _homogeneous(grid)
        bones = _BONES_OF[part]
        weights = self.new._squared(places, bones)
        weights *= -_SHARED
        np.exp(weights, out=weights)
        weights += np.float32(1e-9)
        blended = self._ways_back[..., bones].astype(np.float32) @ weights
        x, y = (
            blended[..., row, :] * places[0] + blended[..., row + 1, :] * places[1]
            + blended[..., row + 2, :]
            for row in (0, 3)
        )  # fmt: skip
        found = np.stack([x, y], axis=-1) / blended[..., 6, :, None]
        return found.reshape(*found.shape[:-2], *grid.shape)

    @cached_property
    def _ways_back(self) -> np.ndarray:
        """(..., 7, B) float32: the two rows of the affine map from the new place of each bone to
        the old, and 1."""
        old, new = self.old, self.new
        ratio = new.height / old.height
        before, after = (
            pose.points[..., _LAST, :] - pose.points[..., _FIRST, :] for pose in (old, new)
        )
        was = np.maximum(np.linalg.norm(before, axis=-1) / old.height, 1e-6)
        is_now = np.maximum(np.linalg.norm(after, axis=-1) / new.height, 1e-6)
        sure = (np.minimum(was, is_now) / _SHORT).clip(0, 1)
        stretch = ratio * (is_now / was).clip(*_STRETCH) ** sure
        angles = np.arctan2(before[..., 1], before[..., 0])
        turns = np.arctan2(after[..., 1], after[..., 0]) - angles
        turns = sure * ((turns + np.pi) % (2 * np.pi) - np.pi)
        # R(angle) diag(1 / stretch, 1 / ratio) R(-angle) R(-turn)
        (c, s), (d, t) = ((np.cos(angle), np.sin(angle)) for angle in (angles, -(angles + turns)))
        long, wide = 1 / stretch, 1 / ratio
        a, b = c * long * d - s * wide * t, -c * long * t - s * wide * d
        e, f = s * long * d + c * wide * t, -s * long * t + c * wide * d
        (x, y), (u, v) = (np.moveaxis(pose.points[..., _FIRST, :], -1, 0) for pose in (old, new))
        rows = [a, b, x - a * u - b * v, e, f, y - e * u - f * v, np.ones_like(a)]
        return np.stack(rows, axis=-2)


def _homogeneous(grid: np.ndarray) -> np.ndarray:
    """(3, P) float32: homogeneous coordinates of the points of a grid (h, w, 2)."""
    x, y = np.moveaxis(grid.reshape(-1, 2), -1, 0)
    return np.stack([x, y, np.ones_like(x)]).astype(np.float32)
