"""Hands as walkers carry them: fingers together and half closed."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from gait_demo.synthesis.skeleton import align

_FINGERS = (2, 3, 4, 5)  # index to little finger
_CLOSED_DEG = (22.0, 30.0, 18.0)  # at a finger's three joints
_THUMB_DEG = 30.0  # towards the fingers


def relax_hands(vertices: np.ndarray, heads: dict[str, np.ndarray], model) -> np.ndarray:
    """Close the spread hands of a body at rest.

    Args:
        vertices: (V, 3) metres, anny's rest mesh.
        heads: (3,) place of every bone's head, by anny's names.
        model: anny's.

    Returns:
        (V, 3) of the same dtype.
    """
    weights = _finger_weights(model)
    result = vertices.astype(float)
    for side in "LR":
        knuckles = {f: heads[f"finger{f}-1.{side}"] for f in _FINGERS}
        along = _unit(np.mean([heads[f"finger{f}-3.{side}"] - knuckles[f] for f in _FINGERS], 0))
        across = knuckles[5] - knuckles[2]
        across = _unit(across - along * (across @ along))
        thumb = heads[f"finger1-3.{side}"] - heads[f"finger1-1.{side}"]
        palm = np.cross(along, across)
        palm *= np.sign(palm @ (heads[f"finger1-2.{side}"] - knuckles[2]))
        closing = np.cross(along, palm)  # turns a finger towards the palm
        for finger in _FINGERS:
            joints = [heads[f"finger{finger}-{k}.{side}"] for k in (1, 2, 3)]
            together = align(joints[2] - joints[0], along)
            turns = [_turn(closing, degrees) for degrees in _CLOSED_DEG]
            turns[0] = turns[0] @ together
            names = [f"finger{finger}-{k}.{side}" for k in (1, 2, 3)]
            result += _bent(vertices, joints, turns, [weights[name] for name in names])
        opposed = _turn(np.cross(thumb, along), _THUMB_DEG)
        names = [f"finger1-{k}.{side}" for k in (1, 2, 3)]
        whole = sum(weights[name] for name in names)
        result += _bent(vertices, [heads[names[0]]], [opposed], [whole])
    return result.astype(vertices.dtype)


def _bent(
    vertices: np.ndarray,
    joints: list[np.ndarray],
    turns: list[np.ndarray],
    weights: list[np.ndarray],
) -> np.ndarray:
    """(V, 3) by how much a chain of bones moves the vertices, each joint turning all beyond."""
    moved = np.zeros(vertices.shape)
    matrix, shift = np.eye(3), np.zeros(3)
    for joint, turn, weight in zip(joints, turns, weights, strict=True):
        shift = matrix @ (joint - turn @ joint) + shift
        matrix = matrix @ turn
        moved += weight[:, None] * (vertices @ matrix.T + shift - vertices)
    return moved


@lru_cache(maxsize=1)
def _finger_weights(model) -> dict[str, np.ndarray]:
    """(V,) skinning weights of every finger bone."""
    bones, shares = model.vertex_bone_indices.numpy(), model.vertex_bone_weights.numpy()
    return {
        name: (shares * (bones == bone)).sum(axis=1)
        for bone, name in enumerate(model.bone_labels)
        if name.startswith("finger")
    }


def _turn(axis: np.ndarray, degrees: float) -> np.ndarray:
    """(3, 3) right-handed rotation about any axis."""
    x, y, z = _unit(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.radians(degrees)
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)
