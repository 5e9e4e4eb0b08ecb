"""Every route and every GraphQL field with odd values: no crash, no 500, and memory stays bounded.

`FUZZ=20000` tries so many requests instead of a few; it prints how many were answered how.
"""

from __future__ import annotations

import json
import logging
import os
import resource
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from graphql import build_schema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from chroma.server.app import create_app
from chroma.server.graphql.schema import build_schema as build_ours
from chroma.settings import load_settings
from tests.captured import capture
from tests.odd_requests import Odd

CASES = int(os.environ.get("FUZZ", "300"))
pytestmark = pytest.mark.timeout(120 if CASES <= 300 else CASES)  # seconds: a case takes .1 s of CPU or less
MOST_GROWTH = 500  # MB that the server's process may grow by, whatever it is sent
_OFTEN = settings(
    max_examples=CASES // 3,
    deadline=None,
    database=None,
    derandomize=CASES == 300,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)

# What is there, so that requests get past the first check
ODD = Odd(["run-a", "val", "encoder", "head", "label", "umap", "pca", "0", "1", "odd", "0-0a1b2c3d"])


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FastAPI, TestClient]]:
    home = tmp_path_factory.mktemp("fuzz") / "home"
    capture(home, n=20, epochs=2)
    made = create_app(load_settings(home=home), token=None)
    with TestClient(made, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        client.app.state.context.progress.caught_up.wait(60)  # pyright: ignore
        yield made, client


@pytest.fixture(scope="module", autouse=True)
def bounded() -> Iterator[Counter[Any]]:
    counts: Counter[Any] = Counter()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield counts
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"answers by status: {dict(counts)}; memory grew by {grown:.0f} MB")  # noqa: T201
    assert grown < MOST_GROWTH


def test_no_route_fails(app: tuple[FastAPI, TestClient], bounded: Counter[Any]) -> None:
    made, client = app
    paths = made.openapi()["paths"]

    @_OFTEN
    @given(ODD.requests(paths))
    def send(request: dict[str, Any]) -> None:
        answer = client.request(**request)
        bounded[answer.status_code] += 1
        assert answer.status_code < 500, (request, answer.text)

    send()


def test_no_field_fails(
    app: tuple[FastAPI, TestClient], bounded: Counter[Any], caplog: pytest.LogCaptureFixture
) -> None:
    _, client = app
    schema = build_schema(str(build_ours()))

    @_OFTEN
    @given(ODD.operations(schema))
    def send(operation: dict[str, Any]) -> None:
        caplog.clear()
        body = json.dumps(operation)
        answer = client.post("/graphql", content=body, headers={"Content-Type": "application/json"})
        bounded[answer.status_code] += 1
        assert answer.status_code < 500, (body, answer.text)
        failed = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
        assert failed == [], body

    send()


_SOCKET: dict[str, Any] = {"subprotocols": ["graphql-transport-ws"], "headers": {"Host": "127.0.0.1"}}


def test_no_socket_message_fails(
    app: tuple[FastAPI, TestClient], bounded: Counter[Any], caplog: pytest.LogCaptureFixture
) -> None:
    _, client = app

    @_OFTEN
    @given(st.lists(ODD.messages, min_size=1, max_size=4), st.booleans())
    def talk(said: list[Any], begun: bool) -> None:
        caplog.clear()
        with client.websocket_connect("/graphql", **_SOCKET) as socket:
            if begun:
                socket.send_json({"type": "connection_init"})
            say(socket, said)
        bounded["socket"] += 1
        failed = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
        assert failed == [], said

    talk()


def say(socket: WebSocketTestSession, said: list[Any]) -> None:
    try:
        for message in said:
            if isinstance(message, bytes):
                socket.send_bytes(message)
            else:
                socket.send_text(message if isinstance(message, str) else json.dumps(message))
    except WebSocketDisconnect:
        pass
