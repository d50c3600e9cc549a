"""How fast runs are on this machine, learnt from the runs themselves."""

from __future__ import annotations

from dataclasses import dataclass

_BY_PIXELS = ("decode", "encode", "composite")  # stages that work at full size


@dataclass(frozen=True)
class Pace:
    """What a run took, so that the next can be estimated.

    Attributes:
        once_s: seconds for the background, which is learnt from a bounded sample of frames.
        frame_s: seconds a frame in the stages that work at a fixed size.
        megapixel_s: seconds a frame and 10^6 pixels in the others.
    """

    once_s: float
    frame_s: float
    megapixel_s: float

    @classmethod
    def of(cls, report: dict) -> Pace:
        """The pace of a finished run, from its report."""
        frames = report["frames_in"]
        megapixels = report["width"] * report["height"] / 1e6
        timings = report["timings"]
        by_pixels = sum(timings.get(stage, 0) for stage in _BY_PIXELS)
        once = timings["background"]
        fixed = sum(timings.values()) - by_pixels - once
        return cls(once, fixed / frames, by_pixels / frames / megapixels)

    def estimate_s(self, frames: float, width: int, height: int) -> float:
        """Seconds that so many frames of this size should take."""
        frame_s = self.frame_s + self.megapixel_s * width * height / 1e6
        return self.once_s + frames * frame_s
