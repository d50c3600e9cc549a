"""Calibration of walkers' joints to the landmark network: where it sees them, and its errors.

Walkers are filmed at all views, and the network reads the film. For each joint, an offset from a
bone of the body is fitted to the readings.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gait_demo.imaging.boxes import bounds
from gait_demo.joints import JOINTS, LANDMARKS_OF, LEGS, NAMES
from gait_demo.people.landmarks import LandmarkNetwork, upright
from gait_demo.synthesis.appearance import Appearance
from gait_demo.synthesis.clothes import OUTFITS
from gait_demo.synthesis.dataset import OUTFIT_SHARES, draw_camera
from gait_demo.synthesis.exposure import develop, expose, out_of_focus, shutter
from gait_demo.synthesis.landmarks import ANCHORS
from gait_demo.synthesis.render import Camera
from gait_demo.synthesis.scene import SCENES, backdrop
from gait_demo.synthesis.walker import LATENT_DIM, Walker
from gait_demo.types import Progress, silent
from gait_demo.weights.finding import find

_SEED = 77
_WIDTH, _HEIGHT, _PERSON_PX = 432, 480, 300
_FPS, _FRAMES = 25, 16  # more than half a gait cycle
_PRESENCE = 0.5
_USUAL_ERROR = 0.015  # heights; larger ones count less
_RIDGE = 1e-5
_ITERATIONS = 20
_APART = 0.05  # heights: minimum distance of the legs for telling a swap
_SWAPPED = 0.03  # heights by which legs must fit better if they are swapped


@dataclass(frozen=True)
class Reading:
    """The network's readings of one walker, in heights of the walker in the picture.

    Attributes:
        said: (T, 19, 3), x, y, and visibility as read; nan where nobody is found.
        base: (T, 19, 2), the heads of the bones that joints are fitted from.
        slope: (T, 19, 2, 3), displacement by an offset of one height along each axis.
    """

    said: np.ndarray
    base: np.ndarray
    slope: np.ndarray

    def predicted(self, offsets: np.ndarray) -> np.ndarray:
        """(T, 19, 2) with offsets (19, 3) in heights, as `Anchor` has them."""
        return self.base + np.einsum("tjik,jk->tji", self.slope, offsets)


def calibrate(walkers: int, on_progress: Progress = silent) -> dict[str, dict]:
    """Fits the offsets of `landmarks.ANCHORS`.

    Returns:
        By joint, without its side: `offset`; in heights of the walker the median error, `bias`
        (deviation between walkers) and `jitter` (from frame to frame); `visibility`, the mean; and
        under "legs" the share of frames in which the network swaps them, where that can be told.

    Raises:
        WeightsError: the landmark network is not found.
    """
    network = LandmarkNetwork(find("pose_landmark").path)
    readings = []
    for number in range(walkers):
        readings.append(_read(network, number))
        on_progress("walkers", number + 1, walkers)
    return _fit(readings)


def _read(network: LandmarkNetwork, number: int) -> Reading:
    """Films one walker and reads the film."""
    rng = np.random.default_rng([_SEED, number])
    latent = rng.standard_normal(LATENT_DIM)
    walker = Walker(latent, str(rng.choice(OUTFITS, p=OUTFIT_SHARES)))
    appearance, camera = Appearance.draw(rng), draw_camera(rng)
    focal = _PERSON_PX * camera.distance / 1.7
    camera = replace(camera, focal=focal, width=_WIDTH, height=_HEIGHT)
    scene = str(rng.choice(SCENES))
    horizon, seed = rng.uniform(0.35, 0.6), int(rng.integers(2**31))
    place = out_of_focus(backdrop(scene, _WIDTH, _HEIGHT, horizon, seed))
    phases = rng.uniform() + np.arange(_FRAMES) * walker.cadence / _FPS
    region, points_read = None, []
    for phase in phases:
        instants = walker.pose(phase + shutter(_FPS) * walker.cadence)
        frame, coverage = expose(walker, instants, appearance, camera, place)
        if region is None:
            region = upright(bounds(coverage > 0.5))
        reading = network(develop(frame, rng), region)
        seen = reading.presence > _PRESENCE
        region = reading.region if seen else None
        points = [reading.landmarks[list(of)][:, [0, 1, 3]].mean(axis=0) for of in LANDMARKS_OF]
        points_read.append(points if seen else np.full((JOINTS, 3), np.nan))
    height = focal * walker.height / camera.distance
    points_read = np.array(points_read) + [0.5, 0.5, 0]  # pixel centres lie at whole numbers
    base, slope = _projected(walker, phases + shutter(_FPS).mean() * walker.cadence, camera)
    return Reading(points_read / [height, height, 1], base / height, slope / height)


def _projected(walker: Walker, phases: np.ndarray, camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """The bones' heads (T, 19, 2) in pixels, and their displacement (T, 19, 2, 3) by an offset of
    one height."""
    base = walker.landmarks(phases, np.zeros((JOINTS, 3)))
    step = 1e-3
    moved = [walker.landmarks(phases, np.tile(step * axis, (JOINTS, 1))) for axis in np.eye(3)]
    base, *moved = (camera.project(points)[..., :2].astype(float) for points in (base, *moved))
    return base, np.stack([(points - base) / step for points in moved], axis=-1)


def _fit(readings: list[Reading]) -> dict[str, dict]:
    offsets = np.zeros((JOINTS, 3))
    report = {}
    for short in ANCHORS:
        joints = [n for n, name in enumerate(NAMES) if name.endswith(short)]
        slope = np.concatenate([reading.slope[:, n] for reading in readings for n in joints])
        wanted = np.concatenate(
            [reading.said[:, n, :2] - reading.base[:, n] for reading in readings for n in joints]
        )
        offset = _least_squares(slope, wanted)
        offsets[joints] = offset
        errors = np.array([
            reading.said[:, joints, :2]
            - reading.base[:, joints]
            - reading.slope[:, joints] @ offset
            for reading in readings
        ])  # fmt: skip
        middle = np.nanmedian(errors, axis=1, keepdims=True)
        report[short] = {
            "offset": offset.round(4).tolist(),
            "error": _median(np.linalg.norm(errors, axis=-1)),
            "bias": _median(1.48 * abs(middle)),
            "jitter": _median(1.48 * abs(errors - middle)),
            "visibility": _mean([reading.said[:, joints, 2] for reading in readings]),
        }
    report["legs"] = {"swapped": _swapped(readings, offsets)}
    return report


def _least_squares(slope: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """(3,): robust fit of an offset to slopes (N, 2, 3) and places (N, 2); larger errors than usual
    have less weight."""
    known = np.isfinite(wanted).all(axis=1)
    slope, wanted = slope[known], wanted[known]
    offset = np.zeros(3)
    for _ in range(_ITERATIONS):
        errors = np.linalg.norm(wanted - slope @ offset, axis=1)
        weight = 1 / np.maximum(1, errors / _USUAL_ERROR)
        normal = np.einsum("nik,nil,n->kl", slope, slope, weight)
        right = np.einsum("nik,ni,n->k", slope, wanted, weight)
        offset = np.linalg.solve(normal + _RIDGE * weight.sum() * np.eye(3), right)
    return offset


def _swapped(readings: list[Reading], offsets: np.ndarray) -> float:
    """Share of the frames in which the legs fit better with left and right exchanged."""
    left, right = (list(side) for side in LEGS)
    points_read = np.concatenate([reading.said[..., :2] for reading in readings])
    truth = np.concatenate([reading.predicted(offsets) for reading in readings])

    def apart(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.linalg.norm(a - b, axis=-1).mean(axis=-1)

    straight = apart(points_read[:, left], truth[:, left]) + apart(
        points_read[:, right], truth[:, right]
    )
    crossed = apart(points_read[:, left], truth[:, right]) + apart(
        points_read[:, right], truth[:, left]
    )
    clear = apart(truth[:, left], truth[:, right]) > _APART
    return round(float((crossed < straight - _SWAPPED)[clear].mean()), 4)


def _median(values: np.ndarray) -> float:
    return round(float(np.nanmedian(values)), 4)


def _mean(values: list[np.ndarray]) -> float:
    return round(float(np.nanmean(values)), 3)
