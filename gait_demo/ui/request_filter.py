"""A filter in front of Gradio, which serves many more routes than this app needs.

Closed are, above all: stream recordings that ffmpeg would convert (a playlist in one could read the
server's files), URLs that the server would fetch, files of other apps, reloading, editing by
language models, links to a page's state, monitoring, and logins, which this app does not have.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs

from starlette.formparsers import MultiPartException
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gait_demo.serving.worker import error_location

MOST_UPLOAD_BYTES = 500_000_000
FREE_BYTES = 1_000_000_000  # disk space that uploads must leave free
UPLOAD_S, PAUSE_S = 900.0, 30.0  # time limits of a whole upload, and between two parts of it
MOST_BODY_BYTES, BODY_S = 256_000, 30.0  # size and time limit of any other request

UPLOAD = "/gradio_api/upload"
_LISTEN = r"/gradio_api/(queue/data|call/(v2/)?(?P<name>[\w-]+)/(?P<event>[\w-]+))"
ALLOWED = {
    "GET": (
        r"/|/config/?|/theme\.css|/favicon\.ico|/manifest\.json|/pwa_icon|/robots\.txt",
        r"/(assets|static|svelte)/.+",
        r"/gradio_api/(info/?|openapi\.json|startup-events|theme\.css|app_id)",
        r"/gradio_api/file=(?![A-Za-z][A-Za-z0-9+.-]+:).+",
        r"/gradio_api/heartbeat/[\w-]+",
        r"/gradio_api/upload_progress",
        _LISTEN,
    ),
    "POST": (
        r"/gradio_api/queue/join",
        r"/gradio_api/call/(v2/)?[\w-]+",
        r"/gradio_api/run/[\w-]+",  # endpoints without a queue
        r"/gradio_api/(cancel|reset)",
        UPLOAD,
    ),
}  # paths by method; HEAD is allowed where GET is
_ALLOWED = {method: re.compile("|".join(paths)) for method, paths in ALLOWED.items()}
_log = logging.getLogger("gait_demo")


class RequestFilter:
    """ASGI middleware that lets through only the requests that the app needs, within limits."""

    def __init__(self, app: ASGIApp, folder: Path, stop: Callable[[str], None]):
        """
        Args:
            app: the application behind the filter.
            folder: where uploads are stored.
            stop: called with the name of a session that has stopped listening.
        """
        self._app, self._folder, self._stop = app, folder, stop

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        if scope["type"] != "http" or not is_allowed(scope["method"], scope["path"]):
            return await _refuse(404, "There is nothing here.")(scope, receive, send)
        begun = False

        async def answer(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._let_in(scope, receive, answer)
        except Exception as error:
            _log.error("unexpected: %s", error_location(error))
            if not begun:
                sorry = "This request failed: the page's API description shows what is possible."
                await _refuse(500, sorry)(scope, receive, send)

    async def _let_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        queue = scope["app"].get_blocks()._queue
        listened = re.fullmatch(_LISTEN, scope["path"])
        if scope["path"] == UPLOAD:
            await self._upload(scope, receive, send)
        elif scope["method"] == "POST":
            try:
                body = await asyncio.wait_for(_json(scope, receive), BODY_S)
            except (ValueError, RecursionError, TimeoutError):
                wanted = f"A request must be JSON of at most {MOST_BODY_BYTES // 1000} KB."
                return await _refuse(400, wanted)(scope, receive, send)
            await self._app(scope, _replayed(body, receive), send)
        elif listened and scope["method"] == "GET":
            asked = parse_qs(scope["query_string"].decode("latin-1"))
            name = listened["event"] or asked.get("session_hash", [""])[0]
            with queue.heard(name, self._stop):
                await self._app(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        length = _header(scope, b"content-length")
        declared = int(length) if length.isdecimal() else 0
        if declared > MOST_UPLOAD_BYTES:
            return await PlainTextResponse(_TOO_LARGE, 413)(scope, receive, send)
        if self._free_bytes() < declared:
            _log.error("an upload was refused: the disk is full")
            return await PlainTextResponse(_DISK_FULL, 507)(scope, receive, send)
        until = asyncio.get_running_loop().time() + UPLOAD_S
        received = 0

        async def bounded() -> Message:
            """Receives a message within the limits. On MultiPartException, Gradio deletes the
            incomplete upload."""
            nonlocal received
            left_s = until - asyncio.get_running_loop().time()
            try:
                message = await asyncio.wait_for(receive(), min(left_s, PAUSE_S))
            except TimeoutError:
                raise MultiPartException("The upload took too long.") from None
            received += len(message.get("body", b""))
            if message["type"] == "http.disconnect":
                raise MultiPartException("The upload was broken off.")
            if received > MOST_UPLOAD_BYTES:
                raise MultiPartException(_TOO_LARGE)
            if self._free_bytes() <= 0:
                _log.error("an upload was broken off: the disk is full")
                raise MultiPartException(_DISK_FULL)
            return message

        await self._app(scope, bounded, send)

    def _free_bytes(self) -> int:
        return shutil.disk_usage(self._folder).free - FREE_BYTES


_TOO_LARGE = f"The maximum allowed size of an upload is {MOST_UPLOAD_BYTES // 1_000_000} MB."
_DISK_FULL = "The server's disk is full at the moment: try again later."


def is_allowed(method: str, path: str) -> bool:
    """Whether the filter lets such a request through."""
    paths = _ALLOWED.get("GET" if method == "HEAD" else method)
    return paths is not None and paths.fullmatch(path) is not None


async def _json(scope: Scope, receive: Receive) -> bytes:
    """The body of a request, checked.

    Raises:
        ValueError: it is too large, not JSON, or contains NaN or infinity.
        RecursionError: it is nested too deeply.
    """
    if not _header(scope, b"content-type").startswith("application/json"):
        raise ValueError
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > MOST_BODY_BYTES:
            raise ValueError
    json.loads(body, parse_constant=_finite, parse_float=_finite)
    return body


def _finite(number: str) -> float:
    if not math.isfinite(float(number)):
        raise ValueError
    return float(number)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """A `receive` that first gives a body that was already read, then what follows."""
    first = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return first.pop() if first else await receive()

    return replay


def _header(scope: Scope, name: bytes) -> str:
    return dict(scope["headers"]).get(name, b"").decode("latin-1")


def _refuse(status: int, sentence: str) -> JSONResponse:
    return JSONResponse({"detail": sentence}, status)
