"""Wall-clock time by stage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from gait_demo.types import Frame


class Clock:
    """Adds up wall-clock seconds by stage. Time in a nested stage counts for that stage only."""

    def __init__(self):
        self.seconds: dict[str, float] = {}
        self._stage: str | None = None
        self._since = perf_counter()

    @contextmanager
    def time(self, stage: str) -> Iterator[None]:
        outer = self._stage
        self._turn_to(stage)
        try:
            yield
        finally:
            self._turn_to(outer)

    def decoding(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        """Passes the frames on; the time spent waiting for them counts as "decode"."""
        while True:
            with self.time("decode"):
                frame = next(frames, None)
            if frame is None:
                return
            yield frame

    def _turn_to(self, stage: str | None) -> None:
        now = perf_counter()
        if self._stage is not None:
            self.seconds[self._stage] = self.seconds.get(self._stage, 0.0) + now - self._since
        self._stage, self._since = stage, now
