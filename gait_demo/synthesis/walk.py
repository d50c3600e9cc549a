"""One walk of one person, before the cameras on CASIA-B's half circle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from gait_demo.datasets.casia import CONDITIONS, FPS, FRAME_SHAPE
from gait_demo.synthesis.appearance import Appearance
from gait_demo.synthesis.clothes import BAGS, HAIR, SHOES, SKIN
from gait_demo.synthesis.exposure import develop, expose, out_of_focus, shutter
from gait_demo.synthesis.recorded import RecordedWalk
from gait_demo.synthesis.render import Camera, rasterise
from gait_demo.synthesis.scene import backdrop
from gait_demo.synthesis.walker import GAIT_DIMS, LATENT_DIM, Walker

_PATH_M = 4.4  # length of the path past the cameras
_RADIUS_M = 6.0  # of the half circle that the cameras stand on
_CAMERA_HEIGHT_M = 1.4
_FOCAL_PX = 400.0
_LAMP = np.array([0.2, 0.1, 0.97])  # direction to the light, from the ceiling
_BETWEEN_WALKS = 0.15  # deviation of one person's gait from walk to walk; between people it is 1
_BETWEEN_STRIDES = 0.03  # relative deviation of vigour


@dataclass(frozen=True)
class Walk:
    """One walk of one person past the cameras.

    Attributes:
        walker: dressed for it.
        appearance: the colours of the clothes and the light.
        phase: (T,) gait cycles at each video frame.
        vigour: (T,) relative size of the movements.
        start: metres from the place of phase 0 to the middle of the path.
    """

    walker: Walker
    appearance: Appearance
    phase: np.ndarray
    vigour: np.ndarray
    start: float

    @classmethod
    def of(
        cls, seed: int, person: int, condition: str, recorded: RecordedWalk | None = None
    ) -> Walk:
        """The walk of a person of the population `seed` under a condition; `recorded` as for
        `Walker`."""
        who = np.random.default_rng([seed, person])
        latent = who.standard_normal(LATENT_DIM)
        female = latent[0] > 0
        outfits = ("trousers", "skirt", "sportswear")
        outfit = str(who.choice(outfits, p=(0.7, 0.2, 0.1) if female else (0.85, 0.0, 0.15)))
        bag = str(who.choice(BAGS))
        indoors, coat = Appearance.draw(who), Appearance.draw(who)
        for own in (SKIN, HAIR, SHOES):
            coat.colours[own] = indoors.colours[own]
        rng = np.random.default_rng([seed, person, CONDITIONS.index(condition) + 1])
        latent = latent.copy()
        latent[-GAIT_DIMS:] += _BETWEEN_WALKS * rng.standard_normal(GAIT_DIMS)
        kind = condition[:2]
        walker = Walker(
            latent,
            "coat" if kind == "cl" else outfit,
            bag=bag if kind == "bg" else None,
            recorded=recorded,
        )
        cadence = walker.cadence * (1 + 0.02 * rng.standard_normal())
        frames = round(FPS * _PATH_M / (walker.stride * cadence))
        phase = rng.uniform() + np.arange(frames) / FPS * cadence
        strides = np.arange(np.floor(phase[0]) - 1, np.ceil(phase[-1]) + 2)
        factors = 1 + _BETWEEN_STRIDES * rng.standard_normal(len(strides))
        vigour = np.interp(phase, strides, factors)
        appearance = replace(coat if kind == "cl" else indoors, light=_LAMP, ambient=0.7)
        return cls(walker, appearance, phase, vigour, start=_PATH_M / 2 + walker.stride * phase[0])

    def meshes(self) -> np.ndarray:
        """(T, V, 3) float32, metres; the middle of the path is the origin."""
        meshes = self.walker.pose(self.phase, advance=True, vigour=self.vigour)
        meshes[..., 1] += np.float32(self.start)
        return meshes

    def silhouettes(self, meshes: np.ndarray, view: int) -> np.ndarray:
        """(T, 240, 320) bool, as one of the cameras sees the meshes."""
        camera = casia_camera(view)
        faces = self.walker.faces
        return np.stack([
            rasterise(points, faces, *FRAME_SHAPE)[0] >= 0 for points in map(camera.project, meshes)
        ])  # fmt: skip

    def film(
        self, meshes: np.ndarray, view: int, place: np.ndarray, rng: np.random.Generator
    ) -> Iterator[np.ndarray]:
        """(240, 320, 3) uint8 frames, as one of the cameras sees the meshes."""
        camera = casia_camera(view)
        moments = shutter(FPS)[:, None, None] * FPS
        for mesh, following in zip(meshes, [*meshes[1:], meshes[-1]], strict=True):
            instants = (mesh + moments * (following - mesh)).astype(np.float32)
            frame, _ = expose(self.walker, instants, self.appearance, camera, place)
            yield develop(frame, rng)


def casia_camera(view: int) -> Camera:
    """The camera at a view angle in degrees."""
    height, width = FRAME_SHAPE
    target = 0.85
    elevation = np.degrees(np.arctan2(_CAMERA_HEIGHT_M - target, _RADIUS_M))
    distance = np.hypot(_RADIUS_M, _CAMERA_HEIGHT_M - target)
    return Camera(view, elevation, distance, _FOCAL_PX, width, height, target)


def casia_place(seed: int, view: int) -> np.ndarray:
    """(240, 320, 3) float32 in [0, 1]: the empty place, before the camera at a view."""
    height, width = FRAME_SHAPE
    return out_of_focus(backdrop("room", width, height, 0.42, 1000 * seed + view))
