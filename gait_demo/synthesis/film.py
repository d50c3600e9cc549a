"""Videos of synthetic walkers who cross a painted place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from gait_demo.errors import DataError
from gait_demo.synthesis.appearance import Appearance
from gait_demo.synthesis.clothes import OUTFITS
from gait_demo.synthesis.exposure import develop, expose, out_of_focus, shutter
from gait_demo.synthesis.render import Camera
from gait_demo.synthesis.scene import SCENES, backdrop
from gait_demo.synthesis.walker import LATENT_DIM, Walker
from gait_demo.types import Progress, silent
from gait_demo.video import VideoWriter

_APART_M = 1.6  # metres from one walker to the next


@dataclass(frozen=True)
class FilmOptions:
    """Options of a film. The walkers cross the picture in a row, and come back if there is time.

    Raises DataError for what cannot be filmed.

    Attributes:
        view_angle: as in Camera; at 90 the first crossing is to the left.
        person_px: height of the walker in the picture, pixels.
        seed: of the walkers and of the place.
        walkers: how many.
        pan_px: pixels in all by which a camera at 90 degrees pans with the walkers; 0: static.
    """

    seconds: float = 4.0
    fps: Fraction = Fraction(25)
    width: int = 960
    height: int = 540
    person_px: int = 300
    view_angle: float = 90.0
    elevation: float = 4.0
    distance: float = 6.5
    scene: str = "street"
    outfit: str = "trousers"
    seed: int = 0
    walkers: int = 1
    pan_px: int = 0

    def __post_init__(self) -> None:
        if self.scene not in SCENES:
            raise DataError(f"scene: expected one of {SCENES}, got {self.scene!r}")
        if self.outfit not in OUTFITS:
            raise DataError(f"outfit: expected one of {OUTFITS}, got {self.outfit!r}")
        if self.fps <= 0 or self.seconds <= 0:
            raise DataError(
                f"fps and seconds: expected more than 0, got {self.fps} and {self.seconds}"
            )
        if not 16 <= self.person_px <= self.height:
            raise DataError(
                f"person_px: expected 16 to the picture's height {self.height}, "
                f"got {self.person_px}"
            )
        if self.walkers < 1 or self.pan_px < 0:
            raise DataError(
                "walkers and pan_px: expected at least 1 and 0, got "
                f"{self.walkers} and {self.pan_px}"
            )
        if self.pan_px and self.view_angle != 90:
            raise DataError(f"pan_px: expected 0 at a view angle of {self.view_angle:g}, not 90")


def film(options: FilmOptions) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields each frame and where the walkers are in it.

    Yields:
        (H, W, 3) uint8 RGB and (H, W) float32 coverage in [0, 1].
    """
    rng = np.random.default_rng([options.seed, 7])
    people = [_person(rng, options.outfit)]
    for n in range(1, options.walkers):
        people.append(_person(np.random.default_rng([options.seed, 7, n]), options.outfit))
    focal = options.person_px * options.distance / 1.7
    horizon = 0.5 - focal * np.tan(np.radians(options.elevation)) / options.height
    wide = options.width + options.pan_px
    place = out_of_focus(backdrop(options.scene, wide, options.height, horizon, options.seed))

    count = round(options.seconds * options.fps)
    opened = np.arange(count) / float(options.fps)
    reach = 0.5 * options.width * options.distance / focal + 0.5
    for moments in opened[:, None] + shutter(float(options.fps)):
        panned = round(options.pan_px * moments[0] / options.seconds)
        left = options.pan_px - panned
        frame = place[:, left : left + options.width]
        coverage = np.zeros(frame.shape[:2], np.float32)
        for n, (walker, appearance) in enumerate(people):
            phase = moments * walker.cadence
            way = walker.stride * phase
            lap = way[0] // (2 * reach)
            camera = Camera(
                options.view_angle + 180 * (lap % 2), options.elevation, options.distance, focal,
                options.width, options.height
            )  # fmt: skip
            instants = walker.pose(phase)
            ahead = way - n * _APART_M - panned * options.distance / focal
            instants[..., 1] += ((2 * lap + 1) * reach - ahead)[:, None]
            frame, seen = expose(walker, instants, appearance, camera, frame)
            coverage = np.maximum(coverage, seen)
        yield develop(frame, rng), coverage


def _person(rng: np.random.Generator, outfit: str) -> tuple[Walker, Appearance]:
    walker = Walker(rng.standard_normal(LATENT_DIM), outfit)
    return walker, Appearance.draw(rng)


def write_film(
    path: Path,
    options: FilmOptions,
    on_progress: Progress = silent,
) -> None:
    """Writes a film to an MP4 file."""
    total = round(options.seconds * options.fps)
    with VideoWriter(path, options.width, options.height, options.fps) as writer:
        for i, (frame, _) in enumerate(film(options)):
            writer.write(frame, i / options.fps)
            on_progress("film", i + 1, total)
