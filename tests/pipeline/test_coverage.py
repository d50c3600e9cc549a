"""What a report says of everybody, and of what may be somebody."""

from dataclasses import replace

import numpy as np
import pytest
from drawn import FPS, SHAPE, Figure

from gait_demo.options import PeopleOptions
from gait_demo.people.faces import UnknownFace
from gait_demo.people.person import Person, prominent
from gait_demo.people.segmenter import Detection
from gait_demo.people.tracking import Tracklet
from gait_demo.pipeline.analysis import Suspect
from gait_demo.pipeline.coverage import (
    coverage,
    likeness,
    moments,
    not_removed,
    unknown_faces,
    unsure,
    warnings,
)

TIMES = np.arange(400) / FPS
SMALLEST = 40
DRAWN = range(1, 10)


def person(lost=(), frames=20, first=100, track_id=3, posture=None, hidden=(), tall=110.0):
    """Of somebody who sways in the middle of the picture.

    Args:
        lost: frames of the track in which they are not seen.
        posture: by frame, where it is not upright.
        hidden: frames in which only the upper half shows.
    """
    way = 160 + 3 * np.sin(0.3 * np.arange(frames))
    seen = {}
    for n in range(frames):
        figure = Figure(way, tall=tall, posture=(posture or {}).get(n, "upright"))
        mask = figure.mask(n, SHAPE)
        if n in hidden:
            mask[round(165 - 0.5 * tall) :] = 0
        if n not in lost:
            seen[first + n] = figure.detection(n, mask)
    shot = first, first + frames
    return Person.of(Tracklet(seen), SHAPE, shot, FPS).numbered(track_id)


def test_what_happened_to_a_person_is_listed_in_frames_of_the_clip():
    told = coverage(person(lost=range(30, 60), frames=100, hidden=range(70, 75)), True)
    assert told["lost"] == [[130, 159]] and told["carried"] == told["kept_pose"] == []
    assert told["coverage"] == pytest.approx(0.7) and told["partial"] == 5
    assert (told["person"], told["first_frame"], told["frames"]) == (3, 100, 100)
    assert told["drawn"] is True
    told = coverage(person(lost=[7, 11, 12]), False)
    assert told["carried"] == [[107, 107], [111, 112]] and told["lost"] == []
    assert told["coverage"] == 1 and told["drawn"] is told["changed"] is False


def test_moments_tell_presentation_times_and_where_the_person_is():
    """Of a clip whose second half is presented at half the rate."""
    one = person(lost=range(30, 60), frames=100)
    times = np.concatenate([np.arange(150) / 25, 6 + np.arange(50) / 12.5])
    (lost,) = moments(coverage(one, True), one.track, times, 10, 22)
    assert (lost["kind"], lost["from_s"], lost["to_s"]) == ("lost", 5.2, pytest.approx(6.8))
    x0, y0, x1, y1 = lost["box"]
    assert x0 <= 140 and 180 <= x1 <= x0 + 110 and y0 <= 55 and 165 <= y1
    assert not any(np.array(lost["box"]) % 22)  # not how tall they are
    at_end = person(lost=range(97, 99), frames=100)
    (carried,) = moments(coverage(at_end, True), at_end.track, times, 10, 22)
    assert (carried["from_s"], carried["to_s"]) == (pytest.approx(9.76), pytest.approx(9.92))


def test_who_keeps_the_pose_is_listed_where_they_are_seen():
    seated = dict.fromkeys(range(60, 120), "seated")
    told = coverage(person(frames=150, posture=seated), True)
    ((first, last),) = told["kept_pose"]
    assert abs(first - 160) <= 3 and abs(last - 219) <= 3
    whole = coverage(person(frames=100, posture=dict.fromkeys(range(100), "seated")), True)
    assert whole["kept_pose"] == [[100, 199]]
    assert told["changed"] is True and whole["changed"] is False


def test_the_ends_of_a_track_in_which_nobody_was_seen_are_not_counted_as_lost():
    assert coverage(person(lost=[0, 1, 2, 18, 19]), True)["lost"] == []


@pytest.mark.parametrize(("lost", "when"), [(range(40, 56), "5.6-6.2"), (range(20, 50), "4.8-6.0")])
def test_who_is_lost_for_a_while_is_told(lost, when):
    (told,) = warnings([person(lost=lost, frames=100)], TIMES, SMALLEST, DRAWN)
    assert f"person 3 at {when} s ({len(lost)}%). Seconds are counted in the result" in told


def test_times_are_those_of_the_frames():
    slow = np.concatenate([np.arange(120) / 10, 12 + np.arange(180) / 50])
    (told,) = warnings([person(lost=range(10, 30), frames=100)], slow, SMALLEST, DRAWN)
    assert "person 3 at 11.0-12.2 s (20%)." in told


