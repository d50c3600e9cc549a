"""Bones: distances to them, and where they take pixels."""

import numpy as np
import pytest
from doll import HEIGHT, joints, pose

from gait_demo.rendering.rig import (
    LEFT_ARM,
    LEFT_LEG,
    PARTS,
    RIGHT_LEG,
    TRUNK,
    Motion,
    Pose,
)

STRIDE = joints(arms=(25, -25), legs=(-25, 25))


def place(point):
    return np.float32(point).reshape(1, 1, 2)


@pytest.mark.parametrize("part", range(PARTS))
def test_sources_of_the_same_pose_are_the_same_places(part):
    grid = np.stack(np.meshgrid(np.arange(0, 260, 20.0), np.arange(0, 300, 20.0)), -1)
    same = Motion(pose(STRIDE), pose(STRIDE)).sources(part, np.float32(grid))
    assert np.abs(same - grid).max() < 0.01


@pytest.mark.parametrize("part", range(PARTS))
def test_sources_follow_a_shift_and_a_change_of_size(part):
    scale, shift = 1.25, np.float32([30, -12])
    new = Pose.of(scale * STRIDE + shift, scale * HEIGHT)
    grid = np.float32([[[100, 150], [180, 90]]])
    found = Motion(pose(STRIDE), new).sources(part, grid)
    assert np.abs(found - (grid - shift) / scale).max() < 0.05


@pytest.mark.parametrize(("part", "chain"), [(LEFT_ARM, (2, 3)), (LEFT_LEG, (6, 7)), (TRUNK, (0,))])
def test_new_joints_lead_to_old_joints(part, chain):
    new = joints(arms=(-40, 10), legs=(35, -10))
    for joint in chain:
        found = Motion(pose(STRIDE), pose(new)).sources(part, place(new[joint]))[0, 0]
        assert np.linalg.norm(found - STRIDE[joint]) < 0.02 * HEIGHT


def test_a_bone_that_points_at_the_camera_does_not_turn_its_pixels():
    old, new = STRIDE.copy(), STRIDE.copy()
    old[7] = old[6] + [1, 0]  # the shank is seen from its end, and seems to turn by 180 degrees
    new[7] = new[6] - [1, 0]
    there = place(new[6] + [0, 8])
    found = Motion(pose(old), pose(new)).sources(LEFT_LEG, there)
    assert np.abs(found - there).max() < 3


def test_distance_is_in_half_widths():
    thigh = (STRIDE[5] + STRIDE[6]) / 2
    far = pose(STRIDE).distances(place(thigh))[0][:, 0, 0]
    assert far[LEFT_LEG] < 0.01
    across = np.array([STRIDE[6][1] - STRIDE[5][1], STRIDE[5][0] - STRIDE[6][0]])
    across = across / np.linalg.norm(across)
    beside = pose(STRIDE).distances(place(thigh + 0.065 * HEIGHT * across))[0][:, 0, 0]
    assert beside[LEFT_LEG] == pytest.approx(1, abs=0.05)


def test_cloth_between_spread_legs_is_the_trunks():
    spread = joints(legs=(-30, 30))
    middle = (spread[6] + spread[15]) / 2
    far = pose(spread).distances(place(middle))[0][:, 0, 0]
    assert far[TRUNK] < min(far[LEFT_LEG], far[RIGHT_LEG])
    on_knee = pose(spread).distances(place(spread[6]))[0][:, 0, 0]
    assert on_knee[LEFT_LEG] < on_knee[TRUNK]


def test_a_hidden_limb_is_near_and_its_visible_share_is_not():
    visibility = np.ones(19)
    visibility[[2, 3, 4]] = 0.1
    hidden = Pose.of(STRIDE, HEIGHT, visibility)
    far, visible = hidden.distances(place(STRIDE[2]))
    assert far[LEFT_ARM, 0, 0] < 0.01 and visible[LEFT_ARM, 0, 0] > 5
    assert np.array_equal(far[[TRUNK, LEFT_LEG]], visible[[TRUNK, LEFT_LEG]])


def test_a_shank_below_a_half_hidden_knee_is_seen():
    visibility = np.ones(19)
    visibility[6] = 0.4
    far, visible = Pose.of(STRIDE, HEIGHT, visibility).distances(place(STRIDE[6:8].mean(axis=0)))
    assert visible[LEFT_LEG, 0, 0] == far[LEFT_LEG, 0, 0] < 0.01
