"""Angles and rhythm of a stick figure whose joints are set by formulas."""

import numpy as np
import pytest

from gait_demo.evaluation.kinematics import Kinematics
from gait_demo.joints import NAMES

HEIGHT, FPS, STRIDE_HZ = 200.0, 25, 0.9
TIMES = np.arange(4 * FPS) / FPS


def walker(way=1, lean=5.0, swing=25.0, bend=(30.0, 30.0)) -> np.ndarray:
    """(T, 19, 2) pixels: hips swing by `swing` degrees, knees bend by `bend` and back."""
    phase = 2 * np.pi * STRIDE_HZ * TIMES
    points = {name: np.zeros((len(TIMES), 2)) for name in NAMES}
    hip = np.stack([100 + 40 * way * TIMES, np.full(len(TIMES), 100.0)], axis=1)
    up = np.radians(lean)
    for side, offset, bent in zip(("left", "right"), (0, np.pi), bend, strict=True):
        thigh = np.radians(swing * np.sin(phase + offset))
        shank = thigh - np.radians(bent * (0.5 - 0.5 * np.cos(phase + offset)))
        points[f"{side}_hip"] = hip
        points[f"{side}_shoulder"] = hip + 60 * np.array([way * np.sin(up), -np.cos(up)])
        for name, start, length, angle in (
            ("knee", "hip", 50, thigh), ("ankle", "knee", 45, shank),
        ):  # fmt: skip
            step = length * np.stack([way * np.sin(angle), np.cos(angle)], axis=1)
            points[f"{side}_{name}"] = points[f"{side}_{start}"] + step
        points[f"{side}_heel"] = points[f"{side}_ankle"] + [-5 * way, 5]
        points[f"{side}_toe"] = points[f"{side}_ankle"] + [20 * way, 5]
    return np.stack([points[name] for name in NAMES], axis=1)


@pytest.mark.parametrize("way", [1, -1])
def test_angles_and_rhythm_are_those_of_the_formulas_to_either_side(way):
    told = Kinematics.of(walker(way), HEIGHT, TIMES)
    assert told.knee.min() == pytest.approx(0, abs=0.5)
    assert told.knee.max() == pytest.approx(30, abs=0.5)
    assert told.trunk == pytest.approx(np.full(len(TIMES), 5.0), abs=1e-6)
    assert told.hip.max() == pytest.approx(25 + 5, abs=0.5)  # to the trunk, which leans
    assert told.cadence == pytest.approx(120 * STRIDE_HZ, rel=0.04)
    assert told.asymmetry == pytest.approx(0, abs=0.02)
    assert 0.3 < told.stride < 1


def test_a_stiff_knee_is_asymmetric_and_a_glimpse_has_no_cadence():
    assert Kinematics.of(walker(bend=(30, 10)), HEIGHT, TIMES).asymmetry > 0.8
    points = walker()
    points[20:] = np.nan
    told = Kinematics.of(points, HEIGHT, TIMES)
    assert np.isnan(told.cadence) and np.isfinite(told.knee[:, :20]).all()
