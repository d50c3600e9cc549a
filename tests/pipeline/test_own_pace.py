"""New walkers have a pace of their own: at every moment they are where the old one was before."""

from dataclasses import replace

import numpy as np
import pytest
from drawn import SHAPE, YELLOW, Figure, Scene
from fixed import NOISE

from gait_demo.background.plate import Background, NoPlate
from gait_demo.options import Options
from gait_demo.pipeline import Pipeline
from gait_demo.pipeline.analysis import Analyser
from gait_demo.pipeline.gaits import camera_compensated

pytestmark = pytest.mark.slow

COUNT = 100
OPTIONS = Options(anonymize=NOISE)
TOGETHER = Scene((
    Figure.walking(30, 250, COUNT), Figure.walking(60, 280, COUNT, colour=YELLOW),
))  # fmt: skip


def analysed(scene, folder):
    source = scene.write(folder / "clip.mp4")
    return Analyser(source, scene.segmenter(), OPTIONS, lambda *_: None).run(folder / "analysis")


@pytest.fixture(scope="module")
def pipeline(models):
    return Pipeline(models, OPTIONS)


@pytest.fixture(scope="module")
def analysis(tmp_path_factory):
    return analysed(TOGETHER, tmp_path_factory.mktemp("together"))


def latest(pipeline, analysis):
    """Of a few seeds, the one whose walkers are farthest behind, with their gaits."""

    def delay(gaits):
        return max(np.max(gait.frames - gait.timing.places) for gait in gaits)

    every = {seed: pipeline.gaits(analysis, seed) for seed in range(6)}
    return max(every.items(), key=lambda both: delay(both[1]))


def test_walkers_are_drawn_where_the_old_ones_were_before(pipeline, analysis):
    seed, gaits = latest(pipeline, analysis)
    assert len(gaits) == 2
    checked = 0
    for new in pipeline.render_frames(analysis, seed):
        columns = np.flatnonzero((new.binary > 127).any(axis=0))
        middles = []
        for gait in gaits:
            number = new.frame.index - gait.clip.first_frame
            if 0 <= number < len(gait):
                boxes = gait.person.track.xyxy[:, ::2].mean(axis=1)
                middles.append(np.interp(gait.timing.places[number], np.arange(len(boxes)), boxes))
        inside = [x for x in middles if 30 < x < 290]
        if len(inside) == 2 and len(columns):
            checked += 1
            assert abs(columns.mean() - np.mean(inside)) < 9, new.frame.index
    assert checked > COUNT / 2
    assert (
        max(np.max(gait.frames - gait.timing.places) for gait in gaits) > 5
    )  # frames, of 25 a second


def test_who_walks_together_stays_together_and_seeds_differ(pipeline, analysis):
    late = []
    for seed in (1, 2):
        one, other = pipeline.gaits(analysis, seed)
        delays = []
        for each in (one, other):
            behind = each.frames - each.person.track.first_frame - each.timing.places
            delays.append(dict(zip(each.frames, behind, strict=True)))
        both = sorted(delays[0].keys() & delays[1].keys())
        late.append([np.array([delay[frame] for frame in both]) for delay in delays])
        np.testing.assert_allclose(*late[-1], atol=0.02)
    assert abs(late[0][0][-40:] - late[1][0][-40:]).max() > 1
    steps = [each.timing.poses - each.timing.places for each in (one, other)]
    assert all(np.ptp(early) > 1 for early in steps)  # with a cadence of their own
    assert abs(steps[0][:60] - steps[1][:60]).max() > 1


