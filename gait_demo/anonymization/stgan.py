"""ST-GAN, the baseline, as an anonymizer: new silhouettes without joints."""

from __future__ import annotations

from pathlib import Path

from gait_demo.anonymization.windows import InStep
from gait_demo.models import build


def load(path: Path) -> InStep:
    """
    Raises:
        WeightsError: the file does not hold ST-GAN's weights.
    """
    return InStep(build.load(path, "stgan"))
