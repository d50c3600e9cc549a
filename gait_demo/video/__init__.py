"""Reading and writing video: all handling of time, rotation, colour, size and sound."""

from gait_demo.video.avi import write_avi
from gait_demo.video.reader import probe, read_frames
from gait_demo.video.writer import VideoWriter

__all__ = ["VideoWriter", "probe", "read_frames", "write_avi"]
