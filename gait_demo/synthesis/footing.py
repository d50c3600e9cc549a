"""Feet on the ground: leg angles corrected until standing feet neither slide, sink nor float.

Joint angles of one person on the legs of another leave feet in the air or in the floor. Over one
cycle the root follows the loaded feet, and a few Newton steps of inverse kinematics on hip and
knee take up what is left, with the orientation of the foot kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gait_demo.synthesis.body import MOVING_BONES, Body
from gait_demo.synthesis.kinematics import Gait
from gait_demo.synthesis.skeleton import bone_rotations

_PHASES = 48
_ROUNDS = 4
_LOAD = ((0, 0.05, 0.57, 0.62, 1), (0, 1, 1, 0, 0))  # of a foot, by phase since its heel strike
_MID_STANCE = 0.31
_FLAT = slice(round(0.15 * _PHASES), round(0.38 * _PHASES))  # from heel strike
_CLEARANCE_M = 0.012  # of the swinging foot, at least
_CONTACT = 12  # vertices that carry the weight
_DAMPING = 2e-6  # (m/degree)^2: a straight knee cannot lengthen the leg
_SIDES = (("left", "L", 1), ("right", "R", -1))
_CORRECTED = ("hip_flexion", "knee_flexion", "hip_adduction")


@dataclass(frozen=True)
class Footing:
    """One person's steps.

    Attributes:
        corrections: degrees to add to the joint angles, by name, (48,) over the cycle.
        root: (48, 3) metres of the root from where uniform motion would have it, over the cycle.
        stride: metres in a cycle.
    """

    corrections: dict[str, np.ndarray]
    root: np.ndarray
    stride: float

    def corrected(self, angles: dict[str, np.ndarray], t: np.ndarray) -> dict[str, np.ndarray]:
        """Joint angles at phases `t` (T,), corrected."""
        return angles | {
            name: angles[name] + _periodic(t, curve) for name, curve in self.corrections.items()
        }

    def root_at(self, t: np.ndarray) -> np.ndarray:
        """(T, 3) metres of the root at phases `t`, without the uniform motion."""
        return np.stack([_periodic(t, self.root[:, axis]) for axis in range(3)], axis=-1)


def find_footing(
    body: Body, gait: Gait, rest: np.ndarray, weights: np.ndarray, base_width: float
) -> Footing:
    """Fits a gait to a body and its shoes.

    Args:
        rest, weights: of the dressed mesh.
        base_width: metres between the lines that the two feet walk on.
    """
    t = np.arange(_PHASES) / _PHASES
    angles = dict(gait.angles(t))
    legs = _Legs(body, gait, rest, weights)
    for _ in range(_ROUNDS):
        angles = legs.flat(angles)
        transforms = legs.transforms(angles)
        *_, wanted = _plan(legs.feet(transforms), base_width)
        angles = legs.reach(angles, transforms, wanted)
    root, stride, _ = _plan(legs.feet(legs.transforms(angles)), base_width)
    plain = gait.angles(t)
    moved = {name: angles[name] - plain[name] for name in angles}
    return Footing({k: v for k, v in moved.items() if np.abs(v).max() > 0}, root, stride)


class _Legs:
    """The part of a walker that footing moves."""

    def __init__(self, body: Body, gait: Gait, rest: np.ndarray, weights: np.ndarray):
        self._body, self._gait = body, gait
        strongest = weights.argmax(axis=1)
        self._feet = []
        for _, letter, _ in _SIDES:
            bones = [MOVING_BONES.index(f"{bone}.{letter}") for bone in ("foot", "toe1-1")]
            on_foot = np.isin(strongest, bones)
            near = np.append(rest[on_foot], np.ones((on_foot.sum(), 1)), axis=1)
            self._feet.append((near, weights[on_foot]))

    def transforms(self, angles: dict[str, np.ndarray]) -> np.ndarray:
        rotations = bone_rotations(angles, self._body.joints, self._gait.head_pitch)
        return self._body.bone_transforms(rotations)

    def feet(self, transforms: np.ndarray) -> list[np.ndarray]:
        """Left and right (T, V, 3) vertices, from a root that stays where it is."""
        return [
            np.einsum("vb,tbij,vj->tvi", weights, transforms, rest, optimize=True)
            for rest, weights in self._feet
        ]

    def flat(self, angles: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The ankles set so that the soles are level, on average, in the middle of stance."""
        transforms = self.transforms(angles)
        result = dict(angles)
        for i, (side, letter, _) in enumerate(_SIDES):
            foot = transforms[:, MOVING_BONES.index(f"foot.{letter}")]
            toes_up = np.degrees(np.arctan2(-foot[:, 2, 1], foot[:, 1, 1]))
            stance = np.roll(toes_up, -round(0.5 * i * _PHASES))[_FLAT]
            name = f"{side}_ankle_dorsiflexion"
            result[name] = result[name] - stance.mean()
        return result

    def reach(
        self, angles: dict[str, np.ndarray], transforms: np.ndarray, wanted: np.ndarray
    ) -> dict[str, np.ndarray]:
        """One damped Newton step that moves the ankles by `wanted`, (2, T, 3) metres."""
        at = self._ankles(transforms)
        jacobian = np.empty((*wanted.shape, 3))
        for i, name in enumerate(_CORRECTED):
            tried = dict(angles)
            for side, _, _ in _SIDES:
                tried[f"{side}_{name}"] = tried[f"{side}_{name}"] + 1.0
            jacobian[..., i] = self._ankles(self.transforms(tried)) - at
        transposed = np.swapaxes(jacobian, -1, -2)
        step = np.linalg.solve(
            transposed @ jacobian + _DAMPING * np.eye(3), transposed @ wanted[..., None]
        )[..., 0]
        result = dict(angles)
        for (side, _, _), (hip, knee, adduction) in zip(
            _SIDES, np.moveaxis(step, -1, 1), strict=True
        ):
            knee = np.maximum(knee, -result[f"{side}_knee_flexion"])  # it does not bend forwards
            result[f"{side}_hip_flexion"] = result[f"{side}_hip_flexion"] + hip
            result[f"{side}_knee_flexion"] = result[f"{side}_knee_flexion"] + knee
            result[f"{side}_hip_adduction"] = result[f"{side}_hip_adduction"] + adduction
            ankle = f"{side}_ankle_dorsiflexion"
            result[ankle] = result[ankle] + knee - hip  # the foot keeps its orientation
        return result

    def _ankles(self, transforms: np.ndarray) -> np.ndarray:
        """(2, T, 3) metres."""
        places = []
        for _, letter, _ in _SIDES:
            bone = f"foot.{letter}"
            joint = np.append(self._body.joints[bone], 1)
            places.append(transforms[:, MOVING_BONES.index(bone)] @ joint)
        return np.stack(places)


