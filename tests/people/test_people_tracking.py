"""Drawn people followed both ways, and what is taken for a person."""

from dataclasses import replace

import numpy as np
import pytest
from drawn import BLUE, FPS, YELLOW, DrawnSegmenter, Figure, Scene

from gait_demo.background.shots import ShotDetector
from gait_demo.options import Options, PeopleOptions
from gait_demo.people.disjoint_mattes import make_disjoint
from gait_demo.people.tracking import Tracker, Tracklet
from gait_demo.pipeline.analysis import Analyser

pytestmark = pytest.mark.slow

OPTIONS = PeopleOptions()
COUNT = 60


def followed(scene, options=OPTIONS):
    """What a tracker makes of a scene."""
    frames = [frame.rgb for frame in scene.frames]
    tracker = Tracker(scene.segmenter(), FPS, options)
    for index, rgb in enumerate(frames):
        tracker.update(index, rgb)
    return tracker.finish(frames.__getitem__, 1.0)


def people(scene, options=OPTIONS):
    return [one for one in followed(scene, options) if one.is_person(options)]


def whose(scene, tracklet):
    """Number of the figure that is nearest to a tracklet, in each frame of it."""
    middles = np.stack([figure.middles for figure in scene.figures])
    return {
        int(np.nanargmin(np.abs(middles[:, index] - one.middle[0])))
        for index, one in tracklet.seen.items()
    }


def test_a_walker_is_one_person_from_the_first_to_the_last_frame():
    scene = Scene((Figure.walking(60, 260, COUNT),))
    (walker,) = people(scene)
    assert sorted(walker.seen) == list(range(COUNT))
    for index, one in walker.seen.items():
        assert abs(one.middle[0] - scene.figures[0].middles[index]) < 3


def test_tracker_looks_for_others_at_the_pace_of_the_options():
    scene = Scene((Figure.walking(60, 260, COUNT),))
    segmenter = scene.segmenter()
    tracker = Tracker(segmenter, FPS, PeopleOptions(look_every_s=0.2))
    for frame in scene.frames:
        tracker.update(frame.index, frame.rgb)
    assert [index for index, detect in segmenter.asked if detect] == list(range(0, COUNT, 5))


