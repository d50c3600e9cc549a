"""Workers on an existing Ray cluster."""

from __future__ import annotations

import logging
import socket
from functools import partial
from pathlib import Path
from queue import Queue
from threading import Event

from gait_demo.batch.plan import Plan, WorkerResult
from gait_demo.errors import BatchError, EngineError, GaitDemoError, WorkerDiedError
from gait_demo.types import Progress, silent

_WORKER_BYTES = 2_000_000_000  # memory reserved per worker: see the table in README.md
_ANSWERS_WITHIN_S = 5  # timeout for connecting
_ASKS_EVERY_S = 0.5  # interval of checking whether the run was stopped


class Cluster:
    """A `plan.WorkerPool` of Ray actors: one for each core of the cluster, or as many as wanted.

    An actor that dies is replaced, on another node if its own is gone.
    """

    def __init__(self, plan: Plan, clips: int, workers: int | None, address: str):
        """
        Args:
            plan: what the workers need to know.
            clips: number of clips, the maximum number of workers.
            workers: None: as many as cores and memory allow.
            address: HOST:PORT, "auto" or "ray://HOST:PORT".

        Raises:
            BatchError: on entering: the cluster cannot be reached, or has another version.
        """
        self._plan = plan
        self._clips, self._wanted, self._address = clips, workers, address
        self._stop = Event()
        self.workers = 1

    def __enter__(self) -> Cluster:
        ray = _connected(self._address)
        try:
            self._begin(ray)
        except BaseException:
            ray.shutdown()
            raise
        return self

    def _begin(self, ray) -> None:
        resources = ray.cluster_resources()
        memory = _WORKER_BYTES if self._wanted is None else 0
        most = int(resources.get("CPU", 0))
        if memory:
            most = min(most, int(resources.get("memory", 0) // memory))
        if most < 1:
            raise BatchError(
                f"The cluster {self._address} has no core with {memory / 1e9:g} GB of memory: add "
                "a node, or set --workers."
            )
        self.workers = min(self._clips, self._wanted or most, most)
        kind = ray.remote(_Actor).options(num_cpus=1, memory=memory)
        self._hire = partial(kind.remote, self._plan)
        first = self._hire()
        try:
            problem = ray.get(first.problem.remote())
        except ray.exceptions.RayError as error:
            raise BatchError(
                f"The nodes of the cluster {self._address} cannot load this program: install it, "
                "in the same version, on each of them."
            ) from error
        if problem is not None:
            raise problem
        self._idle: Queue = Queue()
        for actor in (first, *(self._hire() for _ in range(self.workers - 1))):
            self._idle.put(actor)

    def __exit__(self, *_: object) -> None:
        import ray

        ray.shutdown()  # ends the actors

    def stop(self) -> None:
        self._stop.set()

    def anonymize(self, path: Path, name: str, on_progress: Progress) -> WorkerResult:
        import ray

        actor = self._idle.get()
        try:
            made = actor.anonymize.remote(path, name)
            while not ray.wait([made], timeout=_ASKS_EVERY_S)[0]:
                if self._stop.is_set():
                    raise EngineError("The run has ended.")
            result = ray.get(made)
        except ray.exceptions.RayError as error:  # the actor or its node died, or memory ran out
            ray.kill(actor)  # it may still be alive, but out of reach
            actor = self._hire()
            raise WorkerDiedError("A worker is gone.") from error
        finally:
            self._idle.put(actor)
        if isinstance(result, GaitDemoError):
            raise result
        return result


class _Actor:
    """A worker in a process of the cluster."""

    def __init__(self, plan: Plan):
        from gait_demo.batch import jobs

        self._problem: GaitDemoError | None = None
        try:
            self._worker = jobs.load(plan)
        except GaitDemoError as error:
            self._problem = error

    def problem(self) -> GaitDemoError | None:
        """Why this actor cannot work."""
        return self._problem

    def anonymize(self, path: Path, name: str) -> WorkerResult | GaitDemoError:
        from gait_demo.batch import jobs
        from gait_demo.serving.worker import error_location

        if self._problem is not None:
            return self._problem
        try:
            return jobs.anonymize(self._worker, silent, path, name)
        except GaitDemoError as error:
            return type(error)(str(error))
        except Exception as error:
            return EngineError(
                f"Something went wrong that nobody foresaw ({error_location(error)})."
            )


def _connected(address: str):
    """Connects to the cluster and returns the module `ray`.

    Raises:
        BatchError: the cluster cannot be reached, or has another version.
    """
    import ray

    host, _, port = address.removeprefix("ray://").rpartition(":")
    if address != "auto":
        try:  # Ray itself tries for much longer
            socket.create_connection((host, int(port)), _ANSWERS_WITHIN_S).close()
        except (OSError, ValueError) as error:
            raise BatchError(
                f"There is no Ray cluster at {address}: start one with `ray start --head`, or "
                "check the address, HOST:PORT."
            ) from error
    try:
        ray.init(address, log_to_driver=False, logging_level=logging.ERROR)
    except ConnectionError as error:
        raise BatchError(
            f"There is no Ray cluster at {address}, or it denies access: start one with `ray start "
            "--head`, or set RAY_AUTH_MODE and RAY_AUTH_TOKEN as it requires."
        ) from error
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise BatchError(
            f"The Ray cluster at {address} cannot be used; versions of Ray and Python must be the "
            f"same: {reason}"
        ) from error
    return ray
