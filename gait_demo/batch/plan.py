"""What the workers of a run over many clips are given, and what they return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gait_demo.batch.place import Place
from gait_demo.options import Options
from gait_demo.types import Progress


@dataclass(frozen=True)
class Plan:
    """What all clips of a run share.

    Attributes:
        place: where the results go.
        options: the options, including a secret.
        chosen: weights files that the user has chosen, by network.
        weights: sha256 of all weights that are used, by network.
    """

    place: Place
    options: Options
    chosen: Mapping[str, Path]
    weights: Mapping[str, str]


@dataclass(frozen=True)
class WorkerResult:
    """A worker's message about a finished clip.

    Attributes:
        content: see `manifest.content_of`.
        frames: number of frames of the result.
        seconds: processing time.
        warnings: those of the report.
    """

    content: str
    frames: int
    seconds: float
    warnings: list[str]


class WorkerPool(Protocol):
    """A group of workers, each of which processes one clip at a time. A context manager: the
    workers end with the block.

    Attributes:
        workers: number of workers.
    """

    workers: int

    def __enter__(self) -> WorkerPool: ...

    def __exit__(self, *_: object) -> None: ...

    def stop(self) -> None:
        """Aborts the clips that are being processed; calls of `anonymize` end with an exception."""

    def anonymize(self, path: Path, name: str, on_progress: Progress) -> WorkerResult:
        """Processes a clip; called from as many threads as there are workers.

        Args:
            path: the video, absolute.
            name: of its folder in the output.
            on_progress: called with the stage, the steps done, and the total number of steps.

        Raises:
            WorkerDiedError: the worker died; another one takes its place.
            GaitDemoError: as for `Pipeline.run`; EngineError for unexpected errors.
        """
        ...
