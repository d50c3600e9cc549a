"""The same walk performed by two people: same view, phase, path and clothes, another identity."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np

from gait_demo.synthesis.appearance import Appearance, shade
from gait_demo.synthesis.clothes import OUTFITS
from gait_demo.synthesis.dataset import OUTFIT_SHARES, cycle_square, draw_camera
from gait_demo.synthesis.exposure import out_of_focus
from gait_demo.synthesis.render import Camera
from gait_demo.synthesis.scene import backdrop
from gait_demo.synthesis.truth import Truth, flow, see
from gait_demo.synthesis.walker import LATENT_DIM, Walker

_EYE_LEVEL = 12.0  # degrees: maximum elevation of a camera at about eye level
_FINE = 2  # samples per pixel, across and down, against jagged edges
_FPS = 25


@dataclass(frozen=True)
class Performance:
    """One person at one moment of a walk, as a camera sees them.

    Attributes:
        walker: who walks.
        mesh: (V, 3) float32, metres.
        truth: the ground truth of every pixel.
        rgb: (H, W, 3) float32 in [0, 1], black around the person.
    """

    walker: Walker
    mesh: np.ndarray
    truth: Truth
    rgb: np.ndarray

    @classmethod
    def of(
        cls, walker: Walker, phase: float, appearance: Appearance, camera: Camera
    ) -> Performance:
        mesh = walker.pose(np.array([phase]))[0]
        truth = see(walker, mesh, camera)
        rgb = np.zeros((camera.height, camera.width, 3), np.float32)
        rgb[truth.silhouette] = shade(walker, mesh, truth.face, truth.weights, appearance)
        return cls(walker, mesh, truth, rgb)


@dataclass(frozen=True)
class Pair:
    """Two people who walk the same walk in front of one camera, in the same clothes.

    Attributes:
        first, second: the walkers; they walk on the spot, so that the path is the same.
        appearance: clothes and light.
        camera: that films them.
    """

    first: Walker
    second: Walker
    appearance: Appearance
    camera: Camera

    def at(self, phase: float) -> tuple[Performance, Performance]:
        """Both people at a phase of the gait cycle."""
        first, second = (
            Performance.of(walker, phase, self.appearance, self.camera)
            for walker in (self.first, self.second)
        )
        return first, second

    def flow(self, first: Performance, second: Performance) -> np.ndarray:
        """(H, W, 2) float32: for each pixel of the second, where the first shows the same point
        of body or clothes, as truth.flow returns it; NaN where it does not."""
        return flow(second.walker, second.truth, first.walker, first.mesh, self.camera)


def draw_pair(
    rng: np.random.Generator, scale: float = 1.0, view_angle: float | None = None
) -> Pair:
    """Two random people, their clothes, and where they are seen from.

    Args:
        scale: of the picture; at 1 it is 192x224 with people about 128 pixels tall.
        view_angle: of the camera, at about eye level; None: any camera.
    """
    camera = draw_camera(rng)
    if view_angle is not None:
        elevation = min(camera.elevation, _EYE_LEVEL)
        camera = replace(camera, view_angle=view_angle, elevation=elevation)
    camera = replace(
        camera,
        focal=camera.focal * scale,
        width=round(camera.width * scale),
        height=round(camera.height * scale),
    )
    outfit = str(rng.choice(OUTFITS, p=OUTFIT_SHARES))
    first, second = (Walker(rng.standard_normal(LATENT_DIM), outfit) for _ in range(2))
    return Pair(first, second, Appearance.draw(rng), camera)


def film_pair(
    pair: Pair, phase: float, frames: int, scene: str, seed: int
) -> dict[str, np.ndarray]:
    """Films both people, one after the other, in one place, with the motion of each.

    Args:
        pair: drawn twice as large as the pictures are to be.
        phase: of the gait cycle, of the first frame; 25 frames a second.
        scene: one of scene.SCENES.
        seed: of the place.

    Returns:
        For `old` and `new`, the first and the second: `old`, (T, H, W, 3) uint8, the pictures;
        `old_cover`, (T, H, W) float32 in [0, 1], where they are; `old_square`, (4,) float32, the
        silhouettes' square; `old_motion`, (T - 1, H, W, 2) float32, x and y in each picture of
        what the next one shows at a pixel, NaN where it is not seen, a pixel's centre at one half.
        And `place`, (H, W, 3) uint8, without them.
    """
    camera = pair.camera
    place = backdrop(scene, camera.width // _FINE, camera.height // _FINE, 0.4, seed)
    light = out_of_focus(place)
    phases = phase + np.arange(frames) / _FPS * pair.first.cadence
    result = {"place": _as_bytes(light)}
    for name, people in zip(("old", "new"), zip(*map(pair.at, phases), strict=True), strict=True):
        covers = np.stack([_shrunk(person.truth.silhouette) for person in people])
        pictures = [
            _as_bytes(_shrunk(person.rgb) + light * (1 - cover[..., None]))
            for person, cover in zip(people, covers, strict=True)
        ]
        motion = [
            flow(now.walker, now.truth, before.walker, before.mesh, camera)
            for before, now in pairwise(people)
        ]
        middle = _FINE // 2  # a sample, whose centre lies off the pixel's
        off = (middle + 0.5) / _FINE - 0.5
        result |= {
            name: np.stack(pictures),
            f"{name}_cover": covers,
            f"{name}_square": np.float32(cycle_square(covers > 0.5)),
            f"{name}_motion": np.stack(motion)[:, middle::_FINE, middle::_FINE] / _FINE - off,
        }
    return result


def _shrunk(image: np.ndarray) -> np.ndarray:
    share = 1 / _FINE
    return cv2.resize(
        image.astype(np.float32), None, fx=share, fy=share, interpolation=cv2.INTER_AREA
    )


def _as_bytes(image: np.ndarray) -> np.ndarray:
    return np.rint(255 * image.clip(0, 1)).astype(np.uint8)
