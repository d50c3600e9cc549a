"""One frame of a film: a lit walker and its shadow in front of a place."""

from __future__ import annotations

import cv2
import numpy as np

from gait_demo.synthesis.appearance import Look, shade
from gait_demo.synthesis.render import Camera, rasterise
from gait_demo.synthesis.walker import Walker

_OVERSAMPLING = 2
_SENSOR_NOISE = 0.01  # deviation, of full brightness


def out_of_focus(place: np.ndarray) -> np.ndarray:
    """(H, W, 3) float32 in [0, 1] of a uint8 backdrop: a little softer than the walker."""
    return cv2.GaussianBlur(place, (0, 0), 0.8).astype(np.float32) / 255


def expose(
    walker: Walker, mesh: np.ndarray, look: Look, camera: Camera, place: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """A walker in a place.

    Args:
        mesh: (V, 3) metres, posed.
        place: (H, W, 3) float32 in [0, 1].

    Returns:
        (H, W, 3) float32 in [0, 1], and the walker's coverage (H, W) float32 in [0, 1].
    """
    height, width = camera.height, camera.width
    n = _OVERSAMPLING
    points = camera.project(mesh)
    points[:, :2] *= n
    index, weights = rasterise(points, walker.faces, n * height, n * width)
    picture = np.zeros((*index.shape, 3), np.float32)
    seen = index >= 0
    picture[seen] = shade(walker, mesh, index, weights, look)
    coverage = cv2.resize(seen.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    body = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)

    ground = mesh - look.light * (mesh[:, 2:] / max(look.light[2], 0.5))
    dark, _ = rasterise(camera.project(ground), walker.faces, height, width)
    shadow = cv2.GaussianBlur((dark >= 0).astype(np.float32), (0, 0), 0.02 * height)
    frame = place * (1 - 0.3 * shadow[..., None])
    return frame * (1 - coverage[..., None]) + body, coverage


def develop(frame: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(H, W, 3) uint8, with the noise of a sensor, of a float32 frame."""
    noisy = frame + rng.normal(0, _SENSOR_NOISE, frame.shape)
    return (np.clip(noisy, 0, 1) * 255).astype(np.uint8)
