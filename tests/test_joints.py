"""Joints of landmarks in the unit square of a crop."""

import numpy as np
import pytest

from gait_demo.joints import BONES, JOINTS, LANDMARKS_OF, MIRRORED, NAMES, joints_in, with_sides_of
from gait_demo.types import SilhouetteClip

SQUARES = np.tile(np.float32([100, 50, 300, 250]), (40, 1))


def landmarks(count: int = 40, x: float = 199.5, y: float = 99.5) -> np.ndarray:
    """(count, 33, 4) all at one place, well seen."""
    return np.tile(np.float32([x, y, 0, 1]), (count, 33, 1))


def test_joints_have_names_sides_and_bones():
    assert JOINTS == len(NAMES) == len(LANDMARKS_OF) == 19
    assert [NAMES[n].replace("right", "left") for n in MIRRORED[10:]] == list(NAMES[1:10])
    assert sorted(MIRRORED) == list(range(19)) and NAMES[0] == "head"
    linked = {n for bone in BONES for n in bone}
    assert linked == set(range(1, 19))
    assert all(tuple(sorted((MIRRORED[a], MIRRORED[b]))) in BONES for a, b in BONES)


def test_joints_lie_where_landmarks_do():
    seen = landmarks()
    seen[:, 28, :2] = 299.5, 249.5  # the right ankle, in the lower right corner
    seen[:, 7, :2], seen[:, 8, :2] = (149.5, 49.5), (249.5, 49.5)
    joints = joints_in(seen, SQUARES)
    assert joints.shape == (40, 19, 3) and joints.dtype == np.float32
    np.testing.assert_allclose(joints[:, NAMES.index("right_ankle")], [[1, 1, 1]] * 40, atol=1e-6)
    np.testing.assert_allclose(joints[:, 0], [[0.5, 0, 1]] * 40, atol=1e-6)
    np.testing.assert_allclose(joints[:, NAMES.index("left_hip")], [[0.5, 0.25, 1]] * 40, atol=1e-6)


@pytest.mark.parametrize("unknown", [None, np.full((33, 4), np.nan, np.float32)])
def test_joints_not_known_are_told_and_do_not_move_their_neighbours(unknown):
    seen = list(landmarks())
    seen[10] = unknown
    joints = joints_in(seen, SQUARES)
    assert (joints[10, :, 2] == 0).all() and np.isfinite(joints).all()
    assert (np.delete(joints, 10, 0)[..., 2] == 1).all()
    np.testing.assert_allclose(np.delete(joints, 10, 0)[:, :, :2], [[[0.5, 0.25]] * 19] * 39,
                               atol=1e-6)  # fmt: skip
    nothing = joints_in([unknown] * 40, SQUARES)
    assert (nothing == [0.5, 0.5, 0]).all()


@pytest.mark.parametrize("fps", [25, 50])
def test_jitter_is_smoothed_and_a_swing_is_not(fps):
    rng = np.random.default_rng(0)
    time = np.arange(8 * fps) / fps
    swing = 30 * np.sin(2 * np.pi * time)
    seen = landmarks(len(time))
    seen[:, :, 0] += swing[:, None]
    squares = np.tile(SQUARES[:1], (len(time), 1))
    clean = joints_in(seen, squares, fps)[..., 0]
    inner = slice(fps, -fps)
    np.testing.assert_allclose(200 * (clean - 0.5)[inner, 3], swing[inner], atol=0.3)
    seen[:, :, 0] += rng.normal(0, 2, (len(time), 33))
    left = (joints_in(seen, squares, fps)[..., 0] - clean)[inner] * 200
    assert left.std() < (1.5 if fps == 25 else 1.1)


def test_a_clip_refuses_joints_of_another_shape():
    masks = np.zeros((5, 64, 64), np.float32)
    with pytest.raises(ValueError, match=r"joints: expected shape \(5, 19, 3\)"):
        SilhouetteClip(1, 0, masks, SQUARES[:5], np.zeros((5, 19, 2), np.float32))


def test_new_limbs_are_on_the_sides_of_the_old_ones():
    rng = np.random.default_rng(0)
    old = np.dstack([rng.uniform(0.4, 0.6, (12, JOINTS, 2)), np.ones((12, JOINTS))])
    old[:, [6, 7, 8, 9], 0] -= 0.2  # the left leg is in front
    new = old.copy()
    new[..., :2] += 0.03
    left, right = slice(6, 10), slice(15, 19)
    # one frame alone is no change of sides, also at the ends
    for first, count, is_put_back in ((5, 4, True), (5, 1, False), (0, 1, False), (11, 1, False)):
        crossed, frames = new.copy(), slice(first, first + count)
        crossed[frames, left], crossed[frames, right] = new[frames, right], new[frames, left]
        assert np.array_equal(with_sides_of(crossed, old), new if is_put_back else crossed)
    assert np.array_equal(with_sides_of(new, old), new)


def test_limbs_that_lie_on_each_other_keep_their_sides():
    old = np.full((2, JOINTS, 3), 0.5)
    new = old + np.float64([0.01, 0, 0])
    assert np.array_equal(with_sides_of(new, old), new)
