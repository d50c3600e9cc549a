import numpy as np
import scenes
from gait_demo.sightings import Sightings, join

from gait_demo.people.yolo import Detections


def detected(mask, shift=0):
    """As a coarse network would say it: in blocks of 8 pixels, and a bit off."""
    coarse = mask[4::8, 4::8].repeat(8, axis=0).repeat(8, axis=1)[: mask.shape[0], : mask.shape[1]]
    return np.roll(np.pad(coarse, [(0, mask.shape[0] - coarse.shape[0]), (0, 0)]), shift, axis=1)


def test_subtraction_sharpens_what_was_detected():
    _, _, masks = scenes.walk(frames=8, paths=((100, 200),))
    for mask in masks[0]:
        coarse = detected(mask)
        (joined,) = join(coarse[None], mask)
        assert scenes.iou(joined, mask) > max(0.93, scenes.iou(coarse, mask) + 0.1)


def test_shadows_and_neighbours_stay_out_and_holes_are_filled():
    _, _, masks = scenes.walk(frames=2, paths=((100, 100), (150, 150)))
    both = masks[:, 0]
    foreground = both.max(axis=0)
    foreground[160:165, :80] = 1  # a shadow from the feet away
    foreground[110:116] = 0  # a belt of the background's colour
    joined = join(both, foreground)
    for mine, truth, other in zip(joined, both, both[::-1], strict=True):
        assert scenes.iou(mine, truth) > 0.85
        assert not (mine & other).any() and not mine[:, :55].any()


def test_what_the_detector_misses_of_a_neighbour_stays_the_neighbours():
    _, _, (first, second) = scenes.walk(paths=((100, 100), (128, 128)))
    first, second = first[10], second[10] & ~first[10]
    thin = second.copy()
    thin[:, :122] = 0  # a part of the neighbour, beside the person
    mine, theirs = join(np.stack([first, thin]), first | second)
    assert (mine & second).sum() < 0.5 * (second & ~thin).sum()
    assert (theirs & second).sum() > 0.9 * second.sum()


def test_what_two_masks_hold_is_whose_mask_it_is_deeper_in():
    _, _, (first, second) = scenes.walk(paths=((100, 100), (128, 128)))
    first, second = first[10], second[10] & ~first[10]
    leaking = first.copy()
    leaking[:, 122:130] |= second[:, 122:130]  # as a detector's mask does, within its box
    mine, theirs = join(np.stack([leaking, second]), first | second)
    assert (mine & second).sum() < 0.3 * second[:, 122:130].sum()
    assert (theirs & second).sum() > 0.9 * second.sum()


def test_whom_subtraction_missed_is_taken_as_detected():
    _, _, masks = scenes.walk(frames=2, paths=((100, 100),))
    mask = masks[0, 0]
    half = mask.copy()
    half[:110] = 0
    for foreground in (np.zeros_like(mask), half):
        assert np.array_equal(join(mask[None], foreground)[0], mask)


def test_nobody_was_detected():
    nobody = np.zeros((0, 90, 160), np.uint8)
    assert join(nobody, np.ones((90, 160), np.uint8)).shape == nobody.shape


def test_where_too_much_stands_out_the_mask_is_taken_as_detected():
    _, _, masks = scenes.walk(frames=2, paths=((100, 100),))
    coarse = detected(masks[0, 0])
    assert np.array_equal(join(coarse[None], np.ones_like(coarse))[0], coarse)


def test_sightings_keep_boxes_in_full_pixels_and_masks_as_they_are():
    _, _, masks = scenes.walk(frames=2, paths=((100, 100),))
    mask = masks[0, 0]
    kept = Sightings(mask.shape, 0.5)
    box = np.array([[80, 60, 120, 160]], np.float32)
    seen = Detections(box, np.array([0.7], np.float32), mask[None])
    kept.append(seen, np.zeros_like(mask))
    kept.append(None, np.zeros_like(mask))
    (sighting,) = kept.frames[0]
    assert sighting.xyxy.tolist() == [160, 120, 240, 320] and np.isclose(sighting.score, 0.7)
    assert np.array_equal(kept.mask(sighting), mask)
    assert kept.frames[kept.last_look(1)] == [sighting]
    assert Sightings(mask.shape, 1, [None]).last_look(0) == 0
