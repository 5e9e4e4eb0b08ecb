"""What one request, and all of them together, may cost."""

from __future__ import annotations

import json
import resource
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpx2
import pytest
from fastapi.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from chroma.server.graphql.limits import MOST_ALIASES, MOST_DEPTH
from chroma.server.http import connection, limits
from chroma.server.http.limits import Limits
from chroma.server.serving import Served, serve
from chroma.settings import Settings

MB = 2**20


async def ask(
    app: Limits, *parts: bytes, method: str = "POST", wait: float = 0, **more: Any
) -> tuple[int, bytes]:
    """Send a request in parts to an app; its status and body."""
    sent: list[Message] = []
    waiting = list(parts)

    async def receive() -> Message:
        await anyio.sleep(wait)
        body = waiting.pop(0) if waiting else b""
        return {"type": "http.request", "body": body, "more_body": bool(waiting)}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": "/x", "query_string": b"", "headers": [], **more}
    await app(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent)


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    message = await receive()
    assert not message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": message["body"]})


@pytest.mark.anyio
async def test_a_body_is_read_whole_and_within_bounds() -> None:
    app = Limits(echo)
    assert await ask(app, b"one ", b"two") == (200, b"one two")
    assert (await ask(app, *[bytes(MB)] * 16))[0] == 200
    assert (await ask(app, *[bytes(MB)] * 16, b"1"))[0] == 413
    for length in (b"16777217", b"9" * 500):
        assert (await ask(app, b"", headers=[(b"content-length", length)]))[0] == 413
    assert app.held == 0


@pytest.mark.anyio
async def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    status, body = await ask(Limits(echo, read=0.05), b"1", b"2", wait=0.04)
    assert (status, json.loads(body)["title"]) == (408, "Request Timeout")


@pytest.mark.anyio
async def test_all_bodies_together_are_bounded() -> None:
    inside, release = anyio.Event(), anyio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        if app.held >= limits.MOST_BODIES:
            inside.set()
        await release.wait()
        await echo(scope, receive, send)

    app = Limits(slow)
    async with anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(ask, app, bytes(16 * MB))
        await inside.wait()
        assert (await ask(app, b"1"))[0] == 429
        release.set()
    assert (await ask(app, b"1")) == (200, b"1")


@pytest.mark.anyio
async def test_requests_at_once_are_bounded_and_health_always_answers() -> None:
    release = anyio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != "/api/health":
            await release.wait()
        await echo(scope, receive, send)

    app = Limits(slow)
    async with anyio.create_task_group() as tasks:
        for _ in range(limits.MOST_REQUESTS):
            tasks.start_soon(ask, app)
        await anyio.wait_all_tasks_blocked()
        assert (await ask(app))[0] == 429
        assert (await ask(app, path="/api/health", method="GET"))[0] == 200
        release.set()
    assert (await ask(app))[0] == 200


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/api/runs/a%00b/splits/val/samples", 400),
        ("/%00", 400),
        ("/api/films/%0a/ids", 400),
        ("/api/films/a/ids?x=%00", 400),
        ("/" + "a" * 3000, 200),
        ("/assets/" + "a/" * 1500, 404),
        ("/" + "a" * 5000, 414),
        ("/?x=" + "a" * 40_000, 414),
        (f"/api/films/a/columns/label?frame={2**63}", 422),
        (f"/api/runs/a/splits/val/samples/{2**64}/image", 422),
        (f"/api/runs/a/splits/val/sprites/-{2**70}", 422),
    ],
)
def test_odd_addresses_are_refused(client: TestClient, address: str, status: int) -> None:
    found = client.get(address).status_code
    assert found == status or (status == 200 and found == 503)  # a checkout whose dashboard is not built


def refusal(client: TestClient, document: str, **variables: Any) -> str:
    answer = client.post("/graphql", json={"query": document, "variables": variables})
    assert answer.status_code in (200, 400)
    return answer.json()["errors"][0]["message"]


