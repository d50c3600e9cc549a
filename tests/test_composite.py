import cv2
import numpy as np
import pytest
import scenes

from gait_demo import composite
from gait_demo.background.learning import build_plate
from gait_demo.background.plate import NoPlate
from gait_demo.silhouettes import normalise

BOX = np.array([130, 55, 190, 165.0])
SQUARE = np.array([105, 55, 215, 165.0])


@pytest.fixture(scope="module")
def clip():
    frames, scene, masks = scenes.walk(paths=((30, 290),))
    return frames, scene, masks[0], build_plate(iter(frames))


def test_an_erased_person_leaves_no_ghost_and_nothing_else_changes(clip):
    frames, scene, masks, plate = clip
    original = frames[30].rgb
    region = composite.silhouette_region(original.shape[:2], masks[30], BOX, [])
    out = original.copy()
    composite.erase(out, plate, 30, region, out.copy())
    assert np.abs(out.astype(int) - scene)[masks[30] > 0].max() <= 12
    grown = np.zeros(masks[30].shape, bool)
    h, w = region.mask.shape
    grown[region.y : region.y + h, region.x : region.x + w] = True
    ys, xs = np.nonzero(masks[30])
    grown[:, : xs.min() - 12] = grown[:, xs.max() + 12 :] = grown[: ys.min() - 12] = False
    assert np.array_equal(out[~grown], original[~grown])


def test_the_patch_takes_the_light_of_its_frame(clip):
    frames, scene, masks, plate = clip
    dark = (frames[30].rgb * 0.9).astype(np.uint8)
    region = composite.silhouette_region(dark.shape[:2], masks[30], BOX, [])
    composite.erase(dark, plate, 30, region, dark.copy())
    error = dark[masks[30] > 0].astype(float) - 0.9 * scene[masks[30] > 0]
    assert np.abs(error.mean(axis=0)).max() < 3


def test_without_a_plate_a_person_is_painted_over_from_around(clip):
    masks = clip[2]
    slope = np.linspace(60, 180, 320)[None, :, None].repeat(180, axis=0).repeat(3, axis=2)
    frame = np.where(masks[30][..., None] > 0, 255, slope).astype(np.uint8)
    region = composite.silhouette_region(frame.shape[:2], masks[30], BOX, [])
    composite.erase(frame, NoPlate(frame.shape[:2]), 30, region, frame.copy())
    assert np.abs(frame - slope).max() < 12


def test_a_lost_person_is_erased_all_over_the_box(clip):
    frames, scene, masks, plate = clip
    out = frames[30].rgb.copy()
    composite.erase(out, plate, 30, composite.box_region(out.shape[:2], BOX), out.copy())
    assert np.abs(out.astype(int) - scene)[55:165, 130:190].max() <= 12


def test_paste_draws_the_silhouette_with_a_soft_edge_and_leaves_the_rest(clip):
    frames, _, masks, _ = clip
    original = frames[30].rgb
    out, crop = original.copy(), np.full((64, 64, 3), 0.5, np.float32)
    composite.paste(out, crop, normalise(masks[30], SQUARE), SQUARE)
    changed = (out != original).any(axis=2)
    assert scenes.iou((np.abs(out.astype(int) - 128) <= 1).all(axis=2), masks[30]) > 0.65
    assert not changed[cv2.dilate(masks[30], np.ones((11, 11))) == 0].any()


@pytest.mark.parametrize("square", [[-50, 20, 60, 130], [240, 100, 360, 220], [500, 0, 600, 100]])
def test_squares_over_the_border(square):
    alpha = np.zeros((64, 64), np.float32)
    alpha[:, 20:44] = 1
    image = composite.render_binary((180, 320), [(alpha, np.array(square, float))])
    x0, y0, x1, y1 = square
    cell = (x1 - x0) / 64
    truth = np.zeros((180, 320), np.uint8)
    truth[max(0, y0) : y1, max(0, round(x0 + 20 * cell)) : max(0, round(x0 + 44 * cell))] = 1
    assert image.shape == (180, 320)
    assert scenes.iou(image > 127, truth) > 0.93 if truth.any() else not image.any()


def test_an_enlarged_silhouette_is_smooth():
    alpha = np.zeros((64, 64), np.float32)
    alpha[np.hypot(*(np.mgrid[:64, :64] - 31.5)) < 20] = 1
    image = composite.render_binary((512, 512), [(alpha, np.array([0, 0, 512, 512.0]))])
    distance = np.hypot(*(np.mgrid[:512, :512] - 255.5)) / 8
    assert np.abs(distance[(image > 20) & (image < 235)] - 20).max() < 0.9
    assert image[distance < 18.5].min() > 250 and image[distance > 21.5].max() < 5
