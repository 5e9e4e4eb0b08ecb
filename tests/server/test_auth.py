from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from httpx2 import ASGITransport, AsyncClient
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from chroma.server.app import create_app
from chroma.server.http.auth import Gate
from chroma.server.http.policies import Framers, Policies
from chroma.server.http.sessions import Sessions
from chroma.settings import load_settings

pytestmark = pytest.mark.anyio
TOKEN = "secret-ü"
HERE = "http://127.0.0.1:8000"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def inside(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse(f"inside {scope['path']}")(scope, receive, send)


def gate(
    token: str | None = "token-1", sessions: Sessions | None = None, hosts: frozenset[str] = frozenset()
) -> Policies:
    framers = Framers(["http://named.example"])
    return Policies(Gate(inside, token, sessions or Sessions(), framers, hosts), framers)


def client(token: str | None = "token-1", host: str = HERE, sessions: Sessions | None = None) -> AsyncClient:
    return AsyncClient(transport=ASGITransport(gate(token, sessions)), base_url=host)


@pytest.fixture
async def visitor() -> AsyncIterator[AsyncClient]:
    async with client() as found:
        yield found


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/api/health", {}, 200),
        ("/api/runs", {}, 401),
        ("/graphql", {}, 401),
        ("/graphql?query={__typename}", {"Accept": "text/html"}, 401),
        ("/openapi.json", {}, 401),
        ("/metrics", {}, 401),
        ("/api/health/../runs", {}, 401),
        ("/api/runs", {"Authorization": "Bearer token-1"}, 200),
        ("/api/runs", {"Authorization": "bearer  token-1"}, 200),
        ("/api/runs", {"Authorization": "Bearer token-2"}, 401),
        ("/api/runs", {"Authorization": "Bearer "}, 401),
        ("/api/runs", {"Authorization": "Basic token-1"}, 401),
        ("/api/runs", {"Cookie": "chroma-token-8000=token-1"}, 401),
        ("/api/runs", {"X-Chroma-Session": "token-1"}, 401),
        ("/api/runs", {"X-Chroma-Session": ""}, 401),
        ("/api/runs?token=token-1", {}, 401),
        ("/?token=token-2", {}, 401),
        ("/?token=%C3%BC", {}, 401),
    ],
)
async def test_the_token_is_asked_of_everything_but_health(
    visitor: AsyncClient, path: str, headers: dict[str, str], status: int
) -> None:
    assert (await visitor.get(path, headers=headers)).status_code == status


@pytest.mark.parametrize("path", ["/", "/assets/app.js", "/graphql"])
async def test_files_are_open_and_hold_nothing(visitor: AsyncClient, path: str) -> None:
    answer = await visitor.get(path, headers={"Accept": "text/html"})
    assert answer.text == f"inside {path.replace('graphql', 'graphiql.html')}"
    assert "set-cookie" not in answer.headers


async def test_the_link_with_the_token_begins_a_session_and_keeps_the_rest(visitor: AsyncClient) -> None:
    answer = await visitor.get("/?run=a%26b&token=token-1&layer=fc1")
    address, _, session = answer.headers["location"].partition("#session=")
    assert (answer.status_code, address) == (303, "./?run=a%26b&layer=fc1")
    assert "no-store" in answer.headers["cache-control"]
    assert "token-1" not in session
    assert "set-cookie" not in answer.headers
    assert (await visitor.get("/api/runs")).status_code == 401
    assert (await visitor.get("/api/runs", headers={"X-Chroma-Session": session})).status_code == 200
    async with client() as another:
        assert (await another.get("/api/runs", headers={"X-Chroma-Session": session})).status_code == 401


async def test_sessions_rotate() -> None:
    now = 0.0
    sessions = Sessions(lambda: now)
    link = sessions.begin()
    now = 61
    assert link not in sessions  # what stays in a browser's history
    first = sessions.renew(sessions.begin())
    now += 3600
    second = sessions.renew(first)
    now += 299
    assert first in sessions  # other tabs have some minutes
    now += 2
    assert first not in sessions
    assert second in sessions
    now += 7 * 24 * 3600
    assert second not in sessions


