"""Whoever does not stand or walk upright and whole: no head stays in clear."""

from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest
from fixed import NOISE
from walker import write_clip

from gait_demo.evaluation.heads import HeadState, head_state
from gait_demo.options import Options
from gait_demo.people.body import head_of
from gait_demo.pipeline import Pipeline
from gait_demo.video import read_frames

pytestmark = pytest.mark.slow

ASSETS = Path(__file__).parents[2] / "assets"
FIRST, COUNT, SIDE = 20, 50, 360


def turned(degrees):
    """(2, 3) around the middle of the square."""
    return cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), degrees, 1)


def moved(x, y):
    return np.float64([[1, 0, x], [0, 1, y]])


def as_it_is(index, frame):
    return frame


def behind_a_wall(index, frame):
    """From the hips down."""
    frame = frame.copy()
    frame[int(0.57 * SIDE) :] = (150, 120, 100)
    return frame


RECIPES = {
    "lying": (lambda index: turned(90), as_it_is),
    "leaning by 60 degrees": (lambda index: turned(60), as_it_is),
    "cut off at the hips": (lambda index: moved(0, 0.4 * SIDE), as_it_is),
    "behind a wall": (lambda index: moved(0, 0), behind_a_wall),
    "turned before a moving camera": (
        lambda index: moved(2 * index - 50, index) @ np.vstack([turned(-90), [0, 0, 1]]),
        as_it_is,
    ),
}


@pytest.fixture(scope="module")
def walk(person_weights, models):
    """Squares (SIDE, SIDE, 3) around a walker who fills most of their height, and the heads in
    them."""
    squares, heads = [], []
    for frame in islice(read_frames(ASSETS / "street_090.mp4"), FIRST, FIRST + COUNT):
        (person,) = (one for one in models.segmenter(frame.rgb) if not one.is_refused)
        x0, y0, x1, y1 = person.box
        zoom = 0.8 * SIDE / (y1 - y0)
        middle = np.float64([(x0 + x1) / 2, (y0 + y1) / 2])
        place = np.hstack([zoom * np.eye(2), (SIDE / 2 - zoom * middle)[:, None]])
        squares.append(
            cv2.warpAffine(frame.rgb, place, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)
        )
        x, y, radius = head_of(person)
        heads.append([*(place @ [x, y, 1]), zoom * radius])
    return squares, np.array(heads)


@pytest.mark.parametrize("recipe", RECIPES)
def test_no_head_stays_in_clear(models, walk, tmp_path, recipe):
    place, paint = RECIPES[recipe]
    squares, heads = walk
    frames, places = [], []
    for index, (square, (x, y, radius)) in enumerate(zip(squares, heads, strict=True)):
        image = cv2.warpAffine(square, place(index), (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)
        frames.append(paint(index, image))
        places.append([*(place(index) @ [x, y, 1]), radius])
    clip = write_clip(tmp_path / "clip.mp4", frames)
    pipeline = Pipeline(models, Options(anonymize=NOISE))
    analysis = pipeline.analyse(clip, tmp_path / "analysis")
    states = [
        head_state(new.frame.rgb, new.colorized, np.float32(head))
        for new, head in zip(pipeline.render_frames(analysis, 1), places, strict=True)
    ]
    assert [n for n, state in enumerate(states) if state == HeadState.CLEAR] == []
    assert HeadState.HIDDEN in states
