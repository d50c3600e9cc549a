"""Film a walker: a video of somebody who does not exist crossing a place that does not exist."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from gait_demo.errors import DataError
from gait_demo.synthesis.appearance import Look
from gait_demo.synthesis.clothes import OUTFITS
from gait_demo.synthesis.exposure import develop, expose, out_of_focus, shutter
from gait_demo.synthesis.render import Camera
from gait_demo.synthesis.scene import SCENES, backdrop
from gait_demo.synthesis.walker import LATENT_DIM, Walker
from gait_demo.video import VideoWriter


@dataclass(frozen=True)
class FilmOptions:
    """A static camera; the walker crosses the picture, and comes back if there is time.

    Raises DataError for what cannot be filmed.

    Attributes:
        view_angle: as in Camera; at 90 the first crossing is to the left.
        person_px: height of the walker in the picture, pixels.
        seed: of the walker and of the place.
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


def film(options: FilmOptions) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield each frame and where the walker is in it.

    Yields:
        (H, W, 3) uint8 RGB and (H, W) float32 coverage in [0, 1].
    """
    rng = np.random.default_rng([options.seed, 7])
    walker = Walker(rng.standard_normal(LATENT_DIM), options.outfit)
    look = Look.draw(rng)
    focal = options.person_px * options.distance / 1.7
    horizon = 0.5 - focal * np.tan(np.radians(options.elevation)) / options.height
    place = backdrop(options.scene, options.width, options.height, horizon, options.seed)
    place = out_of_focus(place)

    count = round(options.seconds * options.fps)
    opened = np.arange(count) / float(options.fps)
    reach = 0.5 * options.width * options.distance / focal + 0.5
    for moments in opened[:, None] + shutter(float(options.fps)):
        phase = moments * walker.cadence
        way = walker.stride * phase
        lap = way[0] // (2 * reach)
        camera = Camera(
            options.view_angle + 180 * (lap % 2), options.elevation, options.distance, focal,
            options.width, options.height
        )  # fmt: skip
        instants = walker.pose(phase)
        instants[..., 1] += ((2 * lap + 1) * reach - way)[:, None]
        frame, coverage = expose(walker, instants, look, camera, place)
        yield develop(frame, rng), coverage


def write_film(
    path: Path,
    options: FilmOptions,
    on_progress: Callable[[str, int, int], None] | None = None,
) -> None:
    """Film into an MP4 file."""
    total = round(options.seconds * options.fps)
    with VideoWriter(path, options.width, options.height, options.fps) as writer:
        for i, (frame, _) in enumerate(film(options)):
            writer.write(frame, i / options.fps)
            if on_progress:
                on_progress("film", i + 1, total)
