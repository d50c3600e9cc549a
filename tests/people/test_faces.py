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
from gait_demo.video import read_frames

STREET = Path(__file__).parents[2] / "assets" / "street_090.mp4"
OPTIONS = PeopleOptions()
LOOK = round(OPTIONS.look_every_s * scenes.FPS)


@pytest.fixture(scope="module")
def detector(face_weights):
    return FaceDetector(face_weights)


def face(x=60.0, y=30.0, tall=12.0, score=0.6):
    """A face with its middle at x, y."""
    return np.float32([x - 0.35 * tall, y - tall / 2, x + 0.35 * tall, y + tall / 2, score])


def followed(at, people=(), frames=60, options=OPTIONS):
    """What is found in frames of which a detector says `at(index)`, a list of faces."""
    index = iter(range(0, frames, LOOK))

    def detector(rgb, longest_px, least):
        return np.reshape(at(next(index)), (-1, 5))

    finder = FaceFinder(detector, scenes.FPS, options)
    for n in range(frames):
        finder.update(n, np.zeros((*SHAPE, 3), np.uint8))
    return finder.finish(people)


@pytest.mark.parametrize("size", [1.0, 0.6, 2.0])
def test_a_face_is_found_where_the_head_is(detector, size):
    frame = list(read_frames(STREET))[60]
    rgb = cv2.resize(frame.rgb, None, fx=size, fy=size, interpolation=cv2.INTER_AREA)
    (one,) = detector(rgb, OPTIONS.face_px, 0.4)
    (same,) = detector(frame.rgb, OPTIONS.face_px, 0.4)
    x, y = (one[:2] + one[2:4]) / 2 / size
    assert same[0] < x < same[2] and same[1] < y < same[3]
    assert 0.02 < (same[3] - same[1]) / len(frame.rgb) < 0.2


def test_turned_upside_down_or_as_an_empty_wall_a_frame_shows_no_face(detector):
    assert len(detector(walker.background(480, 300), OPTIONS.face_px, 0.4)) == 0
    frame = next(iter(read_frames(STREET)))
    assert len(detector(frame.rgb[::-1].copy(), OPTIONS.face_px, 0.5)) == 0


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


def test_a_look_that_misses_it_does_not_end_it():
    (one,) = followed(lambda index: [] if index == 2 * LOOK else [face()])
    assert one.first == 0 and len(one.heads) == 60


def test_two_faces_stay_two_when_they_pass():
    left, right = 20 + 1.0 * np.arange(60), 100 - 1.0 * np.arange(60)
    found = followed(lambda index: [face(left[index], 30), face(right[index], 60)])
    assert sorted(round(float(one.heads[-1, 0])) for one in found) == [round(right[-1]), 79]


@pytest.mark.parametrize(("scores", "hidden"), [
    ((0.6,), True), ((0.3, 0.3), True), ((0.3,), False), ((0.2, 0.2), False),
    ((0.2, 0.2, 0.2), True),
])  # fmt: skip
def test_the_scores_of_all_looks_decide(scores, hidden):
    given = {n * LOOK: score for n, score in enumerate(scores)}
    found = followed(lambda i: [face(score=given[i])] if i in given else [])
    assert len(found) == hidden


def test_the_face_of_somebody_who_is_found_is_not_strange():
    walking = person(Figure.walking(50, 270, 60))
    x, y, _ = walking.heads[0]
    on_head = followed(lambda index: [face(*walking.heads[index, :2])], [walking])
    beside = followed(lambda index: [face(*(walking.heads[index, :2] + [60, 0]))], [walking])
    assert not on_head and len(beside) == 1


def test_a_face_within_the_matte_of_somebody_who_keeps_the_pose_is_hidden():
    """Of two who hold each other, only one may have been found."""
    seated = person(Figure(np.full(60, 160.0), posture="seated"))
    assert seated.keeps_pose.all()

    def at_the_knees(index):
        box = seated.detections[index].box
        return [face((box[0] + box[2]) / 2, box[1] + 0.75 * (box[3] - box[1]), 8)]

    walking = person(Figure(np.full(60, 160.0) + np.arange(60), stride=0.2))
    assert len(followed(at_the_knees, [seated])) == 1
    assert not walking.keeps_pose.any()
    middle = [d.middle for d in walking.detections]
    assert not followed(lambda index: [face(*middle[index], 8)], [walking])
