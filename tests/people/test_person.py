"""One person of a clip: how well seen, where from head to feet, and in which pose."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from drawn import FPS, SHAPE, Figure, landmarks, person

from gait_demo.people.body import could_walk, head_of, neck_of
from gait_demo.people.person import Person
from gait_demo.people.segmenter import (
    ANKLES,
    HEELS,
    HIPS,
    KNEES,
    LEFT_EAR,
    NOSE,
    RIGHT_EAR,
    SHOULDERS,
    TOES,
)
from gait_demo.people.tracking import Tracklet
from gait_demo.people.visibility import CONSEQUENCES, Visibility

COUNT = 60
WALKER = Figure.walking(60, 260, COUNT)
WALKER_BOXES = [WALKER.detection(n, WALKER.mask(n, SHAPE)).box for n in range(COUNT)]


def states(one):
    """Visibility by frame of the clip."""
    first = one.track.first_frame
    return {first + n: Visibility(state) for n, state in enumerate(one.visibility)}


def test_a_walker_in_full_view_is_visible_throughout():
    one = person(WALKER)
    assert set(states(one).values()) == {Visibility.VISIBLE} and len(one.track) == COUNT
    assert one.seen.all() and one.well_seen.all() and one.walks
    assert not one.lost.any() and not one.carried.any() and not one.keeps_pose.any()


@pytest.mark.parametrize(
    ("gap", "state"),
    [(range(30, 31), Visibility.CARRIED), (range(20, 34), Visibility.CARRIED),
     (range(20, 40), Visibility.LOST)],
)  # fmt: skip
def test_a_gap_is_carried_over_or_lost(gap, state):
    one = person(WALKER, [n for n in range(COUNT) if n not in gap])
    assert {n for n, found in states(one).items() if found == state} == set(gap)
    assert (one.lost if state == Visibility.LOST else one.carried).sum() == len(gap)


def test_a_person_is_lost_for_a_moment_before_and_after_within_the_shot():
    one = person(WALKER, range(28, 32))
    lost = {n for n, state in states(one).items() if state == Visibility.LOST}
    assert lost == {*range(3, 28), *range(32, 57)}  # 1 s is 25 frames
    one = person(WALKER, range(20, 40), shot=(18, 41))
    assert sorted(states(one)) == list(range(18, 41))


def test_the_place_of_a_lost_person_is_a_guess_only_far_from_where_they_are_seen():
    gap, near = range(10, 50), 15  # frames: 0.6 s
    one = person(WALKER, [n for n in range(COUNT) if n not in gap])
    assert one.lost.sum() == len(gap)
    assert np.flatnonzero(one.stale(FPS)).tolist() == list(gap)[near:-near]


def test_who_leaves_the_picture_is_not_expected_there():
    leaving = Figure.walking(160, 380, COUNT)
    there = [n for n in range(COUNT) if leaving.mask(n, SHAPE).sum() > 30]
    one = person(leaving, there)
    after = [state for n, state in states(one).items() if n > there[-1]]
    assert after.count(Visibility.LOST) <= 4 and after[-1] == Visibility.ABSENT
    assert set(after) <= {Visibility.LOST, Visibility.ABSENT}


def test_a_person_half_hidden_is_partial():
    def hide(index, mask):
        if 20 <= index < 40:
            mask[110:] = 0  # behind a wall up to the hips

    one = person(WALKER, hide=hide)
    partial = {n for n, state in states(one).items() if state == Visibility.PARTIAL}
    assert partial == set(range(20, 40))
    assert one.seen.all() and not one.well_seen[20:40].any()


def test_a_person_cut_by_the_side_of_the_picture_is_partial():
    entering = Figure.walking(-30, 150, COUNT)
    masks = [entering.mask(n, SHAPE) for n in range(COUNT)]
    areas = np.array([mask.sum() for mask in masks])
    missing = 1 - areas / np.median(areas[-20:])
    one = states(person(entering, np.flatnonzero(areas > 30)))
    cut = [n for n, mask in enumerate(masks) if mask[:, 0].any() and missing[n] > 0.2]
    assert len(cut) > 3 and missing[cut].min() < 0.35
    assert all(one[n] == Visibility.PARTIAL for n in cut)
    whole = [n for n, mask in enumerate(masks) if areas[n] and not mask[:, :3].any()]
    assert all(one[n] == Visibility.VISIBLE for n in whole)


def test_person_is_carried_where_only_a_detector_sees_them():
    found = {n: WALKER.detection(n, WALKER.mask(n, SHAPE)) for n in range(COUNT)}
    for n in range(10):  # before all others: no gap between two frames
        found[n] = found[10].moved([WALKER.middles[n] - WALKER.middles[10], 0]).scored(0.9)
    one = Person.of(Tracklet(found), SHAPE, (0, COUNT), FPS)
    carried = {n for n, state in states(one).items() if state == Visibility.CARRIED}
    assert carried == set(range(10)) and one.seen[10:].all()


@pytest.mark.parametrize(
    "seen, leaps",
    [
        (range(COUNT), range(30, 34)),
        (range(COUNT - 20), range(COUNT - 24, COUNT - 20)),  # lost then
        (range(20, COUNT), range(20, 24)),
    ],
)
def test_a_head_that_leaps_for_a_moment_is_hidden_in_both_places(seen, leaps):
    found = {n: WALKER.detection(n, WALKER.mask(n, SHAPE)) for n in seen}
    steady = Person.of(Tracklet(found), SHAPE, (0, COUNT), FPS)
    for n in leaps:
        found[n] = replace(found[n], landmarks=found[n].landmarks + np.float32([0, 30, 0, 0]))
    one = Person.of(Tracklet(found), SHAPE, (0, COUNT), FPS)
    first = one.track.first_frame
    calm = [n - first for n in seen if n not in leaps]
    assert np.array_equal(one.heads[calm], steady.heads[calm])
    for n in leaps:
        x, y, radius = one.heads[n - first]
        for place in (steady.heads[n - first], head_of(found[n])):
            assert np.hypot(x - place[0], y - place[1]) < radius - 0.8 * place[2]


def test_consequences_of_being_seen_worse():
    table = CONSEQUENCES
    assert table.keys() == set(Visibility)
    drawn = {state for state in table if table[state].drawn}
    assert drawn == {Visibility.VISIBLE, Visibility.PARTIAL, Visibility.CARRIED}
    seen, carried, lost = (
        table[state].widened for state in (Visibility.VISIBLE, Visibility.CARRIED, Visibility.LOST)
    )
    assert 0 < seen < carried < lost and table[Visibility.ABSENT].widened is None


def test_silhouettes_of_carried_frames_move_on_with_the_body():
    one = person(WALKER, [n for n in range(COUNT) if not 25 <= n < 35])
    for index in range(25, 35):
        box = one.box(index)
        assert abs((box[0] + box[2]) / 2 - WALKER.middles[index]) < 3
        moved = one.detections[index].matte.drawn(0, 0, *SHAPE[::-1]) > 0.5
        ys, xs = np.nonzero(moved)
        assert abs(np.median(xs) - WALKER.middles[index]) < 5 and ys.max() > 160
        assert one.silhouettes.masks[index].sum() > 0.5 * one.silhouettes.masks[20].sum()


@pytest.mark.parametrize(
    ("figure", "box"),
    [
        (Figure.walking(60, 260, COUNT), (55, 166)),
        (Figure.walking(60, 260, COUNT, feet=205), (95, 205)),  # cut by the lower border
        (Figure.walking(60, 260, COUNT, feet=100), (-10, 100)),  # by the upper one
    ],
)
def test_a_body_box_reaches_from_head_to_feet_whatever_the_border_cuts(figure, box):
    one = person(figure)
    assert np.abs(one.track.xyxy[:, [1, 3]] - box).max() < 5
    assert one.height == pytest.approx(box[1] - box[0], abs=5)
    middles = one.track.xyxy[:, [0, 2]].mean(axis=1)
    assert np.abs(middles - figure.middles).max() < 4


@pytest.mark.parametrize("x", [4, 316])
def test_the_box_of_a_body_cut_by_a_side_is_centred_on_the_trunk(x):
    one = person(Figure(x + 2 * np.sin(0.2 * np.arange(COUNT))))
    middles = one.track.xyxy[:, [0, 2]].mean(axis=1)
    assert np.abs(middles - x).max() < 5


def test_raised_arms_do_not_raise_the_head_line():
    def hide(index, mask):
        x = round(WALKER.middles[index])
        cv2.line(mask, (x, 75), (x + 5, 35), 1, 5)  # to 20 pixels above the head

    raised = Figure(WALKER.middles, posture="arms raised")
    one, usual = person(raised, hide=hide), person(WALKER)
    assert np.abs(one.track.xyxy[:, 1] - usual.track.xyxy[:, 1]).max() < 6


@pytest.mark.parametrize(
    ("posture", "feet", "keeps"),
    [
        ("upright", 165, False),
        ("upright", 205, False),  # from head to knees
        ("seated", 165, True),
        ("lying", 165, True),
        ("bent", 165, True),
        ("arms raised", 165, True),
        ("upright", 60, True),  # legs only
        ("upright", 245, True),  # the upper body only
    ],
)
def test_who_can_be_given_no_other_gait_keeps_the_pose(posture, feet, keeps):
    one = person(Figure(WALKER.middles, feet=feet, posture=posture))
    assert one.keeps_pose.all() if keeps else not one.keeps_pose.any()
    assert one.walks != keeps


def test_without_landmarks_whatever_is_wider_than_tall_keeps_the_pose():
    def lie(index, mask):
        mask[:] = 0
        mask[140:165, 100:210] = 1

    upright = Figure(WALKER.middles, has_landmarks=False)
    assert not person(upright).keeps_pose.any()
    assert person(upright, hide=lie).keeps_pose.all()


@pytest.mark.parametrize(
    ("degrees", "every", "keeps"), [(100, 7, True), (60, 2, False), (100, 20, False)]
)
def test_a_person_whose_knees_bend_as_in_running_keeps_the_pose(degrees, every, keeps):
    seen = {n: WALKER.detection(n, WALKER.mask(n, SHAPE)) for n in range(COUNT)}
    for n in range(0, COUNT, every):
        points = seen[n].landmarks.copy()
        hip, knee, ankle = (pair[0] for pair in (HIPS, KNEES, ANKLES))
        thigh = points[knee, :2] - points[hip, :2]
        turned = cv2.getRotationMatrix2D((0, 0), degrees, 1)[:, :2] @ thigh
        points[ankle, :2] = points[knee, :2] + turned
        seen[n] = replace(seen[n], landmarks=points)
    assert Person.of(Tracklet(seen), SHAPE, (0, COUNT), FPS).keeps_pose.all() == keeps


def test_who_walks_behind_furniture_keeps_the_pose_and_eases_into_it():
    def hide(index, mask):
        if index >= 40:
            top, bottom = np.flatnonzero(mask.any(axis=1))[[0, -1]]
            mask[round(0.4 * top + 0.6 * bottom) :] = 0

    one = person(WALKER, hide=hide)
    kept = np.flatnonzero(one.keeps_pose)
    assert kept[0] == pytest.approx(40, abs=FPS / 4) and one.keeps_pose[kept[0] :].all()
    changes = one.changes(FPS)
    assert (changes[one.keeps_pose] == 0).all() and (changes[: kept[0] - FPS] == 1).all()
    assert abs(np.diff(changes)).max() < 0.15
    assert (person(WALKER).changes(FPS) == 1).all()


@pytest.mark.parametrize("step", [0, 0.25], ids=["stands", "walks on the spot"])
def test_who_stands_still_keeps_the_pose_and_who_steps_does_not(step):
    figure = Figure.standing(160, COUNT)
    seen = {n: figure.detection(n, figure.mask(n, SHAPE)) for n in range(COUNT)}
    rng = np.random.default_rng(0)
    for n, one in seen.items():
        points = one.landmarks.copy()
        points[:, :2] += rng.normal(0, 0.004 * one.height, (33, 2))  # as networks are unsure
        swing = step / 2 * one.height * np.sin(2 * np.pi * n / FPS)
        points[[ANKLES[0], ANKLES[1]], 0] += swing, -swing
        seen[n] = replace(one, landmarks=points)
    keeps = Person.of(Tracklet(seen), SHAPE, (0, COUNT), FPS).keeps_pose
    assert not keeps.any() if step else keeps.all()


def test_a_pose_is_not_kept_for_a_moment():
    raised = Figure(WALKER.middles, posture="arms raised")
    seen = {n: WALKER.detection(n, WALKER.mask(n, SHAPE)) for n in range(COUNT)}
    for n in range(30, 35):
        seen[n] = raised.detection(n, WALKER.mask(n, SHAPE))
    assert not Person.of(Tracklet(seen), SHAPE, (0, COUNT), FPS).keeps_pose.any()
    for n in range(30, COUNT):
        seen[n] = raised.detection(n, WALKER.mask(n, SHAPE))
    keeps = Person.of(Tracklet(seen), SHAPE, (0, COUNT), FPS).keeps_pose
    assert not keeps[:24].any() and keeps[36:].all()


@pytest.mark.parametrize("tall", [60, 110, 160])
def test_a_heads_circle_holds_the_head_and_not_the_trunk(tall):
    figure = Figure(np.full(1, 160.0), tall=tall)
    one = figure.detection(0, figure.mask(0, SHAPE))
    x, y, radius = head_of(one)
    apart = np.hypot(x - 160, y - (165 - 0.93 * tall))
    assert apart + 0.07 * tall < 1.35 * radius and radius < 0.16 * tall
    neck = neck_of(one)
    points = landmarks(160, 165, tall)
    assert points[0, 1] < neck < points[11, 1]


def test_head_of_reaches_as_far_as_the_matte_shows_a_head():
    """Landmarks that crowd at the neck make a small head; the matte still shows a whole one."""
    figure = Figure(np.full(1, 160.0), tall=160)
    mask = figure.mask(0, SHAPE)
    one = figure.detection(0, mask)
    crowded = one.landmarks.copy()
    head = [NOSE, LEFT_EAR, RIGHT_EAR]
    crowded[head, :2] += 0.6 * (crowded[list(SHOULDERS), :2].mean(axis=0) - crowded[head, :2])
    half = np.float32([one.region[0], one.region[0] + 0.5 * (one.region[1] - one.region[0])])
    small = replace(one, landmarks=crowded, region=half)
    mask[: 165 - round(0.8 * 160)] = 0
    headless = replace(small, matte=figure.detection(0, mask).matte)
    radius, least = head_of(small)[2], head_of(headless)[2]
    assert 1.3 * least < radius < 0.16 * 160


def test_heads_and_necks_are_not_known_without_landmarks():
    one = person(Figure(WALKER.middles, has_landmarks=False))
    assert np.isnan(one.heads).all() and np.isnan(one.necks).all()
    known = person(WALKER)
    assert known.heads.shape == (COUNT, 3) and np.isfinite(known.heads).all()
    assert np.isfinite(known.necks).all()


def test_a_silhouette_in_two_pieces_is_poor():
    def hide(index, mask):
        if index < 30:
            mask[95:125] = 0

    one = person(WALKER, hide=hide)
    assert one.poor[:30].all() and not one.poor[30:].any() and not one.well_seen[:30].any()


@pytest.mark.parametrize("hidden_frames", [20, COUNT])
def test_a_person_is_not_seen_well_while_something_hides_a_leg(hidden_frames):
    """Unless it is hidden all the time."""
    found = {n: WALKER.detection(n, WALKER.mask(n, SHAPE)) for n in range(COUNT)}
    hidden = [landmark for pair in (KNEES, ANKLES, HEELS, TOES) for landmark in pair[1:]]
    for n in range(hidden_frames):
        landmarks = found[n].landmarks.copy()
        landmarks[hidden, 3] = 0.3
        found[n] = replace(found[n], landmarks=landmarks)
    one = Person.of(Tracklet(found), SHAPE, (0, COUNT), FPS)
    assert one.seen.all()
    assert one.well_seen.tolist() == [
        hidden_frames == COUNT or n >= hidden_frames for n in range(COUNT)
    ]


def test_a_persons_number_is_that_of_track_and_silhouettes():
    one = person(WALKER).numbered(7)
    assert one.track.track_id == one.silhouettes.track_id == 7
    assert one.position(10) == 10 and one.position(COUNT) is None and one.box(-1) is None


def test_without_landmarks_only_a_box_stands():
    tall = Figure(np.full(1, 160.0), has_landmarks=False)
    assert could_walk(tall.detection(0, tall.mask(0, SHAPE)), SHAPE)


def test_a_person_has_joints_on_the_limbs_where_landmarks_are_known():
    one = person(WALKER)
    joints = one.silhouettes.joints
    assert joints.shape == (COUNT, 19, 3) and (joints[..., 2] > 0).all()
    squares = one.silhouettes.squares
    nose = np.array([one.detections[n].landmarks[[7, 8], :2].mean(0) for n in range(COUNT)])
    at = squares[:, :2] + joints[:, 0, :2] * (squares[:, 2:] - squares[:, :2]) - 0.5
    assert np.abs(at - nose).max() < 1
