"""What is said of a server that does not help."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from chroma.client import Client
from chroma.errors import ConfigError, JobError, MissingDependencyError, NotFoundError, TransportError

ANSWERS: dict[str, tuple[int, object]] = {
    "/api/health": (200, {"status": "ok", "version": "9.9"}),
    "/api/gone": (404, {"detail": "no film named 'x'; there is no film yet", "code": "NotFoundError"}),
    "/api/broken": (503, {"detail": "the disk is full"}),
    "/api/plain": (502, None),
}


class Handler(BaseHTTPRequestHandler):
    """A web server that is alive, whatever it is."""

    def do_GET(self) -> None:
        status, body = ANSWERS.get(self.path, (404, None))
        self._answer(status, body)

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        errors = [{"message": "it failed; see why", "extensions": {"code": asked["query"]}}]
        self._answer(200, {"errors": errors})

    def _answer(self, status: int, body: object) -> None:
        text = b"<html>" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if body is None else "application/problem+json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def client(url: str) -> Iterator[Client]:
    client = Client(url)
    yield client
    client.close()


def test_errors_keep_their_class_and_sentence(client: Client):
    for kind in (NotFoundError, JobError, ConfigError, MissingDependencyError):
        with pytest.raises(kind, match=r"^it failed; see why$"):
            client.query(kind.__name__)
    with pytest.raises(TransportError, match=r"^it failed; see why$"):
        client.query("INTERNAL")
    with pytest.raises(NotFoundError, match=r"^no film named 'x'; there is no film yet$"):
        client.bytes("/api/gone")
    with pytest.raises(TransportError, match="/api/broken answered 503: the disk is full"):
        client.bytes("/api/broken")
    with pytest.raises(TransportError, match="/api/plain answered 502: Bad Gateway"):
        client.bytes("/api/plain")


def test_another_program_on_the_port(client: Client, monkeypatch: pytest.MonkeyPatch):
    assert client.health()["version"] == "9.9"
    for answer in ((200, None), (200, []), (200, {"status": "up"})):
        monkeypatch.setitem(ANSWERS, "/api/health", answer)
        with pytest.raises(TransportError, match="is not a Chroma dashboard"):
            client.health()


@pytest.mark.parametrize("address", ["localhost:8000", "ftp://host", "http://", "nonsense"])
def test_an_address_that_is_none(address: str):
    with pytest.raises(ConfigError, match="give one like http://127"):
        Client(address)
