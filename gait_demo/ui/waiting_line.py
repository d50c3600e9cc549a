"""The waiting line: places only for clients that listen, and only a few for each of them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fastapi import HTTPException
from gradio import queueing
from gradio.server_messages import ProcessCompletedMessage

MOST_OF_SESSION = 3  # maximum number of a session's jobs in one line, waiting or running
LISTENS_WITHIN_S = 20.0  # time limit from submitting a job to listening for its result
RETURNS_WITHIN_S = 5.0  # time limit from a lost connection to listening again
_MOST_SILENT = 200  # maximum number of jobs whose clients do not listen yet
_TOO_MANY = "You have {} jobs here already: wait until one of them has ended."
_FULL = "Too many people are waiting at the moment: try again in a few minutes."
_UNHEARD = "This job was dropped, because nobody listened for its result."


class ListenedQueue(queueing.Queue):
    """Gradio's queue, in which a job waits only if its client listens for the result.

    Every line (`concurrency_id`) has `max_size` places of its own. One session can take a few of
    them, one IP address half of them. When a client leaves, its places become free and its running
    jobs are stopped.
    """

    def __init__(self, *args, max_size: int | None = None, **kwargs):
        super().__init__(*args, max_size=None, **kwargs)
        self._places = max_size
        self._listening: Counter[str] = Counter()
        self._silent: list[queueing.Event] = []

    async def push(self, body, request, username):
        """Adds a job; called by Gradio.

        Raises:
            HTTPException: there is no place for this client; the detail says why.
        """
        success, event_id, state = await super().push(body, request, username)
        if not success:
            return success, event_id, state
        event = self.event_ids_to_events[event_id]
        self._line_of(event).remove(event)  # nothing has run since it was put there
        if event.session_hash in self._listening:
            if refusal := self._refusal(event):
                self._forget(event)
                raise HTTPException(429, refusal)
            self._line_of(event).append(event)
        else:
            if len(self._silent) >= _MOST_SILENT:
                self._give_up(self._silent[0])
            self._silent.append(event)
            asyncio.get_running_loop().call_later(LISTENS_WITHIN_S, self._give_up, event)
        return success, event_id, state

    @contextmanager
    def heard(self, name: str, stop: Callable[[str], None]) -> Iterator[None]:
        """While the block runs, a client listens.

        Args:
            name: of the session, or of one of its jobs.
            stop: called with the session's name if it leaves while one of its jobs runs.
        """
        asked_for = self.event_ids_to_events.get(name)
        session = asked_for.session_hash if asked_for else name
        self._listening[session] += 1
        for event in [event for event in self._silent if event.session_hash == session]:
            if refusal := self._refusal(event):
                self._give_up(event, refusal)
            else:
                self._silent.remove(event)
                self._line_of(event).append(event)
                self.broadcast_estimations(event.concurrency_id)
        try:
            yield
        finally:
            self._listening[session] -= 1
            if not self._listening[session]:
                del self._listening[session]
                loop = asyncio.get_running_loop()
                loop.call_later(RETURNS_WITHIN_S, self._leave, session, stop)

    def _leave(self, session: str, stop: Callable[[str], None]) -> None:
        if session in self._listening:
            return
        for line in self.event_queue_per_concurrency_id.values():
            for event in [event for event in line.queue if event.session_hash == session]:
                line.queue.remove(event)
                self._forget(event)
        if any(event.session_hash == session for event in self._running()):
            stop(session)

    def _refusal(self, event: queueing.Event) -> str | None:
        """Why there is no place for a job now; None if there is one."""
        waiting = self._line_of(event)
        line = [*waiting, *(e for e in self._running() if e.concurrency_id == event.concurrency_id)]
        count = sum(other.session_hash == event.session_hash for other in line)
        if count >= MOST_OF_SESSION:
            return _TOO_MANY.format(count)
        if self._places is None:
            return None
        near = sum(_address(other) == _address(event) for other in waiting)
        is_full = len(waiting) >= self._places or near >= self._places / 2
        return _FULL if is_full else None

    def _give_up(self, event: queueing.Event, why: str = _UNHEARD) -> None:
        if event in self._silent:
            self._silent.remove(event)
            self.send_message(event, ProcessCompletedMessage(output={"error": why}, success=False))
            self.event_ids_to_events.pop(event._id, None)

    def _forget(self, event: queueing.Event) -> None:
        """Removes a job without a message to its client."""
        self.event_ids_to_events.pop(event._id, None)
        self.pending_event_ids_session.get(event.session_hash, set()).discard(event._id)

    def _line_of(self, event: queueing.Event) -> list[queueing.Event]:
        return self.event_queue_per_concurrency_id[event.concurrency_id].queue

    def _running(self) -> list[queueing.Event]:
        return [event for job in self.active_jobs if job for event in job]


def _address(event: queueing.Event) -> str | None:
    client = event.request.client
    return client.host if client else None
