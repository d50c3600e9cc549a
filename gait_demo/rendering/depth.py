"""Which limb is nearer to the camera: from the depths of the landmarks, steady over time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gait_demo.people.segmenter import (
    ANKLES,
    ELBOWS,
    HIPS,
    KNEES,
    SHOULDERS,
    WRISTS,
)
from gait_demo.rendering.rig import LEFT_ARM, LEFT_LEG, RIGHT_ARM, RIGHT_LEG, TRUNK

_STEADY_S = 0.9  # window over which depths are averaged: most of a stride
_DEPTH = 2


@dataclass(frozen=True)
class Depths:
    """The depth order of the parts in one frame.

    Attributes:
        near_leg: LEFT_LEG or RIGHT_LEG.
        front_arms: the arms that are nearer than the trunk.
    """

    near_leg: int
    front_arms: tuple[int, ...]

    @property
    def order(self) -> tuple[int, ...]:
        """The parts, the farthest first."""
        far_leg = LEFT_LEG + RIGHT_LEG - self.near_leg
        far_arms = tuple(arm for arm in (LEFT_ARM, RIGHT_ARM) if arm not in self.front_arms)
        return (*far_arms, far_leg, self.near_leg, TRUNK, *self.front_arms)

    def hiding(self) -> tuple[tuple[int, int], ...]:
        """Pairs of parts of which the first hides the second where they overlap; trunk and legs
        share a border instead."""
        order = self.order
        pairs = ((front, back) for n, back in enumerate(order) for front in order[n + 1 :])
        legs = LEFT_LEG, RIGHT_LEG
        return tuple(pair for pair in pairs if not (pair[0] == TRUNK and pair[1] in legs))


def depths_of(landmarks: np.ndarray, fps: float) -> list[Depths]:
    """The depth order in each frame of a track.

    Args:
        landmarks: (T, 33, 4), as of `Detection`.
        fps: frames per second.
    """
    depth = landmarks[..., _DEPTH]
    left, right = (depth[:, [pair[side] for pair in (HIPS, KNEES, ANKLES)]].mean(axis=1)
                   for side in (0, 1))  # fmt: skip
    trunk = depth[:, [*SHOULDERS, *HIPS]].mean(axis=1)
    left_nearer = _steady(left - right, fps) < 0
    front = [
        _steady(depth[:, [pair[side] for pair in (SHOULDERS, ELBOWS, WRISTS)]].mean(axis=1) - trunk,
                fps) < 0
        for side in (0, 1)
    ]  # fmt: skip
    return [
        Depths(
            LEFT_LEG if left_nearer[t] else RIGHT_LEG,
            tuple(arm for arm, there in zip((LEFT_ARM, RIGHT_ARM), front, strict=True) if there[t]),
        )
        for t in range(len(depth))
    ]


def _steady(values: np.ndarray, fps: float) -> np.ndarray:
    half = round(_STEADY_S * fps / 2)
    padded = np.pad(values, half, mode="edge")
    return np.convolve(padded, np.full(2 * half + 1, 1 / (2 * half + 1)), "valid")
