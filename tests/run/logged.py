"""What a run wrote, and scripts that log as a user's would."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from chroma.journal import entries
from chroma.records import (
    Record,
)
from chroma.segment import read


def written(home: Path) -> list[Record]:
    return [read(entry.path).record for entry in entries(home / "journal")]


def kinds(home: Path) -> list[str]:
    return [type(record).__name__ for record in written(home)]


def python(script: str, home: Path, **env: str) -> subprocess.Popen[str]:
    """Run a script as a user would, without strict mode."""
    environment = {**os.environ, "CHROMA_HOME": str(home), "PYTHONPATH": os.getcwd(), **env}
    environment.pop("CHROMA_STRICT", None)
    return subprocess.Popen(
        [sys.executable, "-c", script],
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
