"""Users who signed in at a proxy: whose word counts, what each may do, and how it ends."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient
from sqlmodel import delete, select
from starlette.websockets import WebSocketDisconnect
from typer.testing import CliRunner

from chroma.cli import app as commands
from chroma.errors import ConfigError, RefusedError
from chroma.journal import JournalWriter
from chroma.records import RunOpened
from chroma.server import serving
from chroma.server.app import create_app
from chroma.server.home.context import Context
from chroma.server.home.events import Events
from chroma.server.home.ingest import ingest_journal
from chroma.server.http import grants
from chroma.server.http.dashboard_files import STATIC
from chroma.server.http.segment_routes import Uploads
from chroma.server.http.sessions import Sessions
from chroma.server.http.signed_in import SignedIn
from chroma.server.store import members, tables, tokens
from chroma.server.store.catalog import Store
from chroma.settings import Settings, load_settings
from tests.server.training import rows

OWN = "own-token"
USER, PROXY = "X-Forwarded-Email", "10.1.2.3"
ANNA, PAGE = {USER: "anna@example.org"}, {"Origin": "http://127.0.0.1"}
NAMES = "{ runs { name } }"
RENAME = 'mutation { renameRun(id: "run-a", name: "x") { name } }'
DELETE = 'mutation { deleteRun(id: "run-a") { name } }'


def asked_from(client: TestClient, peer: str) -> TestClient:
    """The same app, with the connections of another machine."""
    return TestClient(client.app, base_url="http://127.0.0.1", client=(peer, 50000))


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Context, TestClient]]:
    """A home of two projects, and its app; nothing is drawn beside it."""
    home = tmp_path_factory.mktemp("users") / "home"
    home.mkdir()
    settings = load_settings(home=home, proxy_user_header=USER, trusted_proxy=f"{PROXY}, fd00::/8")
    store = Store.open(settings)
    context = Context(settings, store, Events(), None)
    for run, project in (("run-a", "digits"), ("run-b", "words")):
        writer = JournalWriter(settings.journal, run)
        writer.commit(RunOpened(project, f"name of {run}"))
        writer.close()
    ingest_journal(context)
    app = create_app(settings, token=OWN)
    app.state.context, app.state.uploads, app.state.static = context, Uploads(), STATIC
    yield context, asked_from(TestClient(app), PROXY)
    store.close()


@pytest.fixture
def kept(shown: tuple[Context, TestClient]) -> Context:
    """The home, without members, both runs as they were."""
    with shown[0].store.writing() as catalog:
        for table in (tables.Member, tables.AuditEntry):
            catalog.session.exec(delete(table))
        for run in catalog.session.exec(select(tables.Run)):
            run.deleted_at, run.name = None, f"name of {run.id}"
    return shown[0]


@pytest.fixture
def client(kept: Context, shown: tuple[Context, TestClient], monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """Asks as the proxy does."""
    monkeypatch.setattr(grants, "_FRESH", 0.0)
    return shown[1]


def add(kept: Context, user: str, project: str, role: str) -> None:
    with kept.store.writing() as catalog:
        members.add_member(catalog, user, project, role, by="test")


def remove(kept: Context, user: str, project: str) -> None:
    with kept.store.writing() as catalog:
        members.remove_member(catalog, user, project, by="test")


def ask(client: TestClient, query: str, headers: dict[str, str] | None = None) -> httpx2.Response:
    return client.post("/graphql", json={"query": query}, headers={**PAGE, **ANNA, **(headers or {})})


def test_a_user_may_what_each_project_s_role_says(client: TestClient, kept: Context) -> None:
    add(kept, "Anna@Example.org", "digits", "reader")
    assert ask(client, NAMES).json()["data"] == {"runs": [{"name": "name of run-a"}]}
    assert "may only read" in ask(client, RENAME).json()["errors"][0]["message"]
    assert client.put("/api/runs/run-a/segments/0-0123abcd/0", headers=PAGE | ANNA).status_code == 403
    assert client.get("/metrics", headers=ANNA).status_code == 403  # of all projects
    add(kept, "anna@example.org", "digits", "writer")
    assert ask(client, RENAME, {USER: " ANNA@example.org"}).json()["data"]
    assert "RefusedError" in ask(client, DELETE).text
    assert "errors" in ask(client, RENAME.replace("run-a", "run-b")).json()
    add(kept, "anna@example.org", members.ALL, "reader")
    assert len(ask(client, NAMES).json()["data"]["runs"]) == 2
    assert "may not write in this project" in ask(client, RENAME.replace("run-a", "run-b")).text
    assert client.get("/metrics", headers=ANNA).status_code == 200
    add(kept, "anna@example.org", "digits", "admin")
    assert ask(client, DELETE).json()["data"]
    remove(kept, "anna@example.org", "digits")
    remove(kept, "anna@example.org", members.ALL)
    assert ask(client, NAMES).status_code == 403


@pytest.mark.parametrize("peer", ["10.1.2.4", "127.0.0.1", "fe80::1", "::1", "testclient", ""])
def test_the_header_of_anybody_else_is_ignored(client: TestClient, kept: Context, peer: str) -> None:
    add(kept, "anna@example.org", members.ALL, "admin")
    other = asked_from(client, peer)
    told = {"X-Forwarded-For": PROXY, "Forwarded": f"for={PROXY}", "X-Real-IP": PROXY, **ANNA}
    assert other.get("/metrics", headers=told).status_code == 401
    assert ask(other, NAMES, told).status_code == 401
    with pytest.raises(WebSocketDisconnect), other.websocket_connect("/graphql", headers=PAGE | told):
        pass
    own = {"Authorization": f"Bearer {OWN}"}
    assert other.get("/metrics", headers=told | own).status_code == 200  # as without it


@pytest.mark.parametrize("peer", [PROXY, f"::ffff:{PROXY}", "fd00::7"])
def test_the_proxy_s_addresses_count_in_every_notation(client: TestClient, kept: Context, peer: str) -> None:
    add(kept, "anna@example.org", members.ALL, "reader")
    assert asked_from(client, peer).get("/metrics", headers=ANNA).status_code == 200
    assert client.get("/metrics").status_code == 401


@pytest.mark.parametrize(
    "values",
    [
        ["anna@example.org", "eve@example.org"],
        ["anna@example.org", "anna@example.org"],
        ["anna@example.org,eve@example.org"],
        ["anna@example.org eve"],
        ["a" * 201],
    ],
)
def test_a_header_that_names_nobody_for_sure_is_refused(
    client: TestClient, kept: Context, values: list[str]
) -> None:
    add(kept, "anna@example.org", members.ALL, "admin")
    raw = [(USER.encode(), value.encode()) for value in values]
    answer = client.get("/metrics", headers=httpx2.Headers(raw))
    assert (answer.status_code, answer.json()["code"]) == (403, "RefusedError")
    assert USER in answer.json()["detail"]


def test_names_are_compared_without_the_case_of_ascii_letters_alone() -> None:
    assert members.normal(" Anna@Example.org ") == "anna@example.org"
    assert members.normal("\u212aate@example.org") != "kate@example.org"  # the sign of Kelvin
    signed_in = SignedIn(USER, load_settings(trusted_proxy=PROXY).proxy_networks)
    scope = {"client": (PROXY, 1), "headers": [(USER.lower().encode(), b"\xff@example.org")]}
    with pytest.raises(RefusedError, match="names no user"):
        signed_in.user(scope)


def test_a_user_without_a_project_is_told_whom_to_ask(client: TestClient, kept: Context) -> None:
    answer = ask(client, NAMES)
    assert (answer.status_code, answer.json()["code"]) == (403, "NoMemberError")
    assert "signed in as anna@example.org" in answer.json()["detail"]
    assert "ask who runs the server" in answer.json()["detail"]
    add(kept, "root@example.org", members.ALL, "admin")
    add(kept, "own@example.org", "secret project", "admin")
    told = ask(client, NAMES).json()["detail"]
    assert "ask root@example.org to add you" in told
    assert "secret" not in told
    assert "own@" not in told
    assert client.get("/", headers=ANNA).status_code in (200, 503)  # the page itself


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        ({"Origin": "http://127.0.0.1"}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "same-origin"}, True),
        ({}, False),
        ({"Sec-Fetch-Site": "none"}, False),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1"}, False),
        ({"Origin": "http://evil.example"}, False),
        ({"Origin": "http://127.0.0.1:8001"}, False),
        ({"Origin": "null"}, False),
    ],
)
def test_other_pages_change_nothing_in_a_user_s_name(
    client: TestClient, kept: Context, headers: dict[str, str], passes: bool
) -> None:
    add(kept, "anna@example.org", members.ALL, "admin")
    answer = client.post("/graphql", json={"query": RENAME}, headers=headers | ANNA)
    assert (answer.status_code == 200) == passes, answer.text
    for path in ("/api/runs/run-a/segments/known", "/api/runs/run-a/writers/0-0123abcd/heartbeat"):
        body = {"keys": []} if path.endswith("known") else None
        assert (client.post(path, json=body, headers=headers | ANNA).status_code < 300) == passes
    assert client.get("/metrics", headers=ANNA).status_code == 200


def test_a_user_gets_no_session_that_outlasts_the_sign_in(client: TestClient, kept: Context) -> None:
    add(kept, "anna@example.org", members.ALL, "reader")
    ended = {"X-Chroma-Session": "ended"}
    assert client.post("/api/session", headers=PAGE | ANNA | ended).status_code == 403
    # a session that works counts, as the token does that a program shows
    app: Any = client.app
    sessions: Sessions = app.state.sessions
    assert client.post("/api/session", headers=PAGE | ANNA | {"X-Chroma-Session": sessions.begin()}).json()
    with kept.store.writing() as catalog:
        token = tokens.create_token(catalog, "ci", "read", None, by="test", project="words")
    found = ask(client, NAMES, {"Authorization": f"Bearer {token}"}).json()
    assert found["data"] == {"runs": [{"name": "name of run-b"}]}


def test_a_socket_ends_when_its_user_is_no_member_any_more(client: TestClient, kept: Context) -> None:
    add(kept, "anna@example.org", "digits", "reader")
    protocols = ["graphql-transport-ws"]
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect("ws://127.0.0.1/graphql", subprotocols=protocols, headers=ANNA),
    ):
        pass  # no page of ours
    with client.websocket_connect(
        "ws://127.0.0.1/graphql", subprotocols=protocols, headers=PAGE | ANNA
    ) as opened:
        opened.send_json({"type": "connection_init"})
        assert opened.receive_json()["type"] == "connection_ack"
        query = "subscription { events { kind runId } }"
        opened.send_json({"id": "1", "type": "subscribe", "payload": {"query": query}})
        assert "LISTENING" in json.dumps(opened.receive_json())
        remove(kept, "anna@example.org", "digits")
        kept.tell()
        with pytest.raises(WebSocketDisconnect):
            [opened.receive_json() for _ in range(100)]


def test_what_a_user_changes_is_noted_with_their_name(client: TestClient, kept: Context) -> None:
    add(kept, "anna@example.org", "digits", "writer")
    ask(client, RENAME)
    assert [(row.who, row.action) for row in rows(kept, tables.AuditEntry)] == [
        ("test", "add_member"),
        ("anna@example.org", "rename_run"),
    ]


@pytest.mark.parametrize(
    ("given", "token", "why"),
    [
        ({"proxy_user_header": USER}, OWN, "would let everybody .* set CHROMA_TRUSTED_PROXY"),
        ({"trusted_proxy": PROXY}, OWN, "set CHROMA_PROXY_USER_HEADER too"),
        ({"proxy_user_header": USER, "trusted_proxy": PROXY}, None, "leave --no-token away"),
    ],
)
def test_a_server_that_would_believe_anybody_does_not_start(
    settings: Settings, given: dict[str, str], token: str | None, why: str
) -> None:
    with pytest.raises(ConfigError, match=why):
        serving.serve(load_settings(**given), token=token)
    assert not (settings.home / "server.json").exists()


@pytest.mark.parametrize(
    "given",
    [
        {"trusted_proxy": "proxy.example.org"},
        {"trusted_proxy": "10.0.0.5/8"},
        {"trusted_proxy": "0.0.0.0/0"},
        {"trusted_proxy": "10.0.0.1, ::/0"},
        {"proxy_user_header": "Authorization"},
        {"proxy_user_header": "x-forwarded-for"},
        {"proxy_user_header": "a b"},
    ],
)
def test_settings_that_name_no_proxy_are_refused(home: Any, given: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=re.escape(next(iter(given)).upper())):
        load_settings(**given)


@pytest.mark.parametrize(("trusted", "status"), [("127.0.0.1", 200), (PROXY, 401)])
def test_uvicorn_lets_nobody_forge_the_peer(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, trusted: str, status: int
) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")  # uvicorn's own setting
    told = load_settings(proxy_user_header=USER, trusted_proxy=trusted)
    served = serving.serve(told, host="127.0.0.1", token=OWN)
    try:
        add_by_command(served, told)
        forged = {"X-Forwarded-For": PROXY, "X-Forwarded-Proto": "https", **ANNA}
        assert httpx2.get(f"{served.url}/metrics", headers=forged).status_code == status
        # two copies on the wire
        port = int(served.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=30) as wire:
            head = ["GET /metrics HTTP/1.1", "Host: 127.0.0.1", "Connection: close"]
            head += [f"{USER}: {ANNA[USER]}", f"{USER.lower()}: eve@example.org", "", ""]
            wire.sendall("\r\n".join(head).encode())
            assert wire.makefile("rb").readline().split()[1] == (b"403" if status == 200 else b"401")
    finally:
        served.stop()


def add_by_command(served: serving.Served, settings: Settings) -> None:
    given = ["members", "add", ANNA[USER], "--all-projects", "--home", str(settings.home)]
    answer = CliRunner().invoke(commands, given)
    assert answer.exit_code == 0, answer
    assert served.url.startswith("http://127.0.0.1:")
