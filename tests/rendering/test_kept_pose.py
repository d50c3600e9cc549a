"""A person in their own pose: another outline, no face, and nothing else changed."""

from dataclasses import replace

import numpy as np
import pytest
import scenes
from drawn import SHAPE, Figure, Scene

from gait_demo.people.body import head_of
from gait_demo.people.segmenter import Matte
from gait_demo.rendering.kept_pose import KeptPose

FIGURE = Figure(np.full(1, 160.0))
BODY = np.float32([120, 55, 200, 165])


def noise(seed):
    return np.random.default_rng(seed).normal(size=32).astype(np.float32)


def drawn(seed=1, hide=True, figure=FIGURE, known=True, shown=None):
    """The picture, and what was drawn of the person, on the empty scene."""
    scene = Scene((figure,))
    frame = scene.frames[0].rgb if shown is None else shown
    picture = scene.background(0)
    one = figure.detection(0, scene.mask(0, 0))
    head = head_of(one) if known else np.full(3, np.nan)
    alpha = KeptPose(noise(seed)).draw(picture, frame, one, BODY, head, hide)
    return picture, alpha


def test_the_outline_is_another_of_the_same_pose():
    _, alpha = drawn()
    truth = FIGURE.mask(0, SHAPE)
    assert 0.6 < scenes.iou(alpha > 127, truth) < 0.95
    assert alpha.shape == SHAPE and alpha.dtype == np.uint8 and alpha.max() == 255


def test_the_same_noise_gives_the_same_outline_and_another_one_another():
    first, again, other = (drawn(seed) for seed in (1, 1, 2))
    assert np.array_equal(first[0], again[0]) and np.array_equal(first[1], again[1])
    assert scenes.iou(first[1] > 127, other[1] > 127) < 0.95


@pytest.mark.parametrize("seed", range(4))
def test_nobody_keeps_the_outline(seed):
    alpha = drawn(seed)[1] > 127
    truth = FIGURE.mask(0, SHAPE) > 0
    assert (alpha != truth).sum() > 0.06 * truth.sum()


@pytest.mark.parametrize("known", [True, False])
def test_the_head_is_hidden_if_it_is_to_be(known):
    figure = Figure(np.full(1, 160.0), has_landmarks=known)
    rng = np.random.default_rng(0)
    shown = rng.choice([40, 210], (*SHAPE, 1)).repeat(3, axis=2).astype(np.uint8)
    inside = np.s_[57:70, 156:165]
    hidden, open_ = (drawn(1, hide, figure, known, shown)[0] for hide in (True, False))
    assert hidden[inside].std() < 0.35 * open_[inside].std()
    trunk = np.s_[95:115, 156:165]
    assert hidden[trunk].std() > 0.8 * open_[trunk].std()


def test_nothing_changes_outside_the_persons_box():
    picture, alpha = drawn()
    far = np.ones(SHAPE, bool)
    left, top, right, bottom = FIGURE.detection(0, FIGURE.mask(0, SHAPE)).box.astype(int)
    margin = 10  # 0.08 heights
    far[top - margin : bottom + margin, left - margin : right + margin] = False
    before = Scene((FIGURE,)).background(0)
    assert np.array_equal(picture[far], before[far]) and not alpha[far].any()


def test_who_is_beyond_the_picture_is_not_drawn():
    inside = FIGURE.detection(0, FIGURE.mask(0, SHAPE))
    away = replace(inside, box=inside.box + np.float32([400, 0, 400, 0]))
    picture = np.zeros((*SHAPE, 3), np.uint8)
    assert KeptPose(noise(1)).draw(picture, picture, away, BODY, head_of(away), True) is None
    assert not picture.any()


def test_what_the_matte_misses_stays_whole():
    """A leg in colours of its own, of which the matte knows nothing."""
    frame = Scene((FIGURE,)).frames[0].rgb.copy()
    frame[110:160, 168:176] = (250, 30, 30)
    one = FIGURE.detection(0, FIGURE.mask(0, SHAPE))
    picture = frame.copy()
    KeptPose(noise(1)).draw(picture, frame, one, BODY, head_of(one), True)
    colour = (250, 30, 30)
    red = [np.abs(each - np.int32(colour)).max(axis=2) < 60 for each in (frame, picture)]
    assert red[1].sum() > 0.75 * red[0].sum()
    assert red[1].any(axis=1).sum() > 0.9 * red[0].any(axis=1).sum()  # without gaps


def test_plain_grey_covers_what_a_matte_holds_faintly():
    scene = Scene((FIGURE,))
    frame, one = scene.frames[0].rgb, FIGURE.detection(0, scene.mask(0, 0))
    faint = replace(one, matte=Matte.of(0.42 * one.matte.alpha(), one.matte.to_frame))
    picture = frame.copy()
    KeptPose(noise(1)).draw(picture, frame, faint, BODY, head_of(one), True, plain=64)
    legs = np.s_[120:150, 156:164]
    body = scene.mask(0, 0)[legs] > 0
    assert np.abs(picture[legs][body].astype(int) - 64).max() < 8
