"""Features of walks for closed-form attackers: one row of numbers per walk, NaN if not known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gait_demo.datasets.casia import FPS
from gait_demo.evaluation.gaits import Gaits
from gait_demo.evaluation.naturalness import leg_spread
from gait_demo.evaluation.rhythm import rhythm
from gait_demo.joints import BONES, JOINTS

Cue = Callable[[Gaits], np.ndarray]  # -> (N, D)

# columns of `full_frame`
FRAME_PARTS = {
    "height alone": (0, 1), "path alone": (2, 6), "speed alone": (3,), "steps alone": (4, 5),
    "frame without steps": (0, 1, 2, 3, 6),
}  # fmt: skip
_FEWEST = 8  # minimum number of frames of a path


def energy(gaits: Gaits) -> np.ndarray:
    """(N, 4096): gait energy images."""
    images = gaits.geis().images.astype(np.float64)
    images[[not len(walk) for walk in gaits.walks]] = np.nan
    return images


def rhythms(gaits: Gaits) -> np.ndarray:
    """(N, 7): see `rhythm`."""
    return np.stack([rhythm(leg_spread(gaits.frames(n))) for n in range(len(gaits))])


def full_frame(gaits: Gaits) -> np.ndarray:
    """(N, 7): features of a walker before a fixed camera besides the shape: height, and y of head
    and feet, in pixels; logarithms of the speed across the picture, of the strides per second and
    of the length of a stride; and growth of the height in pixels per second."""
    cadences = rhythms(gaits)[:, 0]
    return np.stack([
        np.full(7, np.nan) if len(recording) < _FEWEST else _frame_cue(recording.boxes, cadence)
        for recording, cadence in zip(gaits.recordings, cadences, strict=True)
    ])  # fmt: skip


def _frame_cue(boxes: np.ndarray, cadence: float) -> np.ndarray:
    x0, head, x1, feet = boxes.T.astype(np.float64)
    seconds = np.arange(len(boxes)) / FPS
    speed, growth = (np.polyfit(seconds, line, 1)[0] for line in ((x0 + x1) / 2, feet - head))
    # a silhouette may lack its head or feet, but hardly ever has more
    height, head, feet = (
        np.percentile(feet - head, 75),
        np.percentile(head, 25),
        np.percentile(feet, 75),
    )
    fast, often = np.log([max(abs(speed), 1e-3), cadence])
    return np.array([height, head, feet, fast, often, fast - often, growth])


def joints(gaits: Gaits) -> np.ndarray:
    """(N, 96): mean positions of the joints, their swing, and mean lengths of the bones; NaN for
    walks without joints."""
    size = 4 * JOINTS + len(BONES)
    return np.stack([
        np.full(size, np.nan)
        if recording.joints is None or not len(recording)
        else _joint_cue(recording.joints)
        for recording in gaits.recordings
    ])  # fmt: skip


def _joint_cue(places: np.ndarray) -> np.ndarray:
    first, last = np.transpose(BONES)
    lengths = np.linalg.norm(places[:, last] - places[:, first], axis=2)
    return np.concatenate([
        places.mean(axis=0).ravel(), places.std(axis=0).ravel(), lengths.mean(axis=0)
    ])  # fmt: skip
