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
    """Anonymize one video. For many see `anonymize_many`; for many seeds keep a `Pipeline`, which
    loads its networks once.

    Args:
        video: never changed.
        out_dir: gets original.mp4, binary.mp4, colorized.mp4, comparison.mp4 and report.json, all
            or none; made if need be.
        options: default: everyone gets another gait, in their own clothes and without a face.

    Raises:
        GaitDemoError: the video cannot be used, shows nobody who can be anonymized, weights are
            missing, or the results cannot be written.
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

    What an earlier call finished is not done again unless the video, the options or the weights
    are others. Leaving the loop ends the workers.

    Args:
        inputs: videos, folders, patterns such as "walks/*.mp4", and .txt files with one input a
            line.
        out_dir: a folder, or a URL that fsspec knows, such as s3://bucket/results.
        options: as for `anonymize`; each video has noise of its own.
        workers: processes; None: as many as cores and memory allow.
        ray: address of a Ray cluster that works instead, or "auto".

    Yields:
        What became of each video, as they come; one that fails has an `error` and stops nothing.

    Raises:
        GaitDemoError: there are no videos, two would get one name, the output cannot be written,
            weights are missing, or there is no such cluster.
    """
    from gait_demo.batch import Batch

    several = [inputs] if isinstance(inputs, (str, Path)) else inputs
    yield from Batch(several, out_dir, options, workers=workers, ray=ray).run()


def __getattr__(name: str) -> object:
    if name == "Pipeline":  # brings torch and OpenCV: imported when first asked for
        from gait_demo.pipeline import Pipeline

        return Pipeline
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
