"""The person networks, on drawn and rendered walkers."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import scenes
import walker

from gait_demo.errors import WeightsError
from gait_demo.people.landmark_segmenter import LandmarkSegmenter
from gait_demo.people.landmarks import LandmarkNetwork, upright
from gait_demo.people.segmenter import ANKLES, HIPS, NOSE, SHOULDERS, Matte, same_person
from gait_demo.people.ssd import PoseDetector
from gait_demo.people.yolo import Detector
from gait_demo.video import read_frames
from gait_demo.weights import find

ASSETS = Path(__file__).parents[2] / "assets"
WIDTH, HEIGHT, TALL, FOOT_Y = 480, 300, 220, 280
PHASES = (0.1, 0.35, 0.6)


@pytest.fixture(scope="module")
def segmenter(person_weights):
    yolo = Detector.load(find("yolo").path)
    return LandmarkSegmenter(
        person_weights["pose_landmark"], person_weights["pose_detection"], yolo
    )


def drawn(phase, x=240.0):
    """A drawn walker, and the mask (H, W) bool."""
    wall = walker.background(WIDTH, HEIGHT)
    rgb = walker.person(wall.copy(), x, FOOT_Y, TALL, phase)
    return rgb, np.abs(rgb.astype(int) - wall).max(axis=2) > 8


def matte(one, shape):
    return one.matte.drawn(0, 0, *shape[1::-1]) > 0.5


@pytest.mark.parametrize("phase", PHASES)
def test_a_drawn_walker_is_found_with_landmarks_on_the_mask(segmenter, phase):
    rgb, truth = drawn(phase)
    (one,) = segmenter(rgb)
    assert one.presence > 0.9 and one.score > 0.1
    assert scenes.iou(matte(one, rgb.shape), truth) > 0.7
    x0, y0, x1, y1 = cv2.boundingRect(truth.astype(np.uint8))
    assert np.abs(one.box - [x0, y0, x0 + x1, y0 + y1]).max() < 0.08 * TALL
    near = cv2.dilate(truth.astype(np.uint8), np.ones((17, 17), np.uint8)) > 0
    for point in (NOSE, *SHOULDERS, *HIPS, *ANKLES):
        x, y = one.landmarks[point, :2].round().astype(int)
        assert near[y, x], point
    assert one.height == pytest.approx(TALL, rel=0.25)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["street_090.mp4", "room_252.mp4"])
def test_our_walkers_are_found_upright_in_every_frame(segmenter, name):
    frames = list(read_frames(ASSETS / name))
    for frame in frames[len(frames) // 4 : -len(frames) // 4 : 15]:
        (one,) = [one for one in segmenter(frame.rgb) if one.presence > 0.9]
        heights = [
            one.landmarks[list(points), 1].mean() for points in ((NOSE,), SHOULDERS, HIPS, ANKLES)
        ]
        assert heights == sorted(heights)
        there = matte(one, frame.rgb.shape)
        box = one.box.round().astype(int)
        assert there[box[1] : box[3], box[0] : box[2]].sum() > 0.98 * there.sum() > 0


@pytest.mark.parametrize("size", [(240, 320), (480, 640)])
def test_an_empty_wall_shows_nobody(segmenter, size):
    height, width = size
    assert [one for one in segmenter(walker.background(width, height)) if one.presence > 0.5] == []
    assert segmenter(np.full((height, width, 3), 128, np.uint8)) == []


def test_the_same_frame_gives_the_same_people(segmenter):
    rgb, _ = drawn(PHASES[0])
    (first,), (again,) = segmenter(rgb), segmenter(rgb)
    assert np.array_equal(first.landmarks, again.landmarks)
    assert first.matte.packed == again.matte.packed and first.score == again.score


def test_a_person_is_followed_without_a_look(segmenter):
    rgb, _ = drawn(PHASES[0])
    people = segmenter(rgb)
    for x in np.arange(244, 300, 4.0):
        rgb, truth = drawn(PHASES[0], x)
        people = segmenter(rgb, people, detect=False)
        (one,) = people
        assert one.score == 0 and scenes.iou(matte(one, rgb.shape), truth) > 0.7
    assert segmenter(walker.background(WIDTH, HEIGHT), people, detect=False) == []


def test_two_walkers_are_two_people_each_with_a_matte_of_their_own(segmenter):
    wall = walker.background(WIDTH, HEIGHT)
    rgb = wall.copy()
    for x, phase in ((150, 0.1), (330, 0.6)):
        walker.person(rgb, x, FOOT_Y, TALL, phase)
    people = segmenter(rgb)
    assert len(people) == 2 and not same_person(*people)
    assert not (matte(people[0], rgb.shape) & matte(people[1], rgb.shape)).any()


@pytest.fixture
def pair(segmenter):
    """A frame (H, W, 3) with two drawn walkers, each of them, and one reading of both."""
    rgb = walker.background(WIDTH, HEIGHT)
    for x, phase in ((190, 0.1), (270, 0.6)):
        walker.person(rgb, x, FOOT_Y, TALL, phase)
    left, right = sorted(segmenter(rgb), key=lambda one: one.centre)
    both = np.maximum(*(one.matte.drawn(0, 0, WIDTH, HEIGHT) for one in (left, right)))
    between = replace(
        left, region=(left.region + right.region) / 2, matte=Matte.of(both, np.eye(2, 3))
    )
    return rgb, left, right, between


def test_a_matte_that_drifted_over_two_people_comes_back_to_the_one_who_is_not_found(
    segmenter, pair
):
    rgb, left, right, between = pair
    (found,) = segmenter(rgb, [between], detect=False, others=[right])
    assert same_person(found, left) and not same_person(found, right)


def test_two_people_taken_for_one_are_told_apart_by_a_look(segmenter, pair):
    rgb, left, right, between = pair
    found = segmenter(rgb, [between])
    for one in (left, right):
        assert sum(same_person(one, other) for other in found) == 1


class ProposesOnePlace:
    """A detector that proposes the same box in every frame, several times, each a little to the
    right of the last and with a lower score."""

    def __init__(self, score=0.2, times=1, box=(180, 60, 300, 280)):
        self._score, self._times, self.box = score, times, box

    def boxes(self, rgb, size, least):
        steps = np.arange(self._times, dtype=np.float32)
        boxes = np.float32(self.box) + 10 * steps[:, None] * np.float32([1, 0, 1, 0])
        return boxes, np.float32(self._score - 0.01 * steps)


@pytest.fixture
def readings(monkeypatch):
    """The regions that the landmark network reads, as they are read."""
    regions, call = [], LandmarkNetwork.__call__

    def counted(self, rgb, region, *rest):
        regions.append(region)
        return call(self, rgb, region, *rest)

    monkeypatch.setattr(LandmarkNetwork, "__call__", counted)
    return regions


def test_segmenter_reads_a_rejected_proposal_again_only_where_the_picture_changed(
    person_weights, readings
):
    files = person_weights["pose_landmark"], person_weights["pose_detection"]
    segmenter = LandmarkSegmenter(*files, ProposesOnePlace()).fresh()
    wall = walker.background(WIDTH, HEIGHT)
    noise = np.random.default_rng(0).integers(-3, 4, wall.shape)
    for rgb in (wall, (wall + noise).clip(0, 255).astype(np.uint8)):
        assert [one.is_refused for one in segmenter(rgb)] == [True] and len(readings) == 1
    assert [one.is_refused for one in segmenter(drawn(PHASES[0])[0])] == [False]
    for seen in (segmenter(wall), segmenter.fresh()(wall)):
        assert [one.is_refused for one in seen] == [True]
    assert len(readings) == 5  # twice for the walker, and once for each wall


def test_segmenter_tells_the_box_of_what_only_a_detector_takes_for_a_person(person_weights):
    files = person_weights["pose_landmark"], person_weights["pose_detection"]
    box = (180, 60, 300, 280)
    place, wall = ProposesOnePlace(box=box), walker.background
    segmenter = LandmarkSegmenter(*files, place)
    (refused,) = segmenter(wall(WIDTH, HEIGHT))
    assert refused.is_refused and refused.score == pytest.approx(0.2) and not refused.is_moved
    assert np.abs(refused.box - box).max() < 1e-3
    inside = np.zeros((HEIGHT, WIDTH), bool)
    inside[box[1] : box[3], box[0] : box[2]] = True
    assert scenes.iou(matte(refused, inside.shape), inside) > 0.95
    assert segmenter(wall(WIDTH, HEIGHT), detect=False) == []
    place.box = (184, 60, 304, 280)  # so near that it is not read again
    (refused,) = segmenter(wall(WIDTH, HEIGHT))
    assert np.abs(refused.box - place.box).max() < 1e-3


def test_segmenter_reads_no_second_person_where_one_is_proposed_twice(person_weights, readings):
    files = person_weights["pose_landmark"], person_weights["pose_detection"]
    beside = ProposesOnePlace(0.95, times=2, box=(130, 60, 250, 280))
    segmenter = LandmarkSegmenter(*files, beside)
    assert len(segmenter(drawn(PHASES[0])[0])) == 1 and len(readings) == 2


def test_segmenter_reads_no_second_person_where_a_known_one_is_proposed_twice(
    person_weights, readings
):
    """The second time too far from the square in which they were read to be the same person."""
    files = person_weights["pose_landmark"], person_weights["pose_detection"]
    rgb, _ = drawn(PHASES[0])
    (known,) = LandmarkSegmenter(*files, ProposesOnePlace())(rgb)
    middle, up = known.region[0], known.region[0, 1] - known.region[1, 1]
    near = [*(middle + [0.15 * up - 30, -0.8 * up]), *(middle + [0.15 * up + 30, 0.8 * up])]
    twice = LandmarkSegmenter(*files, ProposesOnePlace(0.95, times=2, box=near))
    readings.clear()
    assert len(twice(rgb, [known])) == 1 and len(readings) == 1


def test_segmenter_reads_a_known_person_once_a_look(person_weights, readings):
    files = person_weights["pose_landmark"], person_weights["pose_detection"]
    segmenter = LandmarkSegmenter(*files, ProposesOnePlace())
    rgb, _ = drawn(PHASES[0])
    people = segmenter(rgb)
    readings.clear()
    assert len(segmenter(rgb, people)) == 1 and len(readings) == 1


@pytest.mark.parametrize(("score", "kept"), [(0.9, 1), (0.4, 0)])
def test_segmenter_keeps_a_person_whom_only_a_detector_sees(person_weights, score, kept):
    files = person_weights["pose_landmark"], person_weights["pose_detection"]
    segmenter = LandmarkSegmenter(*files, ProposesOnePlace(score))
    (known,) = segmenter(drawn(PHASES[0])[0])
    people = segmenter(walker.background(WIDTH, HEIGHT), [known], detect=False)
    assert len(people) == kept
    for one in people:
        assert one.is_moved and one.score == pytest.approx(score)
        assert np.abs(one.middle - [240, 170]).max() < 1
        assert one.height == pytest.approx(known.height, rel=1e-3)


def test_what_one_square_shows_is_moved_with_it(person_weights):
    """The same picture, shifted, gives landmarks that are shifted as far."""
    read = LandmarkNetwork(person_weights["pose_landmark"])
    rgb, _ = drawn(PHASES[0])
    box = np.array([180, 60, 300, 280.0])
    here = read(rgb, upright(box))
    moved = read(np.roll(rgb, 16, axis=1), upright(box + [16, 0, 16, 0]))
    assert np.abs(moved.landmarks[:, :2] - here.landmarks[:, :2] - [16, 0]).max() < 1
    assert moved.presence == pytest.approx(here.presence, abs=0.01)


def test_a_file_that_is_another_network_is_refused(person_weights):
    with pytest.raises(WeightsError, match=r"expected an input of \(1, 256, 256, 3\)"):
        LandmarkNetwork(person_weights["pose_detection"])
    with pytest.raises(WeightsError, match=r"expected an input of \(1, 224, 224, 3\)"):
        PoseDetector(person_weights["pose_landmark"])


@pytest.mark.parametrize("content", [b"", b"no network", b"TFL3" * 100])
def test_a_file_that_is_no_network_is_refused(tmp_path, content):
    path = tmp_path / "pose_landmark_full.tflite"
    path.write_bytes(content)
    for network in (LandmarkNetwork, PoseDetector):
        with pytest.raises(WeightsError, match="cannot be loaded"):
            network(path)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(WeightsError, match="cannot be loaded"):
        LandmarkNetwork(tmp_path / "none.tflite")
