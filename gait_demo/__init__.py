"""Gait anonymization: a walking video goes in and comes out with another gait.

from gait_demo import anonymize

result = anonymize("walk.mp4", "result")
print(result.colorized, result.report["warnings"])
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gait_demo.errors import GaitDemoError
from gait_demo.options import Options

if TYPE_CHECKING:
    from gait_demo.batch import ClipResult
    from gait_demo.pipeline import Pipeline
    from gait_demo.types import GaitResult

__all__ = ["GaitDemoError", "Options", "Pipeline", "anonymize", "anonymize_many"]
__version__ = "0.1.0"


def anonymize(video: str | Path, out_dir: str | Path, options: Options | None = None) -> GaitResult:
    """Anonymize one video. For many videos use `anonymize_many`; for many seeds keep a `Pipeline`,
    which loads its networks once.

    Args:
        video: the input file; never changed.
        out_dir: the folder for original.mp4, binary.mp4, colorized.mp4, comparison.mp4 and
            report.json; either all of them are written or none. Created if missing.
        options: by default everyone gets another gait, keeps their clothes, and has their face
            hidden.

    Raises:
        GaitDemoError: the video cannot be used or shows no person who can be anonymized, weights
            are missing, or the results cannot be written.
    """
    from gait_demo.pipeline import Pipeline

    return Pipeline.load(options).run(Path(video), Path(out_dir))


def anonymize_many(
    inputs: str | Path | Sequence[str | Path],
    out_dir: str | Path,
    options: Options | None = None,
    *,
    workers: int | None = None,
    ray: str | None = None,
) -> Iterator[ClipResult]:
    """Anonymize many videos, each into a folder of its own; see batch/README.md.

    Videos that an earlier call finished are skipped, unless the video, the options or the weights
    have changed. Leaving the loop ends the workers.

    Args:
        inputs: videos, folders, patterns such as "walks/*.mp4", and .txt files that list one input
            per line.
        out_dir: a folder, or a URL that fsspec supports, such as s3://bucket/results.
        options: as for `anonymize`; each video has its own noise.
        workers: number of processes; None: as many as cores and memory allow.
        ray: address of a Ray cluster to use instead of local processes, or "auto".

    Yields:
        The result of each video as soon as it is finished. A video that fails has an `error`; the
        others go on.

    Raises:
        GaitDemoError: there are no videos, two of them would get the same output name, the output
            cannot be written, weights are missing, or the cluster cannot be reached.
    """
    from gait_demo.batch import Batch

    several = [inputs] if isinstance(inputs, (str, Path)) else inputs
    yield from Batch(several, out_dir, options, workers=workers, ray=ray).run()


def __getattr__(name: str) -> object:
    if name == "Pipeline":  # imports torch and OpenCV, which take seconds: only on first use
        from gait_demo.pipeline import Pipeline

        return Pipeline
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