@pytest.mark.parametrize(("fps", "stride"), [(30, 1), (50, 2), (120, 5)])
def test_tracker_of_fast_video_interpolates_between_the_frames_it_reads(fps, stride):
    scene = Scene((Figure.walking(60, 260, COUNT),))
    segmenter, options = scene.segmenter(), PeopleOptions()
    tracker = Tracker(segmenter, fps, options)
    frames = [frame.rgb for frame in scene.frames]
    for index, rgb in enumerate(frames):
        tracker.update(index, rgb)
    assert [index for index, _ in segmenter.asked] == list(range(0, COUNT, stride))
    (walker,) = tracker.finish(frames.__getitem__, 1.0)
    assert walker.is_person(options) and sorted(walker.seen) == list(range(COUNT))
    for index, one in walker.seen.items():
        late = max(0, index - (COUNT - 1) // stride * stride)  # after the last frame that was read
        assert abs(one.middle[0] - scene.figures[0].middles[index]) < 4 + 4 * late
        assert not one.is_moved


class Confused(Figure):
    """Whose legs the network exchanges in some frames."""

    def detection(self, index, visible, scale=1.0):
        one = super().detection(index, visible, scale)
        if 30 < index < 38 and one is not None and one.landmarks is not None:
            landmarks = one.landmarks.copy()
            landmarks[23:33] = landmarks[[24, 23, 26, 25, 28, 27, 30, 29, 32, 31]]
            one = replace(one, landmarks=landmarks)
        return one


@pytest.mark.parametrize("missed", [(), range(20, 26)])
@pytest.mark.parametrize("fps", [25, 50])
def test_tracker_puts_legs_on_their_sides(fps, missed):
    """Also if a gap, over which nobody knows how they moved, lies before."""
    ankles = []
    for kind in (Figure, Confused):
        walking = kind.walking(60, 260, COUNT, stride=0.35 * FPS / fps)
        scene = Scene((walking.missed(missed),))
        tracker, frames = Tracker(scene.segmenter(), fps, OPTIONS), [f.rgb for f in scene.frames]
        for index, rgb in enumerate(frames):
            tracker.update(index, rgb)
        (walker,) = tracker.finish(frames.__getitem__, 1.0)
        ankles.append(np.stack([one.landmarks[27:29, 0] for _, one in sorted(walker.seen.items())]))
    apart = abs(ankles[0][:, 0] - ankles[0][:, 1]) > 5
    assert apart.sum() > 30 and np.array_equal(ankles[0][apart], ankles[1][apart])


def test_tracker_keeps_ids_through_a_crossing():
    scene = Scene((
        Figure.walking(60, 260, COUNT),
        Figure.walking(260, 60, COUNT, colour=YELLOW),
    ))  # fmt: skip
    found = people(scene)
    assert len(found) == 2
    assert sorted(tuple(whose(scene, one)) for one in found if len(one.seen) > 40)
    middle = range(COUNT // 2 - 4, COUNT // 2 + 4)  # where either is as near
    for one in found:
        away = replace(one, seen={n: seen for n, seen in one.seen.items() if n not in middle})
        assert len(whose(scene, away)) == 1
        assert min(one.seen) == 0 and max(one.seen) == COUNT - 1


def test_tracker_never_swaps_two_people_who_are_far_apart():
    scene = Scene((
        Figure.walking(60, 110, COUNT).missed(range(1, COUNT, 3)),
        Figure.walking(260, 210, COUNT, colour=YELLOW).missed(range(2, COUNT, 3)),
    ))  # fmt: skip
    found = people(scene)
    assert len(found) == 2
    assert sorted(next(iter(whose(scene, one))) for one in found) == [0, 1]
    assert all(len(whose(scene, one)) == 1 for one in found)


def test_a_person_found_late_is_followed_back_to_the_first_frame():
    """The look in frame 0 shows nobody; the next one is in frame 10."""
    scene = Scene((Figure.walking(60, 260, COUNT).missed([0]),))
    (walker,) = people(scene)
    assert sorted(walker.seen) == list(range(1, COUNT))


def test_a_person_who_is_missed_for_a_moment_is_followed_back_into_it():
    """Missed in frame 22 and found again by the look in frame 30."""
    scene = Scene((Figure.walking(60, 260, COUNT).missed([22]),))
    (walker,) = people(scene)
    assert sorted(walker.seen) == [n for n in range(COUNT) if n != 22]


def test_following_back_ends_where_another_is_already_known():
    scene = Scene((
        Figure.walking(60, 260, COUNT),
        Figure.walking(90, 290, COUNT, colour=YELLOW).missed(range(30)),
    ))  # fmt: skip
    found = people(scene)
    assert len(found) == 2
    for index in range(COUNT):
        here = [one.seen[index].middle[0] for one in found if index in one.seen]
        assert len(here) < 2 or abs(here[0] - here[1]) > 10


@pytest.mark.parametrize(("colour", "persons"), [(BLUE, 1), (YELLOW, 2)])
def test_two_tracks_around_a_long_gap_are_one_person_if_the_clothes_agree(colour, persons):
    """1.4 s behind something: longer than the tracker predicts."""
    hidden, count = range(30, 65), 100
    way = np.linspace(40, 280, count)
    before, after = way.copy(), way.copy()
    before[30:], after[: hidden[-1] + 1] = np.nan, np.nan
    scene = Scene((Figure(before), Figure(after, colour=colour)))
    found = people(scene)
    assert len(found) == persons
    if persons == 1:
        assert not set(hidden) & found[0].seen.keys() and max(found[0].seen) == count - 1


def test_two_tracks_around_a_gap_are_two_people_if_the_places_do_not_fit():
    before, after = np.linspace(30, 90, 100), np.linspace(200, 290, 100)
    before[30:], after[:65] = np.nan, np.nan
    assert len(people(Scene((Figure(before), Figure(after))))) == 2


def test_a_thing_that_never_moves_is_nobody_and_who_sways_is():
    scene = Scene((Figure.standing(100, COUNT, presence=0.98),))
    (thing,) = followed(scene)
    assert thing.is_motionless and not thing.is_person(OPTIONS)
    (still,) = people(Scene((Figure.standing(100, COUNT, presence=0.999),)))
    assert still.is_motionless
    sways = Figure(100 + 3 * np.sin(0.4 * np.arange(COUNT)), stride=0.0)
    (person,) = people(Scene((sways,)))
    assert sorted(person.seen) == list(range(COUNT))


def test_who_stands_for_half_of_the_clip_is_a_person():
    way = np.concatenate([np.linspace(60, 160, COUNT // 2), np.full(COUNT, 160.0)])
    (person,) = people(Scene((Figure(way, stride=0.0),)))
    assert len(person.seen) == len(way)


@pytest.mark.parametrize("frames", [1, 2, 3, 10])
def test_so_many_sure_frames_make_a_person(frames):
    way = np.full(COUNT, np.nan)
    way[10 : 10 + frames] = np.linspace(100, 100 + 3 * frames, frames)
    found = people(Scene((Figure(way),)))
    assert len(found) == (frames >= OPTIONS.sure_frames)


@pytest.mark.parametrize(
    ("figure", "persons"),
    [
        ({"presence": 0.999, "score": 0.9}, 1),
        ({"presence": 0.98, "score": 0.9}, 1),  # the detector is sure
        ({"presence": 0.5, "score": 0.9}, 0),
        ({"presence": 0.98, "score": 0.4}, 0),  # neither is
        ({"presence": 0.999, "score": 0.08}, 0),  # of no detector's
        ({"has_landmarks": False, "score": 0.6}, 1),
        ({"has_landmarks": False, "score": 0.4}, 0),
    ],
)
def test_a_person_is_sure_of_landmarks_and_of_a_detector(figure, persons):
    assert len(people(Scene((Figure.walking(60, 260, COUNT, **figure),)))) == persons


@pytest.mark.parametrize(("presence", "persons"), [(0.98, 0), (0.999, 2)])
def test_tracker_takes_scores_of_neighbouring_frames_for_one(presence, persons):
    """Who overlaps is looked for in every frame; ten frames hold a single look in turn."""
    pair = [Figure.standing(x, 10, presence=presence, score=0.9) for x in (100, 112)]
    assert len(people(Scene(tuple(pair)))) == persons


def test_tracklet_is_judged_by_what_was_read_of_it():
    """Frames in which only a detector saw it say nothing about presence."""
    figure = Figure.standing(100, COUNT, presence=0.7, score=0.2)
    read = {n: figure.detection(n, figure.mask(n, (180, 320))) for n in range(10)}
    moved = {n: read[9].moved([0, 0]).scored(0.9) for n in range(10, COUNT)}
    assert not Tracklet(read | moved).is_person(OPTIONS)


@pytest.mark.parametrize(("sure", "persons"), [(0, False), (1, True)])
def test_frames_are_sure_by_landmarks_or_by_a_detector(sure, persons):
    """Somebody behind a wall, of whom either is sure now and then."""
    figure = Figure.standing(100, COUNT, presence=0.9, score=0.0)
    seen = {n: figure.detection(n, figure.mask(n, (180, 320))) for n in range(COUNT)}
    seen |= {n: seen[n].scored(0.8) for n in (0, 12)}
    seen |= {n: replace(seen[n], presence=0.995) for n in range(20, 20 + sure)}
    assert Tracklet(seen).is_person(OPTIONS) == persons


def test_nobody_is_followed_in_an_empty_scene():
    assert followed(Scene((Figure(np.full(20, np.nan)),))) == []
    assert Tracker(Scene((Figure.standing(9, 1),)).segmenter(), FPS, OPTIONS).finish(None, 1) == []


def test_a_cut_ends_all_tracks(tmp_path):
    """The same walker goes on over a cut: another person as far as anybody can know."""
    scene = Scene((Figure.walking(40, 280, 2 * COUNT),), cuts=(COUNT,))
    detector = ShotDetector()
    assert [frame.index for frame in scene.frames if detector.is_cut(frame.rgb)] == [COUNT]
    source = scene.write(tmp_path / "cut.mp4")
    analyser = Analyser(source, scene.segmenter(), Options(), lambda *_: None)
    analysis = analyser.run(tmp_path / "analysis")
    spans = sorted(
        (one.track.first_frame, one.track.first_frame + len(one.track)) for one in analysis.people
    )
    assert spans == [(0, COUNT), (COUNT, 2 * COUNT)]


REFLECTION = Figure.walking(70, 250, COUNT, feet=150, tall=50, is_refused=True, score=0.4)


@pytest.mark.parametrize(
    ("figure", "found"),
    [
        (REFLECTION, True),
        (replace(REFLECTION, middles=np.full(COUNT, 160.0)), False),
        (replace(REFLECTION, middles=np.linspace(150, 170, COUNT)), False),
        (replace(REFLECTION, score=0.2), False),
        (REFLECTION.missed(range(13, COUNT)), False),
        (Figure.walking(260, 60, COUNT, tall=50, is_refused=True, score=0.4), False),
    ],
    ids=["moving", "still", "hardly moving", "doubtful", "seen twice", "the walker's legs"],
)
def test_tracker_accepts_what_the_landmark_network_refuses_only_where_it_moves(figure, found):
    scene = Scene((Figure.walking(260, 60, COUNT), figure))
    tracks = people(scene)
    assert len(tracks) == 1 + found
    for one in tracks[1:]:
        assert one.is_refused and sorted(one.seen) == list(range(0, COUNT, 12))


@pytest.mark.parametrize(("rate", "found"), [(0, True), (3, False)])
def test_tracker_accepts_nothing_refused_that_only_the_camera_moves(rate, found):
    """Of a thing that stands where a detector sees the reflection, before a camera that pans."""
    thing = Scene((Figure.standing(70, COUNT, feet=150, tall=50),))
    frames, tracker = [], Tracker(Scene((REFLECTION,)).segmenter(), FPS, OPTIONS)
    for frame in thing.frames:
        frames.append(np.roll(frame.rgb, rate * frame.index, axis=1))
        frames[-1][:10] = frame.rgb[:10]  # the frame's number
        tracker.update(frame.index, frames[-1])
    assert len(tracker.finish(frames.__getitem__, 1.0)) == found


class SeesAGhost(DrawnSegmenter):
    """Sees at every walker somebody else as well, of whom it is not sure, and shares their pixels
    between the two."""

    def __call__(self, rgb, before=(), detect=True, others=()):
        people = super().__call__(
            rgb, [one for one in before if one.presence > 0.9], detect, others
        )
        ghosts = [
            replace(
                one,
                presence=0.8,
                score=0.0,
                landmarks=one.landmarks + np.float32([12, 0, 0, 0]),
                region=one.region + np.float32([12, 0]),
            )
            for one in people
        ]
        return make_disjoint([*people, *ghosts])


def test_people_keep_the_pixels_that_were_shared_with_what_is_no_person():
    scene = Scene((Figure.walking(60, 260, COUNT),))
    tracker, frames = Tracker(SeesAGhost(scene), FPS, OPTIONS), [f.rgb for f in scene.frames]
    for index, rgb in enumerate(frames):
        tracker.update(index, rgb)
    (walker,) = [one for one in tracker.finish(frames.__getitem__, 1.0) if one.is_person(OPTIONS)]
    for index, one in walker.seen.items():
        seen = one.matte.drawn(0, 0, *scene.shape[::-1]) > 0.5
        assert (seen == scene.mask(0, index)).mean() > 0.999
