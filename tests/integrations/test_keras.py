"""Keras on each backend: one process for a backend, with all its cells inside.

python -m tests.integrations.test_keras    runs the matrix and writes its table into the page
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

import pytest

HERE = Path(__file__).parent / "keras_backend"
PAGE = HERE.parents[2] / "docs" / "keras.md"
BACKENDS = {"tensorflow": "TensorFlow", "torch": "PyTorch", "jax": "JAX"}
SIGNS = {"passed": "equal", "failed": "**different**", "skipped": "–"}
IGNORED = (
    "DeprecationWarning",
    "PendingDeprecationWarning",
    "FutureWarning",
    "UserWarning",
    "ResourceWarning",
)
_BEGIN, _END = "<!-- matrix: python -m tests.integrations.test_keras -->\n", "<!-- end of matrix -->\n"

Cells = dict[tuple[str, str], str]  # (source, kind of model) to how it came out


def run(backend: str, files: list[Path], folder: Path) -> tuple[subprocess.CompletedProcess[str], Cells]:
    """Run checks with a backend; also how the cells of the matrix came out."""
    # what the frameworks warn of among themselves is not ours to mend
    ignored = [part for name in IGNORED for part in ("-W", f"ignore::{name}")]
    report = folder / "report.xml"
    options = ["-q", "-p", "no:cacheprovider", "--timeout=300", "-o", "python_files=check_*.py", *ignored]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *files, *options, f"--junit-xml={report}"],
        env={
            **os.environ,
            "KERAS_BACKEND": backend,
            "KERAS_HOME": str(folder),
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "PYTHONPATH": str(HERE.parents[2]),
            "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
            # the same computation is compiled once for all tests
            "JAX_COMPILATION_CACHE_DIR": str(folder / "jax"),
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return done, _cells(report) if report.exists() else {}


def _cells(report: Path) -> Cells:
    cells: Cells = {}
    for case in ElementTree.parse(report).iter("testcase"):
        name, _, about = case.get("name", "").partition("[")
        if name == "test_captured_equals_what_keras_says":
            source, kind = about.rstrip("]").split("-")
            outcomes = {child.tag for child in case}
            cells[source, kind] = (
                "failed" if outcomes & {"failure", "error"} else "skipped" if outcomes else "passed"
            )
    return cells


def table(results: dict[str, Cells]) -> str:
    """The matrix as the runs came out; each cell names the backends in their order."""
    sources = list(dict.fromkeys(source for cells in results.values() for source, _ in cells))
    kinds = list(dict.fromkeys(kind for cells in results.values() for _, kind in cells))
    lines = [f"| {' / '.join(BACKENDS.values())} | {' | '.join(kinds)} |", "|---" * (len(kinds) + 1) + "|"]
    for source in sources:
        row = [" / ".join(SIGNS[results[each][source, kind]] for each in BACKENDS) for kind in kinds]
        lines.append(f"| {source} | {' | '.join(row)} |")
    return "\n".join(lines) + "\n"


@pytest.mark.keras
@pytest.mark.timeout(900)
@pytest.mark.parametrize("backend", BACKENDS)
def test_every_cell_of_the_backend(backend: str, tmp_path: Path) -> None:
    for needed in ("keras", backend):
        if find_spec(needed) is None:
            pytest.skip(f"{needed} is not installed")
    done, cells = run(backend, sorted(HERE.glob("check_*.py")), tmp_path)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
    published = PAGE.read_text(encoding="utf-8").partition(_BEGIN)[2].partition(_END)[0]
    at = list(BACKENDS).index(backend)
    for (source, kind), outcome in cells.items():
        assert _cell(published, source, kind).split(" / ")[at] == SIGNS[outcome], (source, kind)


def _cell(published: str, source: str, kind: str) -> str:
    rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in published.splitlines() if line]
    (row,) = (row for row in rows if row[0] == source)
    return row[rows[0].index(kind)]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        found = {each: run(each, [HERE / "check_matrix.py"], Path(folder))[1] for each in BACKENDS}
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(_BEGIN)
    PAGE.write_text(f"{before}{_BEGIN}\n{table(found)}\n{_END}{rest.partition(_END)[2]}", encoding="utf-8")
