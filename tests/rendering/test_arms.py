"""Arms told from the body by their colours."""

import doll
import numpy as np
import pytest
from doll import COLOURS, LEFT_NEARER, drawn, joints, pose

from gait_demo.rendering.arms import ArmColours, ArmSample
from gait_demo.rendering.cutout import Cutout
from gait_demo.rendering.rig import LEFT_ARM

APART, HANGING = joints(arms=(60, 60), legs=(-20, 20)), joints(arms=(5, 0), legs=(-20, 20))
BESIDE_PX = 7  # by which landmarks are wrong


def look(colour, from_arm, from_body, count=50):
    """Forearms in one colour."""
    return ArmSample(
        np.full((count, 3), colour, np.uint8),
        np.ones(count, int),
        np.full(count, from_arm, np.float32),
        np.full(count, from_body, np.float32),
        is_front=True,
    )


def cutout(points, seen):
    rgb, matte = drawn(points)
    return Cutout.of(rgb, matte, pose(seen), LEFT_NEARER)


def wrong_share(one):
    """Of the pixels that are the arm's or are taken for it."""
    piece = one.parts.pieces[LEFT_ARM]
    truth = (np.abs(one.rgb[piece.inner].astype(int) - COLOURS[LEFT_ARM]) < 60).all(axis=2)
    taken = piece.own > 0.5
    return (taken != truth).sum() / (taken | truth).sum()


def test_frames_that_show_an_arm_apart_tell_it_where_landmarks_are_wrong(monkeypatch):
    monkeypatch.setitem(doll.WIDTHS, LEFT_ARM, 0.03)
    alone = cutout(HANGING, HANGING + np.float32([BESIDE_PX, 0]))
    frames = cutout(APART, APART), cutout(HANGING, HANGING), alone
    colours = ArmColours.learnt(arm for one in frames for arm in one.parts.arm_samples())
    assert wrong_share(alone.telling(colours)) < 0.15 < 0.25 < wrong_share(alone)


def test_sleeves_like_the_shirt_tell_nothing():
    same = (120, 60, 60)
    colours = ArmColours.learnt([look(same, 0.2, 3), look(same, 2, 0.5)])
    weights = colours.of(np.full((2, 2, 3), same, np.uint8), np.ones((2, 2), int))
    assert np.abs(weights).max() < 0.1


@pytest.mark.parametrize("arms", [[], [look((9, 9, 9), 0.2, 3)], [look((9, 9, 9), 2, 0.5)]])
def test_an_arm_or_a_body_alone_tells_nothing(arms):
    weights = ArmColours.learnt(arms).of(np.full((1, 1, 3), 9, np.uint8), np.ones((1, 1), int))
    assert weights == 0
