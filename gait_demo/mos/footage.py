"""The clips of a rating study: synthetic walks or CASIA-B's, anonymized by each method."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from gait_demo.anonymization.windows import InStep
from gait_demo.datasets.casia import CasiaB, Sequence
from gait_demo.errors import DataError
from gait_demo.mos.anchor import BadColours, BadGait
from gait_demo.mos.study import ANCHOR, REFERENCE
from gait_demo.options import AnonymizeOptions, ColorizeOptions, Options
from gait_demo.pipeline import Analysis, Models, Pipeline
from gait_demo.video import read_frames

CONDITION = "nm-05"
# of a film that raters see, in which the walker is half as tall as the picture
_SECONDS, _WIDTH, _HEIGHT, _PERSON_PX = 4.4, 640, 480, 240
_OUTFITS = ("trousers", "sportswear", "coat")
_POOR_FRAMES = 0.1  # share of poor silhouettes above which a walk is in subset 1 (low quality)

Film = Callable[[int, int, Path], Path]


@dataclass(frozen=True)
class AnonymizedFootage:
    """One analysed walk, to be rendered by any method."""

    analysis: Analysis
    pipelines: dict[str, Pipeline]

    @property
    def fps(self) -> Fraction:
        return self.analysis.info.fps

    @property
    def subset(self) -> int:
        poor = [(person.poor | person.lost).mean() for person in self.analysis.people]
        return 1 if max(poor) > _POOR_FRAMES else 2

    def frames(self, method: str, seed: int) -> Iterator[np.ndarray]:
        if method == REFERENCE:
            return (frame.rgb for frame in read_frames(self.analysis.source))
        results = self.pipelines[method].render_frames(self.analysis, seed)
        return (new.colorized for new in results)


def footage_of(
    models: Models, others: Mapping[str, str], film: Film, secret: bytes | None = None
) -> Callable[[int, int], AbstractContextManager[AnonymizedFootage]]:
    """A function that opens the footage of a person and a view, as a context manager.

    Args:
        models: networks of all methods.
        others: methods other than ours, each with the name of its anonymizer.
        film: returns the video of a person and a view; makes it in the given folder if necessary.
        secret: for the noise, see `AnonymizeOptions`.
    """
    noise = AnonymizeOptions(secret=secret or secrets.token_bytes(32))
    colorize = ColorizeOptions("paper")  # the same colours for all: only the anonymizers differ
    ours = Pipeline(models, Options(anonymize=noise, colorize=colorize))
    bad = replace(models, anonymizers={"anet": InStep(BadGait())}, cnet=BadColours())
    pipelines = {"ours": ours, ANCHOR: Pipeline(bad, ours.options)}
    for name, anonymizer in others.items():
        options = Options(anonymize=replace(noise, anonymizer=anonymizer), colorize=colorize)
        pipelines[name] = Pipeline(models, options)

    @contextmanager
    def open_footage(person: int, view: int) -> Iterator[AnonymizedFootage]:
        with TemporaryDirectory() as name:
            folder = Path(name)
            analysis = ours.analyse(film(person, view, folder), folder / "analysis")
            yield AnonymizedFootage(analysis, pipelines)

    return open_footage


def synthetic(seed: int) -> Film:
    """Films of synthetic walkers, large enough to be judged."""
    from gait_demo.synthesis.film import FilmOptions, write_film

    def film_of(person: int, view: int, folder: Path) -> Path:
        path = folder / "walk.mp4"
        options = FilmOptions(
            seconds=_SECONDS,
            width=_WIDTH,
            height=_HEIGHT,
            person_px=_PERSON_PX,
            view_angle=view,
            outfit=_OUTFITS[person % len(_OUTFITS)],
            seed=1000 * seed + person,
        )
        write_film(path, options)
        return path

    return film_of


def from_casia(root: Path) -> Film:
    """The videos of CASIA-B, or of data in its format."""
    data = CasiaB(root)

    def film(person: int, view: int, folder: Path) -> Path:
        sequence = Sequence(person, CONDITION, view)
        video = data.video(sequence)
        if video is None:
            raise DataError(f"There is no video {sequence.name} in {root}.")
        return video

    return film
