"""Drawn scenes with a known truth: textured backgrounds and figures that walk over them."""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import cv2
import numpy as np

from gait_demo.background.learning import BackgroundLearner, PeopleMask
from gait_demo.background.plate import NoPlate, Plate
from gait_demo.types import Frame

FPS = 25


def background(height: int = 180, width: int = 320, seed: int = 0) -> np.ndarray:
    """(height, width, 3) uint8: smooth texture."""
    return _background(height, width, seed).copy()


@cache  # a film asks for it in every frame
def _background(height: int, width: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(60, 200, (height // 8, width // 8, 3)).astype(np.float32)
    fine = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(fine + rng.normal(0, 3, fine.shape), 0, 255).astype(np.uint8)


def figure(shape: tuple[int, int], x: float, feet: float, tall: float, phase: float) -> np.ndarray:
    """(H, W) uint8, 0 or 1: a head, a trunk and two swinging legs."""
    mask = np.zeros(shape, np.uint8)

    def at(dx: float, up: float) -> tuple[int, int]:
        return round(x + dx * tall), round(feet - up * tall)

    cv2.circle(mask, at(0, 0.93), round(0.07 * tall), 1, -1)
    cv2.ellipse(mask, at(0, 0.67), (round(0.1 * tall), round(0.2 * tall)), 0, 0, 360, 1, -1)
    for side in (1, -1):
        step = 0.16 * np.sin(phase) * side
        cv2.line(mask, at(0, 0.5), at(step, 0.03), 1, max(2, round(0.08 * tall)))
    return mask


def walk(
    frames: int = 60,
    shape: tuple[int, int] = (180, 320),
    tall: float = 110,
    paths: tuple[tuple[float, float], ...] = ((-30, 350),),
    feet: float = 165,
    seed: int = 0,
) -> tuple[list[Frame], np.ndarray, np.ndarray]:
    """People crossing the picture.

    Args:
        paths: where each person's middle is in the first and in the last frame.

    Returns:
        The frames; the background, (H, W, 3) uint8; the masks, (people, T, H, W) uint8.
    """
    scene = background(*shape, seed=seed)
    rng = np.random.default_rng(seed + 1)
    masks = np.zeros((len(paths), frames, *shape), np.uint8)
    result = []
    for t in range(frames):
        rgb = scene.copy()
        for n, (start, end) in enumerate(paths):
            x = start + (end - start) * t / (frames - 1)
            masks[n, t] = figure(shape, x, feet, tall, 0.35 * t + n)
            rgb[masks[n, t] > 0] = (25, 30, 110) if n % 2 == 0 else (235, 220, 60)
        rgb = np.clip(rgb + rng.normal(0, 1.5, rgb.shape), 0, 255).astype(np.uint8)
        result.append(Frame(t, Fraction(t, FPS), rgb))
    return result, scene, masks


def learned(frames: list[Frame], people_mask: PeopleMask | None = None) -> Plate | NoPlate:
    """The background of a shot."""
    learner = BackgroundLearner()
    for frame in frames:
        learner.offer(frame)
    return learner.finish(people_mask)


def changed(frames: list[Frame], change) -> list[Frame]:
    """The frames with `change(index, rgb)` in place of each picture."""
    return [Frame(f.index, f.time, change(f.index, f.rgb)) for f in frames]


def iou(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a > 0, b > 0
    return float((a & b).sum() / max(1, (a | b).sum()))
