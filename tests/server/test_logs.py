"""What a server logs, and whom it tells of errors."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import zlib
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from chroma.server import logs
from chroma.server.app import create_app
from chroma.server.http.request_ids import HEADER
from chroma.settings import Settings

_SERVER = """
from chroma.server.serving import run_foreground
from chroma.settings import load_settings
run_foreground(load_settings(), token="secret", port=0, ready=lambda url, _: print(url, flush=True))
"""


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What a server wrote to stderr: it answered a page, a refused request and one with an id of a proxy."""
    folder = tmp_path_factory.mktemp("logged")
    given = {"CHROMA_HOME": str(folder / "home"), "CHROMA_LOG_FORMAT": "json"}
    with (folder / "err").open("wb") as err:
        child = subprocess.Popen(
            [sys.executable, "-c", _SERVER],
            env=os.environ | given,
            stdout=subprocess.PIPE,
            stderr=err,
            text=True,
        )
        try:
            assert child.stdout
            url = child.stdout.readline().strip()
            assert httpx2.get(f"{url}/?token=secret", timeout=60).status_code == 303
            assert httpx2.get(f"{url}/api/nothing?of=it", timeout=60).status_code == 401
            httpx2.get(f"{url}/api/health", headers={HEADER: "proxy-1"}, timeout=60)
            child.send_signal(signal.SIGINT)
            child.communicate(timeout=60)
        finally:
            child.kill()
            child.communicate()
    written = (folder / "err").read_text()
    assert "secret" not in written
    return [json.loads(line) for line in written.splitlines()]


def test_each_request_is_one_object_with_its_id(lines: list[dict[str, Any]]) -> None:
    requests = [each for each in lines if each["logger"] == "chroma.requests"]
    assert [(each["method"], each["path"], each["status"]) for each in requests] == [
        ("GET", "/", 303),
        ("GET", "/api/nothing", 401),
        ("GET", "/api/health", 200),
    ]
    assert requests[2]["request_id"] == "proxy-1"
    assert len({each["request_id"] for each in requests}) == 3
    for each in requests:
        assert each["level"] == "INFO"
        assert each["milliseconds"] >= 0
        assert each["time"].startswith("20")


def test_answers_carry_the_id_that_a_proxy_gave_or_a_new_one(client: TestClient) -> None:
    assert client.get("/api/health", headers={HEADER: "a/b:c=1"}).headers[HEADER] == "a/b:c=1"
    new = [client.get("/api/health").headers[HEADER] for _ in range(2)]
    assert new[0] != new[1]
    for odd in ("", "a b", "é".encode("latin-1"), "x" * 129, '"}\t{"'):
        answered = client.get("/api/health", headers={HEADER: odd}).headers[HEADER]
        assert len(answered) == 32, odd


def test_a_failed_request_tells_the_id_under_which_the_log_says_why(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    app: FastAPI = create_app(settings, token=None)
    seen: list[str | None] = []

    @app.get("/api/broken")
    async def broken() -> None:
        seen.append(logs.request_id.get())
        raise RuntimeError("it broke")

    app.router.routes.insert(
        0, app.router.routes.pop()
    )  # before the dashboard's files, which take every path
    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        answer = client.get("/api/broken", headers={HEADER: "proxy-2"})
    assert seen == ["proxy-2"]
    assert answer.status_code == 500
    assert answer.headers[HEADER] == "proxy-2"
    assert "proxy-2" in answer.json()["detail"]
    assert "it broke" not in answer.text


_FAILS = """
from fastapi.testclient import TestClient
from chroma.server import logs
from chroma.server.app import create_app
from chroma.settings import load_settings

logs.report_errors()
app = create_app(load_settings(), token=None)

@app.get("/api/broken")
async def broken():
    captured = "not for others"
    raise RuntimeError("it broke")

app.router.routes.insert(0, app.router.routes.pop())
with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
    assert client.get("/api/broken?token=hidden").status_code == 500
"""


def test_sentry_gets_an_error_without_what_was_captured() -> None:
    pytest.importorskip("sentry_sdk")
    got: Queue[bytes] = Queue()

    class Sentry(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.put(zlib.decompress(body, 47) if self.headers.get("Content-Encoding") == "gzip" else body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Sentry) as sentry:
        threading.Thread(target=sentry.serve_forever, daemon=True).start()
        dsn = f"http://key@127.0.0.1:{sentry.server_port}/1"
        command = [sys.executable, "-c", _FAILS]
        done = subprocess.run(
            command, env=os.environ | {"SENTRY_DSN": dsn}, capture_output=True, timeout=100, check=False
        )
        assert done.returncode == 0, done.stderr
        sent = got.get(timeout=60)
        sentry.shutdown()
    assert b"it broke" in sent
    assert b"api/broken" in sent
    assert b"not for others" not in sent
    assert b"hidden" not in sent


def test_a_missing_sdk_is_told(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    logs.report_errors()
    assert not caplog.records  # nobody asked for it
    monkeypatch.setenv("SENTRY_DSN", "http://key@127.0.0.1:9/1")
    monkeypatch.setattr(logs, "find_spec", lambda name: None)
    logs.report_errors()
    assert "pip install sentry-sdk" in caplog.text
