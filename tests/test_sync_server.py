"""`chroma sync` to a server that takes nothing."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from typer.testing import CliRunner

from chroma.cli import app
from chroma.journal import JournalWriter
from chroma.records import RunClosed, RunOpened
from chroma.settings import load_settings


def test_a_server_that_takes_nothing_is_not_asked_for_each_run(tmp_path: Path):
    asked: list[str] = []

    class Busy(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(f"{self.command} {self.path}")
            self.send_response(503)
            self.send_header("Retry-After", "0")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_PUT = do_DELETE = do_POST

        def log_message(self, format: str, *args: object) -> None:
            """Nothing on the terminal."""

    for run in ("run-1", "run-2", "run-3"):
        writer = JournalWriter(load_settings(home=tmp_path).outbox, run)
        writer.commit(RunOpened(project="p", name=run, framework="", task="unlabelled"))
        writer.commit(RunClosed("finished"))
        writer.close()
    server = HTTPServer(("127.0.0.1", 0), Busy)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        done = CliRunner().invoke(
            app,
            ["sync", "--json", "--home", str(tmp_path)],
            env={"CHROMA_SERVER": f"http://127.0.0.1:{server.server_port}"},
        )
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    said = json.loads(done.stdout)
    assert (done.exit_code, said["left"], said["sent"]) == (1, 6, 0), done.output
    assert len(asked) == 5, asked  # the tries of the first request
    assert len(set(asked)) == 1
