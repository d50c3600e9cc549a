"""Nobody who was seen passes through: what is left of people once they are taken out of a frame."""

from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import scenes
from gait_demo.doubts import spread
from gait_demo.sightings import Sightings
from gait_demo.tracks import follow_people

from gait_demo.background.foreground import ForegroundClip
from gait_demo.background.learning import build_plate
from gait_demo.background.plate import NoPlate
from gait_demo.clock import Clock
from gait_demo.config import AnonymizeOptions, PipelineOptions, TrackOptions
from gait_demo.people.yolo import Detections
from gait_demo.pipeline.analysis import Person, everybody
from gait_demo.pipeline.composing import Composer, chosen_people
from gait_demo.pipeline.coverage import unfollowed, warnings
from gait_demo.pipeline.pipeline import Pipeline
from gait_demo.silhouettes import extract

CROSSING = {"frames": 60, "paths": ((60, 260),)}
UNKNOWN = NoPlate((180, 320))


def composer(
    masks, foreground, plate, *, every=1, misses=(), scores=(0.9, 0.9), most=8, person=None,
    whole=None,
):  # fmt: skip
    """Of a clip in which a detector saw the masks, (people, T, H, W), but for the misses,
    (person, frame); `whole` are the masks around which it had its boxes, if others."""
    whole = masks if whole is None else whole
    shape = masks.shape[2:]
    clip = ForegroundClip(shape, 1.0, isinstance(plate, NoPlate) is False)
    sightings = Sightings(shape, 1.0)
    for t, standing_out in enumerate(foreground):
        there = [n for n, mask in enumerate(masks[:, t]) if mask.any() and (n, t) not in misses]
        corners = [cv2.boundingRect(whole[n, t]) for n in there]
        boxes = np.array([[x, y, x + w, y + h] for x, y, w, h in corners], np.float32)
        seen = Detections(
            boxes.reshape(-1, 4),
            np.array([scores[n] for n in there], np.float32),
            masks[there, t].reshape(-1, *shape),
        )
        clip.append(standing_out)
        sightings.append(None if t % every else seen, standing_out)
    tracks = follow_people(sightings, clip, scenes.FPS)
    people = tuple(
        Person.of(track, extract(clip, track, tracks, sightings), sightings, scenes.FPS)
        for track in tracks
    )
    if isinstance(plate, NoPlate):
        plate = plate.without(everybody(sightings, tracks), scenes.FPS)
    analysis = SimpleNamespace(
        plate=plate, foreground=clip, sightings=sightings, people=people,
        info=SimpleNamespace(fps=scenes.FPS),
    )  # fmt: skip
    chosen = AnonymizeOptions(person=person)
    options = PipelineOptions(anonymize=chosen, tracks=TrackOptions(max_people=most))
    return Composer(analysis, None, options, Clock())


def left(composer, frame, mask):
    """The share of a person's pixels that stay as they were; whether somebody was said to be lost,
    and whether somebody else was said to be erased."""
    rgb = frame.rgb.copy()
    lost, erased = composer._eraser.erase(rgb, frame.index)
    same = np.abs(rgb.astype(int) - frame.rgb).max(axis=2) < 12
    return same[mask > 0].mean(), lost, erased


def told(composer):
    """Of what a report warns."""
    analysis = composer._analysis
    times = np.arange(len(analysis.sightings)) / scenes.FPS
    return warnings(analysis.people, times) + unfollowed(analysis.sightings, times)


def changed_at(frame, other, mask):
    """A frame with another's pixels in the mask."""
    return replace(frame, rgb=np.where(mask[..., None] > 0, other.rgb, frame.rgb))


@pytest.fixture(scope="module")
def crossing():
    frames, _, masks = scenes.walk(**CROSSING)
    return frames, masks, build_plate(iter(frames))


@pytest.mark.parametrize("index", [30, 31, 32, 33])
def test_between_two_looks_with_half_the_foreground(crossing, index):
    frames, masks, plate = crossing
    foreground = masks[0].copy()
    foreground[:, :115] = 0  # only the legs stand out
    share, lost, _ = left(
        composer(masks, foreground, plate, every=4), frames[index], masks[0, index]
    )
    assert share < 0.06 and not lost


