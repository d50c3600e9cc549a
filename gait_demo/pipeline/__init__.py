"""The stages in order: from a video to the same video in which people have another gait."""

from gait_demo.pipeline.analysis import Analysis
from gait_demo.pipeline.inspection import inspect_clip
from gait_demo.pipeline.models import Models
from gait_demo.pipeline.pipeline import Pipeline

__all__ = ["Analysis", "Models", "Pipeline", "inspect_clip"]
