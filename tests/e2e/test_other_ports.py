"""A page on another port of this machine, in the same browser, gets nothing of the dashboard's."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.stage import CHROMIUM, FINISHED, Server, wait_until

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium, or set CHROMIUM"),
]

# Everything by which a page reaches another server; each attempt says what came of it.
_ATTACK = """<!doctype html><body><script>
const at = OURS, query = JSON.stringify({ query: "{ runs { id } }" });
const text = async (path, options) => (await fetch(at + path, options)).text();
const tag = (name, path) => new Promise((done) => {
  const made = Object.assign(document.createElement(name), { src: at + path });
  made.onload = () => done("loaded"); made.onerror = () => done("refused");
  document.body.append(made);
});
const socket = () => new Promise((done) => {
  const made = new WebSocket(at.replace("http", "ws") + "/graphql", "graphql-transport-ws");
  made.onopen = () => done("open"); made.onclose = () => done("refused");
});
const framed = () => new Promise((done) => {
  const made = Object.assign(document.createElement("iframe"), { src: at + "/", name: "framed" });
  made.onload = () => done("");
  document.body.append(made);
});
const opened = async () => {
  const other = window.open(at + "/");
  const wait = () => new Promise((done) => setTimeout(done, 50));
  for (let tries = 0; tries < 100 && other && !other.closed; tries++) await wait();
  try { return other && !other.closed ? String(other.length) : "refused"; } catch { return "refused"; }
};
const json = { "Content-Type": "application/json" };
const attempts = {
  post: () => text("/graphql", { method: "POST", headers: json, body: query, credentials: "include" }),
  simple: () => text("/graphql", { method: "POST", body: query, credentials: "include" }),
  blind: async () => (await fetch(at + "/graphql", { method: "POST", body: query, mode: "no-cors" })).text(),
  read: () => text("/api/runs/RUN/splits/val/samples", { credentials: "include" }),
  open: () => text("/api/health"),
  session: () => text("/api/session", { method: "POST", credentials: "include" }),
  image: () => tag("img", "/api/runs/RUN/splits/val/samples/0/image"),
  icon: () => tag("img", "/favicon.svg"),
  script: () => tag("script", "/graphql?query={runs{id}}"),
  socket, framed, opened,
};
window.results = (async () => {
  const results = {};
  for (const [name, attempt] of Object.entries(attempts)) {
    try { results[name] = await attempt(); } catch (error) { results[name] = "refused"; }
  }
  return results;
})();
</script>"""


@contextmanager
def another_server(page: str) -> Generator[tuple[int, list[dict[str, str]]]]:
    """A server on a port of its own that shows a page; yields its port and the headers that it gets."""
    got: list[dict[str, str]] = []

    class Another(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            got.append(dict(self.headers))
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Another)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1], got
    finally:
        server.shutdown()
        server.server_close()


def secrets_of(page: Page) -> list[str]:
    """The sessions that the dashboard's page holds."""
    held: dict[str, str] = page.evaluate("({ ...localStorage })")
    return [json.loads(text)["value"] for name, text in held.items() if name.startswith("chroma-session")]


@pytest.fixture
def visited(chromium: Browser, server: Server) -> Iterator[tuple[BrowserContext, Page]]:
    """A browser in which the dashboard is open."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(server.door)
    wait_until(page, FINISHED, timeout=120_000)
    yield context, page
    context.close()


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_another_port_gets_nothing(name: str, server: Server, visited: tuple[BrowserContext, Page]) -> None:
    context, page = visited
    (session,) = secrets_of(page)
    assert session not in page.url
    run = page.evaluate("new URLSearchParams(location.search).get('run')")
    attack = _ATTACK.replace("OURS", json.dumps(server.url)).replace("RUN", str(run))
    with another_server(attack) as (port, got):
        other = context.new_page()
        other.goto(f"http://{name}:{port}/?run={run}", referer=None)
        results = other.evaluate("window.results")
        framed = next(frame for frame in other.frames if frame.name == "framed")
        assert framed.url == "chrome-error://chromewebdata/"
        # the tests write what their contexts prefer into every page
        assert set(other.evaluate("Object.keys(localStorage)")) <= {"chroma-preferences"}
    assert {result for attempt, result in results.items() if attempt not in ("blind", "framed")} == {
        "refused"
    }
    assert results["blind"] in ("", "refused")
    # what its server got, it may send itself: it opens nothing
    assert got
    assert context.cookies() == []
    for headers in got:
        assert not {"cookie", "authorization", "x-chroma-session"} & {each.lower() for each in headers}
        assert all(session not in value and server.token not in value for value in headers.values())
        sent = {key: value for key, value in headers.items() if key.lower() != "host"}
        assert httpx2.post(f"{server.url}/graphql", json={"query": "{ runs { id } }"}, headers=sent).is_error
        assert httpx2.get(f"{server.url}/api/runs/{run}/splits/val/samples", headers=sent).is_error


def test_a_second_tab_and_a_reload_need_no_token(
    server: Server, visited: tuple[BrowserContext, Page]
) -> None:
    context, page = visited
    page.reload()
    wait_until(page, FINISHED, timeout=120_000)
    second = context.new_page()
    second.goto(page.url)
    wait_until(second, FINISHED, timeout=120_000)
    stranger = context.browser
    assert stranger
    other = stranger.new_context().new_page()
    other.goto(server.url)
    expect(other.get_by_text("needs its token")).to_be_visible()
    other.context.close()


def test_graphiql_comes_from_our_own_server(server: Server, visited: tuple[BrowserContext, Page]) -> None:
    context, _ = visited
    page = context.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    with page.expect_response(
        lambda answer: answer.request.method == "POST", timeout=60_000
    ) as introspection:
        page.goto(f"{server.url}/graphql")
    assert introspection.value.status == 200
    page.get_by_role("button", name="Execute query").wait_for()
    assert [url for url in asked if not url.startswith((server.url, "data:", "blob:"))] == []
    assert [text for text in said if "Content Security Policy" in text] == []
