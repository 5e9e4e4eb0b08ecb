"""A page that is closed while the server tells it something is no error of the server."""

from __future__ import annotations

import asyncio
import logging

import pytest
from strawberry.http.exceptions import WebSocketDisconnected

from chroma.server.graphql.router import build_router


def test_a_closed_page_leaves_nothing_in_the_log(caplog: pytest.LogCaptureFixture):
    kind = build_router().graphql_transport_ws_handler_class
    socket = kind.__new__(kind)  # its connection is what went away
    socket.task_logger = logging.getLogger("strawberry.ws.task")
    asyncio.run(socket.handle_task_exception(WebSocketDisconnected()))
    assert not caplog.records
    asyncio.run(socket.handle_task_exception(ValueError("of ours")))
    assert "Exception in worker task" in caplog.text
