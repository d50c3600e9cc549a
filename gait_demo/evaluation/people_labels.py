"""Frames labelled by hand: where people and their heads are.

people_labels.json holds numbers only: clips by name, frames by their index in presentation order,
boxes and heads in pixels. The clips themselves are not part of the project.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gait_demo.errors import DataError

LABELS = Path(__file__).with_suffix(".json")


@dataclass(frozen=True)
class LabelledPerson:
    """
    Attributes:
        person_id: the same in all frames of a clip that show the person.
        box: (4,) float64 x0, y0, x1, y1 in pixels, of what is visible.
        head: (3,) float64 x and y of the centre, and radius, in pixels; None if none is visible.
    """

    person_id: int
    box: np.ndarray
    head: np.ndarray | None


@dataclass(frozen=True)
class LabelledFrame:
    """
    Attributes:
        index: in presentation order, as read_frames counts.
        people: all in the frame, but for those in `ignore`.
        ignore: (N, 4) float64 boxes that count neither as people nor as scene: reflections,
            people too small or too crowded to be told apart.
    """

    index: int
    people: tuple[LabelledPerson, ...]
    ignore: np.ndarray

    @property
    def boxes(self) -> np.ndarray:
        """(N, 4) float64 of the people."""
        return np.array([person.box for person in self.people]).reshape(-1, 4)


@dataclass(frozen=True)
class LabelledClip:
    """
    Attributes:
        clip: file name, relative to the folder of the data.
        frames: by ascending index.
    """

    clip: str
    frames: tuple[LabelledFrame, ...]


def read_labels(path: Path = LABELS) -> list[LabelledClip]:
    """
    Raises:
        DataError: the file cannot be read, or is malformed.
    """
    try:
        clips = json.loads(path.read_text(encoding="utf-8"))["clips"]
        return [
            LabelledClip(clip["clip"], tuple(_labelled_frame(frame) for frame in clip["frames"]))
            for clip in clips
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} holds no labels of people: {error!r}.") from error


def _labelled_frame(frame: dict) -> LabelledFrame:
    people = tuple(
        LabelledPerson(
            int(person["id"]),
            np.array(person["box"], float).reshape(4),
            None if person["head"] is None else np.array(person["head"], float).reshape(3),
        )
        for person in frame["people"]
    )
    ignore = np.array(frame["ignore"], float).reshape(-1, 4)
    return LabelledFrame(int(frame["index"]), people, ignore)
