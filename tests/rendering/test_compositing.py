import cv2
import numpy as np
import pytest
import scenes

from gait_demo.background.filling import Filler, light_matched
from gait_demo.background.plate import NoPlate
from gait_demo.rendering import compositing
from gait_demo.silhouettes.crops import normalise

SQUARE = np.array([105, 55, 215, 165.0])
TALL = 110


@pytest.fixture(scope="module")
def clip():
    frames, scene, masks = scenes.walk(paths=((30, 290),))
    return frames, scene, masks[0], scenes.learned(frames)


def region_around(mask, pixels=4, scale=1.0):
    """The region of a mask that is a little widened; at the origin of a working image."""
    wider = cv2.dilate(mask, np.ones((2 * pixels + 1, 2 * pixels + 1), np.uint8))
    small = cv2.resize(wider, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return compositing.region_of(mask.shape, small, 0, 0, scale, TALL)


def erased(rgb, plate, index, region):
    """The frame without the person."""
    out, (h, w) = rgb.copy(), region.mask.shape
    part = out[region.y : region.y + h, region.x : region.x + w]
    behind = plate.crop(index, region.x, region.y, w, h)
    compositing.erase(out, light_matched(behind, part, region.mask), region)
    return out


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_an_erased_person_leaves_no_ghost_and_nothing_else_changes(clip, scale):
    frames, scene, masks, plate = clip
    original = frames[30].rgb
    out = erased(original, plate, 30, region_around(masks[30], scale=scale))
    assert np.abs(out.astype(int) - scene)[masks[30] > 0].max() <= 12
    far = cv2.dilate(masks[30], np.ones((21, 21), np.uint8)) == 0
    assert np.array_equal(out[far], original[far])


def test_the_patch_takes_the_light_of_its_frame(clip):
    frames, scene, masks, plate = clip
    dark = (frames[30].rgb * 0.9).astype(np.uint8)
    out = erased(dark, plate, 30, region_around(masks[30]))
    error = out[masks[30] > 0].astype(float) - 0.9 * scene[masks[30] > 0]
    assert np.abs(error.mean(axis=0)).max() < 3


def test_without_a_plate_a_person_is_painted_over_from_around(clip):
    masks = clip[2]
    slope = np.linspace(60, 180, 320)[None, :, None].repeat(180, axis=0).repeat(3, axis=2)
    frame = np.where(masks[30][..., None] > 0, 255, slope).astype(np.uint8)
    hole = 255 * cv2.dilate(masks[30], np.ones((5, 5), np.uint8))
    filled = Filler(NoPlate(frame.shape[:2]), 1.0).fill(30, frame, hole)
    assert np.abs(filled - slope).max() < 12
    assert np.array_equal(filled[hole == 0], frame[hole == 0])


@pytest.mark.parametrize(("x", "y"), [(400, 60), (-90, 60), (100, 300)])
def test_a_mask_beyond_the_frame_is_no_region(x, y):
    assert compositing.region_of((180, 320), np.ones((40, 20), np.uint8), x, y, 1.0, 40) is None


def test_a_region_holds_the_mask_at_the_frames_own_resolution():
    mask = np.zeros((30, 20), np.uint8)
    mask[5:25, 5:15] = 1
    region = compositing.region_of((360, 640), mask, 40, 50, 0.5, 60)
    whole = np.zeros((360, 640), np.uint8)
    h, w = region.mask.shape
    whole[region.y : region.y + h, region.x : region.x + w] = region.mask
    truth = np.zeros_like(whole)
    truth[110:150, 90:110] = 1
    assert set(np.unique(whole)) == {0, 255} and scenes.iou(whole, truth) > 0.85
    assert region.height == 60


def test_paste_draws_the_silhouette_with_a_soft_edge_and_leaves_the_rest(clip):
    frames, _, masks, _ = clip
    original = frames[30].rgb
    out, crop = original.copy(), np.full((64, 64, 3), 0.5, np.float32)
    compositing.paste(out, crop, normalise(masks[30], SQUARE), SQUARE)
    changed = (out != original).any(axis=2)
    assert scenes.iou((np.abs(out.astype(int) - 128) <= 1).all(axis=2), masks[30]) > 0.65
    assert not changed[cv2.dilate(masks[30], np.ones((11, 11))) == 0].any()


@pytest.mark.parametrize("square", [[-50, 20, 60, 130], [240, 100, 360, 220], [500, 0, 600, 100]])
def test_squares_over_the_border(square):
    alpha = np.zeros((64, 64), np.float32)
    alpha[:, 20:44] = 1
    image = compositing.render_binary((180, 320), [(alpha, np.array(square, float))])
    x0, y0, x1, y1 = square
    cell = (x1 - x0) / 64
    truth = np.zeros((180, 320), np.uint8)
    truth[max(0, y0) : y1, max(0, round(x0 + 20 * cell)) : max(0, round(x0 + 44 * cell))] = 1
    assert image.shape == (180, 320)
    assert scenes.iou(image > 127, truth) > 0.93 if truth.any() else not image.any()


def test_an_enlarged_silhouette_is_smooth():
    alpha = np.zeros((64, 64), np.float32)
    alpha[np.hypot(*(np.mgrid[:64, :64] - 31.5)) < 20] = 1
    image = compositing.render_binary((512, 512), [(alpha, np.array([0, 0, 512, 512.0]))])
    distance = np.hypot(*(np.mgrid[:512, :512] - 255.5)) / 8
    assert np.abs(distance[(image > 20) & (image < 235)] - 20).max() < 0.9
    assert image[distance < 18.5].min() > 250 and image[distance > 21.5].max() < 5
