"""Ground truth of rendered pictures: for every pixel the body part and the point of the body.

All walkers share one mesh, so that the same face and weights mean the same point on another
person's body. This gives the exact flow between two people who walk the same walk.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gait_demo.synthesis.body import MOVING_BONES
from gait_demo.synthesis.render import Camera, rasterise
from gait_demo.synthesis.walker import Walker

PARTS = ("background", *MOVING_BONES)  # a part is what moves with one bone
_HIDDEN_M = 0.02  # a point that lies farther than this behind the visible surface is hidden


@dataclass(frozen=True)
class Truth:
    """What one picture of one walker shows.

    Attributes:
        face: (H, W) int32, which face of the walker's mesh; -1 is background.
        weights: (H, W, 2) float32, of the face's first two corners.
        part: (H, W) uint8, index into PARTS.
        depth: (H, W) float32, metres from the camera; infinite in the background.
    """

    face: np.ndarray
    weights: np.ndarray
    part: np.ndarray
    depth: np.ndarray

    @property
    def silhouette(self) -> np.ndarray:
        """(H, W) bool."""
        return self.face >= 0


def see(walker: Walker, mesh: np.ndarray, camera: Camera) -> Truth:
    """The truth about a picture.

    Args:
        mesh: (V, 3), one posed mesh of the walker.
    """
    points = camera.project(mesh)
    face, weights = rasterise(points, walker.faces, camera.height, camera.width)
    seen = face >= 0
    corners = walker.faces[face[seen]]
    part = np.zeros(face.shape, np.uint8)
    part[seen] = 1 + walker.vertex_bone[corners[:, 0]]
    depth = np.full(face.shape, np.inf, np.float32)
    depth[seen] = (points[corners, 2] * _three(weights[seen])).sum(axis=1)
    return Truth(face, weights, part, depth)


def flow(
    source: Walker, seen: Truth, target: Walker, mesh: np.ndarray, camera: Camera
) -> np.ndarray:
    """Where the points that one picture shows lie in the picture of another person.

    Args:
        source: the person in the first picture, whose truth is `seen`.
        target: the other person, whose posed `mesh`, (V, 3), the `camera` films.

    Returns:
        (H, W, 2) float32 x and y in the other picture of every pixel of `seen`, in pixel units in
        which a pixel's centre is at one half; NaN where the other picture does not show the
        point, or the other person does not wear what it lies on.
    """
    points = camera.project(mesh)
    truth = see(target, mesh, camera)
    result = np.full((*seen.face.shape, 2), np.nan, np.float32)
    place = np.full(1 + max(source.face_number.max(), target.face_number.max()), -1)
    place[target.face_number] = np.arange(len(target.faces))
    rows, columns = np.nonzero(seen.silhouette)
    face = place[source.face_number[seen.face[rows, columns]]]
    worn = face >= 0
    rows, columns, face = rows[worn], columns[worn], face[worn]
    mix = _three(seen.weights[rows, columns])
    x, y, depth = (mix[..., None] * points[target.faces[face]]).sum(axis=1).T
    column, row = np.floor(x).astype(int), np.floor(y).astype(int)
    height, width = truth.depth.shape
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    inside[inside] &= depth[inside] < truth.depth[row[inside], column[inside]] + _HIDDEN_M
    result[rows[inside], columns[inside]] = np.stack([x, y], axis=1)[inside]
    return result


def _three(weights: np.ndarray) -> np.ndarray:
    """(N, 3) weights of all corners from (N, 2)."""
    return np.concatenate([weights, 1 - weights.sum(axis=-1, keepdims=True)], axis=-1)
