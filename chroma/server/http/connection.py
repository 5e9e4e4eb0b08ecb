"""What uvicorn answers before the app is asked, and connections on which no request comes.

It waits for a request's head for ever, and its own answers lack the headers of ours.
"""

from __future__ import annotations

import asyncio
from typing import cast

import h11
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from chroma.server.http.policies import Framers, headers_of
from chroma.server.http.problems import problem

HEAD = 10.0  # seconds in which the head of a request must have come
MOST_HEAD = 64 * 1024  # bytes
MOST_CONNECTIONS = 500


class BoundedProtocol(H11Protocol):
    """HTTP/1.1 that closes a connection whose next request has not begun, or is not named, in time.

    Of more connections than are served at once, those beyond are told to come again.
    """

    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore
        """Begin to wait for the first request."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            self.app = _busy  # pyright: ignore[reportAttributeAccessIssue]
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take bytes; a head that is whole ends the wait, the first bytes of another begin one."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._stop_waiting()
        elif self._waiting is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the wait."""
        self._stop_waiting()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Answer bytes that are no request of HTTP, and close; what had been begun ends."""
        begun = cast("RequestResponseCycle | None", self.cycle)
        if begun is not None:
            begun.disconnected = True
            begun.message_event.set()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            answer = _outside(400, "this is no request of HTTP/1.1 that can be understood; check the client")
            start = h11.Response(status_code=400, headers=answer.raw_headers, reason=b"Bad Request")
            for event in (start, h11.Data(data=bytes(answer.body)), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(HEAD, self._give_up)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _give_up(self) -> None:
        self._waiting = None
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self.transport.close()


def _outside(status: int, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """An answer that the app does not see."""
    return problem(status, detail, headers_of(Framers()) | {"Connection": "close"} | (headers or {}))


async def _busy(scope: Scope, receive: Receive, send: Send) -> None:
    detail = f"{MOST_CONNECTIONS} connections are open already; try again in a second"
    await _outside(503, detail, {"Retry-After": "1"})(scope, receive, send)
