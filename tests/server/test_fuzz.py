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
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    get_named_type,
    is_leaf_type,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from chroma.server.app import create_app
from chroma.server.graphql.schema import build_schema as build_ours
from chroma.settings import load_settings
from tests.captured import capture

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

# What is there, so that requests get past the first check, and what never is.
KNOWN = ["run-a", "val", "encoder", "head", "label", "umap", "pca", "0", "1", "odd", "0-0a1b2c3d"]
texts = st.one_of(
    st.sampled_from(KNOWN),
    st.text(max_size=20),
    st.sampled_from(
        ["", "\0", "../..", "a" * 5000, "%00", "%", "'; drop table run; --", "é" * 300, "\u202e", "{}"]
    ),
)
integers = st.one_of(
    st.integers(-2, 5),
    st.sampled_from([2**31, -(2**31) - 1, 2**53, 2**63 - 1, 2**63, -(2**63) - 1, 2**64, 10**400]),
)
odd = st.one_of(
    st.none(), st.booleans(), integers, st.floats(), texts, st.lists(integers, max_size=3), st.just({"a": []})
)


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


@st.composite
def requests(draw: st.DrawFn, paths: dict[str, Any]) -> dict[str, Any]:
    """A request to one of the routes, by what OpenAPI says of it."""
    path = draw(st.sampled_from(sorted(paths)))
    method = draw(st.sampled_from(sorted(paths[path])))
    parameters = paths[path][method].get("parameters", [])
    address = path
    query: list[tuple[str, str]] = []
    for parameter in parameters:
        value = str(draw(st.one_of(texts, integers)))
        if parameter["in"] == "path":
            address = address.replace(
                "{" + parameter["name"] + "}", quote(value, safe=draw(st.sampled_from("/ ")))
            )
        elif parameter.get("required") or draw(st.booleans()):
            query.append((parameter["name"], value))
    body = draw(st.sampled_from(["json", "bytes", "none"])) if method in ("post", "put") else "none"
    more: dict[str, Any] = {}
    if body == "json":
        names = st.sampled_from(["positions", "step", "format", "query", "variables", "operationName"])
        said = draw(st.one_of(st.dictionaries(names, odd, max_size=4), odd))
        more = {"content": json.dumps(said), "headers": {"Content-Type": "application/json"}}
    elif body == "bytes":
        more = {"content": draw(st.binary(max_size=64))}
    return {"method": method.upper(), "url": address.replace("{", "%7B"), "params": query, **more}


def test_no_route_fails(app: tuple[FastAPI, TestClient], bounded: Counter[Any]) -> None:
    made, client = app
    paths = made.openapi()["paths"]

    @_OFTEN
    @given(requests(paths))
    def send(request: dict[str, Any]) -> None:
        answer = client.request(**request)
        bounded[answer.status_code] += 1
        assert answer.status_code < 500, (request, answer.text)

    send()


def value_of(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a type of the schema, and some that are none."""
    if isinstance(kind, GraphQLNonNull):
        return st.one_of(value_of(kind.of_type), odd)
    if isinstance(kind, GraphQLList):
        return st.lists(value_of(kind.of_type), max_size=4)
    if isinstance(kind, GraphQLInputObjectType):
        return st.fixed_dictionaries({name: value_of(field.type) for name, field in kind.fields.items()})
    if isinstance(kind, GraphQLEnumType):
        return st.sampled_from(sorted(kind.values))
    known: dict[str, st.SearchStrategy[Any]] = {"Int": integers, "BigInt": integers, "Float": st.floats()}
    return st.one_of(known.get(get_named_type(kind).name, texts), st.none())


@st.composite
def operations(draw: st.DrawFn, schema: GraphQLSchema) -> dict[str, Any]:
    """A field of a query or mutation with all its arguments, and what it answers three levels deep."""
    root = draw(st.sampled_from([schema.query_type, schema.mutation_type]))
    assert root
    name = draw(st.sampled_from(sorted(root.fields)))
    names: list[str] = []
    variables: dict[str, Any] = {}

    def chosen(owner: GraphQLObjectType, field: str, depth: int) -> str:
        given_to = owner.fields[field]
        said: list[str] = []
        for argument, about in given_to.args.items():
            variable = f"v{len(names)}"
            names.append(f"${variable}: {about.type}")
            variables[variable] = draw(value_of(about.type))
            said.append(f"{argument}: ${variable}")
        kind = get_named_type(given_to.type)
        arguments = f"({', '.join(said)})" if said else ""
        if is_leaf_type(kind) or not isinstance(kind, GraphQLObjectType):
            return f"{field}{arguments}"
        below = [
            chosen(kind, each, depth - 1)
            for each in kind.fields
            if depth > 0 or is_leaf_type(get_named_type(kind.fields[each].type))
        ]
        return f"{field}{arguments} {{ __typename {' '.join(below)} }}"

    text = chosen(root, name, draw(st.integers(0, 2)))
    operation = "query" if root is schema.query_type else "mutation"
    return {
        "query": f"{operation} Q({', '.join(names)}) {{ {text} }}".replace("Q()", "Q"),
        "variables": variables,
    }


def test_no_field_fails(
    app: tuple[FastAPI, TestClient], bounded: Counter[Any], caplog: pytest.LogCaptureFixture
) -> None:
    _, client = app
    schema = build_schema(str(build_ours()))

    @_OFTEN
    @given(operations(schema))
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
messages = st.one_of(
    st.binary(max_size=20),
    st.text(max_size=20),
    st.sampled_from(
        ["[" * 50_000, "{", "null", "9" * 5000, '{"type": "subscribe"}', '{"type": "ping", "payload": 1}']
    ),
    st.fixed_dictionaries(
        {"type": st.sampled_from(["connection_init", "subscribe", "complete", "ping", "pong", "next", "x"])},
        optional={
            "id": odd,
            "payload": st.one_of(
                odd,
                st.fixed_dictionaries({}, optional={"query": texts, "variables": odd, "operationName": odd}),
            ),
        },
    ),
)


def test_no_socket_message_fails(
    app: tuple[FastAPI, TestClient], bounded: Counter[Any], caplog: pytest.LogCaptureFixture
) -> None:
    _, client = app

    @_OFTEN
    @given(st.lists(messages, min_size=1, max_size=4), st.booleans())
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