async def test_sessions_are_bounded() -> None:
    sessions = Sessions()
    made = [sessions.renew() for _ in range(1001)]
    assert [each in sessions for each in (made[0], made[1], made[-1])] == [False, True, True]
    shown = [sessions.begin("a link") for _ in range(200)]
    assert [each in sessions for each in (made[100], made[101], made[-1])] == [False, True, True]
    assert [each in sessions for each in (shown[99], shown[100])] == [False, True]


async def test_only_the_notebook_that_has_the_token_may_frame_the_dashboard(visitor: AsyncClient) -> None:
    async def allowed() -> str:
        policy = (await visitor.get("/")).headers["content-security-policy"]
        return policy.rpartition("frame-ancestors ")[2]

    assert await allowed() == "'self' http://named.example"
    for query in ("framed-by=http://evil.example", "framed-by=http://evil.example&token=wrong"):
        await visitor.get(f"/?{query}")
    for origin in ("null", "*", "http:", "http://a b", "http://a; script-src *", "http://*", "'self'"):
        await visitor.get("/", params={"token": "token-1", "framed-by": origin})
    assert await allowed() == "'self' http://named.example"
    origins = [f"http://localhost:{port}" for port in range(8000, 8020)] + ["vscode-webview://ab-1"]
    for origin in origins:
        answer = await visitor.get("/", params={"token": "token-1", "framed-by": origin, "run": "a"})
        assert answer.headers["location"].startswith("./?run=a#session=")
    assert await allowed() == " ".join(["'self'", "http://named.example", *origins[-16:]])


async def test_every_answer_says_what_browsers_may_do_with_it(visitor: AsyncClient) -> None:
    for path in ("/", "/api/health", "/api/runs", "/?token=wrong"):
        headers = (await visitor.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "default-src 'none'; script-src 'self'; " in headers["content-security-policy"]


@pytest.mark.parametrize("token", ["token-1", None])
@pytest.mark.parametrize(
    ("path", "site", "status"),
    [
        ("/api/runs", "same-site", 403),
        ("/graphql?query={__typename}", "cross-site", 403),
        ("/api/runs", "same-origin", 200),
        ("/api/runs", "none", 200),
        ("/", "same-site", 200),  # a notebook's frame, or a link
    ],
)
async def test_what_browsers_send_for_pages_of_other_ports_is_refused(
    path: str, site: str, status: int, token: str | None
) -> None:
    headers = {"Authorization": "Bearer token-1", "Sec-Fetch-Site": site}
    async with client(token) as visitor:
        assert (await visitor.get(path, headers=headers)).status_code == status


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("http://127.0.0.1", 200),
        ("http://localhost:9999", 200),
        ("http://[::1]:8000", 200),
        ("http://evil.example:8000", 403),
        ("http://127.0.0.1.evil.example", 403),
        ("http://localhost.:8000", 403),
        ("http://10.0.0.1:8000", 403),
    ],
)
async def test_only_this_machine_is_a_host(host: str, status: int) -> None:
    async with client(None, host) as visitor:
        answer = await visitor.get("/api/health")
        assert answer.status_code == status


@pytest.mark.parametrize("host", ["", "127.0.0.1:99999", "[::1", "a@127.0.0.1", "127.0.0.1/x", "127.0.0.1:x"])
async def test_a_host_that_is_none_is_refused(visitor: AsyncClient, host: str) -> None:
    assert (await visitor.get("/api/health", headers={"Host": host})).status_code == 403


