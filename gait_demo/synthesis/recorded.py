"""Ways of walking recorded by motion capture, for the bodies of other people."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from scipy.signal import find_peaks

from gait_demo.errors import DataError
from gait_demo.synthesis.kinematics import MEAN_CURVES, Harmonics
from gait_demo.synthesis.mocap import Motion, read_bvh

_HARMONICS = 6
_SHORTEST_S = 0.7  # minimum duration of a gait cycle
# degrees that the angles of the bodies' bones have where those of `Gait.angles` are 0, on average
_REST = {"hip_flexion": 6, "knee_flexion": 7, "shoulder_flexion": 5, "elbow_flexion": -7}
_UP = np.array([0.0, 1.0, 0.0])


@dataclass(frozen=True)
class RecordedWalk:
    """One walk of a real person.

    Attributes:
        curves: over the gait cycle, 0 at left heel strike, by the names of `Gait.angles`; the
            others are not read. That of pelvic tilt is a constant, the mean of adults.
        cadence: gait cycles per second.
    """

    curves: dict[str, Harmonics]
    cadence: float

    @classmethod
    def of(cls, motion: Motion) -> RecordedWalk:
        """
        Args:
            motion: with the joints of CMU's files, y upwards, of a straight walk.

        Raises:
            DataError: it lacks joints, or is shorter than a gait cycle.
        """
        try:
            angles, ahead = _angles(motion.joints)
        except KeyError as error:
            raise DataError(f"The motion capture lacks the joint {error}.") from error
        # a foot strikes where it is farthest ahead of the pelvis (Zeni et al. 2008)
        apart = _SHORTEST_S / motion.frame_s
        strikes, _ = find_peaks(ahead, distance=apart, prominence=np.ptp(ahead) / 2)
        if len(strikes) < 2:
            raise DataError("The motion capture is shorter than a gait cycle.")
        frames = np.arange(strikes[0], strikes[-1])
        phase = np.interp(frames, strikes, np.arange(len(strikes)))
        curves = {name: _harmonics(phase, angle[frames]) for name, angle in angles.items()}
        curves["pelvic_tilt"] = Harmonics(MEAN_CURVES["pelvic_tilt"].offset, ())
        return cls(curves, float(1 / (np.diff(strikes).mean() * motion.frame_s)))


def read_subjects(folder: Path) -> list[list[RecordedWalk]]:
    """The walks of each person in a folder of BVH files, named as CMU's: subject_trial.bvh.

    Raises:
        DataError: there are none, or a file cannot be read.
    """
    paths = sorted(folder.glob("*.bvh"))
    if not paths:
        raise DataError(f"{folder} holds no BVH files of walks.")
    return [
        [RecordedWalk.of(read_bvh(path)) for path in trials]
        for _, trials in groupby(paths, key=lambda path: path.stem.split("_")[0])
    ]


def _angles(joints: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Joint angles by the names of `Gait.angles`, (T,) each, in degrees; and (T,) by how much the
    left foot is ahead."""
    forward = (joints["Hips"][-1] - joints["Hips"][0]) * (1 - _UP)
    forward = forward / np.linalg.norm(forward)
    aside = np.cross(_UP, forward)  # to the left

    def turn(start: str, end: str, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        """The angle from one direction towards another of the line between two joints."""
        line = joints[end] - joints[start]
        return np.degrees(np.arctan2(line @ other, line @ one))

    tilt = MEAN_CURVES["pelvic_tilt"].offset
    lean = turn("Hips", "Neck", _UP, forward)
    angles = {"thorax_tilt": lean}
    for part, joint in (("pelvic", "UpLeg"), ("thorax", "Arm")):
        line = f"Right{joint}", f"Left{joint}"
        angles[f"{part}_rotation"] = turn(*line, aside, forward)
        angles[f"{part}_obliquity"] = turn(*line, aside, _UP)
    for side in ("Left", "Right"):
        thigh, shank, arm, forearm = (
            turn(f"{side}{start}", f"{side}{end}", -_UP, forward)
            for start, end in (
                ("UpLeg", "Leg"), ("Leg", "Foot"), ("Arm", "ForeArm"), ("ForeArm", "Hand")
            )
        )  # fmt: skip
        foot = turn(f"{side}Foot", f"{side}ToeBase", forward, _UP)
        for name, angle in {
            "hip_flexion": thigh + tilt,
            "knee_flexion": thigh - shank,
            "ankle_dorsiflexion": foot - shank,
            "shoulder_flexion": arm + lean,
            "elbow_flexion": forearm - arm,
        }.items():
            angles[f"{side.lower()}_{name}"] = angle - _REST.get(name, 0)
    return angles, (joints["LeftFoot"] - joints["Hips"]) @ forward


def _harmonics(phase: np.ndarray, angle: np.ndarray) -> Harmonics:
    """The least-squares fit."""
    turns = 2 * np.pi * phase[:, None] * np.arange(1, _HARMONICS + 1)
    waves = np.concatenate([np.ones((len(phase), 1)), np.cos(turns), np.sin(turns)], axis=1)
    offset, *fit = np.linalg.lstsq(waves, angle, rcond=None)[0]
    wave = np.array(fit[:_HARMONICS]) - 1j * np.array(fit[_HARMONICS:])
    pairs = zip(np.abs(wave).tolist(), np.degrees(np.angle(wave)).tolist(), strict=True)
    return Harmonics(float(offset), tuple(pairs))
