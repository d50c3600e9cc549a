"""Finding, downloading and publishing weights.

`find` resolves the name of a network to a verified file. `ask_ahead` starts downloads in the
background; `state` tells, without waiting, whether weights are there.
"""

from gait_demo.weights.finding import State, ask_ahead, find, of_a_run, state
from gait_demo.weights.manifest import (
    CHECKPOINTS,
    FACE,
    MANIFEST,
    PERSON,
    RELEASED,
    manifest,
    names,
)
from gait_demo.weights.sources import Weights

__all__ = [
    "CHECKPOINTS", "FACE", "MANIFEST", "PERSON", "RELEASED", "State", "Weights", "ask_ahead",
    "find", "manifest", "names", "of_a_run", "state",
]  # fmt: skip
