"""Gait anonymization: a walking video goes in and comes out with another gait.

from gait_demo import anonymize

result = anonymize("walk.mp4", "result")
print(result.colorized, result.report["warnings"])
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gait_demo.errors import GaitDemoError
from gait_demo.options import PipelineOptions as Options

if TYPE_CHECKING:
    from gait_demo.pipeline import Pipeline
    from gait_demo.types import GaitResult

__all__ = ["GaitDemoError", "Options", "Pipeline", "anonymize"]
__version__ = "0.1.0"


def anonymize(video: str | Path, out_dir: str | Path, options: Options | None = None) -> GaitResult:
    """Anonymize one video. For many videos or seeds keep a `Pipeline`, which loads its networks
    once.

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


def __getattr__(name: str) -> object:
    if name == "Pipeline":  # brings torch and OpenCV: imported when first asked for
        from gait_demo.pipeline import Pipeline

        return Pipeline
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
