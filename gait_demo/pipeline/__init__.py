"""The order of the stages: a video goes in, the same walk with another gait comes out."""

from gait_demo.pipeline.analysis import Analysis, Progress
from gait_demo.pipeline.looking import look
from gait_demo.pipeline.models import Models
from gait_demo.pipeline.pipeline import Pipeline

__all__ = ["Analysis", "Models", "Pipeline", "Progress", "look"]
