"""Processing many clips, in local processes or on a Ray cluster."""

from gait_demo.batch.batch import Batch, ClipResult

__all__ = ["Batch", "ClipResult"]
