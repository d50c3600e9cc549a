import numpy as np

from gait_demo.background.inpaint import inpaint


def test_a_hole_is_filled_from_around_it():
    slope = np.linspace(40, 200, 160)[None, :, None].repeat(90, axis=0).repeat(3, axis=2)
    rgb, hole = slope.astype(np.uint8), np.zeros((45, 80), np.uint8)
    hole[8:32, 28:47] = 255
    rgb[20:60, 60:90] = 255
    filled = inpaint(rgb, hole, 80)
    assert np.abs(filled - slope).max() < 25
    assert np.array_equal(filled[:12], rgb[:12])


def test_without_anything_around_nothing_is_kept():
    rgb = np.random.default_rng(0).integers(0, 255, (60, 90, 3), dtype=np.uint8)
    filled = inpaint(rgb, np.full((60, 90), 255, np.uint8), 128)
    assert filled.shape == rgb.shape and np.ptp(filled) == 0


def test_without_a_hole_everything_is_kept():
    rgb = np.zeros((60, 90, 3), np.uint8)
    assert inpaint(rgb, np.zeros((60, 90), np.uint8), 30) is rgb
