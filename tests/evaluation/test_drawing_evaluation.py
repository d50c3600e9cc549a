"""How drawn walkers are judged: figures whose answer is known."""

from dataclasses import replace

import numpy as np
import pytest
from doll import joints
from doll_walks import COUNT, FPS, NEW, OLD

from gait_demo.evaluation.drawing import Seen, angle_difference, ratios, slides, table
from gait_demo.rendering.ground import standing_feet


def test_ratios_compare_means_and_the_worst_tenth():
    pairs = [(Seen(10.0, 0.9, 4.0), Seen(8.0, 0.9, 4.0))] * 18
    pairs += [(Seen(10.0, 0.9, 4.0), Seen(1.0, 0.45, 8.0))] * 2
    figures = ratios(pairs)
    assert figures["edge"] == pytest.approx(0.73) and figures["edge_worst"] <= 0.8
    assert figures["limbs"] == pytest.approx(0.95)
    assert figures["cloth"] == pytest.approx(1.1) and figures["cloth_worst"] == pytest.approx(1)


def test_two_gaits_differ_by_the_angles_of_their_joints():
    square = NEW.squares[:1]
    side = square[0, 2] - square[0, 0]

    def clip(**angles):
        points = (joints(**angles) - square[0, :2]) / side
        points = np.concatenate([points, np.ones((19, 1))], axis=1)[None].astype(np.float32)
        return replace(NEW, masks=NEW.masks[:1], squares=square, joints=points)

    apart = angle_difference(clip(legs=(10, -10)), clip(legs=(25, -10)))
    assert apart["hip"] == pytest.approx(7.5, abs=0.1)  # one leg of two, by 15
    assert apart["trunk"] == pytest.approx(0, abs=0.1)
    assert apart["knee"] == pytest.approx(0, abs=0.1)


def test_a_gait_that_slides_is_told_by_how_far():
    stands = standing_feet(OLD, FPS)
    assert stands.shape == (COUNT, 2) and stands.max() > 0.9
    assert np.mean(slides(OLD, stands)) < 0.02 < 0.05 < np.mean(slides(NEW, stands))


def test_the_table_has_a_row_a_clip_and_the_means():
    text = table({"a": {"edge": 0.5, "slide": 1.0}, "b": {"edge": 1.0}})
    assert "| a | 0.50 | 1.00 |" in text and "| b | 1.00 | - |" in text
    assert "| mean | 0.75 | 1.00 |" in text
