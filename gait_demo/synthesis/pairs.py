"""The same walk performed by two people: same view, phase, path and clothes, another identity."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gait_demo.synthesis.appearance import Look, shade
from gait_demo.synthesis.clothes import OUTFITS
from gait_demo.synthesis.dataset import OUTFIT_SHARES, draw_camera
from gait_demo.synthesis.render import Camera
from gait_demo.synthesis.truth import Truth, flow, see
from gait_demo.synthesis.walker import LATENT_DIM, Walker


@dataclass(frozen=True)
class Performance:
    """One person at one moment of a walk, as a camera sees them.

    Attributes:
        walker: who walks.
        mesh: (V, 3) float32, metres.
        truth: of every pixel.
        rgb: (H, W, 3) float32 in [0, 1], black around the person.
    """

    walker: Walker
    mesh: np.ndarray
    truth: Truth
    rgb: np.ndarray

    @classmethod
    def of(cls, walker: Walker, phase: float, look: Look, camera: Camera) -> Performance:
        mesh = walker.pose(np.array([phase]))[0]
        truth = see(walker, mesh, camera)
        rgb = np.zeros((camera.height, camera.width, 3), np.float32)
        rgb[truth.silhouette] = shade(walker, mesh, truth.face, truth.weights, look)
        return cls(walker, mesh, truth, rgb)


@dataclass(frozen=True)
class Pair:
    """Two people who walk the same walk in front of one camera, in the same clothes.

    Attributes:
        first, second: the walkers; they walk on the spot, so that the path is the same.
        look: clothes and light.
        camera: that sees them.
    """

    first: Walker
    second: Walker
    look: Look
    camera: Camera

    def at(self, phase: float) -> tuple[Performance, Performance]:
        """Both at a phase of the gait cycle."""
        first, second = (
            Performance.of(walker, phase, self.look, self.camera)
            for walker in (self.first, self.second)
        )
        return first, second

    def flow(self, first: Performance, second: Performance) -> np.ndarray:
        """(H, W, 2) float32: for each pixel of the second, where the first shows the same point
        of body or clothes, as truth.flow returns it; NaN where it does not."""
        return flow(second.walker, second.truth, first.walker, first.mesh, self.camera)


def draw_pair(rng: np.random.Generator, scale: float = 1.0) -> Pair:
    """Two random people, their clothes, and where they are seen from.

    Args:
        scale: of the picture; at 1 it is 192x224 with people about 128 pixels tall.
    """
    camera = draw_camera(rng)
    camera = replace(
        camera,
        focal=camera.focal * scale,
        width=round(camera.width * scale),
        height=round(camera.height * scale),
    )
    outfit = str(rng.choice(OUTFITS, p=OUTFIT_SHARES))
    first, second = (Walker(rng.standard_normal(LATENT_DIM), outfit) for _ in range(2))
    return Pair(first, second, Look.draw(rng), camera)