def test_somebody_lost_on_a_still_camera(crossing):
    frames, masks, plate = crossing
    misses = [(0, t) for t in range(28, 36)]
    here = composer(masks, np.zeros_like(masks[0]), plate, misses=misses)
    share, lost, _ = left(here, frames[31], masks[0, 31])
    assert share < 0.06 and lost


@pytest.mark.parametrize("blind", [range(20), range(40, 60)])
def test_whom_both_miss_at_an_end_is_followed_by_prediction(crossing, blind):
    frames, masks, plate = crossing
    foreground = masks[0].copy()
    foreground[blind] = 0
    here = composer(masks, foreground, plate, misses=[(0, t) for t in blind])
    for index in blind:
        share, lost, _ = left(here, frames[index], masks[0, index])
        assert share < 0.1 and lost, index


def test_a_child_seen_now_and_then_is_erased_all_the_time():
    frames, _, masks = scenes.walk(frames=60, paths=((60, 260),))
    child = scenes.walk(frames=60, paths=((76, 276),), tall=60)[2]
    misses = [(1, t) for t in range(60) if not 20 <= t < 44]
    both = np.concatenate([masks, child])
    here = composer(both, np.zeros_like(masks[0]), UNKNOWN, misses=misses)
    assert len(here._people) == 1  # who is erased, but not drawn
    for index in (5, 15, 50, 55):
        assert left(here, frames[index], child[0, index])[0] < 0.1, index


def test_the_one_person_chosen_is_looked_for_where_prediction_has_them_gone():
    frames, _, masks = scenes.walk(frames=150, paths=((20, 275), (60, 60)))
    stands = scenes.walk(frames=50, paths=((20, 275),))[2]
    masks[0, :50], masks[0, 50:] = stands[0], stands[0, -1]
    misses = [(0, t) for t in range(50, 150)]
    here = composer(masks, np.zeros_like(masks[0]), UNKNOWN, misses=misses, person=2)
    sightings = here._analysis.sightings
    seen = sightings.frames[49][0]
    for look in sightings.frames[90:]:
        look.append(replace(seen, score=0.3))
    assert {person.track.track_id for person in here._people} == {2}
    for index in (95, 120, 149):
        assert left(here, frames[index], masks[0, index])[0] < 0.1, index


@pytest.mark.parametrize("person", [None, 1])
@pytest.mark.parametrize("blind", [range(10), range(50, 60)])
def test_whom_subtraction_misses_at_an_end_is_followed_by_the_detector(crossing, person, blind):
    frames, masks, plate = crossing
    foreground = masks[0].copy()
    foreground[blind] = 0
    here = composer(masks, foreground, plate, person=person)
    for index in blind:
        assert left(here, frames[index], masks[0, index])[0] < 0.06, index


@pytest.mark.parametrize(
    ("where", "score", "misses"),
    [
        (190, 0.9, range(0, 60, 2)),  # never in two looks running
        (190, 0.9, [t for t in range(60) if not 20 <= t < 24]),  # surely, but briefly
        (190, 0.42, range(20, 40)),
        (260, 0.55, range(20, 40)),  # standing
    ],
)
def test_who_is_hardly_followed_is_erased_all_the_time_and_told(where, score, misses):
    frames, _, masks = scenes.walk(frames=60, paths=((60, 150), (260, where)))
    unseen = [(1, t) for t in misses]
    nothing = np.zeros_like(masks[0])
    here = composer(masks, nothing, UNKNOWN, misses=unseen, scores=(0.9, score))
    for index in range(60):
        assert left(here, frames[index], masks[1, index])[0] < 0.1, index
    assert told(here)


def test_who_is_too_small_is_erased_where_missed_and_told():
    frames, _, masks = scenes.walk(frames=60, paths=((60, 150),))
    small, _, mask = scenes.walk(frames=60, paths=((260, 190),), tall=44)
    both = np.concatenate([masks, mask])
    here = composer(both, np.zeros_like(both[0]), UNKNOWN, misses=[(1, t) for t in range(20, 40)])
    for index in range(60):
        assert left(here, small[index], mask[0, index])[0] < 0.1, index
    assert "somebody seems to be there" in " ".join(told(here))


