"""Bounds on what one request, and all of them together, may cost before anything of it is understood."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chroma.server.http.origins import below_prefix
from chroma.server.http.problems import problem

MOST_BODY = 16 * 2**20  # bytes: two million positions to export, or a million ids to tag
MOST_BODIES = 4 * MOST_BODY  # bytes of all bodies that are being read
MOST_REQUESTS = 100  # at once; a page has a handful
MOST_SOCKETS = 100
READ = 60.0  # seconds in which a body must have come
MOST_PATH = 4096  # bytes
MOST_QUERY = 32 * 1024  # bytes: a view's address has 8,000 characters, of which each may be quoted

_ALWAYS = "/api/health"
_BODIES = ("POST", "PUT", "PATCH", "DELETE")


class _Refused(Exception):
    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Limits:
    """ASGI middleware that reads a request's body, within bounds, before the app behind it is called.

    Args:
        app: The app behind it.
        read: Seconds in which a body must have come.

    Attributes:
        held: Bytes of all bodies that are being read or answered.
    """

    def __init__(self, app: ASGIApp, read: float = READ) -> None:
        self._app = app
        self._read = read
        self._running = {"http": 0, "websocket": 0}
        self.held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or pass on one request."""
        kind = scope["type"]
        if kind not in self._running:
            await self._app(scope, receive, send)
            return
        self._running[kind] += 1
        body = bytearray()
        try:
            self._check(scope)
            if kind == "http" and scope["method"] in _BODIES and not _is_segment(scope):
                await self._take(scope, receive, body)
                receive = _given_back(bytes(body), receive)
            await self._app(scope, receive, send)
        except _Refused as refused:
            await _refuse(refused, scope, receive, send)
        finally:
            self._running[kind] -= 1
            self.held -= len(body)

    def _check(self, scope: Scope) -> None:
        kind, path = scope["type"], scope["path"]
        most = MOST_REQUESTS if kind == "http" else MOST_SOCKETS
        if self._running[kind] > most and below_prefix(scope) != _ALWAYS:
            raise _Refused(429, f"{most} requests are being answered already; try again in a second")
        if len(scope.get("raw_path") or path.encode("utf-8", "surrogatepass")) > MOST_PATH:
            raise _Refused(414, f"the path is longer than {MOST_PATH} bytes; check the address")
        if len(scope["query_string"]) > MOST_QUERY:
            raise _Refused(414, f"the query is longer than {MOST_QUERY} bytes; check the address")
        query = unquote_to_bytes(scope["query_string"])
        if b"\0" in query or not _CONTROLS.isdisjoint(path):
            raise _Refused(400, "the address holds control characters; check it")

    async def _take(self, scope: Scope, receive: Receive, body: bytearray) -> None:
        """Read the body; what it holds counts until the answer is sent."""
        announced = dict(scope["headers"]).get(b"content-length", b"")
        if announced.isdigit() and (len(announced) > 15 or int(announced) > MOST_BODY):
            raise _too_large()
        try:
            async with asyncio.timeout(self._read):
                more = True
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return
                    part = message.get("body", b"")
                    if len(body) + len(part) > MOST_BODY:
                        raise _too_large()
                    if self.held + len(part) > MOST_BODIES:
                        raise _Refused(429, "other large requests are being read; try again in a second")
                    self.held += len(part)
                    body += part
                    more = message.get("more_body", False)
        except TimeoutError:
            raise _Refused(408, f"the body did not come within {self._read:g} s; send it again") from None


def _is_segment(scope: Scope) -> bool:
    """Whether the body is a segment: its route writes it to a file as it comes, within bounds of its own."""
    return scope["method"] == "PUT" and _SEGMENT.fullmatch(below_prefix(scope)) is not None


_SEGMENT = re.compile(r"/api/runs/[^/]+/segments/[^/]+/[^/]+")
_CONTROLS = frozenset(map(chr, (*range(32), 127)))


def _too_large() -> _Refused:
    return _Refused(413, f"the body is larger than {MOST_BODY // 2**20} MiB; send less at once")


def _given_back(body: bytes, receive: Receive) -> Receive:
    """A `receive` that hands over the body at once."""
    given = False

    async def receiving() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receiving


async def _refuse(refused: _Refused, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1013, "reason": "try again later"})
        return
    headers = {"Connection": "close"}  # what is left of the body is not read
    if refused.status == 429:
        headers["Retry-After"] = "1"
    await problem(refused.status, str(refused), headers)(scope, receive, send)