def doubled(levels: int) -> str:
    """Fragments of which each holds the next one twice: 2**levels fields, written out."""
    parts = [f"fragment f{n} on Run {{ ...f{n + 1} ...f{n + 1} }}" for n in range(levels)]
    return f"{{ runs {{ ...f0 }} }} {' '.join(parts)} fragment f{levels} on Run {{ id }}"


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ("{" + " ".join(f"a{n}: runs {{ id }}" for n in range(MOST_ALIASES + 1)) + "}", "aliases"),
        ("{" * 41 + "}" * 41, "nests 41 levels"),
        ("{" * 100_000, "nests 100000 levels"),
        ("{ runs(project: " + "[" * 100_000, "nests"),
        ("{" + " runs { id }" * 2000 + "}", "Syntax Error: Document contains more than 2000 tokens"),
        ("{" + " runs { id }" * (MOST_ALIASES + 2) + "}", "repeated fields"),
        (doubled(100), "fields"),
        (
            "{ __type(name: 1) " + "{ ofType " * MOST_DEPTH + "{ name }" + "}" * MOST_DEPTH + "}",
            "levels",
        ),
        ("{ runs { ...f } } fragment f on Run { ...f }", "Cannot spread fragment 'f' within itself"),
        ('{ run(id: "\\ud800") { id } }', "Syntax Error"),
    ],
)
def test_documents_that_ask_for_too_much_are_refused(
    client: TestClient, document: str, sentence: str
) -> None:
    began = time.monotonic()
    assert sentence in refusal(client, document)
    assert time.monotonic() - began < 20  # seconds, on a machine that is busy with other tests


def test_the_dashboard_s_own_documents_and_introspection_pass(client: TestClient) -> None:
    from graphql import get_introspection_query

    document = get_introspection_query(input_value_deprecation=True, directive_is_repeatable=True)
    assert "errors" not in client.post("/graphql", json={"query": document}).json()


@pytest.mark.parametrize("step", [2**63, -(2**63) - 1, "9" * 30, "9" * 10_000, 1.5, True, "x", "", [1]])
def test_integers_have_64_bits(client: TestClient, step: Any) -> None:
    document = 'query Q($s: BigInt) { sample(runId: 1, split: "1", position: 1, step: $s) { id } }'
    assert "$s" in refusal(client, document, s=step)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[",
        b"[" * 100_000,
        b'{"query": 5}',
        b'"x"',
        b"9" * 10_000,
        b'{"query": "\\ud800"}',
        b"\xff",
        b"null",
    ],
)
def test_a_body_that_is_no_question_is_refused(client: TestClient, body: bytes) -> None:
    answer = client.post("/graphql", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400


@pytest.mark.parametrize("text", ["x" * 201, "a\x1b[31m", "a\u009b", "line\nline", "\u2028", " ", "\0"])
def test_names_that_a_terminal_obeys_are_refused(client: TestClient, text: str) -> None:
    sentence = refusal(client, 'mutation M($t: String!) { tagRun(id: "x", tag: $t) { id } }', t=f"b{text}b")
    assert "tag needs a name" in sentence or text == " "


@pytest.fixture
def served(settings: Settings) -> Iterator[Served]:
    running = serve(settings)
    yield running
    running.stop()


@pytest.mark.timeout(60)
def test_a_large_body_holds_nobody_up(served: Served) -> None:
    """100 MB took 30 s, in which nothing else was answered."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    slowest = 0.0
    ended = threading.Event()

    def upload() -> None:
        body = b'{"query": "' + b"x" * (100 * 10**6)
        try:
            answer = httpx2.post(f"{served.url}/graphql", content=body, timeout=50, trust_env=False)
            assert answer.status_code == 413
        except httpx2.TransportError:
            pass  # the connection was closed while the rest was being sent
        ended.set()

    thread = threading.Thread(target=upload)
    thread.start()
    while not ended.is_set():
        began = time.monotonic()
        assert httpx2.get(f"{served.url}/api/health", trust_env=False).status_code == 200
        slowest = max(slowest, time.monotonic() - began)
    thread.join()
    assert slowest < 20  # on a machine that is busy with other tests
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 300 * 1024  # KiB; 100 MB are this test's own body


@pytest.mark.timeout(60)
def test_a_connection_without_a_request_is_closed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HEAD", 0.3)
    served = serve(settings)
    at = urlsplit(served.url)
    try:
        for said in (b"", b"GET / HTTP/1.1\r\nHost: 127", b"GET / HTTP/1.1\r\nX: " + b"a" * 70_000):
            with socket.create_connection((at.hostname, at.port), timeout=20) as slow:
                slow.sendall(said)
                heard = b""
                while part := slow.recv(4096):
                    heard += part
            assert heard == b"" or heard.startswith(b"HTTP/1.1 400")
        with socket.create_connection((at.hostname, at.port), timeout=20) as good:
            for _ in range(3):
                good.sendall(f"GET /api/health HTTP/1.1\r\nHost: {at.netloc}\r\n\r\n".encode())
                assert good.recv(4096).startswith(b"HTTP/1.1 200")
                time.sleep(0.2)
    finally:
        served.stop()
