"""One person's own pixels, frame by frame, on the way to their new silhouette."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gait_demo.background.plate import Background
from gait_demo.composite import paste_view, silhouette_view
from gait_demo.correspondence import correspond
from gait_demo.detail import Look, carry, necks
from gait_demo.people.person import Person
from gait_demo.structures import Frame

_HELD_S = 2.0  # a look, while the person is seen less well
_GROWN = 1.5  # times as tall as in it: then it shows a part of the person only


@dataclass(frozen=True)
class Carried:
    """The pixels of one frame.

    Attributes:
        look: of the person, in this frame or in an earlier one in which they were seen better.
        field: (32, 32, 2) float32, of `correspond`, from the silhouette of that frame.
    """

    look: Look
    field: np.ndarray

    def paste(self, rgb: np.ndarray, alpha: np.ndarray, square: np.ndarray) -> None:
        """Draws them into a frame, as composite.paste does with C-NET's colours."""
        view = silhouette_view(alpha, square, rgb.shape[:2])
        if view is not None:
            colours = carry(self.look, self.field, square, view)
            paste_view(rgb, colours, alpha, square, view)


class Carrier:
    """Of one person with one new gait; frames are asked for in order.

    A look is held for a while over frames that show the person less well.
    """

    def __init__(self, person: Person, gait: np.ndarray, hide_face: bool, fps: float):
        """gait: (T, 64, 64) float32, the new silhouettes."""
        seen = person.silhouettes
        self._person = person
        self._from = _looks(person, round(_HELD_S * fps))
        self._fields = correspond(seen.masks[self._from], gait)
        self._necks = head_line(person) if hide_face else None
        self._look: Look | None = None

    def at(self, frame: Frame, background: Background, position: int) -> Carried | None:
        """What is carried at a position of the track; None while nothing is surely the person."""
        if self._person.seen[position] and self._from[position] == position:
            self._look = self._seen(frame, background, position)
        return None if self._look is None else Carried(self._look, self._fields[position])

    def _seen(self, frame: Frame, background: Background, position: int) -> Look | None:
        seen = self._person.silhouettes
        mask, square = seen.masks[position], seen.squares[position]
        view = silhouette_view(mask, square, frame.rgb.shape[:2])
        if view is None:
            return None
        x, y, w, h = view
        neck = None if self._necks is None else self._necks[position] - y
        return Look.of(
            frame.rgb[y : y + h, x : x + w],
            background.crop(frame.index, *view),
            mask,
            square - np.float32([x, y, x, y]),
            neck,
        )


def head_line(person: Person) -> np.ndarray:
    """(T,) y in pixels down to which heads reach; where no landmarks say so, by the silhouette."""
    guessed = necks(person.silhouettes.masks, person.silhouettes.squares)
    return np.where(np.isfinite(person.necks), person.necks, guessed)


def _looks(person: Person, held: int) -> np.ndarray:
    """(T,) which frame of a track each one takes its pixels from.

    A frame that shows the person well, itself; one that does not, the last that did, for `held`
    frames and as long as the person is not much taller than there; after that, itself again. Where
    they are lost, it is as in the last frame in which they were not.
    """
    tall = np.diff(person.silhouettes.squares[:, [1, 3]], axis=1)[:, 0]
    source, last = np.arange(len(tall)), None
    for t, well in enumerate(person.well):
        if well:
            last = t
        elif last is not None and (t - last > held or tall[t] > _GROWN * tall[last]):
            last = None
        source[t] = t if last is None else last
    return source[np.maximum.accumulate(np.where(person.seen, np.arange(len(tall)), 0))]
