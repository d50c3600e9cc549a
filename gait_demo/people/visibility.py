"""How well somebody is seen in a frame, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Visibility(IntEnum):
    """Of one person in one frame."""

    ABSENT = 0  # not in the picture
    VISIBLE = 1  # seen from head to feet, or as much of that as the picture holds
    PARTIAL = 2  # seen, but a large part is hidden by something
    CARRIED = 3  # not seen; the matte of a frame shortly before or after is moved here
    LOST = 4  # not seen for longer between two frames in which they are


@dataclass(frozen=True)
class Consequence:
    """
    Attributes:
        drawn: whether the person is drawn anew.
        removed: what is replaced by background: "matte", "box", or nothing.
        reported: whether the report says so.
    """

    drawn: bool
    removed: str | None
    reported: bool


CONSEQUENCES = {
    Visibility.ABSENT: Consequence(drawn=False, removed=None, reported=False),
    Visibility.VISIBLE: Consequence(drawn=True, removed="matte", reported=False),
    Visibility.PARTIAL: Consequence(drawn=True, removed="matte", reported=False),
    Visibility.CARRIED: Consequence(drawn=True, removed="box", reported=True),
    Visibility.LOST: Consequence(drawn=False, removed="box", reported=True),
}
