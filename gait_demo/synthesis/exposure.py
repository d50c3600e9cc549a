"""One frame of a film: a lit walker and its shadow in front of a place."""

from __future__ import annotations

import cv2
import numpy as np

from gait_demo.synthesis.appearance import Appearance, shade
from gait_demo.synthesis.render import Camera, rasterise
from gait_demo.synthesis.walker import Walker

_SHUTTER = 0.3  # of the time between frames
# Each moment of an exposure samples another part of the pixel, which also softens edges.
_OFFSETS = np.array([(-3, -1), (1, -3), (3, 1), (-1, 3)], np.float32) / 8
_SENSOR_NOISE = 0.01  # deviation, of full brightness


def out_of_focus(place: np.ndarray) -> np.ndarray:
    """(H, W, 3) float32 in [0, 1]: a uint8 backdrop, slightly blurred."""
    return cv2.GaussianBlur(place, (0, 0), 0.8).astype(np.float32) / 255


def expose(
    walker: Walker, instants: np.ndarray, appearance: Appearance, camera: Camera, place: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """A walker in a place, blurred by the motion while the shutter is open.

    Args:
        instants: (4, V, 3) metres, the mesh at the moments of `shutter`.
        place: (H, W, 3) float32 in [0, 1].

    Returns:
        (H, W, 3) float32 in [0, 1], and the walker's coverage (H, W) float32 in [0, 1].
    """
    body = np.zeros((camera.height, camera.width, 4), np.float32)
    for mesh, offset in zip(instants, _OFFSETS, strict=True):
        points = camera.project(mesh)
        points[:, :2] += offset
        index, weights = rasterise(points, walker.faces, camera.height, camera.width)
        seen = index >= 0
        body[seen, :3] += shade(walker, mesh, index, weights, appearance) / len(instants)
        body[seen, 3] += 1 / len(instants)
    colour, coverage = body[..., :3], body[..., 3]

    mesh = instants[len(instants) // 2]
    ground = mesh - appearance.light * (mesh[:, 2:] / max(appearance.light[2], 0.5))
    dark, _ = rasterise(camera.project(ground), walker.faces, camera.height, camera.width)
    shadow = cv2.GaussianBlur((dark >= 0).astype(np.float32), (0, 0), 0.02 * camera.height)
    frame = place * (1 - 0.3 * shadow[..., None])
    return frame * (1 - coverage[..., None]) + colour, coverage


def shutter(fps: float) -> np.ndarray:
    """(4,) seconds since the shutter opened, of the moments that make up one frame."""
    return np.linspace(0, _SHUTTER / fps, len(_OFFSETS))


def develop(frame: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(H, W, 3) uint8, with the noise of a sensor, of a float32 frame."""
    noisy = frame + rng.normal(0, _SENSOR_NOISE, frame.shape)
    return (np.clip(noisy, 0, 1) * 255).astype(np.uint8)
