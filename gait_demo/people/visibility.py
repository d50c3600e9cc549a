"""How well a person is seen in a frame, and what is done in each case."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Visibility(IntEnum):
    """Visibility of one person in one frame."""

    ABSENT = 0  # outside the frame
    VISIBLE = 1  # most of the body that lies within the frame is seen
    PARTIAL = 2  # seen, but a large part is hidden by something
    CARRIED = 3  # not seen for a moment; the matte of the nearest frame is moved here
    LOST = 4  # not seen for longer; the matte is moved as well, but may be in the wrong place


@dataclass(frozen=True)
class Consequence:
    """What is done with a person of a given visibility.

    Attributes:
        drawn: whether the person is drawn again.
        widened: margin in body heights by which the matte is widened before it is replaced by
            background; None: nothing is replaced.
    """

    drawn: bool
    widened: float | None


CONSEQUENCES = {
    Visibility.ABSENT: Consequence(drawn=False, widened=None),
    Visibility.VISIBLE: Consequence(drawn=True, widened=0.025),
    Visibility.PARTIAL: Consequence(drawn=True, widened=0.025),
    Visibility.CARRIED: Consequence(drawn=True, widened=0.06),
    Visibility.LOST: Consequence(drawn=False, widened=0.12),
}
