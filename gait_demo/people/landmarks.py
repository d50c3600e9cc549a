"""The landmark network: 33 landmarks and a matte of the person in a square (BlazePose)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from scipy.special import expit

from gait_demo.people.litert import LiteNetwork
from gait_demo.people.segmenter import HIPS, KNEES, LANDMARKS, MARGIN, SHOULDERS, Matte

_SIDE = 256  # pixels
_CELLS = 32  # cells per side, for mean colours
# further outputs: the middle of the hips, and the upper point of the circle around the body
_HIPS, _RIM = 33, 34


@dataclass(frozen=True)
class Reading:
    """The network's output for one square.

    Attributes:
        presence: confidence in [0, 1] that the square shows a person.
        landmarks: (33, 4) float32: x, y and depth in pixels (smaller is nearer), and visibility in
            [0, 1].
        region: (2, 2) float32, the square in which to look for the person next, as in `Detection`.
        matte: of the person.
        colours: (2, 3) float32, mean RGB of the trunk and of the thighs.
    """

    presence: float
    landmarks: np.ndarray
    region: np.ndarray
    matte: Matte
    colours: np.ndarray


class LandmarkNetwork:
    """The landmark network; a call reads one square of a frame."""

    def __init__(self, path: Path, threads: int = 2):
        self._network = LiteNetwork(path, _SIDE, threads)

    def __call__(
        self,
        rgb: np.ndarray,
        region: np.ndarray,
        others: Sequence[Matte] = (),
        before: Sequence[Matte] = (),
        own: Matte | None = None,
    ) -> Reading:
        """
        Args:
            rgb: (H, W, 3) uint8.
            region: (2, 2) in pixels: the centre of the square, and the middle of its upper side as
                the person stands (the square may be rotated).
            others: mattes of other people, who are painted over in the square: otherwise the
                network reads whoever is seen best.
            before: mattes of other people in the neighbouring frame, painted over except where
                `own` is.
            own: matte of this person in the neighbouring frame.
        """
        centre, up = np.float32(region[0]), np.float32(region[1]) - np.float32(region[0])
        aside = np.float32([-up[1], up[0]])
        corners = np.float32([centre, centre + up, centre + aside])
        middle, end = (_SIDE - 1) / 2, _SIDE - 0.5
        to_square = cv2.getAffineTransform(
            corners, np.float32([[middle, middle], [middle, -0.5], [end, middle]])
        )
        square = cv2.warpAffine(rgb, to_square, (_SIDE, _SIDE), flags=cv2.INTER_LINEAR)
        if others or before:
            _paint_over(square, to_square, others, before, own)
        points, presence, logits, _, _ = self._network(np.float32(square) / 255)
        points = points.reshape(-1, 5)
        to_frame = cv2.invertAffineTransform(to_square)
        places = points[:, :2] @ to_frame[:, :2].T + to_frame[:, 2]
        scale = np.sqrt(abs(np.linalg.det(to_frame[:, :2])))
        landmarks = np.column_stack([places, scale * points[:, 2], expit(points[:, 3])])
        following = np.stack([
            places[_HIPS], places[_HIPS] + MARGIN * (places[_RIM] - places[_HIPS])
        ])  # fmt: skip
        return Reading(
            float(presence[0]),
            landmarks[:LANDMARKS].astype(np.float32),
            following.astype(np.float32),
            Matte.of(expit(logits[..., 0]), to_frame),
            _colours(square, points),
        )


def _paint_over(
    square: np.ndarray,
    to_square: np.ndarray,
    others: Sequence[Matte],
    before: Sequence[Matte],
    own: Matte | None,
) -> None:
    """Paints other people in a square, in place, in the mean colour of the rest; arguments as for
    `LandmarkNetwork`."""

    def shown(mattes: Sequence[Matte]) -> np.ndarray:
        masks = (matte.seen_through(to_square, _SIDE) > 0.5 for matte in mattes)
        return np.logical_or.reduce([np.zeros((_SIDE, _SIDE), bool), *masks])

    hidden = shown(before)
    if own is not None:
        hidden &= ~shown([own])
    hidden |= shown(others)
    free = ~cv2.dilate(hidden.view(np.uint8), np.ones((9, 9), np.uint8)).astype(bool)
    if hidden.any() and free.any():
        square[hidden] = square[free].mean(axis=0)


def _colours(square: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(2, 3) float32: mean colours along the trunk and along the thighs; `points` is (39, 5), in
    pixels of the square."""
    cells = cv2.resize(square, (_CELLS, _CELLS), interpolation=cv2.INTER_AREA)
    shoulders, hips, knees = (points[list(pair), :2] for pair in (SHOULDERS, HIPS, KNEES))
    lines = (shoulders.mean(axis=0), hips.mean(axis=0)), (hips, knees)
    colours = []
    for start, end in lines:
        along = np.stack([start + share * (end - start) for share in (0.2, 0.35, 0.5, 0.65, 0.8)])
        x, y = np.moveaxis(along * _CELLS / _SIDE, -1, 0).astype(int).clip(0, _CELLS - 1)
        colours.append(cells[y, x].reshape(-1, 3).mean(axis=0))
    return np.float32(colours)


def upright(box: np.ndarray) -> np.ndarray:
    """(2, 2) float32: the region, an upright square, in which to read the person of a box (4,)."""
    middle, half = (box[:2] + box[2:]) / 2, MARGIN * (box[2:] - box[:2]).max() / 2
    return np.float32([middle, middle - [0, half]])
