"""The page's HTML head, for readers that run no scripts, such as makers of link previews."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gait_demo.ui.theme import DESCRIPTION, TITLE

_GRADIOS = re.compile(rb'<meta\s+(property="og:|name="twitter:)[^>]*>\s*')
_CHARSET = re.compile(rb"<meta charset[^>]*>\s*")  # comes first, as HTML asks


def head(picture: Path, environment: Mapping[str, str]) -> str:
    """Title, description, icon and preview picture, as HTML.

    Args:
        picture: the preview picture.
        environment: of the process. The page's address is GAIT_DEMO_URL, or on the Hub SPACE_HOST;
            without either the picture's address is relative.
    """
    host = environment.get("SPACE_HOST")
    base = environment.get("GAIT_DEMO_URL") or (f"https://{host}" if host else "")
    base = f"{base.rstrip('/')}/" if base else ""
    properties = {
        "og:title": TITLE,
        "og:description": DESCRIPTION,
        "og:type": "website",
        "og:image": f"{base}gradio_api/file={picture}",
        "og:image:alt": "One walk three times: as filmed, the new silhouette, and the new walker",
    }
    if base:
        properties["og:url"] = base
    tags = [
        f"<title>{escape(TITLE)}</title>",
        f'<meta name="description" content="{escape(DESCRIPTION)}">',
        '<meta name="twitter:card" content="summary_large_image">',
        '<link rel="icon" type="image/svg+xml" href="favicon.ico">',
    ]
    tags += [
        f'<meta property="{name}" content="{escape(value)}">' for name, value in properties.items()
    ]
    return "\n".join(tags)


class OwnHead:
    """ASGI middleware that puts this head into the page, in place of Gradio's own description.
    Gradio's parameter `head` is applied by a script, which such readers do not run."""

    def __init__(self, app: ASGIApp, head: str):
        """
        Args:
            app: the application.
            head: what `head` returns.
        """
        self._app, self._head = app, head.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"] != "/":
            return await self._app(scope, receive, send)
        start: Message = {}
        page = b""

        async def rewrite(message: Message) -> None:
            nonlocal start, page
            if message["type"] == "http.response.start":
                start = message
                return
            page += message.get("body", b"")
            if message.get("more_body", False):
                return
            page = _CHARSET.sub(lambda tag: tag[0] + self._head, _GRADIOS.sub(b"", page), count=1)
            MutableHeaders(scope=start)["content-length"] = str(len(page))
            await send(start)
            await send({"type": "http.response.body", "body": page})

        await self._app(scope, receive, rewrite)
