"""Tokens of the catalog: what each scope may, by HTTP, GraphQL and sockets, and how they end."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLType,
    build_schema,
    get_named_type,
    is_leaf_type,
)
from starlette.testclient import WebSocketTestSession
from starlette.websockets import WebSocketDisconnect
from typer.testing import CliRunner

from chroma.cli import app as commands
from chroma.errors import ConfigError, NotFoundError
from chroma.journal import JournalWriter
from chroma.records import RunOpened
from chroma.server import serving
from chroma.server.app import create_app
from chroma.server.graphql.schema import build_schema as our_schema
from chroma.server.home.context import Context
from chroma.server.http import grants
from chroma.server.store import audit, tables, tokens
from chroma.server.store.tables import now
from chroma.settings import Settings, load_settings
from tests.server.training import rows

pytestmark = pytest.mark.databases
OWN = "own-token"
# a token that may read has these made of what it sees
DRAWN = {"requestFilm", "requestOrbit", "requestFindings"}
ADMIN = {"deleteRun", "restoreRun", "purgeRuns"}


@pytest.fixture
def client(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setattr(grants, "_FRESH", 0.0)
    writer = JournalWriter(settings.journal, "run-a")
    writer.commit(RunOpened("digits", "swift-otter"))  # nothing to draw: no worker is started
    with TestClient(create_app(settings, token=OWN), base_url="http://127.0.0.1") as found:
        context: Any = found.app
        assert context.state.context.progress.caught_up.wait(60)
        yield found
    writer.close()


@pytest.fixture
def kept(client: TestClient) -> Context:
    app: Any = client.app
    return app.state.context


def make(kept: Context, scope: str, name: str | None = None, ends: timedelta | None = None) -> str:
    with kept.store.writing() as catalog:
        until = None if ends is None else now() + ends
        return tokens.create_token(catalog, name or scope, scope, until, by="test")


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def ask(client: TestClient, token: str, query: str, **variables: Any) -> Any:
    return client.post(
        "/graphql", json={"query": query, "variables": variables}, headers=bearer(token)
    ).json()


def code(answer: Any) -> str | None:
    return answer["errors"][0].get("extensions", {}).get("code") if "errors" in answer else None


DELETE = 'mutation { deleteRun(id: "run-a") { id } }'
RENAME = 'mutation { renameRun(id: "run-a", name: "x") { name } }'
RUNS = "{ runs { id } }"


def test_each_scope_may_what_it_says(client: TestClient, kept: Context) -> None:
    for scope, may in (("read", (RUNS,)), ("write", (RUNS, RENAME)), ("admin", (RUNS, RENAME, DELETE))):
        token = make(kept, scope)
        assert client.get("/metrics", headers=bearer(token)).status_code == 200
        for query in (RUNS, RENAME, DELETE):
            answer = ask(client, token, query)
            assert code(answer) == (None if query in may else "RefusedError"), (scope, query, answer)
        sent = client.put("/api/runs/run-b/segments/0-0123abcd/0", content=b"x", headers=bearer(token))
        assert sent.status_code == (403 if scope == "read" else 422 if sent.status_code == 422 else 400)
        beat = client.post("/api/runs/run-b/writers/0-0123abcd/heartbeat", headers=bearer(token))
        assert beat.status_code == (403 if scope == "read" else 204)
    assert "may only 'read'" not in json.dumps(answer)
    assert [row.deleted_at is not None for row in rows(kept, tables.Run)] == [True]


def value(kind: GraphQLType) -> str:
    """Any value of a type, as GraphQL writes it."""
    named: Any = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if isinstance(named, GraphQLList):
        return f"[{value(named.of_type)}]"
    if isinstance(named, GraphQLEnumType):
        return next(iter(named.values))
    if isinstance(named, GraphQLInputObjectType):
        inner = (f"{name}: {value(field.type)}" for name, field in named.fields.items())
        return "{" + ", ".join(inner) + "}"
    return {"Boolean": "true", "Int": "1", "Float": "1", "BigInt": "1"}.get(named.name, '"x"')


def mutations() -> dict[str, str]:
    """A document for each mutation of the schema."""
    there = build_schema(our_schema().as_str()).mutation_type
    assert isinstance(there, GraphQLObjectType)
    found: dict[str, str] = {}
    for name, field in there.fields.items():
        needed = {key: each for key, each in field.args.items() if isinstance(each.type, GraphQLNonNull)}
        given = ", ".join(f"{key}: {value(each.type)}" for key, each in needed.items())
        inner = "" if is_leaf_type(get_named_type(field.type)) else " { __typename }"
        found[name] = f"mutation {{ {name}{f'({given})' if given else ''}{inner} }}"
    return found


def test_no_mutation_is_open_to_a_token_that_may_less(client: TestClient, kept: Context) -> None:
    reader, writer = make(kept, "read"), make(kept, "write")
    for name, document in mutations().items():
        refused = code(ask(client, reader, document)) == "RefusedError"
        assert refused == (name not in DRAWN), name
        if name in ADMIN:
            assert code(ask(client, writer, document)) == "RefusedError", name
    assert not [row for row in rows(kept, tables.AuditEntry) if row.who in ("read", "write")]


def test_a_token_that_ended_is_refused(client: TestClient, kept: Context) -> None:
    expired, revoked = make(kept, "read", "old", timedelta(seconds=-1)), make(kept, "read", "lost")
    assert client.get("/metrics", headers=bearer(expired)).status_code == 401
    assert client.get("/metrics", headers=bearer(revoked)).status_code == 200
    with kept.store.writing() as catalog:
        tokens.revoke_token(catalog, "lost", by="test")
    assert client.get("/metrics", headers=bearer(revoked)).status_code == 401
    with kept.store.writing() as catalog, pytest.raises(NotFoundError):
        tokens.revoke_token(catalog, "lost", by="test")
    assert make(kept, "read", "lost") != revoked  # the name is free again


def test_a_session_may_what_its_token_may_and_ends_with_it(client: TestClient, kept: Context) -> None:
    token = make(kept, "read")
    answer = client.get(f"/?token={token}&run=run-a", follow_redirects=False)
    link = re.sub(".*#session=", "", answer.headers["location"])
    assert token not in answer.headers["location"]
    page = client.post("/api/session", headers={"X-Chroma-Session": link}).json()["session"]
    later = client.post("/api/session", headers={"X-Chroma-Session": page}).json()["session"]
    shown = {"X-Chroma-Session": later}
    assert client.post("/graphql", json={"query": RUNS}, headers=shown).json()["data"]["runs"]
    assert code(client.post("/graphql", json={"query": RENAME}, headers=shown).json()) == "RefusedError"
    with kept.store.writing() as catalog:
        tokens.revoke_token(catalog, "read", by="test")
    for session in (link, page, later):
        assert client.get("/metrics", headers={"X-Chroma-Session": session}).status_code == 401


def test_a_socket_may_what_its_token_may_and_closes_with_it(client: TestClient, kept: Context) -> None:
    token = make(kept, "read")
    with client.websocket_connect(
        "ws://127.0.0.1/graphql", subprotocols=["graphql-transport-ws"], headers=bearer(token)
    ) as socket:
        socket.send_json({"type": "connection_init"})
        assert socket.receive_json()["type"] == "connection_ack"
        socket.send_json({"id": "1", "type": "subscribe", "payload": {"query": RENAME}})
        assert "RefusedError" in json.dumps(socket.receive_json())
        socket.send_json(
            {"id": "2", "type": "subscribe", "payload": {"query": "subscription { events { kind } }"}}
        )
        while socket.receive_json().get("id") != "2":
            pass
        with kept.store.writing() as catalog:
            tokens.revoke_token(catalog, "read", by="test")
        kept.tell()
        with pytest.raises(WebSocketDisconnect):
            _drain(socket)


def _drain(socket: WebSocketTestSession) -> None:
    for _ in range(100):
        socket.receive_json()


def test_what_is_changed_is_noted_with_who_changed_it(client: TestClient, kept: Context) -> None:
    anna, me = make(kept, "admin", "anna"), audit.this_user()
    ask(client, OWN, RENAME)
    ask(client, anna, DELETE)
    ask(client, anna, 'mutation { restoreRun(id: "run-a") { id } }')
    ask(client, OWN, DELETE)
    ask(client, anna, "mutation { purgeRuns { id } }")
    found = [(row.kind, row.who, row.action, row.run, row.project) for row in rows(kept, tables.AuditEntry)]
    assert found == [
        ("machine", "test", "create_token", None, None),
        ("machine", me, "rename_run", "run-a", "digits"),
        ("token", "anna", "delete_run", "run-a", "digits"),
        ("token", "anna", "restore_run", "run-a", "digits"),
        ("machine", me, "delete_run", "run-a", "digits"),
        ("token", "anna", "purge_run", "run-a", "digits"),
    ]

    def said(*given: str) -> list[str]:
        answer = CliRunner().invoke(commands, ["audit", "--json", *given])
        assert answer.exit_code == 0, answer
        return [each["action"] for each in json.loads(answer.stdout)]

    assert said("--run", "x") == ["purge_run", "delete_run", "restore_run", "delete_run", "rename_run"]
    assert said("--run", "x", "--limit", "1") == ["purge_run"]
    assert said("--project", "digits", "--since", "1h") == said("--run", "run-a")
    assert said("--project", "digits", "--since", "0h") == []
    for given, sentence in (
        ("--project", "no project named 'dgits'; there is digits"),
        ("--run", "no run named"),
    ):
        assert sentence in str(CliRunner().invoke(commands, ["audit", given, "dgits"]).exception)
    quiet = CliRunner().invoke(commands, ["audit", "--run", "x", "--since", "0h"])
    assert quiet.output == "There is no entry for --run x --since 0h.\n"
    plain = CliRunner().invoke(commands, ["audit", "--limit", "2"])
    assert "token anna  purge_run  run-a  digits" in plain.output
    assert "2 of 6 entries are shown" in plain.output


def test_the_catalog_holds_no_token(kept: Context) -> None:
    token = make(kept, "read")
    assert token.removeprefix("chroma_") not in repr([row.model_dump() for row in rows(kept, tables.Token)])
    with kept.store.writing() as catalog:
        wrong = ("", "read"), ("a\n", "read"), ("x" * 201, "read"), ("b", "all"), ("read", "read")
        for name, scope in wrong:
            with pytest.raises(ConfigError):
                tokens.create_token(catalog, name, scope, None, by="test")


def test_the_command_line_makes_lists_and_revokes_them(settings: Settings) -> None:
    def run(*given: str) -> str:
        answer = CliRunner().invoke(commands, ["tokens", *given])
        assert answer.exit_code == 0, answer
        return answer.output.strip()

    assert "There is no token" in run("list")
    token = run("create", "ci", "--scope", "write", "--expires", "30d")
    (listed,) = json.loads(run("list", "--json"))
    assert (listed["name"], listed["scope"], listed["state"]) == ("ci", "write", "works")
    assert token.startswith("chroma_")
    assert "ci" in run("revoke", "ci")
    assert json.loads(run("list", "--json"))[0]["state"] == "revoked"


def test_other_machines_are_let_in_only_where_there_is_a_token(settings: Settings) -> None:
    with pytest.raises(ConfigError, match="no token says who may do what"):
        serving.serve(settings, host="0.0.0.0", token=OWN)
    with pytest.raises(ConfigError, match="leave --no-token away"):
        serving.serve(settings, host="0.0.0.0")
    CliRunner().invoke(commands, ["tokens", "create", "ci"])
    served = serving.serve(
        load_settings(public_url="https://chroma.example.org/lab"), host="0.0.0.0", token=OWN
    )
    try:
        assert served.url.startswith("http://127.0.0.1:")
        for host, status in (("chroma.example.org", 401), ("evil.example", 403), ("localhost", 401)):
            assert httpx2.get(f"{served.url}/metrics", headers={"Host": host}).status_code == status
    finally:
        served.stop()
