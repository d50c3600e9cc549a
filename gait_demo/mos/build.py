"""Making the clips of a study: every walk as the original and as anonymized by each method."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from fractions import Fraction
from typing import Protocol

import cv2
import numpy as np

from gait_demo.errors import GaitDemoError
from gait_demo.mos.assembly import Assembly
from gait_demo.mos.plan import StudyPlan, walks_of
from gait_demo.mos.study import SCALE, Clip, Study
from gait_demo.types import Progress, silent

LEAST_HEIGHT_PX = 400  # minimum height of a clip


class Footage(Protocol):
    """One walk, as the original and as anonymized by each method."""

    fps: Fraction
    subset: int

    def frames(self, method: str, seed: int) -> Iterator[np.ndarray]:
        """Frames (H, W, 3) uint8 RGB; `method` may also be REFERENCE or ANCHOR."""


def build_study(
    plan: StudyPlan,
    footage: Callable[[int, int], AbstractContextManager[Footage]],
    on_progress: Progress = silent,
) -> tuple[Study, list[str]]:
    """Makes a study.

    Args:
        plan: what to make.
        footage: opens the footage of a person and a view, as a context manager.
        on_progress: called with "study", the walks done, and the total number of walks.

    Returns:
        The study, and a sentence for each walk that could not be made.

    Raises:
        StudyError: the folder already holds a study, or no walk could be made.
    """
    assembly = Assembly(plan)
    walks, problems = walks_of(plan), []
    for done, ((person, view), clips) in enumerate(walks.items()):
        on_progress("study", done, len(walks))
        try:
            with footage(person, view) as walk:
                assembly.add([_filmed(walk, clip, assembly) for clip in clips])
        except GaitDemoError as error:
            problems.append(f"Person {person} at {view} degrees is left out: {error}")
    return assembly.finish(), problems


def _filmed(walk: Footage, clip: Clip, assembly: Assembly) -> Clip:
    frames = list(walk.frames(clip.method, clip.seed or 0))
    height, width = _large(frames[0]).shape[:2]
    with assembly.writer(width, height, walk.fps) as writer:
        for number, frame in enumerate(frames):
            frame = _large(frame)
            if clip.role == "gold" and number >= len(frames) // 3:
                frame = _asking_for(frame, clip.expected[0])
            writer.write(frame, number / walk.fps)
    return assembly.label(replace(clip, subset=walk.subset))


def _large(frame: np.ndarray) -> np.ndarray:
    """A frame scaled up to at least LEAST_HEIGHT_PX, so that all raters see it equally large."""
    height, width = frame.shape[:2]
    if height >= LEAST_HEIGHT_PX:
        return frame
    size = 2 * round(width * LEAST_HEIGHT_PX / height / 2), LEAST_HEIGHT_PX
    return cv2.resize(frame, size, interpolation=cv2.INTER_CUBIC)


def _asking_for(frame: np.ndarray, answer: int) -> np.ndarray:
    """A frame of a gold item, with a text that tells raters which button to press."""
    text = f"Please press {answer}: {SCALE[answer]}"
    height, width = frame.shape[:2]
    font, room = cv2.FONT_HERSHEY_SIMPLEX, 0.9 * width
    scale = room / cv2.getTextSize(text, font, 1.0, 2)[0][0]
    band = frame.copy()
    band[: round(0.2 * height)] = 20
    at = (round(0.05 * width), round(0.14 * height))
    return cv2.putText(band, text, at, font, scale, (255, 255, 255), 2, cv2.LINE_AA)
