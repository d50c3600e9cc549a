"""From a video to the frames before encoding: whoever was drawn into it is in none of them."""

from dataclasses import replace
from functools import partial

import cv2
import numpy as np
import pytest
import scenes
from burnt_in import caption
from drawn import SHAPE, YELLOW, DrawnSegmenter, Figure, Scene
from fixed import NOISE

from gait_demo.errors import NoPersonError
from gait_demo.options import ColorizeOptions, Options
from gait_demo.pipeline import Pipeline
from gait_demo.pipeline.analysis import Analyser

pytestmark = pytest.mark.slow

COUNT = 60
SAME_LEVELS = 12  # what differs less is what was there
GREEN = (20, 140, 40)
DEFAULTS = Options(anonymize=NOISE)


WALK = Scene((Figure.walking(50, 270, COUNT),))


def analysis_of(scene, folder, options=DEFAULTS):
    source = scene.write(folder / "clip.mp4")
    analyser = Analyser(source, scene.segmenter(), options, lambda *_: None)
    return analyser.run(folder / "analysis")


@pytest.fixture
def analysed(tmp_path):
    """Analyses a scene with its own segmenter."""
    return partial(analysis_of, folder=tmp_path)


@pytest.fixture(scope="module")
def walk(tmp_path_factory):
    """The analysis of WALK."""
    return analysis_of(WALK, tmp_path_factory.mktemp("walk"))


@pytest.fixture(scope="module")
def walk_results(models, walk):
    """The frames of its result, before encoding."""
    return list(Pipeline(models, DEFAULTS).render_frames(walk, 1))


@pytest.fixture
def composed(models, analysed):
    """The frames of a result of a scene, before encoding."""

    def composed(scene, options=DEFAULTS, seed=1):
        analysis = analysed(scene, options=options)
        return list(Pipeline(models, options).render_frames(analysis, seed))

    return composed


def in_clear(new, mask):
    """Share of a person's pixels that stay as they were, beside what is drawn anew."""
    same = np.abs(new.frame.rgb.astype(int) - new.colorized).max(axis=2) < SAME_LEVELS
    return (same & (mask > 0) & (new.binary == 0)).sum() / max(1, mask.sum())


def check_nobody_in_clear(scene, results, most=0.06):
    assert len(results) == len(scene)
    for new in results:
        for number in range(len(scene.figures)):
            mask = scene.mask(number, new.frame.index)
            if mask.sum() >= 60:
                assert in_clear(new, mask) < most, (new.frame.index, number)


def check_gaits_are_others(scene, results):
    """Of the figure 0: not even like the outline of a moment before."""
    alike = [
        max(
            scenes.iou(new.binary > 127, scene.mask(0, before))
            for before in range(max(0, new.frame.index - 15), new.frame.index + 1)
        )
        for new in results
        if new.covered
    ]
    assert alike and np.mean(alike) < 0.9


