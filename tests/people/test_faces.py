"""Faces of nobody who was found: the detector on rendered walkers, and how they are followed."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import scenes
import walker
from drawn import SHAPE, Figure, person

from gait_demo.errors import WeightsError
from gait_demo.options import PeopleOptions
from gait_demo.people.faces import FaceDetector, FaceFinder
from gait_demo.people.person import Person
from gait_demo.people.segmenter import Detection
from gait_demo.people.tracking import Tracklet
from gait_demo.pipeline import Pipeline
from gait_demo.video import read_frames

ASSETS = Path(__file__).parents[2] / "assets"
STREET = ASSETS / "street_090.mp4"
OPTIONS = PeopleOptions()
LOOK = round(OPTIONS.look_every_s * scenes.FPS)


@pytest.fixture(scope="module")
def detector(face_weights):
    return FaceDetector(face_weights)


def face(x=60.0, y=30.0, tall=12.0, score=0.6):
    """A face with its middle at x, y."""
    return np.float32([x - 0.35 * tall, y - tall / 2, x + 0.35 * tall, y + tall / 2, score])


def followed(at, people=(), frames=60, looks=None):
    """What is found in frames of which a detector says `at(index)`, a list of faces."""
    index = iter(looks or sorted({*range(0, frames, LOOK), frames - 1}))

    def detector(rgb, longest_px, least, sure):
        return np.reshape(at(next(index)), (-1, 5))

    finder = FaceFinder(detector, scenes.FPS, OPTIONS)
    for n in range(frames):
        finder.update(n, np.zeros((*SHAPE, 3), np.uint8))
    return finder.finish(people)


@pytest.mark.parametrize("size", [1.0, 0.6, 2.0])
def test_a_face_is_found_where_the_head_is(detector, size):
    frame = list(read_frames(STREET))[60]
    rgb = cv2.resize(frame.rgb, None, fx=size, fy=size, interpolation=cv2.INTER_AREA)
    (one,) = detector(rgb, OPTIONS.face_px, 0.4, 0.5)
    (same,) = detector(frame.rgb, OPTIONS.face_px, 0.4, 0.5)
    x, y = (one[:2] + one[2:4]) / 2 / size
    assert same[0] < x < same[2] and same[1] < y < same[3]
    assert 0.02 < (same[3] - same[1]) / len(frame.rgb) < 0.2


def test_an_empty_wall_shows_no_face(detector):
    wall = walker.background(480, 300)
    finder = FaceFinder(detector, scenes.FPS, OPTIONS)
    for index in range(30):
        finder.update(index, wall)
    assert finder.finish([]) == []


def test_a_face_at_the_border_is_read_again(detector):
    frame = list(read_frames(STREET))[60].rgb
    (one,) = detector(frame, OPTIONS.face_px, 0.4, 0.5)
    cut = frame[:, round(one[0]) :]
    (same,) = detector(np.ascontiguousarray(cut), OPTIONS.face_px, 0.2, 0.3)
    assert abs(same[0]) < 8 and same[1] == pytest.approx(one[1], abs=8)


def test_another_file_is_no_face_detector(tmp_path):
    broken = tmp_path / "centerface.onnx"
    broken.write_bytes(b"no network")
    with pytest.raises(WeightsError, match=r"centerface\.onnx cannot be loaded"):
        FaceDetector(broken)


def test_a_face_is_followed_between_the_frames_in_which_it_is_looked_for():
    way = 40 + 1.5 * np.arange(60)
    (one,) = followed(lambda index: [face(way[index])])
    for index in range(60):
        x, y, radius = one.head(index)
        assert x == pytest.approx(way[index], abs=0.1)
        assert abs(y - 30) < 6 < radius < 12
    assert one.head(60) is None


def test_it_is_hidden_for_one_look_before_and_after():
    (one,) = followed(lambda index: [face()] if index in (2 * LOOK, 3 * LOOK) else [], frames=75)
    hidden = [index for index in range(75) if one.head(index) is not None]
    assert hidden == list(range(LOOK, 4 * LOOK + 1))
    assert one.head(LOOK)[2] > 1.2 * one.head(2 * LOOK)[2]


def test_a_look_that_misses_it_does_not_end_it():
    (one,) = followed(lambda index: [] if index == 2 * LOOK else [face()])
    assert one.first == 0 and len(one.heads) == 60


def test_two_faces_stay_two_when_they_pass():
    left, right = 20 + 1.0 * np.arange(60), 100 - 1.0 * np.arange(60)
    found = followed(lambda index: [face(left[index], 30), face(right[index], 60)])
    assert sorted(round(float(one.heads[-1, 0])) for one in found) == [round(right[-1]), 79]


def test_a_face_that_stays_is_not_taken_for_one_that_is_gone_when_another_comes():
    gone, stays, comes = face(70), face(150), face(186)

    def shown(index):
        return [stays, *([gone] if index == 0 else []), *([comes] if index >= 2 * LOOK else [])]

    found = followed(shown)
    assert [one.first for one in found] == sorted(one.first for one in found)
    for index in range(60):
        assert any(
            (head := one.head(index)) is not None and abs(head[0] - 150) < 1 for one in found
        )


@pytest.mark.parametrize(("scores", "hidden"), [
    ((0.6,), True), ((0.35,), False), ((0.35, 0.35), False), ((0.35, 0.45), True),
])  # fmt: skip
def test_one_sure_reading_is_enough(scores, hidden):
    given = {n * LOOK: score for n, score in enumerate(scores)}
    found = followed(lambda i: [face(score=given[i])] if i in given else [])
    assert len(found) == hidden


def test_the_face_of_somebody_who_is_found_is_known():
    walking = person(Figure.walking(50, 270, 60))
    heads = walking.heads[:, :2]
    on_head = followed(lambda index: [face(*heads[index])], [walking])
    beside = followed(lambda index: [face(*(heads[index] + [60, 0]))], [walking])
    assert not on_head and len(beside) == 1
    assert not beside[0].on_person.any()


def test_of_two_faces_at_one_head_only_the_nearer_is_known():
    """As of two people cheek to cheek."""
    walking = person(Figure.walking(50, 270, 60))

    def cheek_to_cheek(index):
        x, y, radius = walking.heads[index]
        return [face(x + 0.9 * radius, y), face(x + 0.2 * radius, y)]

    (other,) = followed(cheek_to_cheek, [walking])
    middle, radius = other.head(2 * LOOK)[0], walking.heads[2 * LOOK, 2]
    assert middle == pytest.approx(walking.heads[2 * LOOK, 0] + 0.9 * radius, abs=0.5)


def test_both_faces_are_hidden_where_one_track_leaps_from_one_person_to_the_other():
    """Between two looks, at each of which one of the two is known."""
    leap = 3 * LOOK - 4
    way = np.where(np.arange(60) < leap, 150.0, 120.0)
    leaping = person(Figure(way, stride=0.0))
    middles = [leaping.heads[n, :2] for n in (0, -1)]
    found = followed(lambda index: [face(*middle) for middle in middles], [leaping])
    for index in range(60):
        discs = [leaping.heads[index]] + [one.head(index) for one in found]
        for middle in middles:
            assert any(
                disc is not None and np.hypot(*(disc[:2] - middle)) < disc[2] / 2 for disc in discs
            ), index


def test_a_face_on_the_matte_of_somebody_is_unknown_and_on_them():
    """As of a child who is carried."""
    walking = person(Figure.walking(50, 270, 60))
    hips = [detection.middle for detection in walking.detections]
    (one,) = followed(lambda index: [face(*hips[index])], [walking])
    assert one.on_person.all() and one.is_on_person(30) and not one.is_on_person(60)


def test_a_face_in_a_box_that_is_removed_is_known():
    figure = Figure.walking(50, 270, 60)
    boxes = {n: Detection.refused(figure.detection(n, figure.mask(n, SHAPE)).box, 0.5)
             for n in range(60)}  # fmt: skip
    refused = Person.of(Tracklet(boxes, is_refused=True), SHAPE, (0, 60), scenes.FPS)
    assert not followed(lambda index: [face(*boxes[index].middle, 8)], [refused])


def test_a_face_that_stays_is_hidden_while_somebody_passes_before_it():
    found = followed(lambda index: [] if 2 * LOOK <= index <= 5 * LOOK else [face()], frames=100)
    assert len(found) == 1 and len(found[0].heads) == 100


def test_the_last_frame_is_looked_at():
    shown = followed(lambda index: [face()] if index > 25 else [], frames=30, looks=[0, 12, 24, 29])
    assert len(shown) == 1 and shown[0].head(29) is not None


@pytest.mark.slow
def test_a_face_on_a_picture_is_found_beside_a_walker(
    models, person_weights, face_weights, tmp_path
):
    """By the networks that a pipeline has."""
    street = list(read_frames(STREET))[60].rgb
    (one,) = FaceDetector(face_weights)(street, OPTIONS.face_px, 0.4, 0.5)
    x, y = ((one[:2] + one[2:4]) / 2).astype(int)
    picture = cv2.resize(street[y - 40 : y + 40, x - 40 : x + 40], (120, 120))
    room = [frame.rgb.copy() for frame in read_frames(ASSETS / "room_252.mp4", start_s=2)][:30]
    for rgb in room:
        rgb[20:140, 20:140] = picture
    source = walker.write_clip(tmp_path / "clip.mp4", room)
    analysis = Pipeline(models).analyse(source, tmp_path / "analysis")
    assert len(analysis.people) == 1 and analysis.fallbacks == ()
    (found,) = analysis.unknown_faces
    assert len(found.heads) == 30
    assert np.abs(found.heads[:, :2] - 80).max() < 20
