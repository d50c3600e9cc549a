"""Walks for training: the same walk performed by several people, on disk in shards.

A *walk* is one camera view, one place and light, one set of clothes and one gait cycle, performed
by PEOPLE_PER_WALK different walkers. A shard `walks-00000.npz` holds WALKS_PER_SHARD of them:

    silhouettes  (W, K, P, 64, 8) uint8: binary (W, K, P, 64, 64), np.packbits along the last axis
    joints       (W, K, P, 19, 2) float16: x and y of `joints.NAMES` in the unit square of the crop,
                 where the landmark network sees them
    codes        (W, K, LATENT_DIM) float32: the walkers' latents, standard normal
    rgb          (W, K, Q, 64, 64, 3) uint8: crops with background at Q of the P phases
    rgb_phases   (Q,) int: which phases
    views        (W, 2) float32: view angle and elevation in degrees

Every shard depends on the seed and its own number alone: any of them can be made anew, by any
number of workers, in any order.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from gait_demo.silhouettes.crops import normalise
from gait_demo.synthesis.appearance import Appearance, shade
from gait_demo.synthesis.body import template
from gait_demo.synthesis.clothes import OUTFITS
from gait_demo.synthesis.render import Camera, rasterise
from gait_demo.synthesis.scene import SCENES, backdrop
from gait_demo.synthesis.walker import LATENT_DIM, Walker
from gait_demo.synthesis.workers import run_jobs
from gait_demo.types import SILHOUETTE_SIZE, Progress, silent

WALKS_PER_SHARD = 10
PEOPLE_PER_WALK = 6
PHASES = 48
OUTFIT_SHARES = (0.6, 0.12, 0.18, 0.1)  # of trousers, skirt, coat, sportswear
RGB_PHASES = np.array([3, 15, 27, 39])

_PERSON_PX = 128  # rendered height of a person, twice that of the silhouette


@dataclass(frozen=True)
class SynthesisOptions:
    out: Path
    walks: int = 500
    seed: int = 0
    workers: int = 2

    def __post_init__(self) -> None:
        for name in ("walks", "workers"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: expected at least 1, got {getattr(self, name)}")

    @property
    def shards(self) -> int:
        return -(-self.walks // WALKS_PER_SHARD)


def synthesize(options: SynthesisOptions, on_progress: Progress = silent) -> list[Path]:
    """Writes the shards that do not exist yet, so that a killed run can be continued.

    `on_progress("synthesize", done, total)` counts shards.
    """
    options.out.mkdir(parents=True, exist_ok=True)
    paths = [options.out / f"walks-{i:05d}.npz" for i in range(options.shards)]
    missing = [i for i, path in enumerate(paths) if not path.exists()]
    if missing:
        template()  # anny caches its model on disk: do it once, before the workers start

    def report(done: int) -> None:
        on_progress("synthesize", len(paths) - len(missing) + done, len(paths))

    run_jobs(write_shard, ((paths[i], options.seed, i) for i in missing), options.workers, report)
    return paths


def write_shard(path: Path, seed: int, number: int) -> None:
    """Renders one shard; the file is written atomically."""
    rng = np.random.default_rng([seed, number])
    places = [
        backdrop(kind, 480, 360, rng.uniform(0.35, 0.6), int(rng.integers(2**31)))
        for kind in SCENES
        for _ in range(2)
    ]
    walks = [_walk(rng, places) for _ in range(WALKS_PER_SHARD)]
    arrays = {name: np.stack([walk[name] for walk in walks]) for name in walks[0]}
    temporary = path.with_suffix(f".{os.getpid()}.part")
    try:
        with temporary.open("wb") as file:
            np.savez_compressed(file, rgb_phases=RGB_PHASES, **arrays)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def draw_camera(rng: np.random.Generator) -> Camera:
    """A camera anywhere around the walker, mostly at eye level or a little above."""
    distance = rng.uniform(3.0, 10.0)
    elevation = rng.uniform(-2, 12) if rng.uniform() < 0.7 else rng.uniform(12, 35)
    return Camera(rng.uniform(0, 360), elevation, distance, _PERSON_PX * distance / 1.7, 192, 224)


@dataclass(frozen=True)
class _Set:
    """What all performances of one walk share.

    Attributes:
        camera: that sees the whole walk.
        appearance: clothes and light.
        backgrounds: (Q, 64, 64, 3) float32 in [0, 1], of the pictures.
        blur: of the lens, pixels.
        gain: of the exposure.
        noise: of the sensor.
    """

    camera: Camera
    appearance: Appearance
    backgrounds: np.ndarray
    blur: float
    gain: float
    noise: float

    @classmethod
    def draw(cls, rng: np.random.Generator, places: list[np.ndarray]) -> _Set:
        return cls(
            camera=draw_camera(rng),
            appearance=Appearance.draw(rng),
            backgrounds=np.stack([_patch(rng, places) for _ in RGB_PHASES]),
            blur=rng.uniform(0.2, 0.7),
            gain=rng.uniform(0.75, 1.15),
            noise=rng.uniform(0, 0.03),
        )


def _walk(rng: np.random.Generator, places: list[np.ndarray]) -> dict[str, np.ndarray]:
    stage = _Set.draw(rng, places)
    outfit = str(rng.choice(OUTFITS, p=OUTFIT_SHARES))
    codes = rng.standard_normal((PEOPLE_PER_WALK, LATENT_DIM)).astype(np.float32)
    people = [_perform(Walker(code, outfit), stage, rng) for code in codes]
    return {
        **{name: np.stack([person[name] for person in people]) for name in people[0]},
        "codes": codes,
        "views": np.array([stage.camera.view_angle, stage.camera.elevation], np.float32),
    }


def _perform(walker: Walker, stage: _Set, rng: np.random.Generator) -> dict[str, np.ndarray]:
    camera = stage.camera
    phases = np.arange(PHASES) / PHASES
    meshes = walker.pose(phases)
    points = camera.project(meshes)
    seen = [rasterise(frame, walker.faces, camera.height, camera.width) for frame in points]
    masks = np.stack([index >= 0 for index, _ in seen])
    square = cycle_square(masks)
    silhouettes = np.stack([normalise(mask.astype(np.float32), square) > 0.5 for mask in masks])
    rgb = [
        _photograph(walker, meshes[phase], *seen[phase], square, stage, background, rng)
        for phase, background in zip(RGB_PHASES, stage.backgrounds, strict=True)
    ]
    x0, y0, x1, _ = square
    joints = (camera.project(walker.landmarks(phases))[..., :2] - (x0, y0)) / (x1 - x0)
    return {
        "silhouettes": np.packbits(silhouettes, axis=-1),
        "joints": joints.astype(np.float16),
        "rgb": np.stack(rgb),
    }


def cycle_square(masks: np.ndarray) -> tuple[float, float, float, float]:
    """The square (x0, y0, x1, y1) of a person who walks in place over one cycle: as high as the
    person, its bottom edge at the feet, centred on the median column of the mask's mass.

    Args:
        masks: (T, H, W) bool, each with a person in it.
    """
    rows = masks.any(2)
    top = rows.argmax(1)
    bottom = rows.shape[1] - rows[:, ::-1].argmax(1)
    side = float(np.quantile(bottom - top, 0.8))
    floor = float(np.quantile(bottom, 0.8))
    mass = masks.sum(1).cumsum(1)
    centre = float(np.median((mass >= mass[:, -1:] / 2).argmax(1))) + 0.5
    return centre - side / 2, floor - side, centre + side / 2, floor


def _patch(rng: np.random.Generator, places: list[np.ndarray]) -> np.ndarray:
    """(64, 64, 3) float32: a random piece of a random place."""
    place = places[rng.integers(len(places))]
    side = int(rng.uniform(50, min(place.shape[:2])))
    y, x = (int(rng.integers(n - side + 1)) for n in place.shape[:2])
    piece = cv2.resize(place[y : y + side, x : x + side], (SILHOUETTE_SIZE,) * 2,
                       interpolation=cv2.INTER_AREA)  # fmt: skip
    return piece.astype(np.float32) / 255


def _photograph(walker, mesh, index, weights, square, stage, background, rng) -> np.ndarray:
    """(64, 64, 3) uint8: the walker's crop in front of a background, as a camera takes it."""
    seen = index >= 0
    picture = np.zeros((*index.shape, 3), np.float32)
    picture[seen] = shade(walker, mesh, index, weights, stage.appearance)
    alpha = normalise(seen.astype(np.float32), square)[..., None]
    crop = normalise(picture, square) + background * (1 - alpha)
    crop = stage.gain * cv2.GaussianBlur(crop, (0, 0), stage.blur)
    crop = crop + rng.normal(0, stage.noise, crop.shape)
    return (np.clip(crop, 0, 1) * 255).astype(np.uint8)
