"""Who is of one project sees and changes nothing of another: every route, field and table is tried."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from itertools import product
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from graphql import GraphQLObjectType, build_schema, get_named_type, is_leaf_type, is_required_argument
from starlette.websockets import WebSocketDisconnect
from typer.testing import CliRunner

from chroma import segment
from chroma.cli import app as commands
from chroma.journal import JournalWriter
from chroma.records import Header, Metrics, RunOpened, Segment
from chroma.server.graphql.schema import build_schema as our_schema
from chroma.server.home.context import Context
from chroma.server.home.events import Event, Events
from chroma.server.home.ingest import ingest_journal
from chroma.server.http import asked
from chroma.server.store import access, scoping, tables
from chroma.server.store.catalog import Store
from chroma.settings import load_settings
from tests.postgresql import new_database
from tests.server.training import dump
from tests.server.two_projects import (
    MARK,
    OPEN,
    OWN,
    PROXY,
    QUIET,
    USER,
    Project,
    app_of,
    link_of,
    token_of,
    train,
    user_of,
)

# what belongs to no project, and is asked for without one
NOBODYS = {"/api/health", "/api/health/ready", "/api/session"}


class Two:
    """The home of two projects, and who asks."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.quiet, self.open = train(context, QUIET), train(context, OPEN)
        self.app, self.client = app_of(context)
        self.member = token_of(context, "admin", self.quiet.name)
        self.foreign = token_of(context, "admin", self.open.name)
        self.user = user_of(context, "admin", self.open.name)
        self.shown = link_of(context, self.client, self.open.run)  # a link to the open project's run
        # and one to another run of the quiet project, whose name it may know, and nothing else
        writer = JournalWriter(context.settings.journal, "run-beside")
        writer.commit(RunOpened(self.quiet.name, "beside"))
        writer.close()
        ingest_journal(context)
        self.beside = link_of(context, self.client, "run-beside")
        self.strangers = (self.foreign, self.user, self.shown, self.beside)

    def leaks(self, who: dict[str, str], text: str) -> bool:
        """Whether an answer tells them anything of the quiet project's run."""
        return MARK in (text.replace(self.quiet.name, "") if who is self.beside else text)

    def ask(self, who: dict[str, str], query: str, **variables: Any) -> httpx2.Response:
        return self.client.post("/graphql", json={"query": query, "variables": variables}, headers=who)


DATABASES = [os.environ["DATABASE"]] if "DATABASE" in os.environ else ["sqlite", "postgresql"]


