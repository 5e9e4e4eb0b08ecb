"""What the page does when things go wrong, and how much it loads."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Response, WebSocketRoute, expect

import chroma
from tests.e2e.stage import CHROMIUM, FINISHED, Server, copy_home, serve, wait_until

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium, or set CHROMIUM"),
]
FIRST_LOAD = 288_000  # bytes, gzipped; 300 kB at the very most


def free_port() -> str:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return str(taken.getsockname()[1])


def test_the_first_load_is_small(page: Page, server: Server) -> None:
    loaded: dict[str, int] = {}

    def weigh(response: Response) -> None:
        path = response.url.removeprefix(server.url).partition("?")[0]
        if response.ok and not path.startswith(("/api/", "/graphql")):
            loaded[path] = len(gzip.compress(response.body()))

    responses: list[Response] = []
    page.on("response", lambda response: responses.append(response))  # noqa: PLW0108  (Playwright marks it)
    page.goto(server.door)
    wait_until(page, FINISHED, timeout=120_000)
    for response in responses:
        weigh(response)
    kinds = {path.rpartition(".")[2] for path in loaded}
    assert {"js", "css", "woff2"} <= kinds, loaded
    assert sum(loaded.values()) <= FIRST_LOAD, loaded


def test_the_page_goes_on_when_the_server_comes_back(
    chromium: Browser, trained: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    copy_home(trained, home)
    port = free_port()
    context = chromium.new_context(reduced_motion="reduce")
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    with serve(home, "--port", port, "--no-token") as running:
        page.goto(running.url)
        wait_until(page, FINISHED, timeout=120_000)
        page.wait_for_load_state("networkidle")
    expect(page.get_by_test_id("banner")).to_be_visible(timeout=30_000)
    # what is loaded stays usable meanwhile
    page.keyboard.press("Home")
    wait_until(page, "window.__chroma.ready && window.__chroma.frame.epoch === 0")
    with serve(home, "--port", port, "--no-token"):
        expect(page.get_by_test_id("banner")).to_have_count(0, timeout=30_000)
        # the socket too: another page's change arrives
        with chroma.open(f"http://127.0.0.1:{port}") as catalog:
            catalog.run("latest").delete()
        expect(page.get_by_text("This run is not here")).to_be_visible(timeout=30_000)
    assert complaints == []
    context.close()


def test_what_changes_before_the_page_listens_is_not_missed(
    page: Page, trained: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    copy_home(trained, home)
    held: list[Callable[[], None]] = []

    def hold(socket: WebSocketRoute) -> None:
        """A slow line: the socket opens, but what the page says on it waits."""
        server = socket.connect_to_server()
        socket.on_message(lambda message: held.append(lambda: server.send(message)))

    page.route_web_socket("**/graphql", hold)
    with serve(home, "--no-token") as running:
        page.goto(running.url)
        wait_until(page, "window.__chroma !== undefined")
        with chroma.open(running.url) as catalog:
            catalog.run("latest").film()
        page.wait_for_timeout(1000)
        assert not page.evaluate(FINISHED), "the page has not heard of it"
        while held:  # what the server answers to the first lets the page say the next
            held.pop(0)()
            page.wait_for_timeout(200)
        wait_until(page, FINISHED, timeout=20_000)
