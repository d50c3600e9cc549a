"""Where weights come from, and how they are published."""

from gait_demo.weights.sources import CHECKPOINTS, MANIFEST, Weights, ask_ahead, find, manifest

__all__ = ["CHECKPOINTS", "MANIFEST", "Weights", "ask_ahead", "find", "manifest"]
