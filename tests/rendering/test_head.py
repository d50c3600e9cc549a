"""Of a hidden head colours are left, and no detail."""

import numpy as np
import pytest

from gait_demo.rendering.head import hide_above, hide_head

SIZES = [6, 12, 60]  # diameters in pixels
SKIN, WALL = (200, 150, 120), (60, 90, 140)
EVERYWHERE = np.ones((160, 160), np.float32)


def grating(period, side=160):
    """(side, side, 3) uint8: stripes both ways; their deviation is 30 levels."""
    y, x = np.mgrid[:side, :side]
    waves = np.sin(2 * np.pi * x / period) + np.sin(2 * np.pi * y / period)
    return np.rint(128 + 30 * waves)[..., None].repeat(3, axis=2).astype(np.uint8)


def within(head, share, side=160):
    y, x = np.mgrid[:side, :side]
    return np.hypot(x - head[0], y - head[1]) < share * head[2]


@pytest.mark.parametrize("size", SIZES)
def test_no_detail_finer_than_half_the_radius_is_left_of_a_head(size):
    head = np.array([80.3, 79.6, size / 2])
    for period in (2.5, size / 4, size / 2):
        if period < 2.5:  # such stripes cannot be drawn
            continue
        picture = grating(period)
        inside = within(head, 1.0)
        before = picture[inside].std()
        hide_head(picture, EVERYWHERE, head)
        assert before > 20 and picture[inside].std() < 0.15 * before, period


@pytest.mark.parametrize("size", SIZES)
def test_two_faces_of_the_same_colours_look_the_same(size):
    head = np.array([80.0, 80, size / 2])
    rng = np.random.default_rng(0)
    apart = []
    for _ in range(20):
        faces = []
        for noise in rng.choice([-40, 40], (2, 160, 160, 1)):
            picture = np.repeat(128 + noise, 3, axis=2).astype(np.uint8)
            hide_head(picture, EVERYWHERE, head)
            faces.append(picture[within(head, 1.0)].astype(int))
        apart.append(np.abs(faces[0] - faces[1]).mean())
    assert np.mean(apart) < 0.3 * 40  # 40 before


@pytest.mark.parametrize("size", SIZES)
def test_the_colours_of_a_head_stay(size):
    head = np.array([80.0, 80, size / 2])
    picture = np.full((160, 160, 3), WALL, np.uint8)
    picture[within(head, 1.6)] = SKIN
    hide_head(picture, EVERYWHERE, head)
    assert np.abs(picture[within(head, 0.5)].astype(int) - SKIN).max() <= 12


@pytest.mark.parametrize("size", SIZES)
def test_what_is_beside_a_head_lends_it_no_colour(size):
    head = np.array([80.0, 80, size / 2])
    picture = np.full((160, 160, 3), WALL, np.uint8)
    own = within(head, 1.0)
    picture[own] = SKIN
    hide_head(picture, own.astype(np.float32), head)
    assert np.abs(picture[within(head, 0.9)].astype(int) - SKIN).max() <= 12


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("centre", [(80, 80), (2, 80), (80, 158), (-3, -3)])
def test_nothing_changes_around_a_head(size, centre):
    head = np.array([*centre, size / 2], float)
    picture = grating(5)
    before = picture.copy()
    hide_head(picture, within(head, 1.3).astype(np.float32), head)
    far = ~within(head, 1.4)
    assert np.array_equal(picture[far], before[far])


def test_a_head_beyond_the_picture_is_no_matter():
    picture = grating(5)
    before = picture.copy()
    hide_head(picture, EVERYWHERE, np.array([400.0, 80, 20]))
    hide_above(picture, -50.0, 100)
    assert np.array_equal(picture, before)


@pytest.mark.parametrize("tall", [40, 110, 400])
def test_above_the_neck_no_detail_is_left_and_below_all(tall):
    neck = 60.0
    picture = grating(max(3, 0.03 * tall))
    before = picture.copy()
    hide_above(picture, neck, tall)
    assert picture[:58].std() < 0.15 * before[:58].std()
    below = int(neck + 0.04 * tall) + 2
    assert np.array_equal(picture[below:], before[below:])


def test_a_float_picture_is_hidden_like_one_of_bytes():
    whole = grating(4)
    bytes_, floats = whole.copy(), whole.astype(np.float32) / 255
    hide_above(bytes_, 60, 200)
    hide_above(floats, 60, 200)
    assert np.abs(255 * floats - bytes_).max() <= 2


@pytest.mark.parametrize("size", SIZES)
def test_what_a_person_has_above_the_known_head_is_hidden_and_the_wall_is_not(size):
    chest = np.array([80.0, 100, size / 2])  # taken for the head
    face = chest - [0.8 * size / 2, 2.5 * size / 2, 0]
    picture = grating(max(3, size / 4))
    before = picture.copy()
    own = (within(face, 1.0) | within(chest, 1.0)).astype(np.float32)
    hide_head(picture, own, chest)
    inside = within(face, 0.8)
    assert picture[inside].std() < 0.4 * before[inside].std()
    beside = ~within(face, 1.2) & ~within(chest, 1.4)
    assert np.array_equal(picture[beside], before[beside])
