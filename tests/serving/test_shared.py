"""One job, and all who wait for it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar

import pytest

from gait_demo.serving.engine import Cancelled
from gait_demo.serving.shared import Shared

VISITOR = ContextVar("visitor", default=None)


def test_who_waits_is_told_in_their_own_context_until_they_leave():
    told, heard, may_end = [], threading.Semaphore(0), threading.Event()

    def job(report):
        while not may_end.wait(0.01):
            report("people", 1, 2)
        return 7

    def visit(name, unwanted):
        VISITOR.set(name)

        def on_progress(*_):
            told.append(VISITOR.get())
            if name == "stays":
                heard.release()

        return shared.result(on_progress, unwanted)

    shared = Shared(job)
    with ThreadPoolExecutor(2) as pool:
        stays = pool.submit(visit, "stays", lambda: False)
        with pytest.raises(Cancelled):
            pool.submit(visit, "leaves", lambda: "leaves" in told).result(timeout=20)
        while heard.acquire(blocking=False):
            pass
        for _ in range(2):  # the first may be of the round in which the other one left
            assert heard.acquire(timeout=20)
        told.clear()
        assert heard.acquire(timeout=20)
        may_end.set()
        assert stays.result(timeout=20) == 7
    assert set(told) == {"stays"}
