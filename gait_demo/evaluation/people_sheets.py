"""Contact sheets of labelled frames: original above result, and the heads enlarged."""

from __future__ import annotations

import cv2
import numpy as np

from gait_demo.evaluation.heads import HeadState
from gait_demo.evaluation.people_labels import LabelledFrame

_WIDTH_PX, _HEAD_PX, _HEADS = 480, 80, 6  # of a frame, of a head, and heads beside each other
_COLOURS = {
    HeadState.CLEAR: (255, 0, 0),
    HeadState.HIDDEN: (0, 200, 0),
    HeadState.PLAIN: (255, 255, 0),
}


def column(
    labels: LabelledFrame,
    original: np.ndarray,
    result: np.ndarray,
    states: list[HeadState | None],
) -> np.ndarray:
    """(H, 480, 3) uint8: original and result with rings around the heads, then the first six heads
    of each, enlarged and framed. Red: in clear, green: hidden, yellow: plain.

    Args:
        original, result: (H, W, 3) uint8 RGB.
        states: of the head of each labelled person; None without a head.
    """
    known = zip(labels.people, states, strict=True)
    heads = [(person.head, state) for person, state in known if state is not None]
    parts = []
    for image in (original, result):
        scale = _WIDTH_PX / image.shape[1]
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        for (x, y, radius), state in heads:
            centre = round(float(scale * x)), round(float(scale * y))
            cv2.circle(small, centre, max(2, round(float(scale * radius))), _COLOURS[state], 1)
        parts.append(small)
    cv2.putText(parts[0], str(labels.index), (4, 14), cv2.FONT_HERSHEY_PLAIN, 1, (255, 0, 255))
    for image in (original, result):
        strip = np.zeros((_HEAD_PX, _WIDTH_PX, 3), np.uint8)
        for n, (head, state) in enumerate(heads[:_HEADS]):
            strip[:, n * _HEAD_PX : (n + 1) * _HEAD_PX] = _enlarged(image, head, state)
        parts.append(strip)
    return np.concatenate(parts)


def sheet(columns: list[np.ndarray]) -> np.ndarray:
    """The columns of one clip, side by side."""
    return np.concatenate(columns, axis=1)


def _enlarged(image: np.ndarray, head: np.ndarray, state: HeadState) -> np.ndarray:
    scale = _HEAD_PX / (3 * head[2])
    shift = _HEAD_PX / 2 - scale * head[:2]
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    enlarged = cv2.warpAffine(image, matrix, (_HEAD_PX, _HEAD_PX), flags=cv2.INTER_LINEAR)
    return cv2.rectangle(enlarged, (0, 0), (_HEAD_PX - 1, _HEAD_PX - 1), _COLOURS[state], 2)
