"""Walks of drawn people, whom the width of their trunk and the length of their step tell apart."""

import numpy as np

from gait_demo.evaluation.gaits import Gaits, Recording

FRAMES = 10
CONDITIONS = ("nm-01", "nm-02", "nm-05", "nm-06")


def walk(
    wide: float, step: float, phase: float, frames: int = FRAMES, cycle: int = FRAMES
) -> np.ndarray:
    """(frames, 64, 64) bool; a cycle is so many frames long."""
    y, x = np.mgrid[:64, :64].astype(float)
    y, x = y / 63, (x - 31.5) / 63
    t = phase + np.arange(frames)[:, None, None] / cycle
    leg = step * np.sin(2 * np.pi * t) * (y - 0.5)
    trunk = ((y - 0.3) / 0.31) ** 2 + (x / wide) ** 2 < 1
    legs = (np.minimum(abs(x - leg), abs(x + leg)) < 0.05) & (y >= 0.5)
    return trunk | legs


def recorded(masks: np.ndarray, height: float = 64.0, speed: float = 0.0) -> Recording:
    """A walk, (frames, 64, 64), past a camera: the walker is `height` pixels tall, and walks so
    many pixels a frame along the line y = 200."""
    left = 100 + speed * np.arange(len(masks))
    bottom = np.full(len(masks), 200.0)
    squares = np.stack([left, bottom - height, left + height, bottom], axis=1)
    return Recording(np.packbits(masks > 0.5, axis=-1), squares.astype(np.float32))


def draw_gaits(
    people: int,
    views: tuple[int, ...] = (0, 90),
    seed: int = 0,
    frames: int = FRAMES,
    cycle: int = FRAMES,
) -> Gaits:
    """Every person, numbered from 1, walks under each of CONDITIONS, seen at each view. People are
    of another height and speed as well."""
    rng, places = np.random.default_rng(seed), np.random.default_rng([seed, 1])
    walks, rows = [], []
    for person in range(1, people + 1):
        wide, step = rng.uniform(0.1, 0.25), rng.uniform(0.2, 0.8)
        height, speed = places.uniform(90, 130), places.uniform(2, 5)
        for condition in CONDITIONS:
            phase = rng.uniform()
            for view in views:
                shape = wide * (1 + 0.3 * view / 90), step * (0.5 + view / 180)
                seen = walk(*shape, phase, frames, cycle)
                walks.append(recorded(seen, height * places.normal(1, 0.002), speed))
                rows.append((person, view, condition))
    person, view, condition = zip(*rows, strict=True)
    about = map(np.array, (person, view, condition))
    return Gaits(tuple(walks), *about, clear=np.ones(len(walks), bool))
