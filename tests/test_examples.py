from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from chroma.journal import entries
from chroma.records import RunClosed
from chroma.segment import read

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.mark.parametrize("example", sorted(path.name for path in EXAMPLES.glob("*.py")))
def test_each_example_captures_every_epoch(home: Path, example: str) -> None:
    ran = subprocess.run(
        [sys.executable, EXAMPLES / example, "--epochs", "2"],
        env={**os.environ, "PYTHONPATH": str(EXAMPLES.parent)},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert ran.returncode == 0, ran.stderr
    assert "chroma ui" in ran.stdout
    assert "2 of 2  898 of 898" in ran.stdout
    closed = [read(entry.path).record for entry in entries(home / "journal")][-1]
    assert isinstance(closed, RunClosed)
    assert (closed.status, closed.receipt["missing"]) == ("finished", {})
