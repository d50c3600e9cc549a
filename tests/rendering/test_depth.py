"""Which limb is nearer, from the depths of landmarks."""

import numpy as np

from gait_demo.rendering.depth import Depths, depths_of
from gait_demo.rendering.rig import LEFT_ARM, LEFT_LEG, RIGHT_ARM, RIGHT_LEG, TRUNK

LEFT, RIGHT = (11, 13, 15, 23, 25, 27), (12, 14, 16, 24, 26, 28)
FPS = 25


def walk(noise=0.0):
    """Two seconds: the left side is 20 pixels nearer, the limbs swing by 15."""
    rng = np.random.default_rng(0)
    frames = []
    for t in range(2 * FPS):
        points = np.zeros((33, 4), np.float32)
        points[list(LEFT), 2], points[list(RIGHT), 2] = -10, 10
        swing = 15 * np.sin(2 * np.pi * t / FPS)
        points[[13, 15, 26, 28], 2] += swing
        points[[14, 16, 25, 27], 2] -= swing
        points[:, 2] += rng.normal(0, noise, 33)
        frames.append(points)
    return np.stack(frames)


def test_the_nearer_side_stays_nearer_while_limbs_swing_and_depths_jitter():
    for one in depths_of(walk(noise=8.0), FPS):
        assert one == Depths(LEFT_LEG, (LEFT_ARM,))


def test_order_is_from_the_farthest_part_to_the_nearest():
    assert Depths(LEFT_LEG, (LEFT_ARM,)).order == (RIGHT_ARM, RIGHT_LEG, LEFT_LEG, TRUNK, LEFT_ARM)
    both = Depths(RIGHT_LEG, (LEFT_ARM, RIGHT_ARM)).order
    assert both == (LEFT_LEG, RIGHT_LEG, TRUNK, LEFT_ARM, RIGHT_ARM)


def test_the_trunk_hides_far_arms_and_no_legs():
    hiding = Depths(LEFT_LEG, (LEFT_ARM,)).hiding()
    assert (TRUNK, RIGHT_ARM) in hiding and (LEFT_ARM, TRUNK) in hiding
    assert not any(front == TRUNK and back in (LEFT_LEG, RIGHT_LEG) for front, back in hiding)
