"""`chroma.ui()` in a real Jupyter kernel, and what it shows in a page as JupyterLab puts it there."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel
from playwright.sync_api import Browser, Frame, Page

from tests.e2e.proxy import behind
from tests.e2e.stage import CHROMIUM, FINISHED, ROOT, copy_home, wait_until

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium, or set CHROMIUM"),
]
CELL = "import chroma; shown = chroma.ui('latest'); shown"


@contextmanager
def kernel(home: Path, **environment: str) -> Iterator[Any]:
    """A kernel on that home; calling it runs a cell and returns what it displays, by MIME type."""
    manager, client = start_new_kernel(
        kernel_name="python3", env={**os.environ, "CHROMA_HOME": str(home), **environment}, cwd=str(ROOT)
    )

    def run(code: str) -> dict[str, str]:
        shown: dict[str, str] = {}
        errors: list[str] = []

        def take(message: dict[str, Any]) -> None:
            if message["msg_type"] in ("execute_result", "display_data"):
                shown.update(message["content"]["data"])
            elif message["msg_type"] == "error":
                errors.append("\n".join(message["content"]["traceback"]))

        client.execute_interactive(code, timeout=120, output_hook=take)
        assert errors == []
        return shown

    try:
        yield run
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@contextmanager
def notebook(cell: str) -> Iterator[int]:
    """A page that shows a cell's output, on a port of its own."""
    page = f'<!doctype html><body data-jp-theme-light="false">{cell}'.encode()

    class Notebook(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Notebook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def home(drawn: Path, tmp_path: Path) -> Path:
    """A home of its own: the kernel becomes its owner."""
    copy = tmp_path / "home"
    copy_home(drawn, copy)
    return copy


def inside(page: Page) -> Frame:
    """The dashboard's frame, its film on the canvas."""
    handle = page.locator("iframe").element_handle()
    frame = handle.content_frame() if handle else None
    assert frame
    wait_until(frame, FINISHED, timeout=120_000)
    return frame


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_the_cell_shows_the_dashboard_in_the_notebook_s_shade(
    name: str, home: Path, chromium: Browser
) -> None:
    with kernel(home) as run:
        shown = run(CELL)
        assert "Dashboard at http://127.0.0.1:" in shown["text/plain"]
        with notebook(shown["text/html"]) as port:
            page = chromium.new_context(color_scheme="null").new_page()
            page.goto(f"http://{name}:{port}")
            frame = inside(page)
            assert "run=" in frame.url
            assert "token=" not in frame.url
            assert frame.evaluate("window.__chroma.countPixels().total") > 1_000
            assert frame.evaluate("document.documentElement.dataset.theme") == "dark"
            page.evaluate("document.body.dataset.jpThemeLight = 'true'")
            wait_until(frame, "document.documentElement.dataset.theme === 'light'")
            page.context.close()
        run("shown.stop()")


def test_the_frame_goes_through_the_notebook_s_proxy(home: Path, chromium: Browser) -> None:
    prefix = "/user/me/proxy/{port}"
    with kernel(home, CHROMA_ROOT_PATH=prefix) as run:
        cell = run(CELL)["text/html"]
        served = int(run("from urllib.parse import urlsplit; urlsplit(shown.url).port")["text/plain"])
        at = prefix.replace("{port}", str(served))
        with (
            notebook(cell) as pages,
            behind(f"http://127.0.0.1:{served}", at, otherwise=f"http://127.0.0.1:{pages}") as port,
        ):
            page = chromium.new_page()
            asked: list[str] = []
            page.on("request", lambda request: asked.append(request.url))
            page.goto(f"http://127.0.0.1:{port}/lab")
            assert inside(page).url.startswith(f"http://127.0.0.1:{port}{at}/?run=")
            assert [url for url in asked if f":{served}" in url.partition("/user")[0]] == []
            page.close()
