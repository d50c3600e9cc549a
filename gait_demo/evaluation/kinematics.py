"""Kinematics of a walk as seen in the picture: joint angles, cadence and stride.

Angles and lengths are measured in the image plane; they are the walker's true ones only in the side
view.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gait_demo.joints import NAMES

_SIDES = ("left", "right")
_STRIDES_HZ = (0.5, 1.6)  # range of stride frequencies: 60 to 192 steps per minute
_FEWEST_S = 1.5  # minimum duration of a walk for its cadence
_RATE_HZ = 50  # resampling rate for the cadence
_SPECTRUM = 8192  # points of the spectrum
_RANGE = (5, 95)  # percentiles that define a joint's range of motion
_FAR = 90  # percentile of the feet's distance that defines the step length


@dataclass(frozen=True)
class Kinematics:
    """One walker over T frames; nan where not known.

    Attributes:
        knee, hip: (2, T) flexion in degrees, left and right; 0 is straight.
        trunk: (T,) forward inclination in degrees.
        feet: (T,) distance of the ankles in body heights.
        cadence: steps per minute; nan if the walk is too short.
        stride: length of two steps in body heights.
        asymmetry: difference of the ranges of motion of both knees, relative to their mean.
    """

    knee: np.ndarray
    hip: np.ndarray
    trunk: np.ndarray
    feet: np.ndarray
    cadence: float
    stride: float
    asymmetry: float

    @classmethod
    def of(cls, points: np.ndarray, height: float, times: np.ndarray) -> Kinematics:
        """
        Args:
            points: (T, 19, 2) joints in pixels, in the order of `joints.NAMES`; nan where unknown.
            height: of the body, pixels.
            times: (T,) seconds, rising.
        """
        at = {name: points[:, index] for index, name in enumerate(NAMES)}
        toes = [at[f"{side}_toe"] - at[f"{side}_heel"] for side in _SIDES]
        way = -1 if _median(np.concatenate(toes)[:, 0]) < 0 else 1
        shoulders = (at["left_shoulder"] + at["right_shoulder"]) / 2
        spine = (at["left_hip"] + at["right_hip"]) / 2 - shoulders  # downwards
        thighs = [at[f"{side}_knee"] - at[f"{side}_hip"] for side in _SIDES]
        shanks = [at[f"{side}_ankle"] - at[f"{side}_knee"] for side in _SIDES]
        knee = np.stack([_turn(t, s, way) for t, s in zip(thighs, shanks, strict=True)])
        apart = (at["left_ankle"] - at["right_ankle"]) / height
        feet = np.linalg.norm(apart, axis=1)
        ranges = [_span(angles) for angles in knee]
        return cls(
            knee,
            np.stack([-_turn(spine, thigh, way) for thigh in thighs]),
            _turn(np.broadcast_to([0.0, 1.0], spine.shape), spine, way),
            feet,
            120 * _strides_hz(apart, times),
            2 * _percentile(feet, _FAR),
            abs(ranges[0] - ranges[1]) / max(np.mean(ranges), 1e-6),
        )


def _turn(start: np.ndarray, end: np.ndarray, way: int) -> np.ndarray:
    """(T,) angle in degrees from directions (T, 2) to others in the picture; clockwise is positive
    for a walker who goes to the right (way 1)."""
    cross = start[:, 0] * end[:, 1] - start[:, 1] * end[:, 0]
    return way * np.degrees(np.arctan2(cross, (start * end).sum(axis=1)))


def _strides_hz(apart: np.ndarray, times: np.ndarray) -> float:
    """Stride frequency in Hz, from the vector (T, 2) between the feet."""
    known = np.isfinite(apart).all(axis=1)
    if not known.any() or np.ptp(times[known]) < _FEWEST_S:
        return float("nan")
    grid = np.arange(times[known][0], times[known][-1], 1 / _RATE_HZ)
    swing = np.stack([np.interp(grid, times[known], values[known]) for values in apart.T])
    swing -= swing.mean(axis=1, keepdims=True)
    main = np.linalg.svd(swing, full_matrices=False)[2][0]  # the direction of their main movement
    power = np.abs(np.fft.rfft(main * np.hanning(len(main)), _SPECTRUM))
    hertz = np.fft.rfftfreq(_SPECTRUM, 1 / _RATE_HZ)
    power[(hertz < _STRIDES_HZ[0]) | (hertz > _STRIDES_HZ[1])] = 0
    return float(hertz[power.argmax()])


def _span(values: np.ndarray) -> float:
    return _percentile(values, _RANGE[1]) - _percentile(values, _RANGE[0])


def _percentile(values: np.ndarray, share: float) -> float:
    known = values[np.isfinite(values)]
    return float(np.percentile(known, share)) if len(known) else float("nan")


def _median(values: np.ndarray) -> float:
    return _percentile(values, 50)
