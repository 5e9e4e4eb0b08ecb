"""Headers that tell browsers what pages may do with our answers, and who may show them in a frame."""

from __future__ import annotations

import re
from collections.abc import Iterable

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chroma.settings import ORIGIN

_MOST_FRAMERS = 16

# Everything comes from our own server, and no text is evaluated. Pictures are made by the page from bytes
# (blob:, data:), and the components set styles of their own.
_CONTENT = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' blob: data:; font-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",  # no other page shows our images, not from a cache either
    "Cross-Origin-Opener-Policy": "same-origin",  # nor holds a window that it opened with us in it
}


class Framers:
    """The origins whose pages may show the dashboard in a frame: notebooks.

    Args:
        origins: Those that a setting names; they stay.
    """

    def __init__(self, origins: Iterable[str] = ()) -> None:
        self._named = tuple(origins)
        self._shown: dict[str, None] = {}

    def add(self, origin: str) -> None:
        """Allow the origin of a notebook that has the token; what is no origin is ignored."""
        if re.fullmatch(ORIGIN, origin, re.ASCII | re.IGNORECASE):
            self._shown.pop(origin, None)
            self._shown[origin] = None
            while len(self._shown) > _MOST_FRAMERS:
                del self._shown[next(iter(self._shown))]

    def __str__(self) -> str:
        return "".join(f" {origin}" for origin in (*self._named, *self._shown))


def headers_of(framers: Framers) -> dict[str, str]:
    """The headers, for an answer that comes from outside the app.

    Args:
        framers: Who may show it in a frame.
    """
    return _HEADERS | {"Content-Security-Policy": f"{_CONTENT}{framers}"}


class Policies:
    """ASGI middleware that adds the headers to every answer.

    Args:
        app: The app behind it.
        framers: Who may show it in a frame.
    """

    def __init__(self, app: ASGIApp, framers: Framers) -> None:
        self._app = app
        self._framers = framers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on one request."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers_of(self._framers))
            await send(message)

        await self._app(scope, receive, sending if scope["type"] == "http" else send)
