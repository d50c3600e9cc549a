"""What a visitor can choose, as options of a run."""

from __future__ import annotations

from gait_demo.options import (
    STRENGTHS,
    AnonymizeOptions,
    ColorizeOptions,
    PipelineOptions,
    VideoOptions,
)
from gait_demo.ui.summary import MAX_DURATION_S, MAX_FRAMES

EVERYONE = 0  # among the choices of whom to change; the others are track ids


def strength_of(stop: float) -> float:
    """A stop of the slider, 1 the weakest, as a strength."""
    return list(STRENGTHS.values())[int(stop) - 1]


def options_of(
    part: tuple[float, float | None],
    seed: float = 0,
    who: float = EVERYONE,
    strength: float = 1.0,
    colour: str = "sharp",
    anonymizer: str = "anet",
    secret: bytes | None = None,
) -> PipelineOptions:
    """
    Args:
        part: of the clip, in seconds; an end of None is its own.
        who: EVERYONE, or a track id.
        secret: the session's, without which a seed gives another gait every time.
    """
    return PipelineOptions(
        video=VideoOptions(MAX_DURATION_S, MAX_FRAMES, start_s=part[0], end_s=part[1]),
        anonymize=AnonymizeOptions(int(seed), int(who) or None, strength, anonymizer, secret),
        colorize=ColorizeOptions(colour),
    )
