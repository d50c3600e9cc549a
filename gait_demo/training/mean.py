"""The mean of the weights of trainings with a common beginning (Wortsman et al. 2022, "Robust
fine-tuning of zero-shot models"): it keeps of both what one training gave up for another aim."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import torch

from gait_demo.errors import DataError
from gait_demo.models import build


def average(network: str, files: Sequence[Path], out: Path) -> dict:
    """Writes the mean of the weights of checkpoints, all counting the same.

    Args:
        network: "anet", "cnet" or "stgan".
        files: two checkpoints or more of the same sizes.
        out: the checkpoint to write.

    Returns:
        The summary, as written into the checkpoint.

    Raises:
        WeightsError: a file is no checkpoint of this network.
        DataError: only one file, or files of different sizes.
    """
    models = [build.load(file, network) for file in files]
    if len(models) < 2 or len({model.dims for model in models}) > 1:
        raise DataError("Give two checkpoints or more, all of one network and of the same sizes.")
    states = [model.state_dict() for model in models]
    mean, *_ = models
    mean.load_state_dict({
        name: torch.stack([state[name].double() for state in states]).mean(0).to(first.dtype)
        for name, first in states[0].items()
    })  # fmt: skip
    summary = {
        "mean of": [hashlib.sha256(file.read_bytes()).hexdigest() for file in files],
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": " ".join(["python -m gait_demo", *sys.argv[1:]]),
    }
    build.save(out, network, mean, summary)
    return summary
