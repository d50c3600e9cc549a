"""Walks as joints, of people whose limbs, swings and cadence tell them apart."""

import numpy as np

from gait_demo.evaluation.joint_walks import JointWalk

STANDING = np.array(
    [(0.0, -0.42)]
    + 2 * [(0, -0.3), (0.02, -0.13), (0.05, 0.03), (0.06, 0.07), (0, 0), (0.01, 0.24),
           (-0.01, 0.47), (-0.03, 0.5), (0.08, 0.51)]
)  # fmt: skip
SWINGS = np.array([0] + [0, -2, -4, -4, 0, 3, 6, 6, 6] + [0, 2, 4, 4, 0, -3, -6, -6, -6]) / 50


def draw_walk(person: int, take: int, fps: float = 25.0) -> JointWalk:
    """Limbs, swings and cadence are the person's; the start, and small errors, are the take's."""
    own, of_take = np.random.default_rng([0, person]), np.random.default_rng([1, person, take])
    standing = STANDING * (1 + 0.04 * own.standard_normal((1, 2)))
    standing = standing + 0.01 * own.standard_normal(STANDING.shape)
    swing, second = SWINGS * np.exp(0.2 * own.standard_normal()), 0.1 * own.standard_normal(19)
    cycle = of_take.uniform() + (0.95 + 0.05 * own.standard_normal()) * np.arange(45) / fps
    angle = 2 * np.pi * cycle[:, None]
    joints = np.repeat(standing[None], len(cycle), axis=0)
    joints[..., 0] += swing * np.cos(angle) + 0.3 * second * SWINGS * np.cos(2 * angle)
    joints += 0.006 * of_take.standard_normal(joints.shape)
    return JointWalk(20.0, joints.astype(np.float32), fps)
