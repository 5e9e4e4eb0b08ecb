from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from chroma.journal import entries
from chroma.records import RunClosed
from chroma.segment import read

EXAMPLES = Path(__file__).parents[1] / "examples"


def needs(example: str) -> set[str]:
    """Frameworks that the example imports and that are not installed."""
    imported = re.findall(r"^(?:import|from) (\w+)", (EXAMPLES / example).read_text(), re.MULTILINE)
    return {name for name in imported if find_spec(name) is None}


@pytest.mark.parametrize("example", sorted(path.name for path in EXAMPLES.glob("*.py")))
def test_each_example_captures_every_epoch(home: Path, example: str) -> None:
    if missing := needs(example):
        pytest.skip(f"{', '.join(missing)} is not installed")
    ran = subprocess.run(
        [sys.executable, EXAMPLES / example, "--epochs", "2"],
        env={**os.environ, "PYTHONPATH": str(EXAMPLES.parent), "KERAS_BACKEND": "torch"},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert ran.returncode == 0, ran.stderr
    assert "chroma ui" in ran.stdout
    classes = 5 if example == "transformers_text.py" else 10
    assert f" {classes} classes; head: " in ran.stdout or example == "manual_logging.py", ran.stdout
    assert re.search(r"2 of 2 +([\d,]+) of \1 ", ran.stdout)
    closed = [read(entry.path).record for entry in entries(home / "journal")][-1]
    assert isinstance(closed, RunClosed)
    assert (closed.status, closed.receipt["missing"]) == ("finished", {})


@pytest.mark.timeout(400)
@pytest.mark.parametrize("notebook", sorted(path.name for path in EXAMPLES.glob("*.ipynb")))
def test_each_notebook_runs_from_top_to_bottom(
    home: Path, tmp_path: Path, notebook: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cells assert what they say; none is kept with outputs, which would be those of another day."""
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    monkeypatch.setenv("PYTHONPATH", str(EXAMPLES.parent))
    cells = nbformat.read(EXAMPLES / notebook, as_version=4)
    assert not any(cell.get("outputs") for cell in cells.cells)
    ran = nbclient.NotebookClient(
        cells, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    assert all(cell.execution_count for cell in ran.cells if cell.cell_type == "code")
