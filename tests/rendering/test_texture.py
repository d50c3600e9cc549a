"""What is kept of how a person looks, and when it is looked at."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from doll import LEFT_NEARER, drawn, joints, pose
from drawn import FPS, SHAPE, Figure, person

from gait_demo.rendering.cutout import Cutout
from gait_demo.rendering.rig import RIGHT_LEG
from gait_demo.rendering.texture import SAMPLE_SPACING_S, Sample, TextureMemory, sampled, shown_box

COUNT = 60
LEFT, RIGHT = slice(6, 10), slice(15, 19)  # joints of the legs, from the knee on
WALKER = person(Figure.walking(60, 260, COUNT))


def test_samples_are_taken_a_few_times_a_step():
    positions, spacing = sampled(WALKER, FPS), SAMPLE_SPACING_S * FPS
    hidden = np.cumsum(~WALKER.shows_limbs(FPS))[positions]  # frames, where legs pass each other
    assert hidden[-1] > 0 and (np.diff(positions) <= spacing + np.diff(hidden)).all()
    assert COUNT / (0.25 * FPS) < len(positions) <= COUNT / spacing
    assert positions[0] < 0.3 * FPS and positions[-1] >= COUNT - 0.4 * FPS


def test_samples_are_evenly_spaced_where_no_leg_hides_the_other():
    shown = replace(WALKER, silhouettes=replace(WALKER.silhouettes, joints=None))
    assert shown.shows_limbs(FPS).all()
    assert (np.diff(sampled(shown, FPS)) == SAMPLE_SPACING_S * FPS).all()


def test_no_sample_is_taken_where_legs_pass_each_other():
    """Of the leg behind, a part is hidden; of somebody whose legs stay together, it is not worse
    elsewhere."""
    left, right = (WALKER.silhouettes.joints[:, side, :2] for side in (LEFT, RIGHT))
    near = np.linalg.norm(left - right, axis=2).mean(axis=1) < 0.1
    assert 0 < near.sum() < COUNT and not near[sampled(WALKER, FPS)].any()
    standing = person(Figure.standing(160, COUNT))
    assert standing.shows_limbs(FPS).all()


def test_a_person_who_keeps_the_pose_gives_no_sample():
    seated = person(Figure.standing(160, COUNT, posture="seated"))
    assert seated.keeps_pose.all() and len(sampled(seated, FPS)) == 0


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_a_sample_shows_the_person_at_the_size_of_the_frame(scale):
    x, y = np.meshgrid(np.arange(SHAPE[1]), np.arange(SHAPE[0]))
    frame = np.dstack([x * 0.7, y * 1.2, 0 * x + 90]).astype(np.uint8)
    kept = frame[:: round(1 / scale), :: round(1 / scale)]
    sample = Sample.of(30, WALKER, np.ascontiguousarray(kept), scale)
    x0, y0, x1, y1 = shown_box(WALKER, 30, SHAPE)
    shown, true = sample.rgb(), frame[y0:y1, x0:x1]
    assert sample.position == 30 and (sample.x, sample.y) == (x0, y0)
    assert np.abs(np.array(shown.shape[:2]) - true.shape[:2]).max() <= 2
    h, w = (min(pair) for pair in zip(shown.shape[:2], true.shape[:2], strict=True))
    assert np.abs(shown[:h, :w].astype(int) - true[:h, :w]).mean() < 3


def test_a_person_beyond_the_border_gives_no_sample():
    image = np.zeros((*SHAPE, 3), np.uint8)
    gone = person(Figure.walking(60, 330, COUNT), seen=range(40))
    last = len(gone.track) - 1
    kept = Sample.of(last, gone, image, 1.0)
    assert kept is None or kept.rgb().size > 0


def shades(hidden: bool) -> Callable[[Sample], Cutout]:
    """Cutouts of a grey that says when; the near leg hides the far one until frame 20."""

    def cut(sample: Sample) -> Cutout:
        legs = (0, 0) if sample.position < 20 and hidden else (-25, 25)
        points = joints(legs=legs)
        matte = drawn(points)[1]
        rgb = np.full((*matte.shape, 3), 2 * sample.position, np.uint8)
        return Cutout.of(rgb, matte, pose(points), LEFT_NEARER)

    return cut


@pytest.mark.parametrize("hidden, shade", [(True, 40), (False, 20)])
def test_what_a_sample_hides_is_shown_by_the_nearest_that_does_not_hide_it(hidden, shade):
    samples = [Sample(n, 0, 0, 1.0, b"") for n in range(0, 40, 5)]
    memory = TextureMemory(samples, shades(hidden), FPS)
    far_leg = memory.nearest(11).pixels(RIGHT_LEG)
    shown = far_leg[..., 3] > 250
    assert shown.sum() > 500
    assert np.median(far_leg[shown, 0]) == pytest.approx(shade, abs=1)


def test_no_samples_are_no_memory():
    assert TextureMemory([], lambda sample: sample, FPS).nearest(3) is None
