"""The worker process, which does one job after another for the engine that started it.

Its argument is the name of the module with the jobs. The arguments of that module's `load`, and
then the jobs, come as pickles on standard input; progress, results and what the module logs go as
JSON to standard output. All other output is discarded, because it might tell of users' files.
"""

from __future__ import annotations

import logging
import math
import os
import pickle
import signal
import sys
import threading
import traceback
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from queue import Queue
from time import perf_counter, process_time
from typing import BinaryIO

from gait_demo.errors import GaitDemoError
from gait_demo.serving import messages

STOP = "stop"
MEMORY_BYTES = 8_000_000_000  # memory limit of a worker; a run takes less than 2 GB
_REPORT_EVERY_S = 0.2


class Stopped(Exception):
    """The job is no longer wanted."""


def error_location(error: BaseException) -> str:
    """The class of an error and where in this package it was raised, without its message."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "gait_demo" in Path(frame.filename).parts]
    where = f" in {Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""
    return type(error).__name__ + where


def limit_memory(most_bytes: int) -> None:
    """Limits the memory of this process, where the system can do that."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (most_bytes, most_bytes))


def limit_time(seconds: float) -> None:
    """Limits the further processor time of this process, which is killed after it, where the system
    can do that."""
    if not math.isfinite(seconds):
        return
    with suppress(ImportError, OSError, ValueError):
        import resource

        until = int(process_time() + seconds) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (until, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def main() -> None:
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C is for the engine, which then closes the pipe
    jobs, out = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)

    def send(kind: str, content: object = None) -> None:
        messages.send(out, kind, content)

    limit_memory(MEMORY_BYTES)
    try:
        module = import_module(sys.argv[1])
        arguments = pickle.load(jobs)
    except (EOFError, OSError):  # the engine is gone already
        return
    try:
        state = module.load(*arguments)
    except GaitDemoError as error:
        send("failed", (type(error).__name__, str(error)))
        return
    os.dup2(nowhere, 2)
    logging.getLogger(module.__name__).addHandler(_LogSender(send))
    send("done")

    wanted: Queue = Queue()
    stop = threading.Event()
    threading.Thread(target=_listen, args=(jobs, wanted, stop), daemon=True).start()
    while True:
        name, arguments, limit_s = wanted.get()
        limit_time(limit_s * (os.cpu_count() or 1))
        try:
            send("done", getattr(module, name)(state, _reporter(send, stop), *arguments))
        except Stopped:
            send("stopped")
        except GaitDemoError as error:
            send("failed", (type(error).__name__, str(error)))
        except MemoryError:
            os._exit(1)
        except Exception as error:
            send("broken", error_location(error))


class _LogSender(logging.Handler):
    """Sends what is logged to the engine."""

    def __init__(self, send):
        super().__init__()
        self._tell = send

    def emit(self, record: logging.LogRecord) -> None:
        self._tell("log", record.getMessage())


def _listen(jobs: BinaryIO, wanted: Queue, stop: threading.Event) -> None:
    """Receives jobs and requests to stop; ends the process when the engine is gone."""
    while True:
        try:
            message = pickle.load(jobs)
        except (EOFError, OSError):
            os._exit(0)
        if message == STOP:
            stop.set()
        else:
            stop.clear()
            wanted.put(message)


def _reporter(send, stop: threading.Event):
    """A progress callback that sends at most one report of a stage per 0.2 s, and raises Stopped
    once the job is to stop."""
    told_s, told_of = 0.0, None

    def report(stage: str, done: int, total: int) -> None:
        nonlocal told_s, told_of
        if stop.is_set():
            raise Stopped
        if stage != told_of or perf_counter() - told_s > _REPORT_EVERY_S:
            told_s, told_of = perf_counter(), stage
            send("progress", (stage, done, total))

    return report


if __name__ == "__main__":
    main()
