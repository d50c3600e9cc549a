"""Masks as one polygon each, which is how YOLO data sets store them."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

_SMOOTHED_PX = 0.4  # maximum distance of a polygon from the mask's outline


def yolo_lines(masks: list[np.ndarray]) -> list[str]:
    """One label line per person: class 0, then x and y of all corners as shares of the picture.

    Args:
        masks: (H, W) bool, of each person.
    """
    lines = []
    for mask in masks:
        size = np.array(mask.shape[::-1])
        corners = (outline(mask) + 0.5) / size
        lines.append("0 " + " ".join(f"{value:.5f}" for value in corners.ravel()) + "\n")
    return lines


def outline(mask: np.ndarray) -> np.ndarray:
    """(K, 2) int x and y of one polygon around all parts of a mask, (H, W) bool, not empty.

    Parts are strung together by lines a pixel wide; holes are filled.
    """
    joined = mask.astype(np.uint8)
    parts, _ = cv2.findContours(joined, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    for a, b in pairwise(sorted(parts, key=lambda part: part[:, 0, 1].min())):
        between = np.linalg.norm(a - b.transpose(1, 0, 2), axis=2)
        i, j = np.unravel_index(between.argmin(), between.shape)
        cv2.line(joined, a[i, 0].tolist(), b[j, 0].tolist(), 1, 1)
    parts, _ = cv2.findContours(joined, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    longest = max(parts, key=cv2.contourArea)
    return cv2.approxPolyDP(longest, _SMOOTHED_PX, closed=True)[:, 0]
