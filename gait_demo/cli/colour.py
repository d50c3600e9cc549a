"""`evaluate colour`: how well new walkers are coloured, compared with renderings."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from gait_demo.cli.common import listed, positive, progress, seed
from gait_demo.errors import GaitDemoError

if TYPE_CHECKING:
    from gait_demo.evaluation.colour import RenderedPair

_VIEWS = (0, 36, 72, 90, 126, 162, 180, 270)
_PERSON_PX, _PAIR_PX = 400, 128  # a person's height; their height in a pair of scale 1
_FINE = 2


def add(evaluations: argparse._SubParsersAction) -> None:
    colour = evaluations.add_parser(
        "colour", help="compare the colours of new walkers with renderings; prints a table"
    )
    colour.add_argument("--views", type=listed(int), default=_VIEWS, help="degrees, such as 0,90")
    colour.add_argument("--pairs", type=positive, default=2, help="pairs of people for each view")
    colour.add_argument("--frames", type=positive, default=4, help="frames per pair, at least 2")
    colour.add_argument("--seed", type=seed, default=0)
    colour.set_defaults(command=_evaluate_colour)


def _evaluate_colour(parsed: argparse.Namespace) -> None:
    from gait_demo.evaluation.colour import METHODS, colour_report, table
    from gait_demo.evaluation.likeness import Perceptual
    from gait_demo.models import build
    from gait_demo.people.landmarks import LandmarkNetwork
    from gait_demo.weights import CHECKPOINTS, find

    if parsed.frames < 2:
        raise GaitDemoError("--frames 1 shows no movement; give 2 or more.")
    show, total = progress(), len(parsed.views) * parsed.pairs
    cnet = build.load(find("cnet").path, "cnet")
    perceptual = Perceptual(CHECKPOINTS / "yolo.safetensors")
    shown = lambda done: show("colour", done, total)  # noqa: E731
    network = LandmarkNetwork(find("pose_landmark").path)
    figures = list(colour_report(_pairs(parsed), network, cnet, perceptual, shown))
    show("ghost", 0, 0)
    ghosts = {name: _ghost(name, parsed.seed) for name in METHODS if name != "nearest"}
    print(table(figures, ghosts))


def _pairs(parsed: argparse.Namespace) -> Iterator[tuple[int, RenderedPair]]:
    """Renderings of people and clothes that no network was trained on, each with its view."""
    import numpy as np

    from gait_demo.evaluation.colour import RenderedPair
    from gait_demo.synthesis.pairs import draw_pair, film_pair
    from gait_demo.synthesis.scene import SCENES

    for view in parsed.views:
        for n in range(parsed.pairs):
            rng = np.random.default_rng([parsed.seed, view, n, 11])
            pair = draw_pair(rng, _FINE * _PERSON_PX / _PAIR_PX, view)
            scene = SCENES[int(rng.integers(len(SCENES)))]
            phase = float(rng.uniform())
            yield (
                view,
                RenderedPair(
                    **film_pair(pair, phase, parsed.frames, scene, int(rng.integers(1000)))
                ),
            )


def _ghost(colour: str, number: int) -> float:
    """`evaluation.colour.ghost` for a short synthetic film that the whole pipeline processes."""
    import numpy as np

    from gait_demo.evaluation.colour import ghost
    from gait_demo.evaluation.secret import repeatable_secret
    from gait_demo.options import AnonymizeOptions, ColorizeOptions, Options
    from gait_demo.pipeline import Models, Pipeline
    from gait_demo.synthesis.film import FilmOptions, film
    from gait_demo.video import VideoWriter

    options = FilmOptions(seconds=4, width=640, height=360, person_px=200, seed=number)
    frames, covers = zip(*film(options), strict=True)
    noise = AnonymizeOptions(secret=repeatable_secret(0))
    chosen = Options(anonymize=noise, colorize=ColorizeOptions(colour))
    pipeline = Pipeline(Models.load(), chosen)
    with TemporaryDirectory() as folder:
        clip = Path(folder) / "film.mp4"
        with VideoWriter(clip, options.width, options.height, options.fps) as writer:
            for n, rgb in enumerate(frames):
                writer.write(rgb, n / options.fps)
        analysis = pipeline.analyse(clip, Path(folder) / "analysis")
        results = ((new.colorized, new.binary) for new in pipeline.render_frames(analysis, number))
        return ghost(np.stack(frames), np.stack(covers), results)
