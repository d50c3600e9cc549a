"""How people walk: joint angles over the gait cycle, and how they differ between people.

The mean curves are harmonic fits of published normative adult gait bands (the conventional gait
model's kinematic charts); the spread between people follows the same source and a principal
component study of hip and knee curves. Time t is in gait cycles, t = 0 at the heel strike of the
side asked for, and the other side walks half a cycle later. Angles are in degrees, flexion
positive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Harmonics:
    """theta(t) = offset + sum_k amplitude_k * cos(2 pi k t + phase_k), degrees; k from 1."""

    offset: float
    waves: tuple[tuple[float, float], ...]  # (amplitude, phase) in degrees
    offset_sd: float = 0.0  # between people, degrees

    def __call__(
        self, t: np.ndarray, bend: Bend | None = None, vigour: float | np.ndarray = 1.0
    ) -> np.ndarray:
        bend = bend or Bend()
        angle = np.full_like(t, self.offset + bend.offset * self.offset_sd, dtype=float)
        for k, (amplitude, phase) in enumerate(self.waves, start=1):
            angle += (
                amplitude
                * bend.scale
                * vigour
                * np.cos(2 * np.pi * k * (t + bend.shift) + np.radians(phase))
            )
        return angle


@dataclass(frozen=True)
class Bend:
    """How one person departs from the mean curve: offset in SDs, scale of the movement around
    it, and shift in gait cycles."""

    offset: float = 0.0
    scale: float = 1.0
    shift: float = 0.0


MEAN_CURVES = {
    "pelvic_tilt": Harmonics(11.4, ((0, 0), (0.7, -9), (0, 0), (0.1, 49)), 4.8),
    "pelvic_obliquity": Harmonics(0, ((5.0, -84), (0, 0), (2.1, -156)), 2.1),
    "pelvic_rotation": Harmonics(0, ((6.2, -16), (0, 0), (0.5, 72)), 3.0),
    "hip_flexion": Harmonics(20.2, ((19.8, 14), (3.2, 177), (2.1, -102), (0.2, 162)), 6.1),
    "hip_adduction": Harmonics(-0.4, ((8.7, -91), (0.7, 120), (2.4, -154), (0.1, -6)), 3.0),
    "knee_flexion": Harmonics(
        26.1,
        ((20.5, 103), (16.3, -148), (5.4, -100), (1.3, -128), (1.3, -98), (0.5, -42)),
        5.0,
    ),
    "ankle_dorsiflexion": Harmonics(
        3.6, ((5.7, -107), (6.3, 83), (3.9, -167), (1.9, 10), (1.2, 121), (0.8, -39)), 3.6
    ),
    "foot_progression": Harmonics(-11.0, ((4.4, -95), (2.7, -48), (1.5, 69), (0.7, -154)), 7.7),
    "thorax_tilt": Harmonics(0.9, ((0.1, -95), (0.8, 70), (0.1, -83), (0.2, 53)), 5.6),
    "thorax_obliquity": Harmonics(0, ((1.3, 116), (0, 0), (0.4, 33)), 1.8),
    "thorax_rotation": Harmonics(0, ((2.2, -151), (0, 0), (0.7, 58)), 2.6),
    "shoulder_flexion": Harmonics(-9.3, ((14.4, 179), (1.3, 82), (0.7, -138), (0.4, 32)), 8.7),
    "shoulder_abduction": Harmonics(11.1, ((3.3, -169), (0.8, 47), (0.5, -153), (0.1, -100)), 6.1),
    "elbow_flexion": Harmonics(36.2, ((12.3, 172), (2.5, -6), (0.7, 83), (0.2, -157)), 9.0),
}

GAIT_DIMS = 23

SHARED = ("pelvic_tilt", "pelvic_obliquity", "pelvic_rotation",
          "thorax_tilt", "thorax_obliquity", "thorax_rotation")  # fmt: skip


@dataclass(frozen=True)
class Gait:
    """One person's way of walking.

    Attributes:
        bends: of every curve.
        head_pitch: degrees, nodding forward positive.
        asymmetry: relative difference of movement, right minus left.
        laden: whether the left hand carries something: that arm hangs and swings little.
        recorded: curves of a real person that replace others, by the names of `angles`.
    """

    bends: dict[str, Bend]
    head_pitch: float = 0.0
    asymmetry: float = 0.0
    laden: bool = False
    recorded: Mapping[str, Harmonics] = field(default_factory=dict)

    def angles(self, t: np.ndarray, vigour: float | np.ndarray = 1.0) -> dict[str, np.ndarray]:
        """Joint angles at phase `t` (any shape, gait cycles, 0 at left heel strike).

        `vigour`, a number or an array like `t`, scales all movements.

        Returns degrees: shared curves under their name, the others under `left_...`/`right_...`.
        Pelvis and thorax curves are those of the left side.
        """
        t = np.asarray(t, dtype=float)
        result = {}
        for name, curve in MEAN_CURVES.items():
            bend = self.bends.get(name, Bend())
            if name in SHARED:
                result[name] = curve(t, bend, vigour)
                continue
            for side, delay, sign in (("left", 0.0, -1), ("right", 0.5, 1)):
                scale = bend.scale * (1 + sign * self.asymmetry / 2)
                own = Bend(bend.offset, scale, bend.shift)
                result[f"{side}_{name}"] = curve(t + delay, own, vigour)
        result |= {name: curve(t, vigour=vigour) for name, curve in self.recorded.items()}
        if self.laden:
            result["left_elbow_flexion"] = 0.25 * result["left_elbow_flexion"]
            result["left_shoulder_flexion"] = 0.4 * result["left_shoulder_flexion"]
        return result


def gait_from_latent(z: np.ndarray) -> Gait:
    """The gait of a person from GAIT_DIMS standard normal numbers.

    Offsets of neighbouring joints correlate by 0.39 and their ranges by 0.47, amplitudes vary by
    about 13 % and phases by about 9 degrees of the cycle, as measured for hip and knee curves;
    the same spread is assumed for the joints without such a measurement. The middle of the people
    moves more than the mean curves, which averaging over people flattens: by a tenth at hip and
    shoulder, a third at the elbow, so that the walkers cover motion capture (`synthesize check`);
    and their arms hang further back and straighter, as in videos of people walking outdoors.
    """
    if z.shape != (GAIT_DIMS,):
        raise ValueError(f"gait latent: expected shape ({GAIT_DIMS},), got {z.shape}")

    def mix(own: float, other: float, correlation: float) -> float:
        return correlation * other + np.sqrt(1 - correlation**2) * own

    (hip, hip_range, knee, knee_range, ankle, ankle_range, tilt, obliquity, rotation, adduction,
     toe_out, lean, twist, shoulder, swing, abduction, elbow, elbow_range, asymmetry, head,
     leg_timing, knee_timing, arm_timing) = (float(v) for v in np.clip(z, -2.5, 2.5))  # fmt: skip
    knee = mix(knee, hip, 0.39)
    ankle = mix(ankle, knee, 0.39)
    knee_range = mix(knee_range, hip_range, 0.47)
    elbow_range = mix(elbow_range, swing, 0.47)
    swing = mix(swing, hip_range, 0.3)
    cycles = 1 / 360
    return Gait(
        bends={
            "pelvic_tilt": Bend(0.7 * tilt),
            "pelvic_obliquity": Bend(0, np.exp(0.25 * obliquity)),
            "pelvic_rotation": Bend(0, np.exp(0.3 * rotation)),
            "hip_flexion": Bend(
                -0.4 + mix(0.7 * hip, 0.7 * tilt, 0.5),
                1.12 + 0.15 * hip_range,
                6 * leg_timing * cycles,
            ),
            "hip_adduction": Bend(0.8 * adduction, np.exp(0.15 * obliquity)),
            "knee_flexion": Bend(
                0.7 * knee, 1.02 + 0.11 * knee_range, (6 * leg_timing + 7 * knee_timing) * cycles
            ),
            "ankle_dorsiflexion": Bend(
                0.7 * ankle, 1 + 0.15 * ankle_range, 6 * leg_timing * cycles
            ),
            "foot_progression": Bend(0.7 * toe_out),
            "thorax_tilt": Bend(0.8 * lean),
            "thorax_obliquity": Bend(0, np.exp(0.3 * obliquity)),
            "thorax_rotation": Bend(0, np.exp(0.4 * twist)),
            "shoulder_flexion": Bend(
                -0.7 + 0.7 * shoulder, 1.1 * np.exp(0.42 * swing), 10 * arm_timing * cycles
            ),
            "shoulder_abduction": Bend(0.6 * abduction, np.exp(0.3 * swing)),
            "elbow_flexion": Bend(
                -0.9 + 0.75 * elbow, 1.25 * np.exp(0.3 * elbow_range), 10 * arm_timing * cycles
            ),
        },
        head_pitch=5.0 + 4.0 * head,
        asymmetry=0.06 * asymmetry,
    )
