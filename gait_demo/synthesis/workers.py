"""Work for several processes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context


def run_jobs(
    work: Callable[..., None],
    jobs: Iterable[tuple],
    workers: int,
    on_done: Callable[[int], None],
) -> None:
    """Call `work` with the arguments of every job, in any order; after each, `on_done` is told
    how many are done.

    Processes are started fresh, not forked: a fork of a process in which torch has computed can
    hang. One job, or one worker, runs right here.
    """
    jobs = list(jobs)
    workers = min(workers, len(jobs))
    if workers < 2:
        for done, job in enumerate(jobs, start=1):
            work(*job)
            on_done(done)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        futures = as_completed([pool.submit(work, *job) for job in jobs])
        try:
            for done, future in enumerate(futures, start=1):
                future.result()
                on_done(done)
        except BaseException:
            pool.shutdown(cancel_futures=True)  # only what has begun is finished
            raise