def test_before_a_moving_camera_places_are_not_late_and_poses_if_its_motion_is_known(
    pipeline, analysis
):
    """Where people were is laid bare if they are late; feet stand still if the motion is known."""
    (plate,) = analysis.background.shots
    lost = plate.transforms.copy()
    lost[COUNT // 2] = np.nan
    for motions, late in ((None, False), (lost, False), (plate.transforms, True)):
        moving = replace(
            analysis, background=Background((NoPlate(plate.frame_shape, motions=motions),))
        )
        for gait in pipeline.gaits(moving, 1):
            every = np.arange(len(gait.person.track))
            np.testing.assert_array_equal(gait.timing.places, every)
            assert ((every - gait.timing.poses).max() > 1) == late


def test_a_camera_that_shakes_does_not_carry_the_walker_along(pipeline, analysis):
    """The same clip, as a camera would film it that jumps by 7 and 3 pixels at every frame."""
    (plate,) = analysis.background.shots
    jumps = np.where(np.arange(COUNT)[:, None] % 2, np.float32([7, 3, 7, 3]), np.float32(0))
    transforms = np.repeat(np.eye(3)[None], COUNT, axis=0)
    transforms[:, :2, 2] = jumps[:, :2]

    def filmed(person):
        start, seen = person.track.first_frame, person.silhouettes
        squares = seen.squares + jumps[start : start + len(seen)]
        return replace(person, silhouettes=replace(seen, squares=squares))

    shaking = replace(
        analysis,
        background=Background((replace(plate, transforms=transforms),)),
        people=tuple(map(filmed, analysis.people)),
    )
    for still, moved in zip(pipeline.gaits(analysis, 1), pipeline.gaits(shaking, 1), strict=True):
        assert np.ptp(still.frames - still.timing.places) > 1
        # feet stand in the scene, not in the picture
        np.testing.assert_allclose(moved.clip.joints, still.clip.joints, atol=1e-3)
        np.testing.assert_allclose(
            moved.clip.squares - still.clip.squares, jumps[still.frames], atol=0.02
        )


def zooming(factors):
    """The motions of a camera that magnifies everything by these factors, (T,), about (160, 90)."""
    motions = np.repeat(np.eye(3)[None], len(factors), axis=0)
    motions[:, [0, 1], [0, 1]] = factors[:, None]
    motions[:, :2, 2] = (1 - factors[:, None]) * [160, 90]
    return motions


def test_a_camera_that_zooms_changes_neither_places_nor_sizes_in_the_scene(pipeline, analysis):
    (plate,) = analysis.background.shots
    walk = analysis.people[0].silhouettes
    factors = np.linspace(1, 1.6, COUNT)
    now = factors[walk.first_frame : walk.first_frame + len(walk), None]
    middle = np.tile([160, 90], 2)
    seen = replace(walk, squares=middle + now * (walk.squares - middle))
    moving = Background((NoPlate(plate.frame_shape, motions=zooming(factors)),))
    first = middle + factors[walk.first_frame] * (walk.squares - middle)
    (steady,) = camera_compensated(moving, seen)
    np.testing.assert_allclose(steady.squares, first, atol=0.01)
    far = Background((NoPlate(plate.frame_shape, motions=zooming(np.linspace(1, 8, COUNT))),))
    # neither of two, so that both are in the same pixels
    begin = replace(seen, masks=seen.masks[:2], squares=seen.squares[:2], joints=seen.joints[:2])
    assert all(
        one is other
        for one, other in zip(camera_compensated(far, begin, seen), (begin, seen), strict=True)
    )


def test_nobody_is_cut_out_of_who_stands_behind(pipeline, tmp_path):
    """Where a walker is removed before somebody who keeps the pose, the new walker is drawn at the
    same place, as no background is known there."""
    scene = Scene((Figure.standing(160, COUNT, colour=YELLOW), Figure.walking(30, 290, COUNT)))
    analysis = analysed(scene, tmp_path)
    seed, gaits = latest(pipeline, analysis)
    (walker,) = [gait for gait in gaits if gait.person.walks]
    late = walker.frames - walker.person.track.first_frame - walker.timing.places
    met = 0
    for new in pipeline.render_frames(analysis, seed):
        index = new.frame.index
        standing, walking = (figure.mask(index, SHAPE) > 0 for figure in scene.figures)
        both = standing & walking
        if both.sum() < 100:
            continue
        met += 1
        number = np.flatnonzero(walker.frames == index)[0]
        assert late[number] == pytest.approx(0, abs=1e-6), index
    assert met > 8 and late.max() > 2


def test_the_report_tells_when_the_new_walkers_are_seen_not_the_old_ones(
    pipeline, analysis, tmp_path
):
    seed, gaits = latest(pipeline, analysis)
    report = pipeline.render(analysis, tmp_path / "result", seed).report
    told = {track["person"]: track["frames"] for track in report["tracks"]}
    assert told == {gait.person.track.track_id: len(gait) for gait in gaits}
