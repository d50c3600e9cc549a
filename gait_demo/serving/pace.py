"""Estimates of how long a run takes on this machine, learnt from recent runs."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

STAGES = ("people", "removal", "anonymize", "render")  # in their order
RENDERED = STAGES[2:]  # these are repeated for every seed
WAITING = "wait"  # reported in place of a stage until a worker is free
_RECENT = 8  # number of runs that estimates are based on
_FRAME_MPX = 0.4  # time per frame that does not depend on its size, in megapixels
# time that a stage takes once per run, in frames
_ONCE_FRAMES = {"people": 40, "removal": 10, "anonymize": 60, "render": 10}


@dataclass(frozen=True)
class Size:
    """What the time of a run depends on.

    Attributes:
        frames: number of frames to process.
        megapixels: size of a frame, in 10^6 pixels.
        people: number of people in the clip, as far as known.
    """

    frames: float
    megapixels: float
    people: int

    def work(self, stage: str) -> float:
        """Amount of work in a stage, in a unit of that stage."""
        people = max(1, self.people)
        frames = self.frames + _ONCE_FRAMES[stage]
        if stage == "anonymize":
            return frames * people
        if stage == "people":
            return frames * (_FRAME_MPX + self.megapixels) * (1 + people)
        return frames * (_FRAME_MPX + self.megapixels) * people**0.5


class Pace:
    """The times of recent runs by stage, from which the next run is estimated."""

    def __init__(self) -> None:
        self._unit_s = {stage: deque[float](maxlen=_RECENT) for stage in STAGES}

    def learn(self, size: Size, seconds: dict[str, float]) -> None:
        """Records the seconds of the stages of a finished run."""
        for stage, spent_s in seconds.items():
            self._unit_s[stage].append(spent_s / size.work(stage))

    def estimate(self, size: Size, stages: tuple[str, ...] = STAGES) -> dict[str, float] | None:
        """Expected seconds of each stage; None until each has been run once."""
        if not all(self._unit_s[stage] for stage in stages):
            return None
        return {s: statistics.median(self._unit_s[s]) * size.work(s) for s in stages}


def _silent(stage: str, share: float, left_s: float | None) -> None:
    pass


class Countdown:
    """One progress bar for a whole run, with the seconds left.

    Attributes:
        seconds: of each stage, without the waiting for a worker before the first report or after
            `wait`.
    """

    def __init__(
        self,
        expected: dict[str, float] | None,
        tell: Callable[[str, float, float | None], None] = _silent,
        clock: Callable[[], float] = monotonic,
    ):
        """
        Args:
            expected: seconds of each stage to come; None: not known.
            tell: called with the stage or WAITING, the share of the run that is done, in [0, 1],
                and the seconds left, if known.
            clock: gives the time in seconds.
        """
        self._expected, self._tell, self._clock = expected, tell, clock
        self._stages = tuple(expected or STAGES)
        self._stage_began_s = clock()
        self._stage: str | None = None
        self._share = 0.0  # of the run that is done
        self.seconds: dict[str, float] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Progress callback for the pipeline."""
        if stage not in self._stages:
            return
        if stage != self._stage:
            self._end_stage()
            self._stage = stage
        part = min(1.0, done / total) if total else 0.0
        weights = self._expected or dict.fromkeys(self._stages, 1.0)
        before = self._stages[: self._stages.index(stage)]
        behind = sum(weights[s] for s in before) + part * weights[stage]
        self._share = behind / sum(weights.values())
        self._tell(stage, self._share, self._left_s())

    def wait(self) -> None:
        """Reports that the next stage waits for a free worker."""
        self._end_stage()
        self._tell(WAITING, self._share, None)

    @property
    def spent_s(self) -> float:
        """Seconds of all stages that have ended."""
        return sum(self.seconds.values())

    def finish(self) -> dict[str, float]:
        """Ends the current stage; returns `seconds`."""
        self._end_stage()
        return self.seconds

    def _end_stage(self) -> None:
        now = self._clock()
        if self._stage is not None:
            spent_s = now - self._stage_began_s
            self.seconds[self._stage] = self.seconds.get(self._stage, 0.0) + spent_s
        self._stage, self._stage_began_s = None, now

    def _left_s(self) -> float | None:
        """Seconds left: the estimate, corrected by its error so far, which counts more the more of
        the run is done."""
        if self._expected is None:
            return None
        whole_s = sum(self._expected.values())
        spent_s = self.spent_s + self._clock() - self._stage_began_s
        off = spent_s / (self._share * whole_s) if self._share else 1.0
        return (1 - self._share) * whole_s * ((1 - self._share) + self._share * off)
