"""What a rater is shown, and votes under pseudonyms."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from gait_demo.errors import StudyError
from gait_demo.mos.study import Clip

_Count = Annotated[int, Field(ge=0, lt=100_000)]
_TOKEN = re.compile(r"[\w-]{20,64}", re.ASCII)


class UnknownRater(StudyError):
    """There is no rater with this token."""

    def __init__(self) -> None:
        super().__init__("There is no rater with this token: start again.")


@dataclass(frozen=True)
class Trial:
    """What a rater is shown now.

    Attributes:
        clip: the clip to rate; None if all are rated.
        position: of the clip among those that count, from 1; 0 for training clips.
        total: number of the rater's clips that count.
        rated: number of those that are already rated.
        score: earlier score of this clip, if the rater has gone back to it; otherwise None.
        can_go_back: whether the rater can go back to the previous clip.
    """

    clip: Clip | None
    position: int
    total: int
    rated: int
    score: int | None
    can_go_back: bool


@dataclass(frozen=True)
class Device:
    """The device on which a clip was rated; it does not tell apart raters who have the same one.

    Attributes:
        screen_width, screen_height: size of the browser's window, in CSS pixels.
        pixel_ratio: screen pixels per CSS pixel.
        is_touch: whether it has a touch screen.
        frames, dropped: numbers of frames of the clip that the browser displayed, and dropped.
    """

    screen_width: _Count | None = None
    screen_height: _Count | None = None
    pixel_ratio: Annotated[float, Field(gt=0, lt=20)] | None = None
    is_touch: bool | None = None
    frames: _Count | None = None
    dropped: _Count | None = None

    @classmethod
    def of(cls, data: object) -> Device:
        """The device from what a page sends; nothing of it if any value is invalid."""
        try:
            return TypeAdapter(cls).validate_python(data)
        except ValidationError:
            return cls()


@dataclass(frozen=True)
class Vote:
    """A vote that counts.

    Attributes:
        rater: pseudonym of the rater.
        clip: id of the clip.
        score: 1 to 5.
        position: of the clip in the rater's order, from 0.
        served, voted: times when the clip was first shown and when it was voted on, in seconds
            since 1970; `served` is None for votes that were restored from a copy.
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
    """The rater's pseudonym in the database and in exports: a hash, which does not give the token.

    Raises:
        UnknownRater: the token is malformed.
    """
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise UnknownRater
    return hashlib.sha256(token.encode()).hexdigest()[:16]
