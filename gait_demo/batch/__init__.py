"""Many clips: a folder, a data set, on one machine or on a Ray cluster."""

from gait_demo.batch.batch import Batch, ClipResult

__all__ = ["Batch", "ClipResult"]
