"""What a visitor can choose, as options of a run, and in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from gait_demo.options import (
    ANONYMIZERS,
    COLOURS,
    STRENGTHS,
    AnonymizeOptions,
    ColorizeOptions,
    Options,
    VideoOptions,
)

MAX_DURATION_S, MAX_FRAMES = 60, 3600  # of a run
MAX_SEED = 9999
EVERYONE = 0  # among the choices of whom to change; the others are track ids
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
# strengths in file names and links
_SHORT = {STRENGTHS["subtle"]: "subtle", STRENGTHS["half way"]: "half", FULL: "full"}


@dataclass(frozen=True)
class Settings:
    """All that a result depends on beside the clip, as the controls of the page hold it.

    Attributes:
        start_s, end_s: of the part, in seconds.
        seed: of the noise.
        who: EVERYONE, or a track id.
        strength: over 0 and at most 1.
        colour: as in ColorizeOptions.
        anonymizer: one of ANONYMIZERS.
    """

    start_s: float
    end_s: float
    seed: int = 0
    who: int = EVERYONE
    strength: float = FULL
    colour: str = "sharp"
    anonymizer: str = ANONYMIZER

    @property
    def badge(self) -> str:
        """The settings that are not seen in the picture, in words."""
        names = {value: name for name, value in STRENGTHS.items()}
        colours = {value: name.lower() for name, value in COLOUR_CHOICES}
        strength = names.get(self.strength, f"strength {self.strength:.2g}")
        network = "" if self.anonymizer == ANONYMIZER else f" · {ANONYMIZERS[self.anonymizer]}"
        only = "" if self.who == EVERYONE else f" · only person {self.who}"
        return f"Seed {self.seed} · {strength} · {colours[self.colour]}{network}{only}"

    @property
    def query(self) -> str:
        """Of a link that opens the page with these settings; `linked` reads it."""
        return f"?seed={self.seed}&strength={_SHORT.get(self.strength, '')}&colour={self.colour}"

    @property
    def file_stem(self) -> str:
        """Of the names of downloads; it tells nothing of the visitor's own file name."""
        strength = _SHORT.get(self.strength, f"{round(100 * self.strength)}")
        network = "" if self.anonymizer == ANONYMIZER else f"_{self.anonymizer}"
        only = "" if self.who == EVERYONE else f"_person{self.who}"
        return f"walk_seed{self.seed}_{strength}_{self.colour}{network}{only}"


def linked(query: Mapping[str, str]) -> tuple[int | None, float | None, str | None]:
    """Seed, strength and colour that a link to the page asks for; None where it asks for none."""
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
    """
    Args:
        part: of the clip, in seconds; an end of None is its own.
        who: EVERYONE, or a track id.
        secret: the session's, without which a seed gives another gait every time.
    """
    return Options(
        video=VideoOptions(MAX_DURATION_S, MAX_FRAMES, start_s=part[0], end_s=part[1]),
        anonymize=AnonymizeOptions(int(seed), int(who) or None, strength, anonymizer, secret),
        colorize=ColorizeOptions(colour),
    )
