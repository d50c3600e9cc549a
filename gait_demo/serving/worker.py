"""A process that does one job after another for the engine that started it.

It is given the name of the module with the jobs; what `load` of that module takes, and then jobs,
come in as pickles on standard input, progress and results go out on standard output. What is
printed meanwhile goes nowhere: it might tell of users' files.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
import traceback
from importlib import import_module
from pathlib import Path
from queue import Queue
from time import perf_counter
from typing import BinaryIO

from gait_demo.errors import GaitDemoError

STOP = "stop"
_REPORT_EVERY_S = 0.2


class Stopped(Exception):
    """The job is no longer wanted."""


def place(error: BaseException) -> str:
    """The kind of an error and where in this package it came up, without what it says."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "gait_demo" in Path(frame.filename).parts]
    where = f" in {Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""
    return type(error).__name__ + where


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the engine, which then hangs up
    jobs, out = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)

    def send(*message: object) -> None:
        pickle.dump(message, out)
        out.flush()

    try:
        room = import_module(sys.argv[1])
        state = room.load(*pickle.load(jobs))
    except GaitDemoError as error:
        send("failed", error)
        return
    os.dup2(nowhere, 2)
    send("done", None)

    wanted: Queue = Queue()
    stop = threading.Event()
    threading.Thread(target=_listen, args=(jobs, wanted, stop), daemon=True).start()
    while True:
        name, arguments = wanted.get()
        try:
            send("done", getattr(room, name)(state, _reporter(send, stop), *arguments))
        except Stopped:
            send("stopped", None)
        except GaitDemoError as error:
            send("failed", type(error)(str(error)))
        except MemoryError:
            os._exit(1)
        except Exception as error:
            send("broken", place(error))


def _listen(jobs: BinaryIO, wanted: Queue, stop: threading.Event) -> None:
    """Takes jobs and the wish to stop; ends the process when the engine is gone."""
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
    told_s, told_of = 0.0, None

    def report(stage: str, done: int, total: int) -> None:
        nonlocal told_s, told_of
        if stop.is_set():
            raise Stopped
        if stage != told_of or perf_counter() - told_s > _REPORT_EVERY_S:
            told_s, told_of = perf_counter(), stage
            send("progress", stage, done, total)

    return report


if __name__ == "__main__":
    main()
