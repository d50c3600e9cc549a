"""What a rater is shown, and what becomes of it: a vote under a name that is nobody's."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from gait_demo.errors import StudyError
from gait_demo.mos.study import Clip

_MOST, _MOST_RATIO = 100_000, 20  # what a page may tell
_TOKEN = re.compile(r"[\w-]{20,64}", re.ASCII)


class UnknownRater(StudyError):
    """Nobody has this token."""

    def __init__(self) -> None:
        super().__init__("Nobody takes part under this token: begin anew.")


@dataclass(frozen=True)
class Trial:
    """What a rater is to see now.

    Attributes:
        clip: to be rated; None: all are.
        position: of the clip among those that count, from 1; 0 for the training trial.
        total: of clips that count.
        rated: by this rater so far, training left out.
        score: given to this clip before, when the rater has gone back.
        can_go_back: whether there is a clip before this one.
    """

    clip: Clip | None
    position: int
    total: int
    rated: int
    score: int | None
    can_go_back: bool


@dataclass(frozen=True)
class Device:
    """On what a clip was rated; nothing of it tells one rater from another with the same.

    Attributes:
        screen_width, screen_height: of the browser's window, in CSS pixels.
        pixel_ratio: of the screen's pixels to those.
        is_touch: whether fingers point, as on phones.
        frames, dropped: of the clip, shown and left out by the browser.
    """

    screen_width: int | None = None
    screen_height: int | None = None
    pixel_ratio: float | None = None
    is_touch: bool | None = None
    frames: int | None = None
    dropped: int | None = None

    @classmethod
    def of(cls, told: object) -> Device:
        """What a page tells; what is no such number is left out."""
        told = told if isinstance(told, dict) else {}
        numbers = {
            name: told[name]
            for name in ("screen_width", "screen_height", "frames", "dropped")
            if type(told.get(name)) is int and 0 <= told[name] < _MOST
        }
        ratio = told.get("pixel_ratio")
        if isinstance(ratio, (int, float)) and 0 < ratio < _MOST_RATIO:
            numbers["pixel_ratio"] = round(float(ratio), 2)
        if isinstance(told.get("is_touch"), bool):
            numbers["is_touch"] = told["is_touch"]
        return cls(**numbers)


@dataclass(frozen=True)
class Vote:
    """A vote that counts.

    Attributes:
        position: of the clip in the rater's order, from 0.
        served, voted: when the clip was first shown and when it was voted on, seconds since 1970;
            `served` is None where only a copy of the vote was left.
        device: of the last vote on the clip.
    """

    rater: str
    clip: str
    score: int
    position: int
    served: float | None
    voted: float
    device: Device = Device()


def rater_of(token: str) -> str:
    """The rater's id in the database and in exports, from which no token can be found.

    Raises:
        UnknownRater: this is no token.
    """
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise UnknownRater
    return hashlib.sha256(token.encode()).hexdigest()[:16]