def _plan(feet: list[np.ndarray], base_width: float) -> tuple[np.ndarray, float, np.ndarray]:
    """The root's path over the feet, the stride, and by how much each foot is off its place.

    Args:
        feet: left and right (48, V, 3), from a root that stays where it is.

    Returns:
        (48, 3) root without its uniform motion, metres in a cycle, and (2, 48, 3) displacements
        that the feet still lack.
    """
    t = np.arange(_PHASES) / _PHASES
    load = np.stack([np.interp((t + delay) % 1, *_LOAD) for delay in (0, 0.5)])
    low = np.stack([foot[:, :, 2].min(axis=1) for foot in feet])
    lead = load * np.exp((low - low.max(axis=0)) / 0.01)  # a loaded foot must not stay in the air
    height = -(lead * low).sum(axis=0) / lead.sum(axis=0)

    slips = np.stack([_slip(foot) for foot in feet])  # (2, 48, 2) from each phase to the next
    carried = (load + np.roll(load, -1, axis=1))[..., None]
    velocity = -(carried * slips).sum(axis=0) / carried.sum(axis=0)
    mean = velocity.mean(axis=0)
    path = np.cumsum(velocity - mean, axis=0) - (velocity - mean)
    path -= path.mean(axis=0)
    stride = -float(mean[1]) * _PHASES

    wanted = np.zeros((2, _PHASES, 3))
    for i, (_, _, mirror) in enumerate(_SIDES):
        middle = round((_MID_STANCE + 0.5 * i) * _PHASES)
        since = (np.arange(_PHASES) - middle + _PHASES // 2) % _PHASES - _PHASES // 2
        standing = (np.abs(since + 0.5) <= _MID_STANCE * _PHASES)[:, None]
        drift = (slips[i] + velocity - [mean[0], 0]) * standing
        drift = np.roll(drift, _PHASES // 2 - middle, axis=0)
        drift = np.cumsum(drift, axis=0) - drift
        drift = np.roll(drift - drift[_PHASES // 2], middle - _PHASES // 2, axis=0)
        holds = np.clip((0.5 - np.abs(since) / _PHASES) / (0.5 - _MID_STANCE), 0, 1)
        wanted[i, :, :2] = -drift * (holds * holds * (3 - 2 * holds))[:, None]
        line = feet[i][middle % _PHASES, :, 0].mean() + path[middle % _PHASES, 0]
        wanted[i, :, 0] += mirror * base_width / 2 - line
        above = low[i] + height
        swing = 1 - load[i]
        wanted[i, :, 2] = -load[i] * above + swing * np.maximum(0, _CLEARANCE_M * swing - above)
    smooth = (np.roll(wanted, 1, axis=1) + 2 * wanted + np.roll(wanted, -1, axis=1)) / 4
    return np.column_stack([path, height]), stride, smooth


def _slip(foot: np.ndarray) -> np.ndarray:
    """(48, 2) how far the vertices nearest to the ground move from each phase to the next."""
    after = np.roll(foot, -1, axis=0)
    lowest = np.argpartition(foot[:, :, 2] + after[:, :, 2], _CONTACT, axis=1)[:, :_CONTACT]
    moved = np.take_along_axis(after - foot, lowest[..., None], axis=1)
    return moved.mean(axis=1)[:, :2]


def _periodic(t: np.ndarray, curve: np.ndarray) -> np.ndarray:
    return np.interp(t, np.arange(len(curve)) / len(curve), curve, period=1)
