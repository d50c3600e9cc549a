"""A job that is run once for all callers that wait for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextvars import copy_context
from functools import partial
from typing import Any

from gait_demo.serving.engine import Cancelled

Progress = Callable[[str, int, int], None]
_ASKS_EVERY_S = 0.1  # interval of asking whether the result is still wanted


class Shared:
    """A job in a thread of its own, which continues even if nobody waits any more."""

    def __init__(self, job: Callable[[Progress], Any]):
        """job: called with a progress callback."""
        self._listeners: list[Progress] = []
        self._done: Future = Future()
        threading.Thread(target=self._do, args=(job,), daemon=True).start()

    @property
    def has_failed(self) -> bool:
        return self._done.done() and self._done.exception() is not None

    def result(self, on_progress: Progress, unwanted: Callable[[], bool]) -> Any:
        """Waits for the result.

        Args:
            on_progress: called meanwhile, with the context variables of this call.
            unwanted: asked regularly; once it returns True, the wait ends.

        Raises:
            Cancelled: `unwanted` returned True. Otherwise, what the job raised.
        """
        listener = partial(copy_context().run, on_progress)
        self._listeners.append(listener)
        try:
            while not unwanted():
                if wait([self._done], _ASKS_EVERY_S).done:
                    return self._done.result()
            raise Cancelled
        finally:
            self._listeners.remove(listener)

    def _do(self, job: Callable[[Progress], Any]) -> None:
        try:
            self._done.set_result(job(self._tell))
        except BaseException as error:
            self._done.set_exception(error)

    def _tell(self, stage: str, done: int, total: int) -> None:
        for listener in list(self._listeners):
            listener(stage, done, total)
