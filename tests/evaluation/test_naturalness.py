"""What naturalness measures, on walks whose faults are known."""

from dataclasses import replace

import numpy as np
import pytest
from fake_gaits import draw_gaits, walk

from gait_demo.errors import DataError
from gait_demo.evaluation.naturalness import leg_spread, naturalness, smoothness, toe_lead


@pytest.fixture(scope="module")
def gaits():
    return draw_gaits(16, views=(90,), frames=34)


def halves(gaits):
    return gaits.of(gaits.person <= 8), gaits.of(gaits.person > 8)


def shredded(clip, seed):
    """Stripes across the body, others in each frame."""
    masks, torn = clip.masks, clip.masks.copy()
    for n, mask in enumerate(torn):
        mask[(np.arange(64) + 3 * n) % 8 < 2] = 0
    torn[:, [0, 63]] = masks[:, [0, 63]]  # as tall as before
    return replace(clip, masks=torn)


@pytest.mark.slow
def test_walks_as_they_are_cannot_be_told_from_others(gaits):
    clear, before = halves(gaits)
    report = naturalness(clear, before, before, steps=20)
    assert 0.3 < report["spatial"]["accuracy"] < 0.75
    assert 0.3 < report["temporal"]["accuracy"] < 0.75
    assert report["smooth"] == 0 and report["broken"] == 0 and report["phase"] == 1


def test_faults_are_seen(gaits):
    clear, before = halves(gaits)
    report = naturalness(clear, before, before.changed(shredded, 0), steps=60)
    assert report["spatial"]["accuracy"] > 0.95 and report["spatial"]["is converged"]
    by_view = report["spatial"]["by view"]
    assert set(by_view) == {f"{view:03d}" for view in before.view}
    assert all(told["accuracy"] >= told["interval"][0] > 0.9 for told in by_view.values())
    assert report["smooth"] < -0.1 and report["broken"] > 0.9


def test_a_judge_that_learns_more_with_more_steps_is_not_believed(gaits):
    clear, before = halves(gaits)
    report = naturalness(clear, before, before.changed(shredded, 0), steps=30)
    assert not report["spatial"]["is converged"]


def test_nobody_is_on_both_sides(gaits):
    with pytest.raises(DataError, match="different people"):
        naturalness(gaits, gaits, gaits)


def test_legs_apart_and_frames_alike():
    masks = walk(0.2, 0.8, 0.0)
    spread = leg_spread(masks)
    assert spread.argmax() in (2, 3, 7, 8) and spread[0] < 0.5 * spread.max()  # sine of the phase
    assert smoothness(np.repeat(masks[:1], 3, axis=0)) == 1 > smoothness(masks)


def test_toes_point_forwards():
    figure = np.zeros((1, 64, 64), np.uint8)
    figure[0, :63, 28:34] = 1
    figure[0, 62:, 28:40] = 1  # a foot to the right
    assert toe_lead(figure) > 2 and toe_lead(figure[..., ::-1]) < -2
    assert toe_lead(0 * figure) == 0
