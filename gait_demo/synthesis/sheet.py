"""A contact sheet of walkers: a few people before the cameras of CASIA-B's protocol."""

from __future__ import annotations

from itertools import cycle

import numpy as np

from gait_demo.datasets.casia import FPS, FRAME_SHAPE
from gait_demo.synthesis.exposure import develop, expose, shutter
from gait_demo.synthesis.protocol import ProtocolOptions
from gait_demo.synthesis.walk import Walk, casia_camera, casia_place

_CROP = (140, 72)  # rows and columns around a person


def contact_sheet(options: ProtocolOptions) -> np.ndarray:
    """A contact sheet: each person in the middle of the path, at all chosen views, with the
    conditions in turn.

    Returns:
        (140 * people, 2 * 72 * views, 3) uint8: on the left in colour, on the right silhouettes.
    """
    rows = []
    for person, condition in zip(options.people, cycle(options.conditions), strict=False):
        walk = Walk.of(options.seed, person, condition)
        middle = len(walk.phase) // 2
        moments = np.interp(middle + shutter(FPS) * FPS, np.arange(len(walk.phase)), walk.phase)
        instants = walk.walker.pose(moments)
        seen = [_seen(walk, instants, view, options.seed) for view in options.views]
        rows.append(np.hstack([np.hstack(pictures) for pictures in zip(*seen, strict=True)]))
    return np.vstack(rows)


def _seen(walk: Walk, instants: np.ndarray, view: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    camera = casia_camera(view)
    height, width = FRAME_SHAPE
    frame, coverage = expose(
        walk.walker, instants, walk.appearance, camera, casia_place(seed, view)
    )
    frame = develop(frame, np.random.default_rng([seed, view]))
    points = camera.project(instants[0])
    column, row = ((points[:, :2].min(axis=0) + points[:, :2].max(axis=0)) / 2).astype(int)
    top = np.clip(row - _CROP[0] // 2, 0, height - _CROP[0])
    left = np.clip(column - _CROP[1] // 2, 0, width - _CROP[1])
    part = (slice(top, top + _CROP[0]), slice(left, left + _CROP[1]))
    silhouette = np.uint8(255) * (coverage[part] > 0.5)
    return frame[part], np.repeat(silhouette[..., None], 3, axis=2)
