"""Places to walk in, painted procedurally: a room, a street, a park."""

from __future__ import annotations

import cv2
import numpy as np

SCENES = ("room", "street", "park")


def backdrop(kind: str, width: int, height: int, horizon: float, seed: int) -> np.ndarray:
    """Paint an empty scene.

    Args:
        kind: one of SCENES.
        horizon: height of the horizon as a share of the picture from its top.
        seed: of everything random in it.

    Returns:
        (height, width, 3) uint8 RGB.
    """
    if kind not in SCENES:
        raise ValueError(f"kind: expected one of {SCENES}, got {kind!r}")
    rng = np.random.default_rng([seed, SCENES.index(kind)])
    painter = {"room": _room, "street": _street, "park": _park}[kind]
    picture = painter(rng, width, height, int(np.clip(horizon, 0.1, 0.9) * height))
    grain = rng.normal(0, 0.008, (height, width, 1))
    return (np.clip(picture + grain, 0, 1) * 255).astype(np.uint8)


def noise(rng: np.random.Generator, width: int, height: int, cells: int, octaves: int = 4):
    """(height, width) smooth noise in about [-1, 1]; `cells` blobs across at the coarsest."""
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        n = max(2, min(cells * 2**octave, width))
        grid = rng.normal(size=(max(2, n * height // width), n)).astype(np.float32)
        total += cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC) / 2**octave
    return total / 2.5


def _ground(rng, width: int, height: int, horizon: int, colour, tile: float) -> np.ndarray:
    """Floor seen in perspective, in tiles `tile` wide (0: none)."""
    rows = np.arange(horizon, height, dtype=np.float32)[:, None]
    depth = height / np.maximum(rows - horizon + 0.06 * height, 1)
    across = (np.arange(width, dtype=np.float32)[None] - width / 2) / height * depth
    texture = 0.05 * noise(rng, width, len(rows), 24, 5) / np.sqrt(depth)
    if tile:
        joint = (np.abs((across / tile) % 1 - 0.5) > 0.485) | (
            np.abs((depth / tile) % 1 - 0.5) > 0.48
        )
        texture = texture - 0.08 * cv2.GaussianBlur(joint.astype(np.float32), (3, 3), 0)
    return np.asarray(colour, np.float32) * (1 + texture[..., None])


def _rectangle(picture, x0, y0, x1, y1, colour) -> None:
    cv2.rectangle(picture, (int(x0), int(y0)), (int(x1), int(y1)), [float(c) for c in colour], -1)


def _muted(rng, low: float, high: float) -> np.ndarray:
    grey = rng.uniform(low, high)
    return np.clip(grey + rng.normal(0, 0.06, 3), 0.03, 0.97)


def _room(rng, width, height, horizon) -> np.ndarray:
    floor = horizon + int(0.16 * height)  # the wall meets the floor below the horizon
    picture = np.empty((height, width, 3), np.float32)
    wall = _muted(rng, 0.55, 0.85)
    picture[:] = wall * (1 + 0.03 * noise(rng, width, height, 5)[..., None])
    picture[floor:] = _ground(rng, width, height, horizon, _muted(rng, 0.3, 0.6), 0.8)[
        floor - horizon :
    ]
    x = -rng.uniform(0, 0.1) * width
    while x < width:
        wide = rng.uniform(0.08, 0.2) * width
        what = rng.integers(4)
        if what == 0:  # door
            _rectangle(picture, x, 0.1 * height, x + 0.11 * width, floor, _muted(rng, 0.3, 0.7))
            wide = 0.12 * width
        elif what == 1:  # picture
            top = rng.uniform(0.08, 0.25) * height
            tall = rng.uniform(0.1, 0.22) * height
            _rectangle(picture, x, top, x + wide, top + tall, _muted(rng, 0.1, 0.3))
            _rectangle(
                picture, x + 6, top + 6, x + wide - 6, top + tall - 6, rng.uniform(0.2, 0.9, 3)
            )
        elif what == 2:  # cupboard
            _rectangle(picture, x, floor - rng.uniform(0.12, 0.3) * height, x + wide, floor,
                       _muted(rng, 0.25, 0.6))  # fmt: skip
        x += wide + rng.uniform(0.03, 0.15) * width
    _rectangle(picture, 0, floor - 0.02 * height, width, floor, _muted(rng, 0.7, 0.9))
    return picture


def _street(rng, width, height, horizon) -> np.ndarray:
    kerb = horizon + int(0.13 * height)
    picture = np.empty((height, width, 3), np.float32)
    brick = rng.uniform(0.25, 0.7, 3) * [1.1, 0.95, 0.85]
    rows, columns = np.mgrid[:height, :width]
    size = height / 45
    joint = (rows % size < 1.2) | ((columns + (rows // size % 2) * size) % (2 * size) < 1.2)
    facade = 1 + 0.06 * noise(rng, width, height, 30) - 0.12 * joint
    picture[:] = brick * facade[..., None]
    for x in np.arange(rng.uniform(0, 0.1), 1, rng.uniform(0.16, 0.24)) * width:
        _rectangle(picture, x, 0.06 * height, x + 0.09 * width, 0.06 * height + 0.3 * height,
                   _muted(rng, 0.75, 0.95))  # fmt: skip
        _rectangle(picture, x + 5, 0.06 * height + 5, x + 0.09 * width - 5, 0.36 * height - 5,
                   rng.uniform(0.1, 0.35) * np.array([0.8, 0.95, 1.1]))  # fmt: skip
    picture[kerb:] = _ground(rng, width, height, horizon, _muted(rng, 0.45, 0.65), 1.1)[
        kerb - horizon :
    ]
    return picture


def _park(rng, width, height, horizon) -> np.ndarray:
    picture = np.empty((height, width, 3), np.float32)
    sky = np.linspace(0, 1, height)[:, None, None]
    picture[:] = np.array([0.55, 0.72, 0.92]) * (1 - sky) + np.array([0.9, 0.93, 0.95]) * sky
    leaves = noise(rng, width, height, 14, 6)
    top = horizon - height * (0.12 + 0.12 * noise(rng, width, 2, 5, 4)[0])
    hedge = np.arange(height)[:, None] > top[None]
    green = np.array([0.22, 0.36, 0.16]) * rng.uniform(0.7, 1.3)
    picture[hedge] = (green * (1 + 0.35 * leaves[..., None]))[hedge]
    lawn = horizon + int(0.05 * height)
    picture[lawn:] = _ground(rng, width, height, horizon, [0.34, 0.45, 0.2], 0)[lawn - horizon :]
    path = horizon + int(0.14 * height)
    picture[path:] = _ground(rng, width, height, horizon, _muted(rng, 0.5, 0.65), 0)[
        path - horizon :
    ]
    return picture
