"""What lies in front of everybody, and that nobody is taken for it."""

import cv2
import numpy as np
import pytest
import scenes
from burnt_in import KINDS, Panned, opaque
from drawn import SHAPE, YELLOW, Figure, Scene

from gait_demo.background.overlay import find_overlays, overlay_mask

COUNT = 90
BODY = np.ones((11, 11), np.uint8)
WALKER = Figure.walking(40, 280, COUNT)
STANDING = Figure.standing(160, COUNT, colour=YELLOW)


def masks_of(pictures, people_at):
    """For each frame, (H, W) bool: what lies in front of everybody."""
    nobody = np.zeros(pictures[0].shape[:2], np.uint8)
    found = find_overlays(
        pictures.__getitem__,
        range(len(pictures)),
        1.0,
        scenes.FPS,
        people_at,
        lambda index: cv2.dilate(np.max([nobody, *people_at(index)], axis=0), BODY),
    )
    masks = (overlay_mask(found, index, rgb) for index, rgb in enumerate(pictures))
    return [nobody > 0 if mask is None else mask > 0 for mask in masks]


def people_of(scene, missed=lambda number, index: False):
    def people_at(index):
        numbers = (n for n in range(len(scene.figures)) if not missed(n, index))
        return [mask for n in numbers if (mask := scene.mask(n, index)).any()]

    return people_at


def pictures_of(scene):
    return [frame.rgb for frame in scene.frames]


@pytest.mark.parametrize("camera", [Scene, Panned])
@pytest.mark.parametrize("paint", KINDS)
def test_what_is_burnt_in_is_found_where_somebody_passes(paint, camera):
    scene = camera((WALKER,), paint=paint)
    found = masks_of(pictures_of(scene), people_of(scene))
    shares = []
    for index, mask in enumerate(found):
        behind = opaque(paint, index) & (cv2.dilate(scene.mask(0, index), BODY) > 0)
        if behind.sum() > 20:
            shares.append(mask[behind].mean())
        truth = cv2.dilate(opaque(paint, index).view(np.uint8), np.ones((5, 5), np.uint8)) > 0
        assert (mask & ~truth)[22:].sum() < 0.005 * mask.size
    assert np.mean(shares) > 0.9


@pytest.mark.parametrize("camera", [Scene, Panned])
def test_without_anything_burnt_in_nothing_is_found(camera):
    scene = camera((WALKER, Figure.walking(280, 40, COUNT, colour=YELLOW)), seed=3)
    found = masks_of(pictures_of(scene), people_of(scene))
    assert max(mask[22:].sum() for mask in found) < 30


@pytest.mark.parametrize(
    "missed",
    [
        lambda index: False,
        lambda index: (index // 15) % 2 == 0,
        lambda index: not 20 < index < 30,
    ],
)
@pytest.mark.parametrize("number", [0, 1])
def test_who_stands_still_is_none_of_it(number, missed):
    """Whether seen or not, and with somebody who passes before or behind them."""
    scene = Scene((STANDING, WALKER) if number == 0 else (WALKER, STANDING))
    people = people_of(scene, lambda n, index: n == number and missed(index))
    for index, mask in enumerate(masks_of(pictures_of(scene), people)):
        assert not mask[scene.mask(number, index) > 0].any()


@pytest.mark.parametrize(
    "missed", [lambda n, i: False, lambda n, i: i // 15 % 2, lambda n, i: i % 10 > 1]
)
@pytest.mark.parametrize("stride", [0.0, 0.35])
def test_who_is_followed_by_the_camera_is_none_of_it(stride, missed):
    scene = Panned((Figure.standing(160, COUNT, colour=YELLOW, stride=stride),))
    for index, mask in enumerate(masks_of(pictures_of(scene), people_of(scene, missed))):
        assert not mask[scene.mask(0, index) > 0].any()


@pytest.mark.parametrize(("ground", "trousers"), [(20, 30), (20, 38), (40, 50), (40, 55)])
def test_dark_clothes_before_a_dark_ground_are_none_of_it(ground, trousers):
    rng = np.random.default_rng(0)
    pictures, walkers = [], []
    for index in range(COUNT):
        rgb = np.full((*SHAPE, 3), 150.0)
        rgb[100:] = ground
        rgb += 0.1 * scenes.background(*SHAPE)
        walkers.append(scenes.figure(SHAPE, 40 + 2.6 * index, 165, 110, 0.35 * index))
        legs = walkers[-1].copy()
        legs[:110] = 0
        rgb[walkers[-1] > 0], rgb[legs > 0] = 200, trousers
        pictures.append(np.clip(rgb + rng.normal(0, 1.5, rgb.shape), 0, 255).astype(np.uint8))
    found = masks_of(pictures, lambda index: [walkers[index]])
    assert not any(mask[walker > 0].any() for mask, walker in zip(found, walkers, strict=True))


def wall(rgb):
    rgb[:125] = 200


def striped_wall(rgb):
    rgb[:125] = 200
    for x in range(0, SHAPE[1], 24):
        rgb[:125, x : x + 8] = 140


def posters(rgb):
    rgb[:125] = 140
    rgb[70:120, 100:150] = rgb[70:120, 190:240] = 200


@pytest.mark.parametrize("paint", [wall, striped_wall, posters])
def test_bright_clothes_before_a_bright_wall_are_none_of_it(paint):
    rng = np.random.default_rng(0)
    pictures, shirts, walkers = [], [], []
    for index in range(COUNT):
        rgb = np.full((*SHAPE, 3), 90.0)
        paint(rgb)
        walkers.append(scenes.figure(SHAPE, 40 + 2.6 * index, 165, 110, 0.35 * index))
        head, shirt, legs = (np.zeros(SHAPE, bool) for _ in range(3))
        for part, rows in ((head, np.s_[:75]), (shirt, np.s_[75:110]), (legs, np.s_[110:])):
            part[rows] = walkers[-1][rows] > 0
        rgb[shirt], rgb[legs], rgb[head] = 203, 50, (200, 150, 120)
        pictures.append(np.clip(rgb + rng.normal(0, 3, rgb.shape), 0, 255).astype(np.uint8))
        shirts.append(shirt)
    found = masks_of(pictures, lambda index: [walkers[index]])
    assert max(mask[shirt].mean() for mask, shirt in zip(found, shirts, strict=True)) < 0.02
