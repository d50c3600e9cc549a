"""Which frame each one takes a person's own pixels from."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
from drawn import Figure

from gait_demo.background.plate import Background, NoPlate
from gait_demo.people.person import Person
from gait_demo.people.tracking import Tracklet
from gait_demo.pipeline.carrying import Carrier, head_line
from gait_demo.structures import Frame

FRAMES, FPS = 20, 4.0  # 2 s, for which a look is held, are eight frames
SHAPE = 90, 90
BEHIND = Background((NoPlate(SHAPE),))


def person(doubtful=(), lost=(), small=()):
    """Of somebody who stands in the middle of a picture."""
    figure = Figure(np.full(FRAMES, 45.0), feet=85, tall=80)
    seen = {
        n: figure.detection(n, figure.mask(n, SHAPE)) for n in range(FRAMES) if n not in lost
    }
    one = Person.of(Tracklet(seen), SHAPE, (0, FRAMES), FPS)
    squares, poor = one.silhouettes.squares.copy(), one.poor.copy()
    poor[list(doubtful)] = True
    squares[list(small)] = [25, 0, 65, 40]
    return replace(one, poor=poor, silhouettes=replace(one.silhouettes, squares=squares))


def looks(one):
    """Which frame's colours each one shows; every frame is of a grey of its own."""
    carrier, shown = Carrier(one, one.silhouettes.masks, False, FPS), []
    for n in range(len(one.track)):
        index = one.track.first_frame + n
        rgb = np.full((*SHAPE, 3), 10 * index, np.uint8)
        carried = carrier.at(Frame(index, Fraction(index, 4), rgb), BEHIND, n)
        shown.append(None if carried is None else round(carried.look.rgb.mean() / 10))
    return shown


def test_everybody_seen_well_looks_as_they_do():
    assert looks(person()) == list(range(FRAMES))


def test_a_good_look_is_held_for_a_while_over_doubtful_ones():
    assert looks(person(doubtful=range(5, 8)))[4:9] == [4, 4, 4, 4, 8]
    held = looks(person(doubtful=range(5, 18)))
    assert held[4:14] == [4] * 9 + [13] and held[14:] == list(range(14, FRAMES))


def test_the_look_of_a_head_is_not_held_for_the_whole_person():
    assert looks(person(doubtful=range(5, 8), small=range(5)))[4:9] == [4, 5, 6, 7, 8]
    again = person(doubtful=range(5, 9), small=[*range(5), 6])  # a look once left stays so
    assert looks(again)[4:9] == [4, 5, 6, 7, 8]


def test_a_doubtful_look_is_better_than_none():
    assert looks(person(doubtful=range(6)))[:7] == list(range(7))


def test_the_last_look_is_held_while_somebody_is_lost():
    assert looks(person(lost=range(5, 8)))[4:9] == [4, 4, 4, 4, 8]
    late = person(lost=range(3))  # a frame before the first that shows them belongs to the track
    assert (late.track.first_frame, looks(late)[:3]) == (2, [None, 3, 4])
    held = looks(person(doubtful=range(1, 5), lost=range(5, 15)))  # longer than a look is held
    assert held[:15] == [0] * 15 and held[15:] == list(range(15, FRAMES))


def test_heads_end_at_the_neck_that_landmarks_tell_or_else_where_silhouettes_do():
    one = person()
    assert np.array_equal(head_line(one), one.necks)
    some = one.necks.copy()
    some[5:] = np.nan
    line = head_line(replace(one, necks=some))
    assert np.array_equal(line[:5], one.necks[:5]) and np.isfinite(line).all()
    assert np.abs(line - one.necks).max() < 0.1 * 80
