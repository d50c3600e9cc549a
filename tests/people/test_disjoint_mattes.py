"""Pixels that the mattes of two people hold go to the person whose limbs are nearer."""

import numpy as np
import pytest
import scenes
from drawn import SHAPE, YELLOW, Figure, Scene

from gait_demo.people.disjoint_mattes import make_disjoint


def both(apart, **rest):
    """Two people side by side, whose mattes hold both of them; and the true masks."""
    scene = Scene((
        Figure.standing(150, 1, **rest), Figure.standing(150 + apart, 1, colour=YELLOW, **rest),
    ))  # fmt: skip
    masks = [scene.mask(number, 0) for number in (0, 1)]
    union = np.maximum(*masks)
    people = [figure.detection(0, union) for figure in scene.figures]
    return people, masks


def drawn(one):
    return one.matte.drawn(0, 0, *SHAPE[::-1]) > 0.5


@pytest.mark.parametrize("apart", [22, 30, 45])
def test_every_pixel_goes_to_the_person_it_belongs_to(apart):
    people, masks = both(apart)
    before = [scenes.iou(drawn(one), mask) for one, mask in zip(people, masks, strict=True)]
    after = make_disjoint(people)
    shared = drawn(after[0]) & drawn(after[1])
    assert shared.sum() < 0.01 * np.maximum(*masks).sum()  # along the border between the two
    for one, mask, was in zip(after, masks, before, strict=True):
        assert scenes.iou(drawn(one), mask) > 0.8 > was


def test_nothing_is_lost_to_both():
    people, masks = both(30)
    union = np.logical_or(*(drawn(one) for one in make_disjoint(people)))
    assert union[np.maximum(*masks) > 0].mean() > 0.99


def test_people_apart_stay_as_they_are():
    scene = Scene((Figure.standing(80, 1), Figure.standing(240, 1)))
    people = [one.detection(0, scene.mask(n, 0)) for n, one in enumerate(scene.figures)]
    for one, after in zip(people, make_disjoint(people), strict=True):
        assert np.array_equal(one.matte.alpha(), after.matte.alpha())


def test_people_without_landmarks_stay_as_they_are():
    people, _ = both(30, has_landmarks=False)
    for one, after in zip(people, make_disjoint(people), strict=True):
        assert np.array_equal(one.matte.alpha(), after.matte.alpha())


def test_nobody_is_nobody():
    assert make_disjoint([]) == []
