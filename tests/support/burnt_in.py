"""What is burnt into drawn scenes: captions, clocks, logos and bars; and a camera that turns."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import scenes
from drawn import SHAPE, YELLOW, Scene

WHITE, BLACK, RED = (235, 235, 235), (20, 20, 20), (200, 40, 40)
_TICK = 6  # frames
_NUMBER_PX = 22  # rows of a picture near the number that every frame carries


@dataclass(frozen=True)
class Panned(Scene):
    """Before a camera that turns by three pixels a frame."""

    def background(self, index: int) -> np.ndarray:
        wide = scenes.background(self.shape[0], 3 * self.shape[1], seed=self.seed)
        return wide[:, 3 * index : 3 * index + self.shape[1]].copy()


def caption(index: int, rgb: np.ndarray) -> np.ndarray:
    return _written(rgb, "CAPTION", (100, 110))


def over_the_heads(index: int, rgb: np.ndarray) -> np.ndarray:
    return _written(rgb, "CAPTION", (100, 72))


def outlined(index: int, rgb: np.ndarray) -> np.ndarray:
    return _written(_written(rgb, "Street", (110, 130), BLACK, 5), "Street", (110, 130))


def clock(index: int, rgb: np.ndarray) -> np.ndarray:
    return _written(rgb, f"12:30:{index // _TICK + 10:02}", (90, 110))


def boxed_clock(index: int, rgb: np.ndarray) -> np.ndarray:
    cv2.rectangle(rgb, (84, 86), (240, 118), BLACK, -1)
    return clock(index, rgb)


def logo(index: int, rgb: np.ndarray) -> np.ndarray:
    cv2.rectangle(rgb, (236, 96), (300, 130), RED, -1)
    return _written(rgb, "TV", (248, 122), YELLOW)


def letterbox(index: int, rgb: np.ndarray) -> np.ndarray:
    rgb[:24] = rgb[-24:] = 2
    return rgb


def pillars(index: int, rgb: np.ndarray) -> np.ndarray:
    rgb[:, :40] = rgb[:, -40:] = 2
    return rgb


KINDS = (caption, outlined, clock, boxed_clock, logo, letterbox, pillars)


def opaque(paint, index: int) -> np.ndarray:
    """(H, W) bool: what of a frame it hides wholly."""
    dark, light = (paint(index, np.full((*SHAPE, 3), level, np.uint8)) for level in (0, 255))
    mask = (dark == light).all(axis=2)
    mask[:_NUMBER_PX] = False
    return mask


def _written(rgb, text, at, colour=WHITE, thick=2):
    return cv2.putText(rgb, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.7, colour, thick, cv2.LINE_AA)
