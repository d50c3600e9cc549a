"""What a run over many clips tells its workers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gait_demo.batch.place import Place
from gait_demo.options import Options

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Plan:
    """What all clips of a run share.

    Attributes:
        place: for the results.
        options: with a secret.
        chosen: weights by the network's name, where the user has chosen them.
        weights: the sha256 of all that are used, by name.
    """

    place: Place
    options: Options
    chosen: Mapping[str, Path]
    weights: Mapping[str, str]


@dataclass(frozen=True)
class Made:
    """What a worker says of a clip that it has finished.

    Attributes:
        content: see `manifest.content_of`.
        frames: of the result.
        seconds: that it took.
        warnings: of the report.
    """

    content: str
    frames: int
    seconds: float
    warnings: list[str]


class Crew(Protocol):
    """Workers, each of which does one clip at a time. A context manager: they end with it.

    Attributes:
        workers: how many.
    """

    workers: int

    def __enter__(self) -> Crew: ...

    def __exit__(self, *_: object) -> None: ...

    def stop(self) -> None:
        """Give up the clips that are being worked on: their calls end with any exception."""

    def anonymize(self, path: Path, name: str, on_progress: Progress) -> Made:
        """Called from as many threads as there are workers.

        Raises:
            WorkerDiedError: the worker is gone; another one takes its place.
            GaitDemoError: as for `Pipeline.run`; EngineError for what nobody foresaw.
        """
        ...
