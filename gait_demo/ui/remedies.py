"""Remedies for errors: buttons that run with other settings."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from gait_demo.errors import EngineError, NoPersonError, NotStartedError, WeightsError
from gait_demo.options import ANONYMIZERS
from gait_demo.types import Inspection
from gait_demo.ui.options import ANONYMIZER, EVERYONE, MAX_DURATION_S, MAX_FRAMES, Settings

TRIM_STEP_S = 0.1
_SHORT_S = 10  # a part so short that its length is not the reason for a failure


@dataclass(frozen=True)
class Remedy:
    """The label of a button, and the settings that it runs with."""

    label: str
    settings: Settings


def longest_s(inspection: Inspection) -> float:
    """The longest part of a clip that a run accepts, in seconds."""
    most_s = min(MAX_DURATION_S, MAX_FRAMES / float(inspection.info.fps))
    return math.floor(most_s / TRIM_STEP_S) * TRIM_STEP_S


def last_s(inspection: Inspection) -> float:
    """The end of a clip on the slider, rounded up, so that the last frame is included."""
    return max(TRIM_STEP_S, round(inspection.duration_s + TRIM_STEP_S / 2, 1))


def remedy(error: Exception, inspection: Inspection, settings: Settings) -> Remedy | None:
    """The most promising remedy for an error; None if only another video helps.

    Args:
        error: of the run.
        inspection: of the clip.
        settings: of the run.
    """
    most_s, end_s = longest_s(inspection), last_s(inspection)
    length_s = settings.end_s - settings.start_s
    whole = replace(settings, start_s=0, end_s=min(end_s, most_s))
    if length_s <= 0:
        return _part("Use", whole)
    if length_s > most_s:
        return _part("Trim to", _of_length(settings, most_s))
    if isinstance(error, NoPersonError) and settings.who != EVERYONE:
        return Remedy("Hide everyone instead", replace(settings, who=EVERYONE))
    if isinstance(error, NoPersonError) and length_s < whole.end_s - TRIM_STEP_S:
        return _part("Use", whole)
    if isinstance(error, WeightsError) and settings.anonymizer != ANONYMIZER:
        label = f"Use {ANONYMIZERS[ANONYMIZER]} instead"
        return Remedy(label, replace(settings, anonymizer=ANONYMIZER))
    was_begun = isinstance(error, EngineError) and not isinstance(error, NotStartedError)
    if was_begun and length_s > _SHORT_S:
        return _part("Try a shorter part:", _of_length(settings, length_s / 2))
    if isinstance(error, (EngineError, OSError)):
        return Remedy("Try again", settings)
    return None


def _part(verb: str, settings: Settings) -> Remedy:
    return Remedy(f"{verb} {settings.start_s:g}-{settings.end_s:g} s", settings)


def _of_length(settings: Settings, length_s: float) -> Settings:
    return replace(settings, end_s=round(settings.start_s + length_s, 1))
