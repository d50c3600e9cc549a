import numpy as np
import pytest

from gait_demo.serving.preview import clearest_frame, number_people
from gait_demo.types import Track

SHAPE = (240, 320)


def walker(number: int, first: int, xs: np.ndarray, found: np.ndarray | None = None) -> Track:
    """Somebody 40 by 100 pixels, whose left side is at `xs`."""
    ones = np.ones_like(xs)
    xyxy = np.stack([xs, 100 * ones, xs + 40, 200 * ones], axis=1).astype(np.float32)
    return Track(number, first, xyxy, np.ones(len(xs), bool) if found is None else found)


def test_the_clearest_frame_is_the_first_that_shows_the_most_of_everyone():
    one = walker(1, 0, np.linspace(-40, 260, 61))  # whole from frame 8
    assert clearest_frame([one], SHAPE) == 8
    two = walker(2, 20, np.linspace(300, 100, 41))  # whole from frame 24
    assert clearest_frame([one, two], SHAPE) == 24
    lost = walker(2, 20, np.linspace(300, 100, 41), np.arange(41) > 9)
    assert clearest_frame([one, lost], SHAPE) == 30
    behind = walker(2, 0, np.linspace(-40, 260, 61) + 20.0 * (np.arange(61) < 40))
    assert clearest_frame([one, behind], SHAPE) < 40  # later they are one behind the other


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_boxes_and_numbers_stand_out_on_light_and_on_dark(grey):
    frame = np.full((*SHAPE, 3), grey, np.uint8)
    pictures = [number_people(frame, [walker(n, 5, np.array([100.0]))], 5) for n in (1, 2)]
    assert (frame == grey).all()
    for picture in pictures:
        badge, side = picture[74:101, 106:134], picture[150, 90:110]
        for part in (badge, side):
            assert part.min() < 40 and part.max() > 215
        around = np.ones(SHAPE, bool)
        around[60:210, 90:150] = False
        assert (picture[around] == grey).all()
    differs = (pictures[0] != pictures[1]).any(axis=2)
    assert differs.sum() > 40 and not differs[105:].any()


def test_numbers_stay_inside_the_picture_and_the_absent_have_none():
    frame = np.full((*SHAPE, 3), 128, np.uint8)
    high = Track(12, 0, np.array([[-60, -50, -2, 260]], np.float32), np.ones(1, bool))
    absent = walker(3, 1, np.array([200.0]))
    picture = number_people(frame, [high, absent], 0)
    assert (picture[2:26, 2:26] != 128).any(axis=2).mean() > 0.6
    assert (picture[:, 60:] == 128).all()
