from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from httpx2 import ASGITransport, AsyncClient
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from chroma.server.http.auth import Gate

pytestmark = pytest.mark.anyio
TOKEN = "secret-ü"
HERE = "http://127.0.0.1:8000"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def inside(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("inside")(scope, receive, send)


def client(token: str | None = "token-1", host: str = HERE) -> AsyncClient:
    return AsyncClient(transport=ASGITransport(Gate(inside, token)), base_url=host)


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
        ("/", {}, 401),
        ("/api/health/../runs", {}, 401),
        ("/api/runs", {"Authorization": "Bearer token-1"}, 200),
        ("/api/runs", {"Authorization": "bearer  token-1"}, 200),
        ("/api/runs", {"Authorization": "Bearer token-2"}, 401),
        ("/api/runs", {"Authorization": "Bearer "}, 401),
        ("/api/runs", {"Authorization": "Basic token-1"}, 401),
        ("/api/runs", {"Cookie": "chroma-token-8000=token-1"}, 200),
        ("/api/runs", {"Cookie": "chroma-token-8001=token-1"}, 401),
        ("/api/runs", {"Cookie": "chroma-token-8000=; ;;=x"}, 401),
        ("/api/runs?token=token-1", {}, 401),
        ("/?token=token-2", {}, 401),
        ("/?token=%C3%BC", {}, 401),
    ],
)
async def test_the_token_is_asked_of_everything_but_health(
    visitor: AsyncClient, path: str, headers: dict[str, str], status: int
) -> None:
    assert (await visitor.get(path, headers=headers)).status_code == status


async def test_the_link_with_the_token_sets_a_cookie_and_keeps_the_rest(visitor: AsyncClient) -> None:
    answer = await visitor.get("/?run=a%26b&token=token-1&layer=fc1")
    assert (answer.status_code, answer.headers["location"]) == (303, "./?run=a%26b&layer=fc1")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("chroma-token-8000=token-1;")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "no-store" in answer.headers["cache-control"]
    assert (await visitor.get(answer.headers["location"])).text == "inside"


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
        ({"origin": HERE, "cookie": "chroma-token-8000=token-1"}, True),
        ({"authorization": "Bearer token-1"}, True),
        ({"origin": "http://evil.example", "cookie": "chroma-token-8000=token-1"}, False),
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

    raw = [(b"host", b"127.0.0.1:8000"), *((key.encode(), value.encode()) for key, value in headers.items())]
    scope = {"type": "websocket", "path": "/graphql", "headers": raw, "query_string": b""}
    await Gate(app, "token-1")(scope, receive, send)
    assert reached == (["/graphql"] if passes else [])
    assert [message["type"] for message in sent] == ([] if passes else ["websocket.close"])


@pytest.mark.parametrize("path", ["/chroma/", "/"])
async def test_below_a_prefix_the_cookie_is_for_the_prefix(path: str) -> None:
    # a proxy takes the prefix away, or leaves it
    transport = ASGITransport(Gate(inside, "token-1"), root_path="/chroma")
    async with AsyncClient(transport=transport, base_url=HERE) as visitor:
        answer = await visitor.get(f"{path}?token=token-1&run=a")
        assert answer.headers["location"] == "./?run=a"
        assert "Path=/chroma/;" in answer.headers["set-cookie"]
        assert (await visitor.get(f"{path}api/health")).status_code == 200
        assert (await visitor.get("/chromatic/api/health")).status_code == 401


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
    gate = Gate(inside, None, frozenset({"hub.example", "only.example:81"}))
    async with AsyncClient(transport=ASGITransport(gate), base_url=HERE) as visitor:
        answer = await visitor.post("/graphql", headers={"Host": host, "Origin": origin})
        assert answer.status_code == status


async def test_a_person_gets_a_page_and_a_program_a_problem(visitor: AsyncClient) -> None:
    page = await visitor.get("/", headers={"Accept": "text/html,*/*"})
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
