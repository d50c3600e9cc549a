"""What a rater is shown, and what becomes of it: a vote under a name that is nobody's."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from gait_demo.errors import StudyError
from gait_demo.mos.study import Clip

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
class Vote:
    """A vote that counts.

    Attributes:
        position: of the clip in the rater's order, from 0.
        served, voted: when the clip was first shown and when it was voted on, seconds since 1970;
            `served` is None where only a copy of the vote was left.
    """

    rater: str
    clip: str
    score: int
    position: int
    served: float | None
    voted: float


def rater_of(token: str) -> str:
    """The rater's id in the database and in exports, from which no token can be found.

    Raises:
        UnknownRater: this is no token.
    """
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise UnknownRater
    return hashlib.sha256(token.encode()).hexdigest()[:16]
