"""A rig of bones: how near a pixel is to each part of a body, and where it goes when joints move.

Linear blend skinning in the image plane: every bone carries the pixels around it from its old place
to its new one, and neighbouring bones share what lies between them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gait_demo.joints import JOINTS, MIRRORED

TRUNK, LEFT_ARM, RIGHT_ARM, LEFT_LEG, RIGHT_LEG = range(5)
PARTS = 5
_NECK, _PELVIS, _HEM, _CROWN = range(JOINTS, JOINTS + 4)  # points that joints imply
_HEAD = 0
_CROWN_BEYOND = 0.6  # of the way from the neck to the head
# part, first and last point, and half the width in body heights
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
_SPINE, _CLOTH = 0, 2
_END = np.where(np.arange(len(_BONES)) == _SPINE, 2.5, 1.0).astype(np.float32)[:, None]
_LOOSE = 1.3  # half widths from the legs, beyond which a pixel between them is cloth
_SHARED = 2.0  # exponent by which bones share pixels: exp(-2 d^2), d in half widths
_SHORT = 0.06  # heights: shorter bones point at the camera, and do not tell how they are turned
_STRETCH = 0.6, 1.6  # a bone's length, new against old
_VISIBLE = 0.5  # of a joint: with less it is taken to be hidden
_FAR = 10.0  # half widths, as good as endless
_SOFT = 0.2  # half widths


@dataclass(frozen=True)
class Pose:
    """The bones of a person in one frame.

    Attributes:
        points: (23, 2) float32, the joints and the points that they imply, in pixels.
        height: of the body, in pixels.
        seen: (23,) bool, of the points; others are hidden by the body itself.
    """

    points: np.ndarray
    height: float
    seen: np.ndarray

    @classmethod
    def of(cls, joints: np.ndarray, height: float, visibility: np.ndarray | None = None) -> Pose:
        """
        Args:
            joints: (19, 2) in pixels, in the order of `joints.NAMES`.
            visibility: (19,) of them, in [0, 1]; None: all are visible.
        """
        if visibility is None:
            visibility = np.ones(JOINTS)
        neck, pelvis, hem = (joints[[a, a + 9]].mean(axis=0) for a in (1, 5, 6))
        crown = joints[_HEAD] + _CROWN_BEYOND * (joints[_HEAD] - neck)
        seen = np.concatenate([visibility, np.ones(_CROWN + 1 - JOINTS)]) > _VISIBLE
        return cls(np.float32([*joints, neck, pelvis, hem, crown]), float(height), seen)

    def moved(self, x: float, y: float) -> Pose:
        """The same, seen from a corner at (x, y)."""
        return replace(self, points=self.points - np.float32([x, y]))

    def mirrored(self) -> Pose:
        """The same with left and right exchanged."""
        exchanged = [*MIRRORED, *range(JOINTS, len(self.points))]
        return replace(self, points=self.points[exchanged], seen=self.seen[exchanged])

    def extent(self, part: int) -> tuple[np.ndarray, np.ndarray]:
        """(2,) float32 twice: the corners of the box around a part's bones."""
        bones = _PART == part
        points = self.points[np.concatenate([_FIRST[bones], _LAST[bones]])]
        return points.min(axis=0), points.max(axis=0)


def distances(pose: Pose, grid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """From each place of a grid (h, w, 2) to each part, in half widths.

    Returns:
        (5, h, w) float32: to all of it, and to what is seen of it.
    """
    each = _to_bones(pose, grid)
    legs = each[_PART >= LEFT_LEG].min(axis=0)
    each[_CLOTH] += _FAR * (1 + (_LOOSE - legs) / _SOFT).clip(0, 1)
    hidden = ~(pose.seen[_FIRST] & pose.seen[_LAST])
    visible = each + np.float32(_FAR) * hidden[:, None, None]
    return tuple(
        np.stack([those[_PART == part].min(axis=0) for part in range(PARTS)])
        for those in (each, visible)
    )


def sources(part: int, old: Pose, new: Pose, grid: np.ndarray) -> np.ndarray:
    """(h, w, 2) float32: where the old pose has what a part shows at the places of a grid (h, w, 2)
    in the new one."""
    bones = np.flatnonzero(_PART == part)
    weights = np.exp(-_SHARED * _to_bones(new, grid, bones) ** 2) + np.float32(1e-9)
    weights /= weights.sum(axis=0)
    matrices, shifts = _ways_back(old, new, bones)
    matrix = np.tensordot(weights, matrices, axes=(0, 0))
    shift = np.tensordot(weights, shifts, axes=(0, 0))
    return (matrix @ grid[..., None])[..., 0] + shift


def _to_bones(pose: Pose, grid: np.ndarray, bones: np.ndarray | slice = slice(None)) -> np.ndarray:
    """(B, h, w) float32, in half widths."""
    starts, ends = pose.points[_FIRST[bones]], pose.points[_LAST[bones]]
    along = ends - starts
    length = np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-3)
    along /= length
    away = grid.reshape(1, -1, 2) - starts[:, None]
    reached = (away * along[:, None]).sum(axis=2)
    aside = away[..., 0] * along[:, None, 1] - away[..., 1] * along[:, None, 0]
    beyond = (reached - reached.clip(0, length)) * _END[bones]
    apart = np.hypot(beyond, aside) / (_WIDTH[bones, None] * pose.height)
    return apart.reshape(-1, *grid.shape[:2]).astype(np.float32)


def _ways_back(old: Pose, new: Pose, bones: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(B, 2, 2) and (B, 2) float32: the affine maps from the new place of each bone to the old."""
    ratio = new.height / old.height
    first, last = _FIRST[bones], _LAST[bones]
    before, after = (pose.points[last] - pose.points[first] for pose in (old, new))
    was = np.maximum(np.linalg.norm(before, axis=1) / old.height, 1e-6)
    is_now = np.maximum(np.linalg.norm(after, axis=1) / new.height, 1e-6)
    sure = (np.minimum(was, is_now) / _SHORT).clip(0, 1)
    stretch = (is_now / was).clip(*_STRETCH)
    stretch = ratio * stretch**sure
    turns = np.arctan2(after[:, 1], after[:, 0]) - np.arctan2(before[:, 1], before[:, 0])
    turns = sure * ((turns + np.pi) % (2 * np.pi) - np.pi)
    angles = np.arctan2(before[:, 1], before[:, 0])
    bone, back = _rotations(angles), _rotations(-turns)
    scales = np.stack([1 / stretch, np.full_like(stretch, 1 / ratio)], axis=1)
    matrices = (bone * scales[:, None]) @ bone.transpose(0, 2, 1) @ back
    shifts = old.points[first] - (matrices @ new.points[first][..., None])[..., 0]
    return matrices.astype(np.float32), shifts.astype(np.float32)


def _rotations(angles: np.ndarray) -> np.ndarray:
    cos, sin = np.cos(angles), np.sin(angles)
    return np.stack([np.stack([cos, -sin], -1), np.stack([sin, cos], -1)], -2)
