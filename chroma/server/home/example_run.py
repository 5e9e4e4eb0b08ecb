"""An example run at one click: `chroma example` in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from typing import IO

from chroma.errors import JobError
from chroma.server.home.context import Context
from chroma.server.store import queries
from chroma.server.store.tables import new_id

_PATIENCE = 120.0  # seconds until its first snapshot, on a machine that is busy
_POLL = 0.1

_one_at_a_time = threading.Lock()


def start_example(context: Context) -> str:
    """Train the example, and return the id of its run once its first snapshot is in the catalog.

    Raises:
        HomeError: The home is only read.
        JobError: It ended, or took too long, before that; says what it printed.
    """
    context.check_writable()
    with _one_at_a_time, tempfile.TemporaryFile() as said:
        run_id = new_id()
        process = subprocess.Popen(
            [sys.executable, "-m", "chroma", "example"],
            env={
                # a server that trainings of this machine write to would get the run
                **{name: value for name, value in os.environ.items() if name != "CHROMA_SERVER"},
                "CHROMA_HOME": str(context.settings.home),
                "CHROMA_RUN_ID": run_id,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline and not context.closing.wait(_POLL):
            with context.store.reading() as catalog:
                if queries.run_snapshots(catalog, [run_id]).get(run_id):
                    threading.Thread(target=process.wait, name="chroma-example", daemon=True).start()
                    return run_id
            if process.poll() not in (None, 0):
                raise JobError(f"the example could not be trained: {_last_line(said)}")
        process.kill()
        process.wait()
        raise JobError(
            f"the example had no snapshot after {_PATIENCE:.0f} s; run `chroma example` to see what it does"
        )


def _last_line(said: IO[bytes]) -> str:
    """The last line that a process wrote to its standard error."""
    said.seek(0)
    lines = said.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing; run `chroma example` to see what it does"
