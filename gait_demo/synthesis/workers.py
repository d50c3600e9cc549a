"""Running jobs in several processes."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import active_children, get_context, parent_process


def run_jobs(
    work: Callable[..., None],
    jobs: Iterable[tuple],
    workers: int,
    on_done: Callable[[int], None],
) -> None:
    """Calls `work` with the arguments of every job, in any order; after each, `on_done` is called
    with the number of finished jobs.

    Processes are started fresh, not forked: a fork of a process in which torch has computed can
    hang. They end with the caller, also in the middle of a job: a job must write its files whole
    or not at all. A single job, or a single worker, runs in this process.
    """
    jobs = list(jobs)
    workers = min(workers, len(jobs))
    if workers < 2:
        for done, job in enumerate(jobs, start=1):
            work(*job)
            on_done(done)
        return
    others = active_children()
    context = get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_follow_parent) as pool:
        futures = as_completed([pool.submit(work, *job) for job in jobs])
        try:
            for done, future in enumerate(futures, start=1):
                future.result()
                on_done(done)
        except BaseException:
            for process in set(active_children()) - set(others):
                process.terminate()
            raise


def _follow_parent() -> None:
    """Makes this process end as soon as its parent has ended, for whatever reason."""

    def wait() -> None:
        parent_process().join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
