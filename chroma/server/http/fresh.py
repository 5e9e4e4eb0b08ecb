"""Answers that show all that was captured before they were asked for."""

from __future__ import annotations

from anyio import to_thread
from starlette.types import ASGIApp, Receive, Scope, Send

from chroma.server.home.ingest import catch_up

HEADER = b"x-chroma-fresh"


class Fresh:
    """ASGI middleware that takes the journal in before it passes on a request that asks for it.

    The dashboard's pages do not: they are sent an event a moment later.

    Args:
        app: The app behind it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on one request."""
        if scope["type"] == "http" and any(name == HEADER for name, _ in scope["headers"]):
            await to_thread.run_sync(catch_up, scope["app"].state.context)
        await self._app(scope, receive, send)
