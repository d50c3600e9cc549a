"""Finding, downloading and publishing weights.

`find` resolves the name of a network to a verified file. `ask_ahead` starts downloads in the
background; `is_ready` and `status` tell, without waiting, whether weights are there.
"""

from gait_demo.weights.finding import State, Status, ask_ahead, find, is_ready, of_a_run, status
from gait_demo.weights.manifest import CHECKPOINTS, MANIFEST, PERSON, manifest, names
from gait_demo.weights.sources import Weights

__all__ = [
    "CHECKPOINTS", "MANIFEST", "PERSON", "State", "Status", "Weights", "ask_ahead", "find",
    "is_ready", "manifest", "names", "of_a_run", "status",
]  # fmt: skip
