"""Runs jobs in worker processes, so that a clip that crashes one breaks nothing else.

The process of the engine itself loads no network and decodes no user's video. A worker that dies,
or does not stop when told to, is replaced.
"""

from __future__ import annotations

import logging
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from queue import Empty, Queue
from time import monotonic
from typing import Any

from gait_demo.errors import EngineError, GaitDemoError, NotStartedError, WorkerDiedError
from gait_demo.serving import messages, worker

_log = logging.getLogger(__name__)
_STOPS_WITHIN_S = 1.2  # time limit for stopping a job, after which the worker is killed
_ASKS_EVERY_S = 0.1  # interval of asking whether the job is still wanted
_ENDED = ("ended", None)
_START = "start"  # in place of a job's name while a worker starts
_JOBS = "gait_demo.serving.jobs"


class Cancelled(Exception):
    """The job is no longer wanted."""


class Engine:
    """A few workers, each of which does one job at a time.

    Args:
        workers: number of jobs that run at once.
        limit_s: seconds after which a job is aborted.
        jobs: name of the module whose functions are the jobs. Its function `load` is called first
            in every worker; what it returns is the first argument of every job.
        arguments: of `load`.
        results: the type of each job's result, by name; see `messages.result`.
    """

    def __init__(
        self,
        workers: int = 1,
        limit_s: float = 1800,
        jobs: str = _JOBS,
        arguments: tuple = (),
        results: Mapping[str, Any] = messages.RESULTS,
    ):
        self._limit_s = limit_s
        self._start = jobs, arguments, results
        self._idle: Queue[_Worker] = Queue()
        self._workers: list[_Worker] = []
        self._open = True
        self.add(workers)

    def add(self, workers: int) -> None:
        """Starts more workers. A job that gets one waits until it is ready."""
        for _ in range(workers):
            self._workers.append(_Worker(*self._start))
            self._idle.put(self._workers[-1])

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers."""
        return [process.pid for process in self._workers]

    def wait_until_ready(self) -> None:
        """
        Raises:
            WeightsError: the networks' weights are not available.
        """
        for starting in self._workers:
            starting.wait_until_ready()

    def run(
        self,
        job: str,
        *arguments: object,
        on_progress: Callable[[str, int, int], None] | None = None,
        unwanted: Callable[[], bool] = lambda: False,
    ) -> Any:
        """Runs a job; waits while all workers are busy.

        Args:
            on_progress: called with the stage, the steps done, and their total (0: not known).
            unwanted: asked regularly; once it returns True, the job is stopped.

        Raises:
            Cancelled: `unwanted` returned True.
            GaitDemoError: raised by the job; EngineError if the job failed unexpectedly or took too
                long, WorkerDiedError if its process died, NotStartedError if that was before the
                job began.
        """
        idle = self._wait_for_idle(unwanted)
        try:
            return idle.run(job, arguments, on_progress, unwanted, self._limit_s)
        finally:
            if idle.is_alive or not self._open:
                self._idle.put(idle)
            else:
                threading.Thread(target=self._replace, args=(idle,), daemon=True).start()

    def close(self) -> None:
        """Ends all workers at once, whatever they are doing."""
        self._open = False
        for process in self._workers:
            process.close()

    def _wait_for_idle(self, unwanted: Callable[[], bool]) -> _Worker:
        while True:
            if unwanted():
                raise Cancelled
            try:
                return self._idle.get(timeout=_ASKS_EVERY_S)
            except Empty:
                continue

    def _replace(self, dead: _Worker) -> None:
        """Restarts a worker before it takes the next job."""
        try:
            dead.start()
            dead.wait_until_ready()
        except (GaitDemoError, OSError):
            if self._open:
                _log.error("a worker could not be started again")
        finally:
            self._idle.put(dead)


class _Worker:
    """A worker process and its messages."""

    def __init__(self, jobs: str, arguments: tuple, results: Mapping[str, Any]):
        self._jobs, self._arguments, self._results = jobs, arguments, results
        self._is_closed = False
        self._starting = threading.Lock()
        self.start()

    def start(self) -> None:
        """
        Raises:
            EngineError: the engine has been closed.
        """
        with self._starting:
            if self._is_closed:
                raise EngineError("The program is ending: start it again, and try once more.")
            self._begin()
        with suppress(WorkerDiedError):  # `wait_until_ready` raises it
            self._send(self._arguments)

    def _begin(self) -> None:
        self._is_ready = False
        self._received: Queue = Queue()
        self._process = subprocess.Popen(
            [sys.executable, "-m", worker.__name__, self._jobs],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).resolve().parents[2],
        )
        listener = threading.Thread(
            target=self._listen, args=(self._process, self._received), daemon=True
        )
        listener.start()

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._process.pid

    def close(self) -> None:
        """Ends the process for good."""
        with self._starting:
            self._is_closed = True
        self.kill()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def wait_until_ready(self, unwanted: Callable[[], bool] = lambda: False) -> None:
        while not self._is_ready:
            if unwanted():
                raise Cancelled
            message = self._next_message()
            if message is not None:
                self._receive(message)
                self._is_ready = True

    def run(
        self,
        job: str,
        arguments: tuple,
        on_progress: Callable[[str, int, int], None] | None,
        unwanted: Callable[[], bool],
        limit_s: float,
    ) -> Any:
        if not self.is_alive:
            self.start()
        self.wait_until_ready(unwanted)
        self._send((job, arguments, limit_s))
        until = monotonic() + limit_s
        try:
            while (message := self._next_message()) is None or message[0] == "progress":
                if unwanted():
                    raise Cancelled
                if monotonic() > until:
                    raise EngineError(
                        f"This took longer than {limit_s / 60:g} minutes and was given up: "
                        "trim the video, or export it smaller."
                    )
                if message is not None and on_progress is not None:
                    on_progress(*message[1])
        except BaseException:
            self._stop()
            raise
        return self._receive(message, job)

    def _next_message(self) -> tuple | None:
        """The next message; None if there is none within 0.1 s."""
        try:
            return self._received.get(timeout=_ASKS_EVERY_S)
        except Empty:
            return None

    def _receive(self, message: tuple, job: str = _START) -> Any:
        """The result in a job's last message.

        Raises:
            GaitDemoError: the job failed, or the process died.
        """
        kind, content = message
        try:
            if kind == "failed":
                content = messages.failure(content)
            elif kind == "done" and job != _START:
                content = messages.result(self._results, job, content)
        except messages.Garbled:
            kind = "ended"
        if kind == "ended":
            self.kill()
            if self._is_closed:
                raise EngineError("The program is ending: start it again, and try once more.")
            _log.error("a worker died during %s", job)
            if job == _START:
                raise NotStartedError(
                    "The program that works on videos could not be started: try again in a "
                    "minute; your video is not the reason."
                )
            raise WorkerDiedError(
                "This video broke the program that worked on it: nothing was kept. "
                "Try again, or use a shorter or smaller video."
            )
        if kind == "failed":
            raise content
        if kind == "broken":
            _log.error("%s failed: %s", job, content)
            raise EngineError(
                "Something went wrong that is not your fault: nothing was kept. "
                "Try again, or use another video."
            )
        return content

    def _stop(self) -> None:
        """Tells the process to stop its job, and kills it if it does not."""
        until = monotonic() + _STOPS_WITHIN_S
        try:
            self._send(worker.STOP)
            while True:
                message = self._received.get(timeout=max(0, until - monotonic()))
                if message == _ENDED:
                    break
                if message[0] != "progress":
                    return
        except (Empty, EngineError):
            pass
        self.kill()

    def _send(self, message: object) -> None:
        try:
            pickle.dump(message, self._process.stdin)
            self._process.stdin.flush()
        except OSError as error:
            raise NotStartedError("The program is starting again: try once more.") from error

    @staticmethod
    def _listen(process: subprocess.Popen, received: Queue) -> None:
        try:
            while True:
                kind, content = messages.receive(process.stdout)
                if kind == "log":
                    _log.error("%s", content)
                else:
                    received.put((kind, content))
        except (EOFError, OSError, messages.Garbled):
            received.put(_ENDED)
        finally:
            process.stdout.close()
