"""A real Dask cluster for tests: a scheduler and workers, each a process of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

_SECONDS = 60  # to start


class DaskCluster:
    """A scheduler, and workers that know the database and the store.

    Args:
        folder: For what they write.
        database: URL of the catalog.
        store: URL of the store.

    Attributes:
        address: Of the scheduler.
        workers: Processes by address.
    """

    def __init__(self, folder: Path, database: str, store: str) -> None:
        self._folder = folder
        self._environment = {
            **os.environ,
            "CHROMA_DATABASE_URL": database,
            "CHROMA_STORE_URL": store,
            "CHROMA_HOME": str(folder / "home"),
        }
        self.workers: dict[str, subprocess.Popen[bytes]] = {}
        self._scheduler = self._start_scheduler(0)
        self.address: str = json.loads((folder / "scheduler.json").read_text())["address"]

    def _start_scheduler(self, port: int) -> subprocess.Popen[bytes]:
        file = self._folder / "scheduler.json"
        file.unlink(missing_ok=True)
        options = [
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            "--no-dashboard",
            "--scheduler-file",
            str(file),
        ]
        process = self._run("dask_scheduler", *options)
        deadline = time.monotonic() + _SECONDS
        while not file.exists() or not file.read_text():
            assert process.poll() is None
            assert time.monotonic() < deadline, "the scheduler did not start"
            time.sleep(0.05)
        return process

    def add_workers(self, count: int) -> None:
        """Start workers of one thread each; they come one after the other."""
        for _ in range(count):
            port = _free_port()
            options = ["--host", "127.0.0.1", "--worker-port", str(port), "--nthreads", "1", "--no-nanny"]
            folder = ["--local-directory", str(self._folder / "scratch")]
            self.workers[f"tcp://127.0.0.1:{port}"] = self._run(
                "dask_worker", self.address, *options, "--no-dashboard", *folder
            )

    def kill_worker(self, address: str) -> None:
        """End a worker at once."""
        process = self.workers.pop(address)
        process.kill()
        process.wait()

    def kill_scheduler(self) -> None:
        """End the scheduler at once; its workers end then, too."""
        self._scheduler.kill()
        self._scheduler.wait()

    def start_scheduler_again(self) -> None:
        """Start it where it was."""
        self._scheduler = self._start_scheduler(int(self.address.rpartition(":")[2]))

    def close(self) -> None:
        """End all of it."""
        for process in (*self.workers.values(), self._scheduler):
            process.kill()
            process.wait()

    def _run(self, module: str, *options: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.{module}", *options]
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]
