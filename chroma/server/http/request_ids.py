"""Ids of requests, a proxy's or new: in the answer, and in every line of the log that a request causes."""

from __future__ import annotations

import logging
import re
import time
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chroma.server.logs import request_id

HEADER = "X-Request-Id"
_GIVEN = re.compile(r"[\w.:/+=-]{1,128}", re.ASCII)

logger = logging.getLogger("chroma.requests")


class RequestIds:
    """ASGI middleware that names requests, and logs each once it is answered.

    Args:
        app: The app behind it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on one request."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        current = given if _GIVEN.fullmatch(given) else uuid.uuid4().hex
        # each request is a task with a context of its own, so nothing need be put back: what the server logs
        # of an error after this returned has the id, too
        request_id.set(current)
        began, status = time.perf_counter(), 500  # an error that reaches the server is answered so

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = current
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            if scope["type"] == "http" and logger.isEnabledFor(logging.INFO):
                # without the query, which may hold a token
                said = {"method": scope["method"], "path": scope["path"], "status": status}
                said["milliseconds"] = round(1e3 * (time.perf_counter() - began), 1)
                logger.info("answered", extra=said)
