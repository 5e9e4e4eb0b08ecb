"""Each framework's own first script and one line more: a film comes out."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import chroma

HERE = Path(__file__).parent
SCRIPTS = {
    "lightning": (None, "train", 1280),
    "keras-torch": ("torch", "val", 150),
    "keras-jax": ("jax", "val", 150),
    "keras-tensorflow": ("tensorflow", "val", 150),
    "transformers": (None, "val", 48),
}


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", SCRIPTS)
def test_one_line_makes_a_film(home: Path, tmp_path: Path, name: str) -> None:
    backend, split, n = SCRIPTS[name]
    framework = name.partition("-")[0]
    for needed in (framework, *([backend] if backend else [])):
        if find_spec(needed) is None:
            pytest.skip(f"{needed} is not installed")
    environment = {**os.environ, "PYTHONPATH": str(HERE.parents[1]), "OMP_NUM_THREADS": "1"}
    ran = subprocess.run(
        [sys.executable, HERE / f"{framework}_script.py"],
        env=environment | ({"KERAS_BACKEND": backend} if backend else {}),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    assert "chroma ui" in ran.stdout
    with chroma.open(home) as db:
        film = db.run("latest").film(split=split, method="pca")
    assert film.xy.shape == (2, n, 2)
    assert np.isfinite(film.xy).all()
    assert film.ids.tolist() == (list(range(850, 1000)) if framework == "keras" else list(range(n)))
