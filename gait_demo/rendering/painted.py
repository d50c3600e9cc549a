"""One person with another walker's gait, painted in 64x64: by C-NET as in the paper, or in one
grey."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from gait_demo.models.cnet import CNet
from gait_demo.people.person import Person
from gait_demo.rendering.colorize import colorize
from gait_demo.rendering.compositing import paste, render_binary
from gait_demo.rendering.head import head_lines, hide_above
from gait_demo.silhouettes.crops import crop_square
from gait_demo.types import SILHOUETTE_SIZE, SilhouetteClip

PLAIN = 0.25  # grey, in [0, 1], of a walker whose clothes are not shown


class PaintedWalker:
    """Draws one person, frame by frame, in the colours that were seen last."""

    def __init__(
        self,
        person: Person,
        gait: SilhouetteClip,
        sources: np.ndarray,
        cnet: CNet | None,
        *,
        hide_face: bool,
    ):
        """
        Args:
            gait: the new silhouettes in T' frames.
            sources: (T',) int, rising: for each of these frames, the position in the person's track
                whose colours are drawn.
            cnet: None: the person is painted in one grey.
            hide_face: whether C-NET gets the head without detail.
        """
        self._person, self._gait, self._sources = person, gait, sources
        self._cnet, self._hide_face = cnet, hide_face
        self._crops: dict[int, np.ndarray] = {}  # by position in the track

    def keep(self, shown: np.ndarray, position: int) -> None:
        """See `WalkerRenderer.keep`."""
        seen = self._person.seen[position] and not self._person.keeps_pose[position]
        if self._cnet is not None and seen:
            self._crops[position] = self._crop(shown, position)

    def drawing(self, number: int) -> Callable[[np.ndarray, np.ndarray], bool] | None:
        """See `WalkerRenderer.drawing`; None if the person has not been seen yet."""
        gait, size = self._gait, SILHOUETTE_SIZE
        if self._cnet is None:
            colours = np.full((size, size, 3), PLAIN, np.float32)
        else:
            last = max((n for n in self._crops if n <= self._sources[number]), default=None)
            if last is None:
                return None
            self._crops = {n: crop for n, crop in self._crops.items() if n >= last}
            colours = colorize(self._crops[last][None], gait.masks[number][None], self._cnet)[0]
        return partial(
            _draw, colours=colours, alpha=gait.masks[number], square=gait.squares[number]
        )

    def _crop(self, shown: np.ndarray, position: int) -> np.ndarray:
        square = self._person.silhouettes.squares[position]
        crop = crop_square(shown, square)
        if self._hide_face:
            cells = SILHOUETTE_SIZE / (square[3] - square[1])
            neck = head_lines(self._person)[position]
            hide_above(crop, cells * (neck - square[1]), SILHOUETTE_SIZE)
        return crop


def _draw(
    rgb: np.ndarray, binary: np.ndarray, colours: np.ndarray, alpha: np.ndarray, square: np.ndarray
) -> bool:
    paste(rgb, colours, alpha, square)
    np.maximum(binary, render_binary(binary.shape, [(alpha, square)]), out=binary)
    return True