@pytest.fixture(scope="module", params=DATABASES)
def two(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    """Made once: no test changes what another looks at."""
    home = tmp_path_factory.mktemp("two") / "home"
    home.mkdir()
    url = new_database(f"two_{uuid4().hex}") if request.param == "postgresql" else None
    settings = load_settings(home=home, database_url=url, proxy_user_header=USER, trusted_proxy=PROXY)
    store = Store.open(settings)
    yield Two(Context(settings, store, Events(), None))
    store.close()


def routes(app: FastAPI) -> Iterator[APIRoute]:
    for included in app.routes:
        for route in getattr(getattr(included, "original_router", None), "routes", ()):
            if isinstance(route, APIRoute) and route.path.startswith(("/api", "/metrics")):
                yield route


def request_of(route: APIRoute, project: Project) -> dict[str, Any]:
    """A request that names what there is of a project; fails for a parameter that nobody knows yet."""
    path = route.path.replace(":path}", "}")
    known = project.known | ({"name": project.known["selection"]} if "selections" in path else {})
    for parameter in route.dependant.path_params:
        path = path.replace("{" + parameter.name + "}", str(known[parameter.name]))
    needed = [each.name for each in route.dependant.query_params if each.field_info.is_required()]
    body: dict[str, Any] = {}
    if path.endswith("/known"):
        body = {"json": {"keys": [["0-0a1b2c3d", 0]]}}
    elif path.endswith("/selections"):
        body = {"content": b"\1\0\0\0"}
    elif path.endswith("/export"):
        body = {"json": {}}
    elif "/segments/" in path:
        body = {"content": segment.encode(Segment(header(project.run), Metrics(0, 30, {"x": 1.0})))}
    (method,) = set(route.methods or ()) - {"HEAD"}
    return {"method": method, "url": path, "params": {name: known[name] for name in needed}, **body}


def header(run: str, number: int = 7) -> Header:
    return Header(run=run, writer="0-0a1b2c3d", number=number, attempt="a", created_at=1e9)


def test_no_route_answers_for_a_foreign_project(two: Two) -> None:
    tried = 0
    for route in routes(two.app):
        if route.path in NOBODYS:
            continue
        asks = {each.call for each in route.dependant.dependencies}
        assert asks & {asked.seen_by, asked.whole, asked.sent_by}, f"{route.path} asks nobody whether it may"
        wanted = request_of(route, two.quiet)
        for who in two.strangers:
            refused = two.client.request(**wanted, headers=who)
            assert refused.status_code in (403, 404), (wanted, refused.status_code, refused.text)
            assert not two.leaks(who, refused.text), wanted
        own = two.client.request(**wanted, headers=two.member)
        if route.path == "/metrics":
            assert own.status_code == 403
            continue
        there = "orbit" in route.path or ("findings" in route.path and wanted["url"].endswith("/none/ids"))
        assert own.status_code < 300 or there, (wanted, own.text)
        tried += 1
    assert tried > 20


def fields(root: GraphQLObjectType, project: Project) -> Iterator[tuple[str, str]]:
    """A document for each field of a root type, about what there is of a project, all its answers deep."""
    known = project.known
    ids = {"id": project.run, "runId": project.run, "firstRunId": project.run, "secondRunId": project.run,
           "filmId": known["film_id"], "split": "val", "sampleId": known["sample"], "position": 0,
           "positions": [0], "words": "a", "method": "pca", "name": "x", "address": "?run=x",
           "tag": known["tag"], "sampleIds": [known["sample"]], "decision": "SKIP"}  # fmt: skip
    moment = f'{{runId: "{project.run}", layer: "{known["layer"]}", split: "val"}}'
    for name, at in root.fields.items():
        own = ids | {"deleteView": {"id": known["view"]}, "film": {"id": known["film_id"]}}.get(name, {})
        given: list[str] = []
        for argument, about in at.args.items():
            if is_required_argument(about) or argument in ("layer", "otherRunId"):
                if argument in ("first", "second") and not is_leaf_type(get_named_type(about.type)):
                    given.append(f"{argument}: {moment}")
                    continue
                said = {"layer": known["layer"], "otherRunId": project.run}.get(argument) or own[argument]
                given.append(f"{argument}: {said if argument == 'decision' else json.dumps(said)}")
        inner = below(get_named_type(at.type), 3)
        arguments = f"({', '.join(given)})" if given else ""
        yield name, f"{name}{arguments}{inner}"


def below(kind: Any, depth: int) -> str:
    if is_leaf_type(kind):
        return ""
    found: list[str] = []
    for name, field in kind.fields.items():
        inner = get_named_type(field.type)
        if any(is_required_argument(each) for each in field.args.values()):
            continue
        if is_leaf_type(inner):
            found.append(name)
        elif depth:
            found.append(f"{name} {below(inner, depth - 1)}")
    return "{ __typename " + " ".join(found) + " }"


# what has nothing of any project to show, or nothing for these runs
SILENT = {"home", "why", "orbit", "comparison", "similarity", "outcomes", "filmPartners", "labelDoubts"}


def test_no_query_shows_a_foreign_project(two: Two) -> None:
    schema = build_schema(our_schema().as_str()).query_type
    assert schema
    for name, document in fields(schema, two.quiet):
        for who in two.strangers:
            theirs = two.ask(who, f"{{ {document} }}").text
            assert not two.leaks(who, theirs.replace(json.dumps(document), "")), (name, theirs)
            if two.quiet.run not in document:
                assert two.quiet.run not in theirs, (name, theirs)
        if name not in SILENT:
            assert MARK in two.ask(two.member, f"{{ {document} }}").text, name


def test_no_mutation_changes_a_foreign_project(two: Two) -> None:
    schema = build_schema(our_schema().as_str()).mutation_type
    assert schema
    before = {name: found for name, found in dump(two.context).items() if name != "audit_entry"}
    for who, (name, document) in product(two.strangers, fields(schema, two.quiet)):
        answer = two.ask(who, f"mutation {{ {document} }}").json()
        if name == "purgeRuns":
            assert not (answer["data"] or {}).get("purgeRuns")
            continue
        assert "errors" in answer, (name, answer)
        said = json.dumps(answer).replace(two.quiet.known["sample"], "")
        assert not two.leaks(who, said), (name, answer)
    after = {name: found for name, found in dump(two.context).items() if name != "audit_entry"}
    assert after == before


def test_a_link_shows_its_run_and_adds_nothing(two: Two) -> None:
    before = dump(two.context)
    for route in routes(two.app):
        if route.path in NOBODYS:
            continue
        wanted = request_of(route, two.open)
        answer = two.client.request(**wanted, headers=two.shown)
        reads = wanted["method"] == "GET" or wanted["url"].endswith("/export")
        there = "orbit" in route.path or wanted["url"].endswith("/none/ids") or route.path == "/metrics"
        assert (answer.status_code < 300) == (reads and not there), (wanted, answer.text)
    schema = build_schema(our_schema().as_str())
    assert schema.query_type
    assert schema.mutation_type
    for name, document in fields(schema.query_type, two.open):
        answer = two.ask(two.shown, f"{{ {document} }}")
        if name in ("links", "views"):
            assert not (answer.json()["data"] or {}).get(name)
        elif name not in SILENT:
            assert "loud" in answer.text, (name, answer.text)
    for name, document in fields(schema.mutation_type, two.open):
        answer = two.ask(two.shown, f"mutation {{ {document} }}").json()
        drawn = name == "requestFindings"  # there already
        assert ("errors" in answer) == (not drawn), (name, answer)
    film = f'mutation {{ requestFilm(runId: "{two.open.run}", split: "val", method: "METHOD") {{ id }} }}'
    assert "errors" not in two.ask(two.shown, film.replace("METHOD", "pca")).json()
    assert "ShownOnlyError" in two.ask(two.shown, film.replace("METHOD", "umap")).text
    assert dump(two.context) == before


def test_projects_and_runs_are_those_of_the_token(two: Two) -> None:
    query = "{ projects { name runs { id } } runs { id project } views { name } }"
    for who, project, runs in (
        (two.foreign, two.open.name, [two.open.run]),
        (two.user, two.open.name, [two.open.run]),
        (two.shown, two.open.name, [two.open.run]),
        (two.beside, two.quiet.name, ["run-beside"]),
        (two.member, two.quiet.name, ["run-beside", two.quiet.run]),
    ):
        data = two.ask(who, query).json()["data"]
        ids = [{"id": run} for run in runs]
        assert data["projects"] == [{"name": project, "runs": ids}]
        assert data["runs"] == [each | {"project": project} for each in ids]
        assert len(data["views"]) == (who not in (two.shown, two.beside))
    assert len(two.ask({"Authorization": f"Bearer {OWN}"}, query).json()["data"]["runs"]) >= 2
    ask = f'{{ runs(project: "{two.quiet.name}") {{ id }} }}'
    assert two.open.name in two.ask(two.foreign, ask).text  # what there is, as for a project that is not


@pytest.mark.parametrize("order", ["newest", "oldest", "name", "size", f"{MARK}_acc"])
def test_a_page_of_runs_lists_and_counts_those_that_one_sees(two: Two, order: str) -> None:
    query = """query ($words: String!, $order: String!, $also: [ID!]) {
        runsPage(words: $words, order: $order, also: $also) {
            found of projects { name runs } metrics tags runs { id } } }"""
    also = [two.quiet.run, two.open.run, "run-beside"]

    def page(who: dict[str, str], words: str) -> dict[str, Any]:
        return two.ask(who, query, words=words, order=order, also=also).json()["data"]["runsPage"]

    for who, project, runs, mark in (
        *((each, two.open.name, {two.open.run}, "loud") for each in (two.foreign, two.user, two.shown)),
        (two.beside, two.quiet.name, {"run-beside"}, None),
        (two.member, two.quiet.name, {"run-beside", two.quiet.run}, MARK),
    ):
        counted = {"found": len(runs), "of": len(runs), "projects": [{"name": project, "runs": len(runs)}]}
        own = {"metrics": [f"{mark}_acc"] if mark else [], "tags": [f"{mark}-kept"] if mark else []}
        listed = page(who, "")
        assert {each["id"] for each in listed.pop("runs")} == runs
        assert listed == counted | own
        assert page(who, f"{MARK}-name")["found"] == (who is two.member)


def as_socket(who: dict[str, str]) -> dict[str, str]:
    """A socket of a page shows its session among its protocols."""
    if "X-Chroma-Session" not in who:
        return who
    return {"Sec-WebSocket-Protocol": f"graphql-transport-ws, chroma-session.{who['X-Chroma-Session']}"}


@pytest.mark.parametrize("who", [0, 1, 2])
def test_a_socket_tells_nothing_of_a_foreign_project(two: Two, who: int) -> None:
    with two.client.websocket_connect(
        "ws://127.0.0.1/graphql", subprotocols=["graphql-transport-ws"], headers=as_socket(two.strangers[who])
    ) as socket:
        socket.send_json({"type": "connection_init"})
        socket.receive_json()
        for id_, about in (("all", ""), ("run", f'(runId: "{two.quiet.run}")')):
            query = f"subscription {{ events{about} {{ kind runId message }} }}"
            socket.send_json({"id": id_, "type": "subscribe", "payload": {"query": query}})
            assert "LISTENING" in json.dumps(socket.receive_json())
        for project in (two.quiet, two.open, two.quiet, two.open):
            two.context.events.publish(Event("run", project.run, message=f"{project.name} {MARK}"))
            two.context.events.publish(Event("film", project.run, film_id=project.known["film_id"]))
        two.context.events.publish(Event("metric", two.open.run))
        said: list[str] = []
        try:
            while "METRIC" not in "".join(said):
                said.append(json.dumps(socket.receive_json()))
        except WebSocketDisconnect:
            pytest.fail("the socket ended")
    assert two.quiet.run not in "".join(said)
    assert two.open.run in "".join(said)


def test_every_table_is_of_a_project_or_closed() -> None:
    closed = {
        name
        for name, table in tables.Table.metadata.tables.items()
        if str(scoping.criterion(table, access.Reach(frozenset(("x",))))) in ("false", "0 = 1")
    }
    assert closed == {"token", "member", "audit_entry", "job"}
    assert scoping.OPEN == ("job",)
    described = {each.__tablename__ for each in tables.Table.__subclasses__()}
    assert described == set(tables.Table.metadata.tables)


def send(two: Two, who: dict[str, str], run: str, record: Any, number: int = 0) -> int:
    body = segment.encode(Segment(header(run, number), record))
    address = f"/api/runs/{run}/segments/0-0a1b2c3d/{number}"
    return two.client.put(address, content=body, headers=who).status_code


def test_a_run_goes_only_where_its_senders_may_write(two: Two) -> None:
    metrics, there, elsewhere = Metrics(0, 1, {"x": 1.0}), "third", two.quiet.name
    third = token_of(two.context, "write", there)
    assert send(two, third, "run-new", RunOpened(elsewhere, "new")) == 403
    assert send(two, third, "run-new", metrics, 1) == 201  # before its opening
    assert send(two, two.member, "run-new", metrics, 2) == 403  # begun by others
    everywhere = token_of(two.context, "write", None)
    assert send(two, everywhere, "run-new", RunOpened(elsewhere, "new")) == 403
    assert send(two, everywhere, "run-new", RunOpened(there, "new")) == 201
    assert send(two, third, "run-new", metrics, 3) == 201
    ingest_journal(two.context)
    assert send(two, third, "run-new", metrics, 4) == 201
    assert send(two, two.member, "run-new", metrics, 5) == 403
    reader = token_of(two.context, "read", there)
    assert send(two, reader, "run-other", RunOpened(there, "other")) == 403


def test_the_command_line_makes_members_and_lists_projects(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = two.context.settings
    for name, value in ({"CHROMA_HOME": str(settings.home)} | settings.stores()).items():
        monkeypatch.setenv(name, value)

    def run(*given: str, fails: bool = False) -> str:
        answer = CliRunner().invoke(commands, [*given])
        assert (answer.exit_code != 0) == fails, answer
        return answer.output.strip() if not fails else str(answer.exception)

    run("members", "remove", two.user[USER], "--project", "open")
    assert "There is no member" in run("members", "list")
    assert "anna@example.org is writer of open" in run(
        "members", "add", "Anna@Example.org", "--project", "open", "--role", "writer"
    )
    assert "No run is in a project named new yet" in run(
        "members", "add", "bob@example.org", "--project", "new"
    )
    run("members", "add", "bob@example.org", "--all-projects", "--role", "admin")
    found = json.loads(run("members", "list", "--project", "open", "--json"))
    assert [(each["user"], each["project"], each["role"]) for each in found] == [
        ("bob@example.org", None, "admin"),
        ("anna@example.org", "open", "writer"),
    ]
    run("members", "remove", "bob@example.org", "--all-projects")
    assert f"no member of {two.quiet.name}; there is 2 of other projects: chroma members list" in run(
        "members", "list", "--project", two.quiet.name
    )
    assert "no project named 'opne'; there is open" in run("members", "list", "--project", "opne", fails=True)
    run("members", "add", "bob@example.org", "--all-projects", "--role", "admin")
    lines = json.loads(run("projects", "list", "--json"))
    found = {each["name"]: (each["runs"], each["members"], each["tokens"]) for each in lines}
    assert found.items() >= {two.quiet.name: (2, 1, 1), "new": (0, 1, 0), "open": (1, 2, 1)}.items()
    run("members", "remove", "anna@example.org", "--project", "open")
    assert "no member of open named 'anna@example.org'" in run(
        "members", "remove", "anna@example.org", "--project", "open", fails=True
    )
    for wrong in (["--role", "king", "--project", "open"], [], ["--project", "open", "--all-projects"]):
        run("members", "add", "eve@example.org", *wrong, fails=True)
    assert "in open" in run("tokens", "list")
