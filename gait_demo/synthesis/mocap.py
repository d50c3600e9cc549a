"""Motion capture of real walkers, from BVH files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gait_demo.errors import DataError

_AXES = "XYZ"


@dataclass(frozen=True)
class Motion:
    """
    Attributes:
        joints: (T, 3) float64 by joint name, where each joint is in each frame, in the file's units
            and axes.
        frame_s: seconds per frame.
    """

    joints: dict[str, np.ndarray]
    frame_s: float


def read_bvh(path: Path) -> Motion:
    """
    Raises:
        DataError: the file is no BVH file.
    """
    try:
        head, motion = path.read_text().split("MOTION", 1)
        joints = _joints(head.split())
        lines = motion.strip().splitlines()
        frames = np.array([line.split() for line in lines[2:] if line.strip()], float)
        return Motion(_positions(joints, frames), float(lines[1].split()[-1]))
    except (OSError, UnicodeDecodeError, ValueError, IndexError) as error:
        raise DataError(f"{path.name} is not a BVH file that can be read: {error}.") from error


def _joints(words: list[str]) -> list[tuple[str, int | None, np.ndarray, list[str]]]:
    """Name, index of the parent, offset and channels of every joint, parents first."""
    joints: list = []
    stack: list[int | None] = []
    last, skipping = None, 0
    for i, word in enumerate(words):
        if word in ("ROOT", "JOINT"):
            joints.append([words[i + 1], stack[-1] if stack else None, np.zeros(3), []])
            last = len(joints) - 1
        elif word == "End":
            skipping, last = 1, None
        elif word == "{":
            stack.append(last)
        elif word == "}":
            stack.pop()
            skipping = 0
        elif word == "OFFSET" and not skipping:
            joints[last][2] = np.array(words[i + 1 : i + 4], float)
        elif word == "CHANNELS":
            count = int(words[i + 1])
            joints[last][3] = words[i + 2 : i + 2 + count]
    return [tuple(joint) for joint in joints]


def _positions(joints: list, frames: np.ndarray) -> dict[str, np.ndarray]:
    turns: list[np.ndarray] = []
    places: list[np.ndarray] = []
    column = 0
    for _, parent, offset, channels in joints:
        move, turn = np.zeros((len(frames), 3)), np.eye(3)
        for channel in channels:
            values, column = frames[:, column], column + 1
            axis = _AXES.index(channel[0])
            if channel.endswith("position"):
                move[:, axis] = values
            else:
                turn = turn @ _turn(axis, values)
        place = offset + move
        if parent is not None:
            place = (turns[parent] @ place[..., None])[..., 0] + places[parent]
            turn = turns[parent] @ turn
        turns.append(np.broadcast_to(turn, (len(frames), 3, 3)))
        places.append(place)
    return {joint[0]: place for joint, place in zip(joints, places, strict=True)}


def _turn(axis: int, degrees: np.ndarray) -> np.ndarray:
    """(T, 3, 3) right-handed rotations about an axis."""
    angle = np.radians(degrees)
    i, j = [(1, 2), (2, 0), (0, 1)][axis]
    matrix = np.tile(np.eye(3), (len(angle), 1, 1))
    matrix[:, i, i] = matrix[:, j, j] = np.cos(angle)
    matrix[:, j, i] = np.sin(angle)
    matrix[:, i, j] = -matrix[:, j, i]
    return matrix
