import cv2
import numpy as np
import pytest
import scenes

from gait_demo.silhouettes import crops as silhouettes
from gait_demo.types import SilhouetteClip


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
    small = scenes.walk(frames=20, paths=((60, 70),), tall=40)[2][0]
    got = silhouettes.clip_of(masks[0] | small, np.ones(20, bool), scenes.FPS)
    assert len(got) == 20 and got.first_frame == 0
    for mask, square, true in zip(got.masks, got.squares, masks[0], strict=True):
        expected = silhouettes.normalise(true, square) > 0.5
        assert scenes.iou(mask > 0.5, expected) > 0.9
        assert expected[:3].any() and expected[-3:].any()
        assert silhouettes.is_good(mask)


def test_a_clip_is_empty_where_the_person_is_not_shown():
    _, _, masks = scenes.walk(frames=20, paths=((100, 140),))
    there = ~np.isin(np.arange(20), [0, 1, 7, 8, 19])
    got = silhouettes.clip_of(masks[0], there, scenes.FPS)
    assert (got.first_frame, len(got)) == (2, 17)
    empty = [n + 2 for n, mask in enumerate(got.masks) if not mask.any()]
    assert empty == [7, 8]
    middles = got.squares[:, [0, 2]].mean(axis=1)
    assert np.abs(middles - np.linspace(100, 140, 20)[2:19]).max() < 3


def extents(masks):
    """As `steady_boxes` takes them, of masks that are not empty."""
    boxes = np.stack([silhouettes.box_around(mask) for mask in masks])
    middle = boxes[:, [0, 2]].mean(axis=1)
    return np.column_stack([boxes[:, 1], boxes[:, 3], middle, boxes[:, 2] - middle])


def test_boxes_span_head_to_feet_and_stay_steady():
    _, _, masks = scenes.walk(paths=((60, 260),))
    damaged = masks[0].copy()
    damaged[::5, :75] = 0  # the head is missing in every fifth frame
    frames = np.arange(60)
    boxes = silhouettes.steady_boxes(frames, frames, extents(damaged), scenes.FPS)
    truth = np.stack([silhouettes.box_around(mask) for mask in masks[0]])
    assert np.abs(boxes[:, [1, 3]] - truth[:, [1, 3]]).max() < 4
    assert np.abs(boxes[:, [0, 2]].mean(axis=1) - np.linspace(60, 260, 60)).max() < 3
    assert np.abs(np.diff(boxes[:, 3] - boxes[:, 1])).max() < 1.5


def test_boxes_go_on_through_gaps_and_beyond_the_ends():
    _, _, masks = scenes.walk(paths=((60, 260),))
    at = np.array([n for n in range(8, 52) if not 30 <= n < 36])
    boxes = silhouettes.steady_boxes(np.arange(60), at, extents(masks[0][at]), scenes.FPS)
    middles = boxes[:, [0, 2]].mean(axis=1)
    assert np.abs(middles - np.linspace(60, 260, 60)).max() < 6
    assert (boxes[:, 2] > boxes[:, 0]).all() and (boxes[:, 3] > boxes[:, 1]).all()


def test_of_one_frame_there_is_a_box_for_all():
    boxes = silhouettes.steady_boxes(
        np.arange(4), np.array([2]), np.array([[10.0, 90, 50, 12]]), scenes.FPS
    )
    assert boxes.tolist() == [[38, 10, 62, 90]] * 4


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


def test_parts_above_below_and_within_belong_to_a_person_and_those_beside_do_not():
    mask = np.zeros((90, 160), np.uint8)
    body, head, foot = np.s_[30:60, 60:80], np.s_[15:25, 65:75], np.s_[65:70, 62:72]
    beside = np.s_[30:60, 90:100]
    for part in (body, head, foot, beside):
        mask[part] = 1
    own = silhouettes.person_parts(mask)
    assert own[body].all() and own[head].all() and own[foot].all() and not own[beside].any()


def test_one_piece_and_none_are_a_person_as_they_are():
    mask = np.zeros((90, 160), np.uint8)
    assert not silhouettes.person_parts(mask).any()
    mask[30:60, 60:80] = 1
    assert np.array_equal(silhouettes.person_parts(mask), mask)


def test_boxes_around_silhouettes():
    masks = np.zeros((2, 64, 64), np.float32)
    masks[0, 16:48, 24:40] = 1
    clip = SilhouetteClip(1, 0, masks, np.float32([[10, 20, 138, 148]] * 2))
    tight, empty = silhouettes.boxes_around(clip)
    assert tight.tolist() == [58, 52, 90, 116]
    assert empty[2] - empty[0] == empty[3] - empty[1] == 0
