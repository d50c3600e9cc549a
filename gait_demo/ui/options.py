"""The settings that a visitor can choose, as options of a run and in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator
from pydantic.dataclasses import dataclass

from gait_demo.options import (
    ANONYMIZERS,
    COLOURS,
    STRENGTHS,
    AnonymizeOptions,
    ColorizeOptions,
    Options,
    VideoOptions,
)

MAX_DURATION_S, MAX_FRAMES = 60, 3600  # limits of a run
MAX_SEED = 9999
EVERYONE = 0  # choice of who gets another gait; other values are track ids
FULL = STRENGTHS["someone else"]
STRENGTH_CHOICES = [
    ("Subtle (hides little)", STRENGTHS["subtle"]),
    ("Half way", STRENGTHS["half way"]),
    ("Someone else (recommended)", FULL),
]
ANONYMIZER = next(iter(ANONYMIZERS))
COLOUR_CHOICES = [
    ("Own clothes", "sharp"),
    ("Own clothes, soft (paper)", "paper"),
    ("Plain grey", "plain"),
]
# names of the strengths in file names and links
_SHORT = {STRENGTHS["subtle"]: "subtle", STRENGTHS["half way"]: "half", FULL: "full"}


@dataclass(frozen=True)
class Settings:
    """The values of the page's controls: together with the clip, all that a result depends on.

    Attributes:
        start_s, end_s: the part to process, in seconds.
        seed: selects the noise.
        who: EVERYONE, or a track id.
        strength: over 0 and at most 1.
        colour: as in ColorizeOptions.
        anonymizer: one of ANONYMIZERS.
    """

    start_s: float
    end_s: float
    seed: Annotated[int, BeforeValidator(int)] = 0  # what is typed may have a fraction
    who: int = EVERYONE
    strength: float = FULL
    colour: str = "sharp"
    anonymizer: str = ANONYMIZER

    @property
    def badge(self) -> str:
        """The settings in words, as shown on the player."""
        names = {value: name for name, value in STRENGTHS.items()}
        colours = {value: name.lower() for name, value in COLOUR_CHOICES}
        strength = names.get(self.strength, f"strength {self.strength:.2g}")
        network = "" if self.anonymizer == ANONYMIZER else f" · {ANONYMIZERS[self.anonymizer]}"
        only = "" if self.who == EVERYONE else f" · only person {self.who}"
        return f"Seed {self.seed} · {strength} · {colours[self.colour]}{network}{only}"

    @property
    def query(self) -> str:
        """Query of a link that opens the page with these settings; `linked` reads it."""
        return f"?seed={self.seed}&strength={_SHORT.get(self.strength, '')}&colour={self.colour}"

    @property
    def file_stem(self) -> str:
        """Beginning of the names of downloads; it does not contain the visitor's file name."""
        strength = _SHORT.get(self.strength, f"{round(100 * self.strength)}")
        network = "" if self.anonymizer == ANONYMIZER else f"_{self.anonymizer}"
        only = "" if self.who == EVERYONE else f"_person{self.who}"
        return f"walk_seed{self.seed}_{strength}_{self.colour}{network}{only}"


def linked(query: Mapping[str, str]) -> tuple[int | None, float | None, str | None]:
    """Seed, strength and colour from the query of a link; None for those that it lacks."""
    seed, strength = query.get("seed", ""), query.get("strength", "")
    colour = query.get("colour")
    return (
        int(seed) if re.fullmatch(r"\d{1,4}", seed, re.ASCII) else None,
        {short: value for value, short in _SHORT.items()}.get(strength),
        colour if colour in COLOURS else None,
    )


def options_of(
    part: tuple[float, float | None],
    seed: float = 0,
    who: float = EVERYONE,
    strength: float = FULL,
    colour: str = "sharp",
    anonymizer: str = ANONYMIZER,
    secret: bytes | None = None,
) -> Options:
    """The options of a run.

    Args:
        part: (start, end) in seconds; an end of None is the clip's end.
        who: EVERYONE, or a track id.
        secret: the session's secret. Without it, a seed gives another gait every time.
    """
    return Options(
        video=VideoOptions(MAX_DURATION_S, MAX_FRAMES, start_s=part[0], end_s=part[1]),
        anonymize=AnonymizeOptions(
            seed=seed, person=who or None, strength=strength, anonymizer=anonymizer, secret=secret
        ),
        colorize=ColorizeOptions(colour=colour),
    )