@pytest.mark.parametrize("token", ["token-1", None])
@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (None, 200),
        (HERE, 200),
        ("http://127.0.0.1:8001", 403),
        ("http://evil.example", 403),
        ("null", 403),
        ("", 403),
    ],
)
async def test_pages_of_other_sites_change_nothing(
    origin: str | None, status: int, token: str | None
) -> None:
    headers = {"Authorization": "Bearer token-1"} | ({} if origin is None else {"Origin": origin})
    async with client(token) as visitor:
        answer = await visitor.post("/graphql", headers=headers)
        assert answer.status_code == status
        if status != 200:
            assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        ({"origin": HERE, "sec-websocket-protocol": "graphql-transport-ws, chroma-session.SESSION"}, True),
        ({"authorization": "Bearer token-1"}, True),
        ({"origin": "http://evil.example", "sec-websocket-protocol": "chroma-session.SESSION"}, False),
        ({"origin": HERE, "sec-websocket-protocol": "chroma-session.token-1"}, False),
        ({"origin": HERE, "sec-websocket-protocol": "chroma-session."}, False),
        ({"origin": HERE}, False),
    ],
)
async def test_web_sockets_are_asked_too(headers: dict[str, str], passes: bool) -> None:
    reached: list[str] = []
    sent: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        reached.append(scope["path"])

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    sessions = Sessions()
    given = {name: value.replace("SESSION", sessions.begin()) for name, value in headers.items()}
    raw = [(b"host", b"127.0.0.1:8000"), *((name.encode(), value.encode()) for name, value in given.items())]
    scope = {"type": "websocket", "path": "/graphql", "headers": raw, "query_string": b""}
    await Gate(app, "token-1", sessions, Framers())(scope, receive, send)
    assert reached == (["/graphql"] if passes else [])
    assert [message["type"] for message in sent] == ([] if passes else ["websocket.close"])


@pytest.mark.parametrize("path", ["/chroma/", "/"])
async def test_a_prefix_stays_on_or_not(path: str) -> None:
    # a proxy takes the prefix away, or leaves it
    transport = ASGITransport(gate(), root_path="/chroma")
    async with AsyncClient(transport=transport, base_url=HERE) as visitor:
        answer = await visitor.get(f"{path}?token=token-1&run=a")
        assert answer.headers["location"].startswith("./?run=a#session=")
        assert (await visitor.get(f"{path}api/health")).status_code == 200
        for program in ("api/runs", "graphql", "openapi.json"):
            assert (await visitor.get(f"{path}{program}")).status_code == 401


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("hub.example", "https://hub.example", 200),
        ("hub.example:8443", "https://hub.example:8443", 200),
        ("127.0.0.1:8000", "https://HUB.example", 200),  # the proxy writes its own Host
        ("127.0.0.1:8000", "http://only.example:81", 200),
        ("127.0.0.1:8000", "http://only.example", 403),
        ("only.example", "http://only.example:81", 403),
        ("evil.example", "http://evil.example", 403),
        ("hub.example.evil.example", "http://hub.example", 403),
        ("hub.example", "http://evil.example", 403),
        ("hub.example", "http://127.0.0.1:8001", 403),
    ],
)
async def test_a_proxy_s_name_is_let_through_when_told(host: str, origin: str, status: int) -> None:
    known = gate(None, hosts=frozenset({"hub.example", "only.example:81"}))
    async with AsyncClient(transport=ASGITransport(known), base_url=HERE) as visitor:
        answer = await visitor.post("/graphql", headers={"Host": host, "Origin": origin})
        assert answer.status_code == status


async def test_a_person_gets_a_page_and_a_program_a_problem(visitor: AsyncClient) -> None:
    page = await visitor.get("/?token=old", headers={"Accept": "text/html,*/*"})
    assert page.status_code == 401
    assert "chroma ui" in page.text
    problem = await visitor.get("/api/runs")
    assert problem.headers["www-authenticate"] == "Bearer"
    assert problem.json()["title"] == "Unauthorized"
    assert "token" in problem.json()["detail"]


async def test_a_token_may_hold_any_letters() -> None:
    async with client(TOKEN) as visitor:
        answer = await visitor.get("/", params={"token": "wrong-é"})
        assert answer.status_code == 401


async def test_every_route_but_files_and_health_asks_for_the_token(tmp_path: Path) -> None:
    app = create_app(load_settings(home=tmp_path), token="token-1")
    paths = {**app.openapi()["paths"], "/openapi.json": {"get": {}}}
    async with AsyncClient(transport=ASGITransport(app), base_url=HERE) as visitor:
        answers = {
            (method, path): (
                await visitor.request(method, path.replace("{", "").replace("}", ""))
            ).status_code
            for path, methods in paths.items()
            for method in methods
            if not path.startswith("/api/health")
        }
    assert len(answers) > 15
    assert set(answers.values()) == {401}, answers
