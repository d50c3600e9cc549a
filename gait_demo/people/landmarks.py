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
_CELLS = 32  # along a side, whose mean colours are taken
_HIPS, _RIM = 33, 34  # further points: the middle of the hips, and of the circle around the body


@dataclass(frozen=True)
class Reading:
    """What the network says of one square.

    Attributes:
        presence: in [0, 1], of a person.
        landmarks: (33, 4) float32, x, y, depth (in pixels, smaller is nearer) and visibility.
        region: (2, 2) float32, the square in which the same person is to be read next.
        matte: of the person.
        colours: (2, 3) float32 RGB, of the trunk and the thighs.
    """

    presence: float
    landmarks: np.ndarray
    region: np.ndarray
    matte: Matte
    colours: np.ndarray


class LandmarkNetwork:
    """Reads squares of a frame."""

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
            region: (2, 2) in pixels: the centre of the square, and the middle of the side that is
                up for the person.
            others: people beside this one, who are painted over in the square: of two, the network
                reads the one that is seen better.
            before: of others a frame ago, who are painted over but where `own` is.
            own: of this person, a frame ago.
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
    """Gives other people in a square, in place, the mean colour of what is nobody."""

    def shown(mattes: Sequence[Matte]) -> np.ndarray:
        each = (matte.seen_through(to_square, _SIDE) > 0.5 for matte in mattes)
        return np.logical_or.reduce([np.zeros((_SIDE, _SIDE), bool), *each])

    hidden = shown(before)
    if own is not None:
        hidden &= ~shown([own])
    hidden |= shown(others)
    free = ~cv2.dilate(hidden.view(np.uint8), np.ones((9, 9), np.uint8)).astype(bool)
    if hidden.any() and free.any():
        square[hidden] = square[free].mean(axis=0)


def _colours(square: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(2, 3) float32: means along the trunk, and along the thighs; points (39, 5) in its pixels."""
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
    """(2, 2) float32: the upright square around a box (4,) that is read."""
    middle, half = (box[:2] + box[2:]) / 2, MARGIN * (box[2:] - box[:2]).max() / 2
    return np.float32([middle, middle - [0, half]])
