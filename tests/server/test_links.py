"""Links that show one run: who makes them, what they open, and how they end."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import delete, select
from starlette.websockets import WebSocketDisconnect
from typer.testing import CliRunner

import chroma
from chroma.cli import app as commands
from chroma.errors import ConfigError, NotFoundError
from chroma.journal import JournalWriter
from chroma.records import RunOpened
from chroma.server.app import create_app
from chroma.server.home import sharing
from chroma.server.home.context import Context
from chroma.server.home.events import Events
from chroma.server.home.ingest import ingest_journal
from chroma.server.http import grants
from chroma.server.http.dashboard_files import STATIC
from chroma.server.http.segment_routes import Uploads
from chroma.server.store import audit, links, tables, tokens
from chroma.server.store.catalog import Store
from chroma.settings import load_settings
from tests.server.training import rows

OWN = {"Authorization": "Bearer own-token"}
RUNS = "{ runs { id } home { publicUrl } }"
PUBLIC = "https://chroma.example.org/lab"


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Context, TestClient]]:
    """A home of two runs of one project, and its app; nothing is drawn beside it."""
    home = tmp_path_factory.mktemp("links") / "home"
    home.mkdir()
    settings = load_settings(home=home, public_url=PUBLIC)
    store = Store.open(settings)
    context = Context(settings, store, Events(), "own-token")
    for run in ("run-a", "run-b"):
        writer = JournalWriter(settings.journal, run)
        writer.commit(RunOpened("digits", f"name of {run}"))
        writer.close()
    ingest_journal(context)
    app = create_app(settings, token="own-token")
    app.state.context, app.state.uploads, app.state.static = context, Uploads(), STATIC
    yield context, TestClient(app, base_url="http://127.0.0.1")
    store.close()


@pytest.fixture
def kept(shown: tuple[Context, TestClient]) -> Context:
    with shown[0].store.writing() as catalog:
        for table in (tables.Link, tables.AuditEntry, tables.Token):
            catalog.session.exec(delete(table))
        for run in catalog.session.exec(select(tables.Run)):
            run.deleted_at = None
    return shown[0]


@pytest.fixture
def client(kept: Context, shown: tuple[Context, TestClient], monkeypatch: pytest.MonkeyPatch) -> TestClient:
    monkeypatch.setattr(grants, "_FRESH", 0.0)
    return shown[1]


def ask(client: TestClient, who: dict[str, str], query: str, **variables: Any) -> Any:
    return client.post("/graphql", json={"query": query, "variables": variables}, headers=who).json()


def make(client: TestClient, who: dict[str, str] = OWN, address: str = "?run=run-a&layer=fc1") -> Any:
    document = """mutation($address: String!) { createLink(runId: "run-a", address: $address, days: 7) {
        query link { id runId address madeBy expiresAt } } }"""
    return ask(client, who, document, address=address)


def open_link(client: TestClient, query: str) -> tuple[str, dict[str, str]]:
    """Where a link leads, and what its page shows from then on."""
    answer = client.get(f"/{query}", follow_redirects=False)
    assert answer.status_code == 303, answer.text
    address, _, session = answer.headers["location"].partition("#tab-session=")
    page = client.post("/api/session", headers={"X-Chroma-Session": session}).json()["session"]
    return address, {"X-Chroma-Session": page}


def test_a_link_opens_its_view_and_its_run_alone(client: TestClient, kept: Context) -> None:
    made = make(client)["data"]["createLink"]
    address, page = open_link(client, made["query"])
    assert address == "./?run=run-a&layer=fc1"
    data = ask(client, page, RUNS)["data"]
    assert data == {"runs": [{"id": "run-a"}], "home": {"publicUrl": PUBLIC}}
    assert ask(client, page, '{ run(id: "run-b") { id } }')["data"] == {"run": None}
    for change in ('renameRun(id: "run-a", name: "x")', 'deleteRun(id: "run-a")'):
        assert ask(client, page, f"mutation {{ {change} {{ id }} }}")["errors"][0]["extensions"]
    assert "RefusedError" in json.dumps(make(client, page))
    assert "RefusedError" in json.dumps(ask(client, page, '{ links(runId: "run-a") { id } }'))
    assert client.get("/metrics", headers=page).status_code == 403
    # as a program's token it may no more
    bearer = {"Authorization": f"Bearer {made['query'].partition('=')[2]}"}
    assert ask(client, bearer, "{ runs { id } }")["data"]["runs"] == [{"id": "run-a"}]
    assert client.get(f"/?token={bearer['Authorization'][7:]}", follow_redirects=False).status_code == 401
    # only its digest is stored
    secret = made["query"].removeprefix("?link=chroma_link_")
    assert len(secret) == 43
    assert secret not in repr([row.model_dump() for row in rows(kept, tables.Link)])


def test_a_link_ends(client: TestClient, kept: Context) -> None:
    made = make(client)["data"]["createLink"]
    _, page = open_link(client, made["query"])
    protocol = f"chroma-session.{page['X-Chroma-Session']}"
    with client.websocket_connect(
        "ws://127.0.0.1/graphql", subprotocols=["graphql-transport-ws", protocol]
    ) as socket:
        socket.send_json({"type": "connection_init"})
        socket.receive_json()
        query = "subscription { events { kind runId } }"
        socket.send_json({"id": "1", "type": "subscribe", "payload": {"query": query}})
        assert "LISTENING" in json.dumps(socket.receive_json())
        revoke = "mutation($id: ID!) { revokeLink(id: $id) { id } }"
        assert ask(client, OWN, revoke, id=made["link"]["id"])["data"]
        kept.tell()
        with pytest.raises(WebSocketDisconnect):
            [socket.receive_json() for _ in range(100)]
    assert "errors" in ask(client, OWN, revoke, id=made["link"]["id"])
    assert client.get("/metrics", headers=page).status_code == 401
    ended = client.get(f"/{made['query']}", follow_redirects=False)
    assert (ended.status_code, "This link has ended" in ended.text) == (401, True)
    assert client.get("/?link=chroma_link_wrong").status_code == 401
    assert [(row.who, row.action, row.run) for row in rows(kept, tables.AuditEntry)] == [
        (audit.this_user(), "create_link", "run-a"),
        (audit.this_user(), "revoke_link", "run-a"),
    ]


def test_a_link_ends_with_its_time_and_with_its_run(client: TestClient, kept: Context) -> None:
    with kept.store.writing() as catalog:
        link, secret = links.create_link(catalog, "run-a", "", timedelta(hours=1), by="test")
        assert link.address == "?run=run-a"
    _, page = open_link(client, f"?link={secret}")
    delete_it, restore = (f'mutation {{ {each}Run(id: "run-a") {{ id }} }}' for each in ("delete", "restore"))
    assert ask(client, OWN, delete_it)["data"]
    assert client.post("/graphql", json={"query": RUNS}, headers=page).status_code == 401
    ask(client, OWN, restore)
    assert ask(client, page, "{ runs { id } }")["data"]["runs"] == [{"id": "run-a"}]
    with kept.store.writing() as catalog:
        for row in catalog.session.exec(select(tables.Link)):
            row.expires_at = tables.now() - timedelta(seconds=1)
    assert client.post("/graphql", json={"query": RUNS}, headers=page).status_code == 401


def test_those_who_may_write_to_a_run_make_links_to_it(client: TestClient, kept: Context) -> None:
    def bearer(scope: str, project: str | None) -> dict[str, str]:
        with kept.store.writing() as catalog:
            made = tokens.create_token(catalog, f"{scope} {project}", scope, None, by="t", project=project)
        return {"Authorization": f"Bearer {made}"}

    reader, writer, other = bearer("read", None), bearer("write", "digits"), bearer("write", "words")
    assert "may only read" in make(client, reader)["errors"][0]["message"]
    assert "errors" in make(client, other)
    made = make(client, writer)["data"]["createLink"]["link"]
    assert made["madeBy"] == "write digits"
    listed = '{ links(runId: "run-a") { id } }'
    assert ask(client, writer, listed)["data"]["links"] == [{"id": made["id"]}]
    assert ask(client, other, listed)["data"]["links"] == []
    assert "errors" in ask(client, reader, listed)
    revoke = f'mutation {{ revokeLink(id: "{made["id"]}") {{ id }} }}'
    assert "errors" in ask(client, other, revoke)
    assert ask(client, writer, revoke)["data"]
    assert [(row.kind, row.who) for row in rows(kept, tables.AuditEntry)][-1] == ("token", "write digits")


@pytest.mark.parametrize(
    ("address", "kept_as"),
    [
        (
            "?run=run-a&token=own-token&link=x&framed-by=http://evil.example&layer=a%26b",
            "?run=run-a&layer=a%26b",
        ),
        ("?run=run-b", None),
        ("?run=run-a&over=runs&with=run-b", None),
        ("?run=run-a&layer=\n", None),
        (f"?run=run-a&search={'x' * 8001}", None),
    ],
)
def test_an_address_shows_its_own_run(client: TestClient, address: str, kept_as: str | None) -> None:
    answer = make(client, address=address)
    found = answer["data"] and answer["data"]["createLink"]["link"]["address"]
    assert found == kept_as, answer


def test_a_link_that_could_show_more_is_not_made(kept: Context) -> None:
    with pytest.raises(ConfigError, match="without --no-token"):
        sharing.create_link(replace(kept, token=None), "run-a", "", days=7, by="test")
    with kept.store.writing() as catalog:
        for days in (0, 366):
            with pytest.raises(ConfigError, match="up to 365 days"):
                links.create_link(catalog, "run-a", "", timedelta(days=days), by="test")
        with pytest.raises(NotFoundError):
            links.create_link(catalog, "run-c", "", by="test")


def test_the_command_line_makes_lists_and_revokes_them(
    client: TestClient, kept: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHROMA_HOME", str(kept.settings.home))
    monkeypatch.setenv("CHROMA_PUBLIC_URL", PUBLIC)

    def run(*given: str) -> str:
        answer = CliRunner().invoke(commands, ["links", *given])
        assert answer.exit_code == 0, answer
        return answer.stdout.strip()

    assert "There is no link" in run("list")
    said = run("create", "name of run-a", "--view", "?run=run-a&layer=fc1", "--expires", "12h")
    assert re.fullmatch(re.escape(PUBLIC) + r"/\?link=chroma_link_[\w-]{43}", said)
    _, page = open_link(client, said.rpartition("/")[2])
    assert ask(client, page, "{ runs { id } }")["data"]["runs"] == [{"id": "run-a"}]
    (listed,) = json.loads(run("list", "--json"))
    assert (listed["run"], listed["view"], listed["state"]) == ("run-a", "?run=run-a&layer=fc1", "works")
    assert "is revoked" in run("revoke", listed["id"])
    assert "run-a  revoked" in run("list")
    assert [row.action for row in rows(kept, tables.AuditEntry)] == ["create_link", "revoke_link"]


def test_the_address_that_python_tells_is_the_public_one(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMA_PUBLIC_URL", f"{PUBLIC}/")
    with chroma.ui(open=False) as dashboard:
        assert re.fullmatch(re.escape(PUBLIC) + r"/\?token=[\w-]{43}", dashboard.url)
