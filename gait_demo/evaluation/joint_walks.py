"""Walks as sequences of joints, for an attacker who reads landmarks in finished videos."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gait_demo.evaluation.extraction import runs, small
from gait_demo.joints import BONES, MIRRORED, NAMES, joints_in
from gait_demo.options import PeopleOptions
from gait_demo.people.segmenter import HIPS, Detection, PersonSegmenter
from gait_demo.people.tracking import Tracker
from gait_demo.video import probe, read_frames

_SHORTEST = 12  # minimum number of frames of a walk
_CADENCES = np.linspace(0.6, 1.4, 81)  # strides per second
_HARMONICS = 2  # of the stride, of which a signature consists
_PENALTY = 0.1  # of ridge regression, in frames: walks may be shorter than a stride
_ANKLES = NAMES.index("left_ankle"), NAMES.index("right_ankle")


@dataclass(frozen=True)
class JointWalk:
    """One walk through the picture.

    Attributes:
        middle: frame of the video in which half of the walk is over.
        joints: (T, 19, 2) float32 in body heights from the middle of the hips, x to where the
            person goes, y down; in the order of `joints.NAMES`.
        fps: frames per second.
    """

    middle: float
    joints: np.ndarray
    fps: float

    def signature(self) -> np.ndarray:
        """(211,): mean places of the joints; the first two harmonics of their movement over a
        stride, real and imaginary, whose phase is 0 where the left ankle is farthest ahead of the
        right one; mean lengths of the bones; and strides per second."""
        count = len(self.joints)
        places = self.joints.reshape(count, -1).astype(np.float64)
        mean = places.mean(axis=0)
        numbers = np.arange(1, _HARMONICS + 1)
        angles = 2 * np.pi * _CADENCES[:, None, None] * np.arange(count)[:, None] / self.fps
        waves = np.concatenate([np.cos(angles * numbers), np.sin(angles * numbers)], axis=2)
        transposed = waves.transpose(0, 2, 1)
        fits = np.linalg.solve(
            transposed @ waves + _PENALTY * np.eye(2 * _HARMONICS), transposed @ (places - mean)
        )  # of each cadence
        best = int(np.square(waves @ fits - (places - mean)).sum(axis=(1, 2)).argmin())
        wave = (fits[best, :_HARMONICS] - 1j * fits[best, _HARMONICS:]).reshape(
            _HARMONICS, *self.joints.shape[1:]
        )
        ahead = wave[0, _ANKLES[0], 0] - wave[0, _ANKLES[1], 0]
        wave = wave * np.exp(-1j * np.angle(ahead) * numbers)[:, None, None]
        first, last = np.transpose(BONES)
        lengths = np.linalg.norm(self.joints[:, last] - self.joints[:, first], axis=2)
        return np.concatenate([
            mean, wave.real.ravel(), wave.imag.ravel(), lengths.mean(axis=0), [_CADENCES[best]]
        ])  # fmt: skip


def joint_walks(video: Path, segmenter: PersonSegmenter) -> list[JointWalk]:
    """The walks of whole people through the picture, as the program follows them.

    Raises:
        VideoError: the video cannot be read.
    """
    fps = float(probe(video).fps)
    frames = [small(frame.rgb) for frame in read_frames(video)]
    options = PeopleOptions()
    tracker = Tracker(segmenter, fps, options)
    for index, rgb in enumerate(frames):
        tracker.update(index, rgb)
    walks = []
    for tracklet in tracker.finish(frames.__getitem__, 1.0):
        if not tracklet.is_person(options):
            continue
        whole = [
            index
            for index, seen in sorted(tracklet.seen.items())
            if seen.landmarks is not None and _is_whole(seen.box, frames[index].shape[1])
        ]
        for run in runs(whole):
            if len(run) >= _SHORTEST and (walk := _walk(tracklet.seen, run, fps)):
                walks.append(walk)
    return walks


def _is_whole(box: np.ndarray, width: int) -> bool:
    return bool(box[0] > 1 and box[2] < width - 1)


def _walk(seen: dict[int, Detection], run: list[int], fps: float) -> JointWalk | None:
    """None for a person who stays in place."""
    hips = np.stack([seen[index].landmarks[list(HIPS), :2].mean(axis=0) for index in run])
    height = float(np.median([seen[index].height for index in run]))
    way = np.polyfit(run, hips[:, 0], 1)[0] * (run[-1] - run[0])
    if abs(way) < height:
        return None
    frames = np.arange(run[0], run[-1] + 1)
    middle = np.stack([np.interp(frames, run, line) for line in hips.T], axis=1)
    squares = np.concatenate([middle - height / 2, middle + height / 2], axis=1)
    landmarks = [seen[index].landmarks if index in seen else None for index in frames.tolist()]
    joints = joints_in(landmarks, squares, fps)[..., :2] - np.float32(0.5)
    if way < 0:
        joints = joints[:, list(MIRRORED)] * np.float32([-1, 1])
    return JointWalk((run[0] + run[-1]) / 2, joints, fps)
