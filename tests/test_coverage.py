from dataclasses import replace

import numpy as np
import pytest

from gait_demo.leaning import leant
from gait_demo.pipeline.analysis import Person
from gait_demo.pipeline.coverage import coverage, unfollowed, warnings
from gait_demo.sightings import Sighting, Sightings
from gait_demo.structures import SilhouetteClip, Track

TIMES = np.arange(300) / 25


def person(lost, poor=(), bridged=(), outside=(), frames=20, first=100):
    masks = np.zeros((frames, 64, 64), np.float32)
    masks[:, 4:60, 26:38] = 1
    masks[list(poor), 30:36] = 0  # in two pieces
    masks[list(lost)] = 0
    xyxy = np.tile(np.array([[0, 0, 40, 100]], np.float32), (frames, 1))
    xyxy[list(outside)] -= [21, 0, 21, 0]  # by more than a half
    found = ~np.isin(np.arange(frames), lost)
    track = Track(3, first, xyxy, found, np.where(found, 0, -1).astype(np.int32))
    clip = SilhouetteClip(3, first, masks, xyxy)
    return Person.of(track, clip, looks(first + frames, [first + n for n in bridged]), 25.0)


def looks(frames, bridged=()):
    """One sighting in each frame."""
    box = np.array([0, 0, 40, 100], np.float32)
    seen = [[Sighting(box, 0.9, b"", bridged=n in bridged)] for n in range(frames)]
    return Sightings((100, 40), 1.0, seen)


def test_lost_stretches_and_poor_silhouettes_are_listed():
    told = coverage(person(lost=[0, 1, 7, 19], poor=[4, 5, 7], bridged=[10, 11, 19]), True)
    assert told["lost"] == [[100, 101], [107, 107], [119, 119]]
    assert told["bridged"] == [[110, 111]]
    assert told["poor"] == 2  # in frame 7 there is none at all
    assert told["coverage"] == 0.8 and told["found_by"] == "detector"
    assert (told["person"], told["first_frame"], told["frames"]) == (3, 100, 20)


def test_who_is_seen_too_seldom_is_told():
    assert warnings([person(lost=range(5, 9))], TIMES) == []
    (told,) = warnings([person(lost=[2, *range(5, 10)])], TIMES)
    assert "person 3 at 4.1-4.1, 4.2-4.4 s (30%). Seconds are of the result" in told


@pytest.mark.parametrize(
    ("lost", "when"),
    [
        (range(13), "4.0-4.5"),  # until the first look
        (range(87, 100), "7.5-8.0"),  # from the last look on
        (range(40, 53), "5.6-6.1"),
    ],
)
def test_who_is_lost_for_a_while_is_told(lost, when):
    (told,) = warnings([person(lost=lost, frames=100)], TIMES)
    assert f"person 3 at {when} s (13%)." in told


def test_times_are_those_of_the_frames():
    slow = np.concatenate([np.arange(120) / 10, 12 + np.arange(180) / 50])
    (told,) = warnings([person(lost=range(13), frames=100)], slow)
    assert "person 3 at 10.0-11.3 s (13%)." in told


@pytest.mark.parametrize("lost", [range(2), range(98, 100), range(40, 52)])
def test_who_is_lost_for_a_moment_is_not_told(lost):
    assert warnings([person(lost=lost, frames=100)], TIMES) == []


def test_who_is_seen_but_not_followed_is_told_once():
    sightings = looks(200)
    assert unfollowed(sightings, TIMES) == []
    sightings.unfollowed += [(50, 75), (60, 100), *((n, n) for n in range(110, 160, 10))]
    (told,) = unfollowed(sightings, TIMES)
    assert "At 2.0-4.0, 4.4-4.4, " in told and " s and more often of the result, " in told


def test_of_a_part_one_thing_is_told():
    seldom = person(lost=range(14))
    (told,) = warnings([replace(seldom, track=replace(seldom.track, is_part=True))], TIMES)
    assert "Person 3 is seen in the place of somebody else" in told


def test_who_is_half_out_of_the_picture_is_not_lost():
    leaving = person(lost=[0, 1, 5], outside=[0, 2])
    assert np.flatnonzero(~leaving.seen).tolist() == [0, 1, 5]
    assert np.flatnonzero(leaving.lost).tolist() == [1, 5]


def test_who_has_something_beside_them_is_not_seen_well():
    alone = person(lost=[1], poor=[2], bridged=[3])
    assert np.flatnonzero(~alone.well).tolist() == [1, 2, 3]
    masks = alone.silhouettes.masks.copy()
    masks[8:12, 30:50, 38:50] = 1  # in one piece with the person
    joined = replace(alone.silhouettes, masks=masks)
    beside = Person.of(alone.track, joined, looks(120, [103]), 25.0)
    assert not beside.poor[8:12].any() and not beside.well[8:12].any()
    assert (beside.well == alone.well)[12:].all()


def test_who_leans_too_far_has_fallen():
    upright = person(lost=[])
    assert not upright.fallen.any()
    masks = leant(upright.silhouettes.masks, np.full(20, 0.7))
    leaning = replace(upright.silhouettes, masks=masks)
    assert Person.of(upright.track, leaning, looks(120), 25.0).fallen.all()


def test_foreground_of_the_usual_size_is_the_person():
    whole = person(lost=[])
    found = whole.track.found.copy()
    found[[0, 3, 4, 9, 18, 19]] = False  # the first and the last are prediction
    masks = whole.silhouettes.masks.copy()
    masks[9, 34:] = 0  # only the upper half stands out
    seen = replace(whole.silhouettes, masks=masks)
    person_again = Person.of(replace(whole.track, found=found), seen, looks(120), 25.0)
    assert np.flatnonzero(~person_again.seen).tolist() == [0, 9, 18, 19]
