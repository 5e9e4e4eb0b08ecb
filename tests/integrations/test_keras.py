"""Keras on each backend: one process for a backend, with all its cells inside."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

HERE = Path(__file__).parent
IGNORED = (
    "DeprecationWarning",
    "PendingDeprecationWarning",
    "FutureWarning",
    "UserWarning",
    "ResourceWarning",
)


@pytest.mark.keras
@pytest.mark.timeout(600)
@pytest.mark.parametrize("backend", ["torch", "jax", "tensorflow"])
def test_every_cell_of_the_backend(backend: str, tmp_path: Path) -> None:
    for needed in ("keras", backend):
        if find_spec(needed) is None:
            pytest.skip(f"{needed} is not installed")
    # what the frameworks warn of among themselves is not ours to mend
    ignored = [part for name in IGNORED for part in ("-W", f"ignore::{name}")]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", HERE / "keras_backend.py", "-q", "-p", "no:cacheprovider", *ignored],
        env={
            **os.environ,
            "KERAS_BACKEND": backend,
            "KERAS_HOME": str(tmp_path),
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(HERE.parents[1]),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
