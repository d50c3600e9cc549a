"""Converts joint angles to rotations of the body's bones."""

from __future__ import annotations

import numpy as np

_NEUTRAL_TILT = 11.4  # degrees: the rest pose already carries the mean pelvic tilt
_REST_KNEE = 4.0  # degrees of flexion


def bone_rotations(
    angles: dict[str, np.ndarray], joints: dict[str, np.ndarray], head_pitch: float
) -> dict[str, np.ndarray]:
    """Rotations of the moving bones that give a person these joint angles.

    In the rest pose, arms and legs are spread: they are first brought to hang straight down, and
    what the skeleton's own shape adds to an angle is kept in the sagittal plane only. Soles stay
    level from side to side whatever hip and pelvis do, by the joint below the ankle.

    Args:
        angles: degrees by name, (T,) each, as Gait.angles gives them.
        joints: of the Body.
        head_pitch: degrees, nodding forward positive.

    Returns:
        (T, 3, 3) of each moving bone, as Body.bone_transforms takes them.
    """

    def direction(start: str, end: str, side: str) -> np.ndarray:
        return joints[f"{end}.{side}"] - joints[f"{start}.{side}"]

    tilt = angles["pelvic_tilt"] - _NEUTRAL_TILT
    pelvis = (
        _rotation(2, -angles["pelvic_rotation"])
        @ _rotation(1, -angles["pelvic_obliquity"])
        @ _rotation(0, tilt)
    )
    thorax = (
        _rotation(2, -angles["thorax_rotation"])
        @ _rotation(1, -angles["thorax_obliquity"])
        @ _rotation(0, angles["thorax_tilt"])
    )
    spine = _root_of(np.swapaxes(pelvis, -1, -2) @ thorax, 3)
    rotations = {"root": pelvis, "spine05": spine, "spine03": spine, "spine01": spine}
    nod = np.full_like(tilt, head_pitch)
    upright = np.swapaxes(thorax, -1, -2) @ _rotation(0, 0.4 * angles["thorax_tilt"] + nod)
    rotations["neck01"] = rotations["head"] = _root_of(upright, 2)
    down = np.array([0.0, 0.0, -1.0])
    for side, name, mirror in (("L", "left", 1), ("R", "right", -1)):
        thigh = direction("upperleg01", "lowerleg01", side)
        shank = direction("lowerleg01", "foot", side)
        plumb = align(thigh * [1, 0, 1], down)  # keeps the knee's natural set in the sagittal
        adduction = mirror * angles[f"{name}_hip_adduction"]
        rotations[f"upperleg01.{side}"] = (
            _rotation(1, adduction)
            @ _rotation(0, _NEUTRAL_TILT - angles[f"{name}_hip_flexion"])
            @ plumb
        )
        straight = plumb.T @ align((plumb @ shank) * [1, 0, 1], down) @ plumb
        rotations[f"lowerleg01.{side}"] = straight @ _rotation(
            0, angles[f"{name}_knee_flexion"] - _REST_KNEE
        )
        # foot progression is measured against the walking direction, the pelvis turns too
        toe_out = -mirror * (angles[f"{name}_foot_progression"] + 6)
        rotations[f"foot.{side}"] = (
            (straight @ plumb).T
            @ _rotation(1, angles["pelvic_obliquity"] - adduction)
            @ _rotation(2, toe_out)
            @ _rotation(0, -angles[f"{name}_ankle_dorsiflexion"])
        )
        forearm = direction("lowerarm01", "wrist", side)
        hang = align(direction("upperarm01", "lowerarm01", side), down)
        rotations[f"upperarm01.{side}"] = (
            _rotation(1, -mirror * (angles[f"{name}_shoulder_abduction"] - 3))
            @ _rotation(0, -angles[f"{name}_shoulder_flexion"] - 5)
            @ hang
        )
        rotations[f"lowerarm01.{side}"] = (
            hang.T
            @ _rotation(0, 6 - angles[f"{name}_elbow_flexion"])
            @ align(hang @ forearm, down)
            @ hang
        )
    return rotations


def _rotation(axis: int, degrees: np.ndarray) -> np.ndarray:
    """(T, 3, 3) rotations about a world axis (0 x, 1 y, 2 z)."""
    angle = np.radians(np.asarray(degrees, float))
    cos, sin = np.cos(angle), np.sin(angle)
    matrix = np.zeros(angle.shape + (3, 3))
    i, j = [(1, 2), (2, 0), (0, 1)][axis]
    matrix[..., axis, axis] = 1
    matrix[..., i, i] = matrix[..., j, j] = cos
    matrix[..., j, i], matrix[..., i, j] = sin, -sin
    return matrix


def align(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """(3, 3) smallest rotation that turns one direction into another."""
    a, b = source / np.linalg.norm(source), target / np.linalg.norm(target)
    v, cos = np.cross(a, b), float(a @ b)
    skew = np.array([[0, -v[2], v[1]], [v[2], 0, -v[0]], [-v[1], v[0], 0]])
    return np.eye(3) + skew + skew @ skew / (1 + cos)


def _root_of(rotation: np.ndarray, parts: int = 3) -> np.ndarray:
    """(T, 3, 3) the rotation that, applied `parts` times, gives `rotation` (small angles)."""
    vector = np.stack(
        [
            rotation[:, 2, 1] - rotation[:, 1, 2],
            rotation[:, 0, 2] - rotation[:, 2, 0],
            rotation[:, 1, 0] - rotation[:, 0, 1],
        ],
        -1,
    )
    degrees = np.degrees(vector / 2) / parts
    return _rotation(2, degrees[:, 2]) @ _rotation(1, degrees[:, 1]) @ _rotation(0, degrees[:, 0])
