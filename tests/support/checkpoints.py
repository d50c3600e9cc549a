"""What a checkpoint says about itself, as safetensors' own reader shows it."""

import json
from pathlib import Path

from safetensors import safe_open


def summary_of(path: Path) -> dict:
    """The training summary in a checkpoint."""
    with safe_open(path, framework="pt") as file:
        return json.loads(file.metadata()["summary"])
