"""BlazePose's person detector (Bazarevsky et al. 2020), an SSD with anchors.

It finds people taller than about a third of the frame, in any pose.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from scipy.special import expit

from gait_demo.people.litert import LiteNetwork

_SIDE = 224  # pixels
_GRIDS = ((28, 2), (14, 2), (7, 6))  # cells along a side, and anchors in each
_SAME_PERSON = 0.3  # IoU threshold of non-maximum suppression


@dataclass(frozen=True)
class Proposal:
    """A square of a frame that may show a person.

    Attributes:
        score: in [0, 1].
        region: (2, 2) float32 in pixels: the centre of the square, and the middle of its upper side
            as the person stands (the square may be rotated).
        box: (4,) around what is visible of the person, in pixels; None if the detector tells none.
    """

    score: float
    region: np.ndarray
    box: np.ndarray | None = None


class PoseDetector:
    """Finds large people in single frames."""

    def __init__(self, path: Path, threads: int = 2):
        self._network = LiteNetwork(path, _SIDE, threads)
        self._anchors = _anchors()

    def __call__(self, rgb: np.ndarray, least: float) -> list[Proposal]:
        """
        Args:
            rgb: (H, W, 3) uint8.
            least: minimum score of a proposal.
        """
        h, w = rgb.shape[:2]
        scale = _SIDE / max(h, w)
        size = max(1, round(w * scale)), max(1, round(h * scale))
        left, top = (_SIDE - size[0]) // 2, (_SIDE - size[1]) // 2
        image = np.zeros((_SIDE, _SIDE, 3), np.uint8)
        small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
        image[top : top + size[1], left : left + size[0]] = small
        found, logits = self._network(np.float32(image) / np.float32(127.5) - 1)
        scores = expit(logits[:, 0])
        kept = np.flatnonzero(scores >= least)
        if not len(kept):
            return []
        scores, points = scores[kept], found[kept].reshape(-1, 6, 2) / _SIDE
        points[:, 0] += self._anchors[kept]
        points[:, 2:] += self._anchors[kept, None]
        points = (_SIDE * points - [left, top]) * [w / size[0], h / size[1]]
        middle, side, (hips, rim) = points[:, 0], np.abs(points[:, 1]), (points[:, 2], points[:, 3])
        boxes = np.column_stack([middle - side / 2, side])
        surest = cv2.dnn.NMSBoxes(boxes.tolist(), scores.tolist(), least, _SAME_PERSON)
        return [Proposal(float(scores[n]), np.float32([hips[n], rim[n]])) for n in np.ravel(surest)]


def _anchors() -> np.ndarray:
    """(2254, 2): the centres of the anchors, in the unit square of the image."""
    anchors = []
    for cells, count in _GRIDS:
        middles = (np.arange(cells) + 0.5) / cells
        grid = np.stack(np.meshgrid(middles, middles), axis=-1).reshape(-1, 2)
        anchors.append(np.repeat(grid, count, axis=0))
    return np.concatenate(anchors)
