"""Where a shot ends: not at a flash, a pan or a person who walks by."""

import cv2
import numpy as np
import pytest
import scenes

from gait_demo.background.shots import ShotDetector

COUNT = 30


def cuts(pictures):
    detector = ShotDetector()
    return [n for n, rgb in enumerate(pictures) if detector.is_cut(rgb)]


def test_a_cut_is_found_in_the_first_frame_of_the_new_shot():
    one, other = scenes.background(seed=1), scenes.background(seed=2)
    assert cuts([one] * 10 + [other] * 10 + [one] * 10) == [10, 20]


def test_a_person_who_fills_much_of_the_picture_is_no_cut():
    frames, *_ = scenes.walk(frames=COUNT, tall=170, feet=178)
    assert cuts(frame.rgb for frame in frames) == []


@pytest.mark.parametrize("pixels", [2, 8, 16])
def test_a_pan_is_no_cut(pixels):
    """Over things that are larger than the way of one frame."""
    coarse = scenes.background(24, 128)
    wide = cv2.resize(coarse, None, fx=8, fy=8, interpolation=cv2.INTER_CUBIC)
    assert cuts(wide[:, pixels * t : pixels * t + 320] for t in range(COUNT)) == []


def test_a_flash_and_a_change_of_light_are_no_cuts():
    scene = scenes.background().astype(float)
    light = np.ones(COUNT)
    light[10], light[20:] = 1.4, 0.6
    assert cuts(np.clip(scene * gain, 0, 255).astype(np.uint8) for gain in light) == []


def test_pictures_without_anything_in_them_tell_nothing():
    flat = np.full((180, 320, 3), 128, np.uint8)
    assert cuts([flat, flat + 60, scenes.background(), flat]) == []


@pytest.mark.parametrize("pixels", [8, 24])
def test_a_fast_pan_over_fine_texture_is_no_cut(pixels):
    wide = scenes.background(180, 320 + COUNT * pixels)
    assert cuts(wide[:, pixels * t : pixels * t + 320] for t in range(COUNT)) == []
