import cv2
import numpy as np
import pytest
import scenes
from test_tracks import packed, seen

from gait_demo import silhouettes
from gait_demo.background.foreground import ForegroundClip
from gait_demo.structures import SilhouetteClip, Track


def test_normalise_takes_the_mean_over_each_cell():
    rng = np.random.default_rng(0)
    mask = (rng.random((256, 256)) > 0.5).astype(np.uint8)
    cells = mask.reshape(64, 4, 64, 4).mean(axis=(1, 3))
    assert np.allclose(silhouettes.normalise(mask, np.array([0, 0, 256, 256])), cells, atol=1e-3)


def test_a_square_beyond_the_frame_is_empty_there():
    square = np.array([-64, 0, 64, 128.0])
    got = silhouettes.normalise(np.ones((128, 128), np.uint8), square)
    assert got[:, :31].max() == 0 and got[:, 33:].min() > 0.999


def test_squares_stand_on_the_feet_line_around_the_middle():
    squares = silhouettes.squares_from_boxes(np.array([[10, 20, 50, 120]], np.float32))
    assert squares.tolist() == [[-20, 20, 80, 120]]


def test_a_clip_fills_its_squares_and_leaves_the_other_person_out():
    _, _, masks = scenes.walk(frames=20, paths=((100, 110), (160, 150)), tall=100)
    clip = ForegroundClip(masks.shape[2:], 1.0)
    for t in range(20):
        clip.append(masks[:, t].max(axis=0))
    tracks = []
    for n, middles in enumerate((np.linspace(100, 110, 20), np.linspace(160, 150, 20))):
        boxes = np.stack([middles - 22, 0 * middles + 65, middles + 22, 0 * middles + 165], axis=1)
        tracks.append(Track(n + 1, 0, boxes.astype(np.float32), np.ones(20, bool)))
    for track, truth in zip(tracks, masks, strict=True):
        got = silhouettes.extract(clip, track, tracks)
        for mask, square, true in zip(got.masks, got.squares, truth, strict=True):
            expected = silhouettes.normalise(true, square) > 0.5
            assert scenes.iou(mask > 0.5, expected) > 0.9
            assert expected[:3].any() and expected[-3:].any()
            assert silhouettes.is_good(mask)


def test_a_silhouette_in_pieces_is_not_good():
    mask = np.zeros((64, 64), np.float32)
    mask[5:60, 25:35] = 1
    assert silhouettes.is_good(mask)
    mask[30:38] = 0
    assert not silhouettes.is_good(mask)
    assert not silhouettes.is_good(np.zeros((64, 64), np.float32))


def figure(width: int) -> np.ndarray:
    """A walker about as simple as can be: a trunk on two legs that are `width` apart."""
    y, x = np.mgrid[:64, :64]
    leg = np.clip((y - 34) / 28, 0, 1) * width / 2
    trunk = ((y - 22) / 21) ** 2 + ((x - 32) / 8) ** 2 < 1
    legs = (np.minimum(abs(x - 32 - leg), abs(x - 32 + leg)) < 4) & (y > 30)
    return (trunk | legs).astype(np.float32)


def test_opencv_compares_pictures_of_255_by_their_spread_alone():
    figures = [figure(width) for width in (4, 9, 14, 19, 24)]
    pictures = [(255 * mask).astype(np.uint8) for mask in figures]
    for a, mask in zip(pictures, figures, strict=True):
        for b, other in zip(pictures, figures, strict=True):
            match = cv2.matchShapes(a, b, cv2.CONTOURS_MATCH_I2, 0)
            apart = abs(silhouettes.spread(mask) - silhouettes.spread(other))
            assert match == pytest.approx(apart, abs=1e-9)


def test_a_silhouette_must_spread_as_a_walker_does():
    assert silhouettes.is_good(figure(4)) and silhouettes.is_good(figure(24))
    legless = figure(14)
    legless[40:] = 0
    assert silhouettes.is_one_piece(legless) and not silhouettes.is_good(legless)
    thin = np.zeros((64, 64), np.float32)
    thin[:, 30:34] = 1
    assert silhouettes.is_one_piece(thin) and not silhouettes.is_good(thin)


def test_crop_square_repeats_the_border():
    rgb = np.zeros((40, 40, 3), np.uint8)
    rgb[:, :5] = 200
    crop = silhouettes.crop_square(rgb, np.array([-20, 0, 20, 40.0]))
    assert crop.shape == (64, 64, 3) and np.allclose(crop[:, :30], 200 / 255, atol=1e-2)


def test_a_box_beyond_the_frame_holds_nothing():
    mask = np.ones((90, 160), np.uint8)
    box = np.array([-60.0, 20, -20, 80])
    assert not silhouettes.own_foreground(mask, box, [], 1.0).any()


def test_feet_that_the_detector_missed_are_in_a_persons_place():
    _, _, masks = scenes.walk(frames=2, paths=((100, 100),))
    whole, cut = masks[0, 0], masks.copy()
    cut[0, :, 162:] = 0  # no feet
    still = packed(np.zeros_like(cut[0]))
    boxes, found = np.float32([[80, 55, 120, 168]] * 2), np.ones(2, bool)
    track = Track(1, 0, boxes, found, np.zeros(2, np.int32))
    place = silhouettes.own_place(still, track, [track], 0, seen(cut))
    assert place[whole > 0].all() and not place[:, :70].any() and not place[:, 130:].any()
    by_motion = Track(1, 0, boxes, found)
    place = silhouettes.own_place(packed(cut[0]), by_motion, [by_motion], 0, seen(cut))
    assert not place[162:].any()


def test_boxes_around_silhouettes():
    masks = np.zeros((2, 64, 64), np.float32)
    masks[0, 16:48, 24:40] = 1
    clip = SilhouetteClip(1, 0, masks, np.float32([[10, 20, 138, 148]] * 2))
    tight, empty = silhouettes.boxes_around(clip)
    assert tight.tolist() == [58, 52, 90, 116]
    assert empty[2] - empty[0] == empty[3] - empty[1] == 0
