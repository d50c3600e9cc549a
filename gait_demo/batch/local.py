"""Workers in local processes."""

from __future__ import annotations

import math
import os
from contextlib import suppress
from pathlib import Path
from threading import Event

import psutil

from gait_demo.batch.plan import Plan, WorkerResult
from gait_demo.errors import BatchError, WorkerDiedError
from gait_demo.serving.engine import Engine
from gait_demo.types import Progress

_JOBS = "gait_demo.batch.jobs"
_RESULTS = {"anonymize": WorkerResult}
_GROWS = 2.5  # peak memory of a worker relative to its memory after loading: see README.md
_CGROUP = Path("/sys/fs/cgroup")


class Local:
    """A `plan.WorkerPool` of local processes: as many as cores and memory allow, or as wanted.

    The memory of a process is estimated from the first one, once its networks are loaded.
    """

    def __init__(self, plan: Plan, clips: int, workers: int | None):
        """
        Args:
            plan: what the workers need to know.
            clips: number of clips, the maximum number of workers.
            workers: None: as many as cores and memory allow.
        """
        self._plan = plan
        self._clips, self._wanted = clips, workers
        self._stop = Event()
        self.workers = 1

    def __enter__(self) -> Local:
        self._engine = Engine(0, math.inf, _JOBS, (self._plan,), _RESULTS)
        try:
            self._engine.add(1)
            self._engine.wait_until_ready()
            self.workers = min(self._clips, self._wanted or self._affordable())
            self._engine.add(self.workers - 1)
        except WorkerDiedError as error:
            self._engine.close()
            raise BatchError(
                "No worker could be started, most likely because memory is short: close other "
                "programs."
            ) from error
        except BaseException:
            self._engine.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.close()

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers."""
        return self._engine.pids

    def stop(self) -> None:
        self._stop.set()

    def anonymize(self, path: Path, name: str, on_progress: Progress) -> WorkerResult:
        return self._engine.run(
            "anonymize", path, name, on_progress=on_progress, unwanted=self._stop.is_set
        )

    def _affordable(self) -> int:
        (first,) = self._engine.pids
        worker_bytes = _GROWS * psutil.Process(first).memory_info().rss
        return max(1, min(_cores(), int((_free_bytes() + worker_bytes / _GROWS) // worker_bytes)))


def _cores() -> int:
    """Number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _free_bytes() -> int:
    """Available memory, also within the limit of a container."""
    free = psutil.virtual_memory().available
    with suppress(OSError, ValueError):  # no limit
        limit = int((_CGROUP / "memory.max").read_text())
        free = min(free, limit - int((_CGROUP / "memory.current").read_text()))
    return free
