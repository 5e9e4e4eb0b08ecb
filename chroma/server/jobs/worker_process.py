"""One worker process of a server: started when it is needed, started again when it dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress

from chroma.server.store.tables import new_id
from chroma.settings import Settings

_BACKOFF = (0.5, 30.0)  # seconds before a worker that died is started again: first, at most
_GOODBYE = 5.0  # seconds a worker has to end


class WorkerProcess:
    """A worker, while it lives.

    Args:
        settings: Of the home whose jobs it does.
        options: Further options of its command line.
    """

    def __init__(self, settings: Settings, options: Sequence[str] = ()) -> None:
        self._settings = settings
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self._not_before = self._launched = 0.0
        self.owner = ""
        self.deaths = 0

    @property
    def pid(self) -> int | None:
        """Process id of the living worker."""
        return self._process.pid if self._process and self._process.poll() is None else None

    @property
    def is_started(self) -> bool:
        """Whether it was started, and not ended since; it may have died."""
        return self._process is not None

    @property
    def may_start(self) -> bool:
        """Whether it was long enough since it died."""
        return time.monotonic() >= self._not_before

    def start(self) -> None:
        """Start it.

        Raises:
            OSError: There is no memory, or no process left.
            ValueError: As OSError.
        """
        self.owner = new_id()
        self._launched = time.monotonic()
        command = [sys.executable, "-m", "chroma.server.jobs.worker", "--attached", *self._options]
        self._process = subprocess.Popen(
            [*command, "--home", str(self._settings.home), "--owner", self.owner],
            env={**os.environ, **self._settings.stores()},  # not on the command line: it may hold a password
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )

    def wake(self) -> None:
        """Tell it that there is a job."""
        if self._process is not None and self._process.stdin is not None:
            with suppress(BrokenPipeError):  # it has died: the next look notices
                self._process.stdin.write(b"\n")
                self._process.stdin.flush()

    def died(self) -> int | None:
        """The code with which it ended by itself, told once; None while it lives."""
        code = self._process.poll() if self._process is not None else None
        if code is not None:
            self.end()
        return code

    @property
    def rested(self) -> bool:
        """Whether it lived for long enough to have had nothing to do."""
        return time.monotonic() - self._launched > _GOODBYE

    def rest(self) -> None:
        """Do not start it again at once: it died, or could not be started."""
        self.deaths += 1
        first, most = _BACKOFF
        self._not_before = time.monotonic() + min(most, first * 2 ** (self.deaths - 1))

    def end(self) -> None:
        """End it, if it was started."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            with suppress(BrokenPipeError):
                process.stdin.close()
        try:
            process.wait(_GOODBYE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def how(code: int) -> str:
    """How a process ended, in words."""
    if code >= 0:
        return f"ended with code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
