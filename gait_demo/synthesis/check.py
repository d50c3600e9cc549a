"""Compares the walkers' joint angles with published norms and with real walkers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gait_demo.errors import DataError
from gait_demo.synthesis.kinematics import MEAN_CURVES, SHARED
from gait_demo.synthesis.mocap import read_bvh
from gait_demo.synthesis.walker import LATENT_DIM, Walker
from gait_demo.types import Progress, silent

_PHASES = np.arange(100) / 100
_BAND_SD = 2.0

# The same landmarks in anny's skeleton and in CMU's BVH files; {} is the side.
_LANDMARKS = {
    "pelvis": ("root", "Hips"),
    "neck": ("neck01", "Neck"),
    "hip": ("upperleg01.{}", "{}UpLeg"),
    "knee": ("lowerleg01.{}", "{}Leg"),
    "ankle": ("foot.{}", "{}Foot"),
    "shoulder": ("upperarm01.{}", "{}Arm"),
    "elbow": ("lowerarm01.{}", "{}ForeArm"),
    "wrist": ("wrist.{}", "{}Hand"),
}


def check_walkers(
    people: int = 60,
    seed: int = 0,
    mocap: Path | None = None,
    on_progress: Progress = silent,
) -> dict:
    """Measures a population of walkers.

    Args:
        mocap: a folder of BVH files of walks, named as CMU's: subject_trial.bvh.

    Returns:
        "angles": by curve, the share of all people and phases within two published standard
        deviations of the published mean, and the deviation of people's means, in degrees, made
        and published. "steps": mean and deviation by sex of stride and base width, in
        centimetres, cadence, in steps a minute, and speed, in centimetres a second. "mocap": by
        measure of posture and movement, the range of the real walkers, the central 95 % of the
        made ones, and the share of the real trials within it.

    Raises:
        DataError: a mocap folder without walks.
    """
    rng = np.random.default_rng([seed, people])
    walkers = []
    for done in range(people):
        on_progress("walkers", done, people)
        walkers.append(Walker(rng.standard_normal(LATENT_DIM)))
    report = {"people": people, "angles": _angles(walkers), "steps": _steps(walkers)}
    if mocap is not None:
        report["mocap"] = _against_mocap(walkers, mocap)
    return report


def _angles(walkers: list[Walker]) -> dict:
    angles = [walker.angles(_PHASES) for walker in walkers]
    report = {}
    for name, curve in MEAN_CURVES.items():
        made = np.stack([walker[name if name in SHARED else f"left_{name}"] for walker in angles])
        inside = np.abs(made - curve(_PHASES)) <= _BAND_SD * curve.offset_sd
        report[name] = {
            "within_2_sd": round(float(inside.mean()), 3),
            "sd": round(float(made.mean(axis=1).std()), 2),
            "published_sd": curve.offset_sd,
        }
    return report


def _steps(walkers: list[Walker]) -> dict:
    report = {}
    for sex, chosen in (
        ("men", [walker for walker in walkers if walker.female < 0.5]),
        ("women", [walker for walker in walkers if walker.female >= 0.5]),
    ):
        measures = {
            "stride_cm": [100 * walker.stride for walker in chosen],
            "base_width_cm": [100 * walker.base_width for walker in chosen],
            "cadence": [120 * walker.cadence for walker in chosen],
            "speed_cm_s": [100 * walker.stride * walker.cadence for walker in chosen],
        }
        report[sex] = {
            name: [round(float(np.mean(values)), 1), round(float(np.std(values)), 1)]
            for name, values in measures.items()
        }
    return report


def _against_mocap(walkers: list[Walker], folder: Path) -> dict:
    paths = sorted(folder.glob("*.bvh"))
    if not paths:
        raise DataError(f"{folder} holds no BVH files of walks.")
    up, forward = np.array([0.0, 0, 1]), np.array([0.0, -1, 0])
    made = [_posture(_named(walker.joints(_PHASES), 0, "LR"), up, forward) for walker in walkers]
    real = []
    for path in paths:
        joints = _named(read_bvh(path).joints, 1, ("Left", "Right"))
        way = joints["pelvis"][-1] - joints["pelvis"][0]
        way[1] = 0
        real.append(_posture(joints, np.array([0.0, 1, 0]), way / np.linalg.norm(way)))
    report = {}
    for name in made[0]:
        ours, theirs = (np.array([angles[name] for angles in group]) for group in (made, real))
        low, high = np.quantile(ours, [0.025, 0.975])
        report[name] = {
            "real": [round(float(theirs.min()), 1), round(float(theirs.max()), 1)],
            "made": [round(float(low), 1), round(float(high), 1)],
            "covered": round(float(((theirs >= low) & (theirs <= high)).mean()), 2),
        }
    return report


def _named(joints: dict[str, np.ndarray], source: int, sides: tuple[str, str] | str) -> dict:
    """The landmarks by our names, those of a side as "left_knee" and so on."""
    result = {}
    for name, names in _LANDMARKS.items():
        if "{}" not in names[source]:
            result[name] = joints[names[source]]
            continue
        for side, letter in zip(("left", "right"), sides, strict=True):
            result[f"{side}_{name}"] = joints[names[source].format(letter)]
    return result


def _posture(joints: dict[str, np.ndarray], up: np.ndarray, forward: np.ndarray) -> dict:
    """The highest, lowest and mean angles of one walk in degrees, both sides together."""

    def leaning(low: str, high: str) -> np.ndarray:
        """Forward lean of the line between two joints, seen from the side."""
        line = joints[high] - joints[low]
        return np.degrees(np.arctan2(line @ forward, line @ up))

    def bent(a: str, b: str, c: str) -> np.ndarray:
        first, second = joints[b] - joints[a], joints[c] - joints[b]
        lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
        return np.degrees(np.arccos(np.clip((first * second).sum(axis=1) / lengths, -1, 1)))

    curves = {"trunk_lean": leaning("pelvis", "neck")}
    for name, measure in {
        "thigh": lambda s: -leaning(f"{s}_knee", f"{s}_hip"),
        "knee": lambda s: bent(f"{s}_hip", f"{s}_knee", f"{s}_ankle"),
        "upper_arm": lambda s: -leaning(f"{s}_elbow", f"{s}_shoulder"),
        "elbow": lambda s: bent(f"{s}_shoulder", f"{s}_elbow", f"{s}_wrist"),
    }.items():
        curves[name] = np.concatenate([measure("left"), measure("right")])
    posture = {"trunk_lean_mean": curves.pop("trunk_lean").mean()}
    for name, curve in curves.items():
        low, high = np.quantile(curve, [0.02, 0.98])
        posture |= {f"{name}_mean": curve.mean(), f"{name}_range": high - low}
    return posture
