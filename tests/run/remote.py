"""Trainings that send what they capture, and what they meet: servers, and such as are none."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from chroma.server.serving import Served, serve
from chroma.settings import load_settings

TRAINING = """
import time
import numpy as np
import chroma

with chroma.init("digits", name="far", run_id="run-r") as run:
    began = time.perf_counter()
    for epoch in range({epochs}):
        vectors = np.full((20, 4), epoch, "float32")
        run.log_embeddings(vectors, layer="fc", split="val", ids=range(20), epoch=epoch)
        time.sleep({pause})
    before = time.perf_counter()
    receipt = run.finish()
    print("TOOK", before - began, "FINISH", time.perf_counter() - before)
print(receipt)
"""


@contextmanager
def server(home: Path, token: str | None = None, port: int = 0) -> Iterator[Served]:
    """A real server of a home."""
    served = serve(load_settings(home=home), token=token, port=port)
    try:
        yield served
    finally:
        served.stop()


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@contextmanager
def answering(
    status: int,
    body: bytes = b"<html>Sign in</html>",
    headers: dict[str, str] | None = None,
    wait: float = 0.0,
):
    """A server that answers everything alike, after a while."""
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            ended.wait(wait)
            self.send_response(status)
            for name, value in ({"Content-Type": "text/html"} | (headers or {})).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(OSError):  # who asked has gone
                self.wfile.write(body)

        do_PUT = do_POST = do_GET = do_DELETE = _answer

        def log_message(self, *_: object) -> None:
            pass

    found = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.daemon_threads = True
    thread = threading.Thread(target=found.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{found.server_port}"
    finally:
        ended.set()
        found.shutdown()
        found.server_close()


def train(
    home: Path, url: str | None, *, epochs: int = 5, pause: float = 0.0, **settings: str
) -> subprocess.CompletedProcess[str]:
    """Train in a process of its own, sending to a server; returns what it printed."""
    given = {"CHROMA_HOME": str(home)} | ({"CHROMA_SERVER": url} if url else {})
    given |= {f"CHROMA_{name.upper()}": value for name, value in settings.items()}
    return subprocess.run(
        [sys.executable, "-c", TRAINING.format(epochs=epochs, pause=pause)],
        env={name: value for name, value in os.environ.items() if not name.startswith("CHROMA_")} | given,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
