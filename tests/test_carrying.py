from types import SimpleNamespace

import numpy as np
import scenes

from gait_demo.background.plate import NoPlate
from gait_demo.pipeline.carrying import Carrier

FRAMES = 20


def carrier(doubtful=(), lost=(), small=(), fps=4.0):
    """Of somebody who stands in the middle of a picture of 64x64 pixels."""
    mask = scenes.figure((64, 64), 32, 62, 60, 0.5).astype(np.float32)
    masks = np.stack([mask] * FRAMES)
    seen = ~np.isin(np.arange(FRAMES), lost)
    well = seen & ~np.isin(np.arange(FRAMES), doubtful)
    squares = np.tile(np.float32([0, 0, 64, 64]), (FRAMES, 1))
    squares[list(small)] = [16, 0, 48, 32]
    person = SimpleNamespace(
        silhouettes=SimpleNamespace(masks=masks, squares=squares), seen=seen, well=well
    )
    return Carrier(person, masks, False, fps)


def looks(carrier):
    """Which frame's colours each one shows; every frame is of a grey of its own."""
    shown = []
    for t in range(FRAMES):
        frame = SimpleNamespace(index=t, rgb=np.full((64, 64, 3), 10 * t, np.uint8))
        carried = carrier.at(frame, NoPlate((64, 64)), t)
        shown.append(None if carried is None else round(carried.look.rgb.mean() / 10))
    return shown


def test_everybody_seen_well_looks_as_they_do():
    assert looks(carrier()) == list(range(FRAMES))


def test_a_good_look_is_held_for_a_while_over_doubtful_ones():
    assert looks(carrier(doubtful=range(5, 8)))[4:9] == [4, 4, 4, 4, 8]
    held = looks(carrier(doubtful=range(5, 18)))  # 2 s are eight frames
    assert held[4:14] == [4] * 9 + [13] and held[14:] == list(range(14, FRAMES))


def test_the_look_of_a_head_is_not_held_for_the_whole_person():
    assert looks(carrier(doubtful=range(5, 8), small=range(5)))[4:9] == [4, 5, 6, 7, 8]
    again = carrier(doubtful=range(5, 9), small=[*range(5), 6])  # a look once left stays so
    assert looks(again)[4:9] == [4, 5, 6, 7, 8] == again._from[4:9].tolist()


def test_a_doubtful_look_is_better_than_none():
    assert looks(carrier(doubtful=range(6)))[:7] == list(range(7))


def test_the_last_look_is_held_while_somebody_is_lost():
    assert looks(carrier(lost=range(5, 8)))[4:9] == [4, 4, 4, 4, 8]
    assert looks(carrier(lost=[0, 1]))[:3] == [None, None, 2]
    here = carrier(doubtful=range(1, 5), lost=range(5, FRAMES))  # longer than a look is held
    assert looks(here) == [0] * FRAMES and (here._from == 0).all()
