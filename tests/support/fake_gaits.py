"""Walks of drawn people, whom the width of their trunk and the length of their step tell apart."""

import numpy as np

from gait_demo.evaluation.gaits import Gaits

FRAMES = 10
CONDITIONS = ("nm-01", "nm-02", "nm-05", "nm-06")


def walk(wide: float, step: float, phase: float, frames: int = FRAMES) -> np.ndarray:
    """(frames, 64, 64) bool; a cycle is FRAMES long."""
    y, x = np.mgrid[:64, :64].astype(float)
    y, x = y / 63, (x - 31.5) / 63
    t = phase + np.arange(frames)[:, None, None] / FRAMES
    leg = step * np.sin(2 * np.pi * t) * (y - 0.5)
    trunk = ((y - 0.3) / 0.31) ** 2 + (x / wide) ** 2 < 1
    legs = (np.minimum(abs(x - leg), abs(x + leg)) < 0.05) & (y >= 0.5)
    return trunk | legs


def draw_gaits(
    people: int, views: tuple[int, ...] = (0, 90), seed: int = 0, frames: int = FRAMES
) -> Gaits:
    """Every person, numbered from 1, walks under each of CONDITIONS, seen at each view."""
    rng = np.random.default_rng(seed)
    walks, rows = [], []
    for person in range(1, people + 1):
        wide, step = rng.uniform(0.1, 0.25), rng.uniform(0.2, 0.8)
        for condition in CONDITIONS:
            phase = rng.uniform()
            for view in views:
                seen = walk(wide * (1 + 0.3 * view / 90), step * (0.5 + view / 180), phase, frames)
                walks.append(np.packbits(seen, axis=-1))
                rows.append((person, view, condition))
    person, view, condition = zip(*rows, strict=True)
    about = map(np.array, (person, view, condition))
    return Gaits(tuple(walks), *about, clear=np.ones(len(walks), bool))