def stops(count=2 * COUNT, sway=0.0):
    """A way across half of the picture, and then none."""
    way = np.concatenate([np.linspace(50, 160, count // 2), np.full(count - count // 2, 160.0)])
    return way + sway * np.sin(0.3 * np.arange(count))


def test_who_walks_is_in_no_frame(walk_results):
    check_nobody_in_clear(WALK, walk_results)
    check_gaits_are_others(WALK, walk_results)
    assert all(new.covered and not new.lost and not new.kept for new in walk_results)
    assert not any(new.unchanged for new in walk_results)


def test_who_stands_for_half_of_the_clip_is_in_no_frame(composed):
    scene = Scene((Figure(stops(), stride=0.2),))
    check_nobody_in_clear(scene, composed(scene))


def test_who_stands_all_the_time_is_in_no_frame(composed):
    """What is behind them is never seen."""
    scene = Scene((Figure(160 + 3 * np.sin(0.3 * np.arange(COUNT)), stride=0.05),))
    results = composed(scene)
    check_nobody_in_clear(scene, results, 0.1)
    for new in results:  # nor anything of their colour where they are not drawn
        blue = np.abs(new.colorized.astype(int) - scene.figures[0].colour).max(axis=2) < 25
        assert (blue & (new.binary == 0)).sum() < 0.1 * scene.mask(0, new.frame.index).sum()


def test_who_is_missed_in_every_third_look_is_in_no_frame(composed):
    looks = range(0, 3 * COUNT, 10)
    scene = Scene((Figure.walking(40, 280, 3 * COUNT).missed(looks[::3]),))
    check_nobody_in_clear(scene, composed(scene))


def test_who_is_missed_for_a_second_is_in_no_frame(composed):
    scene = Scene((Figure.walking(40, 280, 2 * COUNT).missed(range(50, 75)),))
    results = composed(scene)
    check_nobody_in_clear(scene, results)
    assert {new.frame.index for new in results if new.lost} == set(range(50, 75))


@pytest.mark.parametrize("frames", [13, 20])
def test_who_is_seen_for_a_moment_is_in_no_frame(composed, frames):
    """As somebody who passes a door; at least for as long as from one look to the next."""
    way = np.full(COUNT, np.nan)
    way[20 : 20 + frames] = np.linspace(200, 200 + 3 * frames, frames)
    scene = Scene((Figure.walking(40, 130, COUNT), Figure(way, colour=YELLOW)))
    check_nobody_in_clear(scene, composed(scene))


def test_two_people_who_cross_are_in_no_frame(composed):
    scene = Scene((
        Figure.walking(50, 270, 2 * COUNT), Figure.walking(270, 50, 2 * COUNT, colour=YELLOW),
    ))  # fmt: skip
    check_nobody_in_clear(scene, composed(scene))


def test_who_leaves_and_comes_back_is_in_no_frame(composed):
    out = np.concatenate([np.linspace(200, 360, COUNT), np.linspace(360, 200, COUNT)])
    scene = Scene((Figure(out),))
    results = composed(scene)
    check_nobody_in_clear(scene, results, 0.08)
    away = [new for new in results if 65 < new.frame.index < 70]  # the new walker leaves later
    assert not any(new.covered for new in away if scene.mask(0, new.frame.index).sum() == 0)


def test_mirror_image_that_the_landmark_network_refuses_is_in_no_frame(models, analysed):
    reflection = Figure.walking(
        70, 250, COUNT, feet=150, tall=50, colour=YELLOW, score=0.4, is_refused=True
    )
    scene = Scene((reflection, Figure.walking(260, 60, COUNT)))
    analysis = analysed(scene)
    check_nobody_in_clear(scene, list(Pipeline(models, DEFAULTS).render_frames(analysis, 1)))
    chosen = replace(DEFAULTS, anonymize=replace(NOISE, person=2))
    with pytest.raises(NoPersonError, match="Person 2 is seen by one detector only"):
        next(iter(Pipeline(models, chosen).render_frames(analysis, 1)))


class BeyondTheBorder(DrawnSegmenter):
    """Sees in every frame somebody else as well, who stands still somewhere in or out of it."""

    def __init__(self, scene, shift):
        super().__init__(scene)
        figure = Figure.standing(160, 1)
        seen = figure.detection(0, figure.mask(0, SHAPE))
        self._one = replace(seen.moved(shift), presence=seen.presence, score=seen.score)

    def __call__(self, rgb, before=(), detect=True, others=()):
        is_wanted = detect or len(before) > len(self._without(before))
        is_known = len(others) > len(self._without(others))
        rest = super().__call__(rgb, self._without(before), detect, self._without(others))
        return [*rest, self._one] if is_wanted and not is_known else rest

    def _without(self, people):
        return [one for one in people if not np.allclose(one.middle, self._one.middle)]


@pytest.mark.parametrize("shift", [(-165, 0), (-300, 0), (200, 0)])
def test_who_is_seen_across_or_beyond_the_border_ends_no_run(models, shift, tmp_path):
    scene = Scene((Figure.walking(50, 270, COUNT),), paint=caption)
    source = scene.write(tmp_path / "clip.mp4")
    segmenter = BeyondTheBorder(scene, shift)
    analysis = Analyser(source, segmenter, DEFAULTS, lambda *_: None).run(tmp_path / "analysis")
    results = list(Pipeline(models, DEFAULTS).render_frames(analysis, 1))
    check_nobody_in_clear(scene, results, 0.15)


def test_who_is_seated_keeps_the_pose_with_another_outline(composed):
    way = 160 + 3 * np.sin(0.3 * np.arange(COUNT))
    scene = Scene((Figure(way, stride=0.05, posture="seated"),))
    results = composed(scene)
    check_nobody_in_clear(scene, results, 0.15)
    assert all(new.kept and not new.covered for new in results)
    for new in results:
        mask = scene.mask(0, new.frame.index)
        assert 0.5 < scenes.iou(new.binary > 127, mask) < 0.95, new.frame.index


def test_no_shot_shows_the_other_ones_background_or_people(composed):
    scene = Scene((
        Figure.walking(60, 260, 2 * COUNT),
        Figure(np.where(np.arange(2 * COUNT) < COUNT, 230.0, np.nan)
               + 3 * np.sin(0.3 * np.arange(2 * COUNT)), colour=YELLOW),
    ), cuts=(COUNT,))  # fmt: skip
    results = composed(scene)
    check_nobody_in_clear(scene, results, 0.1)
    for new in results:
        index = new.frame.index
        own = scene.background(index).astype(int)
        other = scene.background(2 * COUNT - 1 - index).astype(int)
        was = scene.mask(0, index) > 0
        free = was & (cv2.dilate(new.binary, np.ones((5, 5), np.uint8)) == 0)
        if free.sum() > 50:
            now = new.colorized[free].astype(int)
            assert np.abs(now - own[free]).mean() < 0.6 * np.abs(now - other[free]).mean(), index


def test_where_nobody_is_nothing_changes(composed):
    scene = Scene((Figure.walking(60, 160, COUNT),))
    for new in composed(scene):
        assert np.array_equal(new.frame.rgb[:, 230:], new.colorized[:, 230:])
        assert np.array_equal(new.frame.rgb[:30], new.colorized[:30])


def test_if_one_person_is_chosen_only_they_change(composed):
    scene = Scene((
        Figure.walking(50, 130, COUNT, tall=115), Figure.walking(270, 210, COUNT, colour=YELLOW),
    ))  # fmt: skip
    options = Options(anonymize=replace(NOISE, person=1))
    for new in composed(scene, options):
        index = new.frame.index
        assert in_clear(new, scene.mask(0, index)) < 0.06
        other = scene.mask(1, index) > 0
        assert np.array_equal(new.frame.rgb[other], new.colorized[other])


def test_an_anonymizer_without_joints_is_drawn_and_leaves_nobody_in_clear(
    models, walk, walk_results
):
    options = Options(anonymize=replace(NOISE, anonymizer="stgan"))
    results = list(Pipeline(models, options).render_frames(walk, 1))
    check_nobody_in_clear(WALK, results)
    for new, other in zip(results, walk_results, strict=True):
        assert new.covered == other.covered
        if new.covered:
            assert 0.5 < (new.binary > 127).sum() / (other.binary > 127).sum() < 2
            assert (new.colorized[new.binary > 127] != new.frame.rgb[new.binary > 127]).any()
    both = zip(results, walk_results, strict=True)
    assert any((new.binary != other.binary).any() for new, other in both)


def test_who_is_too_small_is_removed_and_told(models, analysed, tmp_path):
    scene = Scene((
        Figure.walking(50, 200, COUNT),
        Figure.walking(250, 290, COUNT, tall=34, feet=100, colour=GREEN),
    ))  # fmt: skip
    pipeline, analysis = Pipeline(models, DEFAULTS), analysed(scene)
    results = list(pipeline.render_frames(analysis, 1))
    check_nobody_in_clear(scene, results, 0.1)
    for new in results:
        assert not (new.binary[50:110, 235:310] > 0).any()
    report = pipeline.render(analysis, tmp_path / "result", 1).report
    assert (report["people"], report["people_removed"], report["people_in_clear"]) == (2, 1, 0)
    assert any("Smaller than 40 pixels" in told for told in report["warnings"])
    drawn = {track["person"]: track["drawn"] for track in report["tracks"]}
    tall = {one.track.track_id: one.height > 40 for one in analysis.people}
    assert drawn == tall and sorted(tall.values()) == [False, True]


def test_what_may_be_a_person_is_told_and_kept_out_of_the_background(models, analysed, tmp_path):
    scene = Scene((
        Figure.walking(50, 150, COUNT),
        Figure(250 + 3 * np.sin(0.3 * np.arange(COUNT)), presence=0.95, score=0.4, colour=YELLOW),
    ))  # fmt: skip
    analysis = analysed(scene)
    assert len(analysis.people) == 1
    (suspect,) = analysis.suspects
    assert (suspect.first, suspect.last) == (0, COUNT - 1)
    assert suspect.box[0] < 250 < suspect.box[2] and suspect.presence == pytest.approx(0.95)
    report = Pipeline(models, DEFAULTS).render(analysis, tmp_path / "result", 1).report
    (told,) = [text for text in report["warnings"] if text.startswith("Perhaps a person")]
    assert "right (" in told
    there = np.min([scene.mask(1, n) for n in range(COUNT)], axis=0) > 0
    plate = analysis.background.crop(0, 0, 0, *SHAPE[::-1])
    assert (np.abs(plate[there].astype(int) - YELLOW).max(axis=1) > 40).mean() > 0.9


def test_nobody_at_all_is_an_error_in_one_sentence(analysed):
    nobody = Figure(np.full(20, np.nan))
    with pytest.raises(NoPersonError, match="Nobody was seen in the video. .* 40 pixels tall"):
        analysed(Scene((nobody,)))


def test_the_same_scene_and_seed_give_the_same_frames(models, walk_results, analysed):
    again = Pipeline(models, DEFAULTS).render_frames(analysed(WALK), 1)
    for new, other in zip(walk_results, again, strict=True):
        assert np.array_equal(new.colorized, other.colorized)


FACE = np.float32([284.0, 44.0, 10.0])  # x, y and radius
EYES = [(280, 42), (288, 42), (284, 48)]


def in_a_mirror(index, rgb):
    """A face with eyes and a mouth, which stays where it is."""
    x, y, radius = FACE.astype(int).tolist()
    rgb = cv2.circle(rgb.copy(), (x, y), radius, (225, 180, 150), cv2.FILLED)
    for eye in EYES:
        cv2.circle(rgb, eye, 2, (20, 15, 10), cv2.FILLED)
    return rgb


def sees_the_mirror(rgb, longest_px, least, sure):
    x, y, radius = FACE
    return np.float32([[x - 0.8 * radius, y - radius, x + 0.8 * radius, y + radius, 0.7]])


def contrast(rgb):
    """Of the face in the mirror: how much darker its eyes are than the rest, in levels."""
    x, y, _ = FACE.astype(int)
    grey = rgb.mean(axis=2)
    return grey[y - 6 : y - 3, x - 1 : x + 2].mean() - np.mean([grey[b, a] for a, b in EYES])


@pytest.fixture(scope="module")
def mirror(tmp_path_factory):
    """The analysis of a scene with two people and a mirror."""
    folder = tmp_path_factory.mktemp("mirror")
    other = Figure(np.full(COUNT, 30.0), colour=YELLOW, tall=60)
    scene = Scene((Figure.walking(50, 250, COUNT), other), paint=in_a_mirror)
    source, segmenter = scene.write(folder / "clip.mp4"), scene.segmenter()
    analyser = Analyser(source, segmenter, DEFAULTS, lambda *_: None, sees_the_mirror)
    return analyser.run(folder / "analysis")


@pytest.mark.parametrize(("options", "hidden"), [
    (DEFAULTS, True),
    (replace(DEFAULTS, colorize=ColorizeOptions(hide_face=False)), False),
    (replace(DEFAULTS, anonymize=replace(NOISE, person=1)), False),
])  # fmt: skip
def test_the_face_of_nobody_who_was_found_is_hidden(options, hidden, models, mirror):
    """Unless faces, or people, are to stay."""
    for new in Pipeline(models, options).render_frames(mirror, 1):
        assert contrast(new.frame.rgb) > 100
        assert (contrast(new.colorized) < 40) == hidden, new.frame.index


def test_the_face_of_nobody_who_was_found_is_reported(models, mirror, tmp_path):
    report = Pipeline(models, DEFAULTS).render(mirror, tmp_path / "result", 1).report
    assert any("Faces that belong to nobody" in told for told in report["warnings"])
