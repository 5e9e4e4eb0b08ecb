"""Behind a proxy that shows the dashboard under another name and below a prefix, in real Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, WebSocket, expect

from tests.e2e.proxy import behind
from tests.e2e.stage import CHROMIUM, FINISHED, TEST_FLAGS, copy_home, serve, wait_until

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium, or set CHROMIUM"),
]
PREFIX = "/user/me@lab/proxy"
NAME = "hub.example"


@pytest.fixture
def resolving(chromium: Browser) -> Iterator[Browser]:
    """A browser to which every name in .example is this machine."""
    running = chromium.browser_type.launch(
        executable_path=CHROMIUM, args=[*TEST_FLAGS, "--host-resolver-rules=MAP *.example 127.0.0.1"]
    )
    yield running
    running.close()


def test_everything_works_below_a_prefix(resolving: Browser, drawn: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    copy_home(drawn, home)
    told = ("--root-path", PREFIX, "--allow-host", NAME)
    with serve(home, *told) as server, behind(server.url, PREFIX) as port:
        root = f"http://{NAME}:{port}{PREFIX}/"
        context = resolving.new_context(viewport={"width": 1440, "height": 900})
        page = context.new_page()
        asked: list[str] = []
        sockets: list[WebSocket] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("websocket", lambda socket: sockets.append(socket))  # noqa: PLW0108  (Playwright marks it)
        page.goto(f"{root}?token={server.token}")
        wait_until(page, FINISHED, timeout=120_000)
        assert page.evaluate("window.__chroma.countPixels().total") > 3_000
        assert page.evaluate("window.__chroma.points") == 898
        # pages, bytes, GraphQL and the socket all stay below the prefix
        assert [url for url in asked if not url.startswith(root)] == []
        assert any("/api/films/" in url for url in asked)
        assert any(url == f"{root}graphql" for url in asked)
        assert [socket.url for socket in sockets] == [f"{root}graphql".replace("http", "ws")]
        assert context.cookies() == []
        assert urlsplit(page.url).fragment == ""
        # what changes arrives through the socket: the name is given on a second page
        other = context.new_page()
        other.goto(root)
        other.get_by_test_id("run-picker").click()
        other.get_by_role("button", name="Rename").first.click()
        other.get_by_label("New name").fill("seen through a proxy")
        other.keyboard.press("Enter")
        expect(page.get_by_test_id("run-picker")).to_contain_text("seen through a proxy", timeout=30_000)
        # the same door without the proxy: the prefix may stay on
        direct = resolving.new_context().new_page()
        direct.goto(f"{server.url}{PREFIX}/?token={server.token}")
        wait_until(direct, "window.__chroma?.ready", timeout=120_000)
        # another name that leads here is refused, with the token too
        answer = direct.goto(f"http://evil.example:{port}{PREFIX}/?token={server.token}")
        assert answer
        assert answer.status == 403
