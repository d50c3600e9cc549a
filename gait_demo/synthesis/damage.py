"""Adds CASIA-B's defects to the silhouettes of synthetic people.

Clothes that resemble the background cause defects in every view and every walk. The severity
therefore depends mostly on the person and their clothes, and only a little on the view.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch

from gait_demo.datasets.casia import CONDITIONS, Sequence
from gait_demo.silhouettes.crops import box_around, normalise, squares_from_boxes
from gait_demo.silhouettes.degrade import degrade
from gait_demo.types import SILHOUETTE_SIZE

# An estimate for CASIA-B, from what QAGait's authors published on filtering it: a third to half
# of the sequences have frames in pieces; most of these have few such frames, those of some people
# many (`evaluate quality`, in_pieces).
_MEDIAN = 0.25  # severity: half of the people have less
_BETWEEN_CLOTHES = 1.2  # deviations of its natural logarithm
_BETWEEN_VIEWS = 0.3
_CLOTHES = len(CONDITIONS) + 1  # tells the random numbers of clothes from those of walks


def draw_severity(seed: int, sequence: Sequence) -> float:
    """The severity of a sequence, for data of CASIA-B's quality.

    It is the same for all walks in the same clothes, except for a small effect of the view.
    """
    clothes = _CLOTHES + (sequence.condition[:2] == "cl")
    of_clothes = np.random.default_rng([seed, sequence.person, clothes]).standard_normal()
    of_view = np.random.default_rng([seed, sequence.person, clothes, sequence.view + 1])
    spread = _BETWEEN_CLOTHES * of_clothes + _BETWEEN_VIEWS * of_view.standard_normal()
    return float(_MEDIAN * np.exp(spread))


def damage(masks: np.ndarray, severity: float, rng: np.random.Generator) -> np.ndarray:
    """Adds defects to a sequence, in squares that follow the person; the rest of the outline keeps
    its resolution.

    Args:
        masks: (T, H, W) bool.
        severity: as `degrade` takes it.

    Returns:
        (T, H, W) bool; a frame that was lost is empty.
    """
    shown = np.flatnonzero(masks.any(axis=(1, 2)))
    squares = squares_from_boxes(np.stack([box_around(masks[n]) for n in shown]))
    small = np.stack([normalise(masks[n], s) for n, s in zip(shown, squares, strict=True)]) > 0.5
    draws = torch.Generator().manual_seed(int(rng.integers(2**63)))
    left = degrade(torch.from_numpy(small[None].astype(np.float32)), draws, severity)[0].numpy() > 0
    damaged = masks.copy()
    for n, square, before, after in zip(shown, squares, small, left, strict=True):
        damaged[n] &= ~_enlarge(_and_beside(before & ~after, ~after), square, masks.shape[1:])
        damaged[n] |= _enlarge(_and_beside(after & ~before, after), square, masks.shape[1:])
    return damaged


def _and_beside(changed: np.ndarray, alike: np.ndarray) -> np.ndarray:
    """(64, 64) bool: changed cells, and those beside them that are alike afterwards. Without the
    latter, cells that the outline crosses would leave a rim or a slit."""
    return cv2.dilate(changed.astype(np.uint8), np.ones((3, 3))).astype(bool) & alike


def _enlarge(cells: np.ndarray, square: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """(H, W) bool: the pixels of a picture that cells, (64, 64) bool, of a square cover."""
    x0, y0, x1, _ = square
    scale = SILHOUETTE_SIZE / (x1 - x0)
    left, top = (0.5 - x0) * scale - 0.5, (0.5 - y0) * scale - 0.5
    to_cells = np.array([[scale, 0, left], [0, scale, top]])
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(cells.astype(np.float32), to_cells, shape[::-1], flags=how) > 0.5