@pytest.mark.parametrize("score", [0.3, 0.4])
def test_two_side_by_side_of_whom_each_is_seen_in_every_other_look_are_erased(score):
    frames, _, masks = scenes.walk(frames=80, paths=((60, 160), (98, 198), (300, 240)))
    misses = [(n, t) for t in range(80) for n in (0, 1) if t % 2 == n]
    nothing = np.zeros_like(masks[0])
    here = composer(masks, nothing, UNKNOWN, misses=misses, scores=(score, score, 0.9))
    for index in range(80):
        for mask in masks[:2, index]:
            assert left(here, frames[index], mask)[0] < 0.1, index
    assert told(here)


@pytest.mark.parametrize("apart", [12, 16, 25])
@pytest.mark.parametrize("turn", [1, 3])
def test_two_who_are_seen_in_turns_and_taken_for_one_are_erased(apart, turn):
    frames, _, masks = scenes.walk(frames=80, paths=((60, 160), (60 + apart, 160 + apart)))
    misses = [(1 - t // turn % 2, t) for t in range(80)]
    here = composer(masks, np.zeros_like(masks[0]), UNKNOWN, misses=misses)
    for index in range(4, 76):
        for mask in masks[:, index]:
            assert left(here, frames[index], mask)[0] < 0.1, index


def test_a_child_seen_in_few_looks_is_erased_all_the_time():
    frames, _, masks = scenes.walk(frames=120, paths=((60, 260),))
    child = scenes.walk(frames=120, paths=((76, 276),), tall=60)[2]
    both = np.concatenate([masks, child])
    misses = [(1, t) for t in range(120) if t % 5]
    here = composer(both, np.zeros_like(masks[0]), UNKNOWN, misses=misses)
    for index in range(120):
        assert left(here, frames[index], child[0, index])[0] < 0.1, index


def test_looks_that_were_bridged_are_nobody_else(crossing):
    _, masks, _ = crossing
    here = composer(masks, np.zeros_like(masks[0]), UNKNOWN)
    sightings, (person,) = here._analysis.sightings, here._analysis.people
    for frame in range(20, 40):  # as bridging does with looks that are not sure
        bridged = replace(sightings.frames[frame][0], bridged=True)
        person.track.sightings[frame] = len(sightings.frames[frame])
        sightings.frames[frame].append(bridged)
    spread(sightings, [person.track], scenes.FPS)
    assert sightings.unfollowed == [] and max(map(len, sightings.frames)) == 2


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("looks", [3, 4, 8])
def test_who_stands_is_erased_where_they_stand_for_a_second(looks, seed):
    """Boxes are not exact, and few of them tell no speed."""
    frames, _, masks = scenes.walk(frames=60, paths=((60, 150), (260, 260)))
    masks[1] = masks[1, 0]
    jitter = np.random.default_rng(seed).normal(0, 3, 60).round().astype(int)
    seen = masks.copy()
    seen[1] = [np.roll(mask, by, axis=1) for mask, by in zip(masks[1], jitter, strict=True)]
    unseen = [(1, t) for t in range(60) if not 25 <= t < 25 + looks]
    here = composer(seen, np.zeros_like(masks[0]), UNKNOWN, misses=unseen, scores=(0.9, 0.4))
    truth = scenes.walk(frames=60, paths=((260, 260),))
    for index in (*range(5, 25), *range(25 + looks, 45)):
        picture = changed_at(frames[index], truth[0][0], masks[1, 0])
        assert left(here, picture, masks[1, 0])[0] < 0.25, index


def test_a_walker_whom_subtraction_misses_for_a_while_is_nobody_else(crossing):
    _, masks, plate = crossing
    foreground = masks[0].copy()
    foreground[28:36] = 0
    assert told(composer(masks, foreground, plate)) == []


@pytest.mark.parametrize("rows", [slice(70), slice(115, None)])
def test_what_the_mask_lacks_but_the_detectors_box_holds_is_erased(crossing, rows):
    frames, masks, _ = crossing
    parts, missing = masks.copy(), np.zeros_like(masks)
    parts[0, 15:50, rows] = 0
    missing[:, :, rows] = masks[:, :, rows]
    here = composer(parts, np.zeros_like(masks[0]), UNKNOWN, whole=masks)
    for index in range(15, 50):
        assert left(here, frames[index], missing[0, index])[0] < 0.1, index


@pytest.mark.parametrize("still", [False, True])
def test_a_head_that_the_mask_lacks_is_erased(crossing, still):
    frames, masks, plate = crossing
    headless, heads = masks.copy(), masks.copy()
    headless[0, 28:40, :70] = 0
    heads[:, :, 70:] = 0
    foreground = headless[0] if still else np.zeros_like(masks[0])
    here = composer(headless, foreground, plate if still else UNKNOWN)
    for index in range(28, 40):
        assert left(here, frames[index], heads[0, index])[0] < 0.1, index


def test_who_stops_near_the_border_is_told():
    places = np.minimum(30 + 10 * np.arange(60), 270)
    masks = np.array([[scenes.figure((180, 320), x, 165, 110, 0.35 * x / 10) for x in places]])
    nothing = np.zeros_like(masks[0])
    here = composer(masks, nothing, UNKNOWN, misses=[(0, t) for t in range(25, 60)])
    (text,) = told(here)
    assert "person 1 at 1.0-1.2 s (" in text


@pytest.mark.parametrize("gone", [range(25, 60), range(35), range(20, 45)])
def test_somebody_lost_for_long_while_the_camera_moves(crossing, gone):
    frames, masks, _ = crossing
    nothing = np.zeros_like(masks[0])
    here = composer(masks, nothing, UNKNOWN, misses=[(0, t) for t in gone])
    for index in gone:
        share, lost, erased = left(here, frames[index], masks[0, index])
        assert share < 0.1 and (lost or erased), index


@pytest.mark.parametrize("gone", [range(40, 60), range(20)])
def test_who_stays_half_in_the_picture_has_not_left(gone):
    frames, _, masks = scenes.walk(frames=60, paths=((14, 8),), tall=130)
    nothing = np.zeros_like(masks[0])
    misses = [(0, t) for t in gone]
    here = composer(masks, nothing, UNKNOWN, misses=misses)
    for index in gone:
        share, lost, _ = left(here, frames[index], masks[0, index])
        assert share < 0.1 and lost, index


def test_who_walks_out_was_not_lost():
    frames, _, masks = scenes.walk(frames=60, paths=((-60, 380),))
    here = composer(masks, np.zeros_like(masks[0]), UNKNOWN)
    there = [frame for frame in frames if masks[0, frame.index].any()]
    assert not any(left(here, frame, masks[0, frame.index])[1] for frame in there)


def test_who_is_lost_is_not_drawn_for_ever(crossing):
    frames, masks, _ = crossing
    gone = [(0, t) for t in range(30, 60)]
    here = composer(masks, np.zeros_like(masks[0]), UNKNOWN, misses=gone)
    (drawn,) = here._drawn
    assert drawn[:45].all() and not drawn[52:].any()
    (person,) = here._people
    squares = person.silhouettes.squares.copy()
    squares[35:, 1] = squares[35:, [1, 3]].mean(axis=1)  # prediction has them half as tall
    silhouettes = replace(person.silhouettes, squares=squares)
    drawn = here._is_drawn(replace(person, silhouettes=silhouettes))
    assert drawn[:35].all() and not drawn[35:].any()


def test_who_is_not_seen_as_a_walker_is_not_drawn(crossing):
    _, masks, _ = crossing
    here = composer(masks, np.zeros_like(masks[0]), UNKNOWN)
    (person,) = here._people
    assert here._is_drawn(person).all()
    squares, well = person.silhouettes.squares.copy(), np.arange(60) < 20
    squares[30:40, 1] -= squares[30:40, 3] - squares[30:40, 1]  # seen twice as tall
    giant = replace(person, well=well, silhouettes=replace(person.silhouettes, squares=squares))
    assert np.flatnonzero(~here._is_drawn(giant)).tolist() == list(range(30, 40))
    unknown = replace(giant, well=np.zeros(60, bool))
    assert here._is_drawn(unknown).all()
    lying = replace(person, fallen=np.arange(60) >= 50)
    assert np.flatnonzero(~here._is_drawn(lying)).tolist() == list(range(50, 60))


@pytest.mark.parametrize("known", [True, False])
def test_the_one_person_chosen_is_still_the_same_under_another_number(known):
    frames, _, masks = scenes.walk(frames=150, paths=((40, 280), (300, 300)))
    misses = [(0, t) for t in range(45, 100)]
    plate = build_plate(iter(frames)) if known else UNKNOWN
    here = composer(masks, np.zeros_like(masks[0]), plate, misses=misses, person=2)
    numbers = {person.track.track_id for person in here._people}
    assert len(here._analysis.people) == 3 and numbers == {2, 3}
    for index in range(0, 150, 5):
        assert left(here, frames[index], masks[0, index])[0] < 0.1, index
    assert left(here, frames[20], masks[1, 20])[0] > 0.9  # the other stays in clear


@pytest.mark.parametrize("every", [1, 2])
def test_a_neighbour_stays_whole_beside_the_one_person_chosen_who_is_seen_in_part(every):
    frames, _, masks = scenes.walk(frames=60, paths=((60, 200), (100, 240)))
    plate, both = build_plate(iter(frames)), masks.max(axis=0)
    seen = masks.copy()
    seen[1, 25:30, 130:] = 0  # without the legs, the whole box is erased
    both[25:30, 130:] = masks[0, 25:30, 130:]
    here = composer(seen, both, plate, person=2, every=every)
    (chosen,) = here._people
    assert chosen.track.xyxy[0, 0] > 70 and chosen.partial[27]
    for index in range(20, 35):
        mine, theirs = masks[1, index] & ~masks[0, index], masks[0, index] & ~masks[1, index]
        assert left(here, frames[index], mine)[0] < 0.1, index
        assert left(here, frames[index], theirs)[0] > 0.88, index


@pytest.mark.parametrize("person", [1, 2])
@pytest.mark.parametrize("every", [1, 2])
def test_the_one_person_chosen_is_erased_where_another_overlaps(person, every):
    frames, _, masks = scenes.walk(frames=80, paths=((60, 260), (260, 60)))
    seen = masks.copy()
    seen[0][masks[1] > 0] = 0  # behind the other
    hidden = [(0, t) for t in range(80) if seen[0, t].sum() < 0.5 * masks[0, t].sum()]
    plate, both = build_plate(iter(frames)), masks.max(axis=0)
    here = composer(seen, both, plate, every=every, misses=hidden, person=person)
    (chosen,) = here._people
    mine = seen[int(chosen.track.xyxy[0, 0] > 160)]
    for index in range(30, 50):
        assert left(here, frames[index], mine[index])[0] < 0.06, index


def test_who_stands_where_another_is_predicted_is_not_seen_together_with_them():
    xs = 40 + 1.4 * np.arange(150)
    xs[104:] = xs[103] - 2 * np.arange(1, 47)  # turns back after being found again
    frames, _, masks = scenes.walk(frames=150, paths=((40, 250), (100, 323)))
    for t, x in enumerate(xs):
        masks[0, t] = scenes.figure((180, 320), x, 165, 110, 0.35 * t)
    foreground = masks.max(axis=0)
    foreground[:, 160:172] = 1  # the floor flickers
    misses = [(0, t) for t in range(45, 100)]
    analysis = composer(masks, foreground, build_plate(iter(frames)), misses=misses)._analysis
    for person in (2, 3):  # before and after they were lost
        options = PipelineOptions(anonymize=AnonymizeOptions(person=person))
        assert {p.track.track_id for p in chosen_people(analysis, options)} == {2, 3}


@pytest.mark.parametrize("misses", [(), range(20, 45), range(34)])
def test_an_unsure_adult_on_the_feet_of_a_surer_child_is_erased(misses):
    frames, _, adult = scenes.walk(frames=60, paths=((60, 260),), tall=130)
    child = scenes.walk(frames=60, paths=((74, 274),), tall=72)[2]
    whole = np.concatenate([adult | child, child])
    seen = np.concatenate([adult, child])
    if not misses:
        seen[0, :, :62] = 0  # a mask without the head
    here = composer(
        seen, np.zeros_like(seen[0]), UNKNOWN, scores=(0.55, 0.9), whole=whole,
        misses=[(0, t) for t in misses],
    )  # fmt: skip
    assert [person.track.is_part for person in here._analysis.people].count(False) == 1
    alone = adult[0] & ~child[0]
    assert max(left(here, frames[t], alone[t])[0] for t in range(0, 60, 3)) < 0.1


def test_whom_the_lower_border_cuts_lacks_nothing():
    masks = np.zeros((1, 60, 180, 320), np.uint8)
    for t in range(60):
        masks[0, t] = scenes.figure((180, 320), 160, 240 - 1.5 * t, 110, 0.35 * t)
    (person,) = composer(masks, np.zeros_like(masks[0]), UNKNOWN)._analysis.people
    assert person.track.xyxy[5, 3] > 210 and not person.partial.any()
    for t in range(60):
        masks[0, t] = scenes.figure((180, 320), 160, 150 + 4 * t, 110, 0.35 * t)
    here = composer(masks, np.zeros_like(masks[0]), UNKNOWN)  # they walk out
    assert here._analysis.people[0].lost.sum() <= 3  # of their head alone


def test_whose_legs_are_not_seen_is_erased_whole(crossing):
    frames, masks, _ = crossing
    seen = masks.copy()
    seen[0, 28:34, 120:] = 0
    here = composer(seen, np.zeros_like(masks[0]), UNKNOWN)
    for index in range(28, 34):
        assert left(here, frames[index], masks[0, index])[0] < 0.1, index


def test_who_is_not_followed_is_erased_where_the_detector_is_not_sure():
    frames, _, masks = scenes.walk(frames=60, paths=((60, 150), (260, 260)))
    here = composer(masks, np.zeros_like(masks[0]), UNKNOWN, scores=(0.9, 0.25))
    assert len(here._analysis.people) == 1
    share, lost, erased = left(here, frames[30], masks[1, 30])
    assert share < 0.06 and erased and not lost


def test_who_is_one_too_many_is_erased_even_where_lost():
    frames, _, masks = scenes.walk(frames=60, paths=((60, 150), (250, 200)))
    misses = [(1, t) for t in range(28, 33)]
    nothing = np.zeros_like(masks[0])
    here = composer(masks, nothing, UNKNOWN, misses=misses, most=1)
    assert len(here._analysis.people) == 2 and len(here._people) == 1
    for index in (20, 30):
        assert left(here, frames[index], masks[1, index])[0] < 0.06


@pytest.mark.parametrize("plate", ["known", "unknown"])
def test_nobody_else_is_said_to_be_erased_when_all_are_followed(crossing, plate):
    frames, masks, background = crossing
    foreground = masks[0] if plate == "known" else np.zeros_like(masks[0])
    here = composer(masks, foreground, background if plate == "known" else UNKNOWN)
    assert not any(left(here, frame, masks[0, frame.index])[2] for frame in frames)


def test_nothing_else_changes(crossing):
    frames, masks, plate = crossing
    rgb = frames[30].rgb.copy()
    composer(masks, masks[0], plate)._eraser.erase(rgb, 30)
    near = cv2.dilate(masks[0, 30], np.ones((25, 25), np.uint8)) > 0
    assert np.array_equal(rgb[~near], frames[30].rgb[~near])


@pytest.mark.parametrize("hidden", [range(28, 36), range(45, 60)])
def test_who_stays_in_clear_is_no_stranger_where_the_one_person_chosen_is_not_seen(hidden):
    frames, _, masks = scenes.walk(frames=60, paths=((60, 120), (200, 280)))
    plate, misses = build_plate(iter(frames)), [(0, t) for t in hidden]
    here = composer(masks, masks[1], plate, misses=misses, person=2)
    for index in hidden:
        share, lost, _ = left(here, frames[index], masks[1, index])
        assert share > 0.95 and lost, index


def test_a_part_of_who_is_followed_is_nobody_else(crossing):
    frames, masks, _ = crossing
    both = np.concatenate([masks, np.zeros_like(masks)])
    both[0, 28:34, 120:], both[1, 28:34, 120:] = 0, masks[0, 28:34, 120:]  # legs seen apart
    here = composer(both, np.zeros_like(masks[0]), UNKNOWN, scores=(0.9, 0.25))
    assert len(here._analysis.people) == 1
    for index in range(28, 34):
        share, _, erased = left(here, frames[index], masks[0, index])
        assert share < 0.06 and not erased, index


@pytest.mark.parametrize(("tall", "is_told"), [(16, False), (32, True)])
def test_what_is_too_small_to_be_somebody_is_erased_but_not_told(crossing, tall, is_told):
    frames, masks, plate = crossing
    thing = np.zeros_like(masks[0])
    thing[:, 40 : 40 + tall, 20:32] = 1
    shown = scenes.changed(frames, lambda t, rgb: np.where(thing[t][..., None] > 0, 250, rgb))
    share, _, erased = left(composer(masks, masks[0] | thing, plate), shown[30], thing[30])
    assert share < 0.1 and erased == is_told


@pytest.fixture(scope="module")
def behind():
    """Two who cross, what is seen of them, and when the one behind is hidden."""
    frames, _, masks = scenes.walk(frames=80, paths=((60, 260), (260, 60)))
    shown = masks.copy()
    shown[0][masks[1] > 0] = 0
    hidden = [t for t in range(80) if shown[0, t].sum() < 0.5 * masks[0, t].sum()]
    return frames, masks.max(axis=0), shown, hidden, build_plate(iter(frames))


def test_where_the_detector_sees_both_the_other_stays_in_clear(behind):
    frames, both, shown, hidden, plate = behind
    here = composer(shown, both, plate, misses=[(0, t) for t in hidden], person=1)
    assert here._people[0].track.xyxy[0, 0] < 160  # the one behind
    for index in (33, 34, 35, 43, 44, 45):
        assert left(here, frames[index], shown[1, index])[0] > 0.75, index


def test_whom_the_mask_of_another_holds_is_erased(behind):
    frames, both, shown, hidden, plate = behind
    merged = shown.copy()
    merged[1, hidden] = both[hidden]
    here = composer(merged, both, plate, misses=[(0, t) for t in hidden], person=1)
    for index in hidden:
        assert left(here, frames[index], shown[0, index])[0] < 0.06, index


def test_who_comes_later_hides_no_suspect():
    frames, _, masks = scenes.walk(frames=60, paths=((-160, 220), (260, 260)))
    here = composer(masks, np.zeros_like(masks[0]), UNKNOWN, scores=(0.9, 0.25))
    (person,) = here._analysis.people
    assert person.track.first_frame > 10
    for index in range(10):
        assert left(here, frames[index], masks[1, index])[0] < 0.06, index


def test_who_is_taken_to_be_gone_between_two_looks_is_erased_where_they_were():
    frames, _, masks = scenes.walk(frames=60, paths=((88, 442),))
    frames[41:], masks[0, 41:] = [frames[40]] * 19, masks[0, 40]  # stops, half in the picture
    misses = [(0, t) for t in range(41, 60)]
    here = composer(masks, np.zeros_like(masks[0]), UNKNOWN, every=4, misses=misses)
    (person,) = here._people
    assert person.position(41) is not None and person.position(42) is None
    for index in range(40, 44):
        assert left(here, replace(frames[40], index=index), masks[0, 40])[0] < 0.06, index


def test_who_is_seen_as_tall_as_usual_but_half_as_wide_is_erased_whole(crossing):
    frames, masks, _ = crossing
    half = masks.copy()
    for t in range(28, 34):
        half[0, t, :, : round(60 + 200 * t / 59) + 2] = 0
    here = composer(half, np.zeros_like(masks[0]), UNKNOWN)
    for index in range(28, 34):
        share, lost, _ = left(here, frames[index], masks[0, index])
        assert share < 0.06 and not lost, index


def test_who_is_only_bridged_is_not_seen_together_with_another():
    masks = scenes.walk(frames=60, paths=((60, 150), (260, 260)))[2]
    here = composer(masks, np.zeros_like(masks[0]), UNKNOWN)
    one, two = here._analysis.people
    options = PipelineOptions(anonymize=AnonymizeOptions(person=1))
    assert chosen_people(here._analysis, options) == [one]
    here._analysis.people = (one, replace(two, bridged=two.seen))
    assert len(chosen_people(here._analysis, options)) == 2


@pytest.mark.parametrize("person", [None, 1])
def test_people_too_many_are_warned_of_if_they_are_erased(person):
    masks = scenes.walk(frames=60, paths=((60, 150), (260, 200)))[2]
    misses = [(1, t) for t in range(20, 40)]
    analysis = composer(masks, np.zeros_like(masks[0]), UNKNOWN, misses=misses)._analysis
    analysis.info = SimpleNamespace(fps=scenes.FPS, width=320, height=180)
    analysis.times, analysis.camera, analysis.timings = range(60), "moving", {}
    options = PipelineOptions(
        anonymize=AnonymizeOptions(person=person), tracks=TrackOptions(max_people=1)
    )
    pipeline = Pipeline(SimpleNamespace(weights=[]), options)
    report = pipeline._report(analysis, 0, Counter(), Clock())
    assert any("person 2" in text for text in report["warnings"]) == (person is None)
    listed = [(track["person"], track["drawn"]) for track in report["tracks"]]
    assert listed == [(1, True), (2, False)][: 2 if person is None else 1]


def panned(people, frames=120, step=3):
    """A film by a camera that turns by `step` pixels a frame.

    Args:
        people: where each one's middle is in the first and in the last frame, and would be if the
            camera stood still.

    Returns:
        The frames; what is behind the people in each; their masks (people, T, H, W).
    """
    shape = (180, 320 + step * frames)
    far, scene, masks = scenes.walk(frames, shape, paths=people)
    views = [slice(step * t, step * t + 320) for t in range(frames)]
    film = [replace(f, rgb=f.rgb[:, view].copy()) for f, view in zip(far, views, strict=True)]
    behind = [scene[:, view] for view in views]
    return film, behind, np.stack([masks[:, t, :, view] for t, view in enumerate(views)], axis=1)


@pytest.fixture(scope="module")
def turning():
    """Somebody walks along with the camera, and somebody else stands where it turns past."""
    film, behind, masks = panned(((60, 360), (300, 300)))
    return film, behind, masks, build_plate(iter(film))


def test_before_a_turning_camera_other_frames_show_what_is_behind(turning):
    film, behind, masks, plate = turning
    here = composer(masks, np.zeros_like(masks[0]), plate)
    for index in (40, 50, 60):
        rgb, there = film[index].rgb.copy(), masks[0, index] > 0
        here._eraser.erase(rgb, index)
        wrong = np.abs(rgb.astype(int) - behind[index]).max(axis=2)
        assert wrong[there].mean() < 12 and left(here, film[index], there)[0] < 0.1, index


@pytest.mark.parametrize(
    ("score", "seen", "lacks_head"),
    [
        (0.9, lambda t: t % 5 in (0, 3), False),
        (0.55, lambda t: t % 5 < 3, True),
        (0.55, lambda t: True, True),
        (0.3, lambda t: t % 5 < 3, False),
        (0.4, lambda t: 40 <= t < 60, False),
        (0.4, lambda t: 80 <= t < 100, False),
        (0.9, lambda t: t < 25, False),
    ],
)
def test_who_stands_while_the_camera_turns_past_is_not_painted_back(
    turning, score, seen, lacks_head
):
    film, _, whole, plate = turning
    masks = whole.copy()
    if lacks_head:
        masks[1, :, :72] = 0
    misses = [(1, t) for t in range(len(film)) if not seen(t)]
    looks = {"misses": misses, "scores": (0.9, score), "whole": whole}
    ours, smooth = (
        composer(masks, np.zeros_like(masks[0]), each, **looks) for each in (plate, UNKNOWN)
    )
    for index in range(5, 100, 7):
        now, before = (left(each, film[index], whole[1, index])[0] for each in (ours, smooth))
        assert now < before + 0.1, index
