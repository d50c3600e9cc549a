import cv2
import numpy as np
import pytest

from gait_demo.imaging.morphology import narrowed, widened


def rings(shape, centre):
    y, x = np.indices(shape)
    return np.hypot(y - centre[0], x - centre[1])


@pytest.mark.parametrize("centre", [(30, 40), (1, 2), (59, 79)])
def test_a_disc_grows_and_shrinks_by_the_radius(centre):
    away = rings((60, 80), centre)
    disc = (away <= 12).astype(np.uint8)
    for made, radius in ((widened(disc, 7), 19), (narrowed(disc, 7), 5)):
        assert made[away <= radius - 1].all() and not made[away > radius + 1].any()


def test_it_is_what_a_disc_shaped_kernel_gives_but_for_the_rim():
    rng = np.random.default_rng(0)
    smooth = cv2.GaussianBlur(rng.random((90, 120)).astype(np.float32), (0, 0), 6)
    mask = (smooth > 0.5).astype(np.uint8)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (11, 11))
    for ours, theirs in (
        (widened(mask, 5), cv2.dilate(mask, kernel)),
        (narrowed(mask, 5), cv2.erode(mask, kernel)),
    ):
        assert (ours != theirs).mean() < 0.03


def test_of_255_it_makes_1_and_of_nothing_nothing():
    mask = np.zeros((20, 30), np.uint8)
    assert not widened(mask, 3).any() and not narrowed(mask, 3).any()
    mask[5:15, 5:15] = 255
    assert set(np.unique(widened(mask, 2))) == {0, 1} == set(np.unique(narrowed(mask, 2)))
    assert np.array_equal(narrowed(np.ones_like(mask), 4), np.ones_like(mask))
