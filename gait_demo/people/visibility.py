"""How well somebody is seen in a frame, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Visibility(IntEnum):
    """Of one person in one frame."""

    ABSENT = 0  # not in the picture
    VISIBLE = 1  # seen from head to feet, or as much of that as the picture holds
    PARTIAL = 2  # seen, but a large part is hidden by something
    CARRIED = 3  # not seen for a moment; the matte of the nearest frame is moved here
    LOST = 4  # not seen for longer; the same, and how well it fits is not known


@dataclass(frozen=True)
class Consequence:
    """
    Attributes:
        drawn: whether the person is drawn anew.
        widened: heights by which the matte is widened before it is replaced by background; None:
            nothing is replaced.
        reported: whether the report says so.
    """

    drawn: bool
    widened: float | None
    reported: bool


CONSEQUENCES = {
    Visibility.ABSENT: Consequence(drawn=False, widened=None, reported=False),
    Visibility.VISIBLE: Consequence(drawn=True, widened=0.025, reported=False),
    Visibility.PARTIAL: Consequence(drawn=True, widened=0.025, reported=False),
    Visibility.CARRIED: Consequence(drawn=True, widened=0.06, reported=True),
    Visibility.LOST: Consequence(drawn=False, widened=0.12, reported=True),
}