@pytest.mark.parametrize("lost", [(), range(2), range(98, 100), range(40, 52)])
def test_who_is_lost_for_a_moment_is_not_told(lost):
    assert warnings([person(lost=lost, frames=100)], TIMES, SMALLEST, DRAWN) == []


def test_who_kept_the_pose_is_told_with_what_that_means():
    seated = dict.fromkeys(range(100), "seated")
    (told,) = warnings([person(frames=100, posture=seated)], TIMES, SMALLEST, DRAWN)
    assert "No other gait could be given to person 3 at 4.0-8.0 s" in told
    assert "they may be recognised by it" in told


def test_who_is_too_small_is_told_and_not_told_of_the_pose():
    seated = dict.fromkeys(range(100), "seated")
    small = person(frames=100, posture=seated, tall=34)
    (told,) = warnings([small], TIMES, SMALLEST, ())
    assert "Smaller than 40 pixels, and replaced by background: person 3 at 4.0-8.0 s." in told


def test_who_is_known_by_a_box_only_is_removed_and_told():
    seen = {n: Detection.refused(np.float32([50 + n, 40, 90 + n, 120]), 0.5) for n in range(40)}
    boxes = Person.of(Tracklet(seen, is_refused=True), SHAPE, (0, 40), FPS).numbered(2)
    assert prominent([boxes], PeopleOptions()) == []
    (told,) = warnings([boxes], TIMES, SMALLEST, ())
    assert "replaced by background within a box: person 2 at 0.0-1.6 s." in told


def test_everybody_is_in_one_sentence():
    people = [person(lost=range(40, 60), frames=100, track_id=n) for n in (1, 2)]
    (told,) = warnings(people, TIMES, SMALLEST, DRAWN)
    assert "person 1 at " in told and "person 2 at " in told


def suspect(presence=0.95, box=(250, 30, 290, 130), first=50, last=74):
    return Suspect(first, last, np.float32(box), presence)


def test_what_may_be_a_person_is_told_with_place_and_time():
    (told,) = unsure([suspect()], TIMES, SHAPE[::-1])
    assert "right (100 pixels tall) at 2.0-3.0 s" in told and "Check that nobody is there" in told
    (told,) = unsure([suspect(box=(10, 0, 60, 40))], TIMES, SHAPE[::-1])
    assert "top left (40 pixels tall)" in told
    (told,) = unsure([suspect()] * 7, TIMES, SHAPE[::-1])
    assert told.count("right") == 5 and "and elsewhere" in told


@pytest.mark.parametrize("presence", [0.5, 0.89, np.nan])
def test_what_is_hardly_a_person_is_not_told(presence):
    assert unsure([suspect(presence)], TIMES, SHAPE[::-1]) == []


def test_faces_of_nobody_who_was_found_are_told_with_place_and_time():
    def face(x, first=50, count=25):
        return UnknownFace(
            first, np.tile(np.float32([x, 20, 10]), (count, 1)), np.zeros(count, bool)
        )

    (told,) = unknown_faces([face(30)], TIMES, SHAPE[::-1], hidden=True)
    assert "are blurred: top left at 2.0-3.0 s." in told and "check" in told
    (told,) = unknown_faces(
        [face(30)] * 3 + [face(300, count=60)] * 3, TIMES, SHAPE[::-1], hidden=True
    )
    assert told.count("right") == 3 and told.count("left") == 2 and "and elsewhere" in told
    (told,) = unknown_faces([face(30)], TIMES, SHAPE[::-1], hidden=False)
    assert told.endswith("behind something, stay in clear: top left at 2.0-3.0 s.")
    assert unknown_faces([], TIMES, SHAPE[::-1], hidden=True) == []


def test_people_whose_place_looks_as_before_are_told():
    (told,) = not_removed({2: [50, 51, 52, 53], 1: [9], 4: range(100, 125)}, TIMES)
    assert "The place of person 2 at 2.0-2.2 s; person 4 at 4.0-5.0 s looks as before" in told
    assert not_removed({1: [9, 10]}, TIMES) == not_removed({}, TIMES) == []


def test_a_likeness_names_both():
    told = likeness(person(track_id=5), person(track_id=2))
    assert told.startswith("Person 5 may be the same as person 2, ")
    assert " s," not in told  # the page would make a button of a moment


def test_a_person_of_another_number_is_told_by_it():
    one = person(lost=range(40, 60), frames=100)
    other = replace(one, track=replace(one.track, track_id=8))
    assert coverage(other, True)["person"] == 8
