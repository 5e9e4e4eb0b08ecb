"""The frameworks' own quick starts, as their documentation teaches, and one line before them: a film."""

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
LINE = "import chroma\n\nchroma.autolog()\n"
TAIL = range(1617, 1797)  # what Keras holds out
CASES = {
    "lightning": ("lightning_autoencoder", "", "train", range(100)),
    "pytorch_lightning": ("lightning_autoencoder", "", "train", range(100)),
    "keras-tensorflow": ("keras_convnet", "tensorflow", "val", TAIL),
    "keras-torch": ("keras_convnet", "torch", "val", TAIL),
    "keras-jax": ("keras_convnet", "jax", "val", TAIL),
    "tensorflow": ("tensorflow_beginner", "tensorflow", "train", range(1500)),
    "transformers": ("transformers_trainer", "", "val", range(40)),
}


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", CASES)
def test_one_line_makes_a_film(home: Path, tmp_path: Path, name: str) -> None:
    script, backend, split, ids = CASES[name]
    framework = name.partition("-")[0]
    for needed in filter(None, (framework, backend)):
        if find_spec(needed) is None:
            pytest.skip(f"{needed} is not installed")
    text = (HERE / f"{script}.py").read_text(encoding="utf-8")
    text = text.replace("import lightning as L", f"import {framework} as L")
    (tmp_path / "script.py").write_text(LINE + text, encoding="utf-8")
    environment = {
        **os.environ,
        "PYTHONPATH": str(HERE.parents[1]),
        "OMP_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",
    }
    ran = subprocess.run(
        [sys.executable, "script.py"],
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
        run = db.run("latest")
        film = run.film(split=split, method="pca")
        assert list(db.runs()["status"]) == ["finished"]
    assert film.xy.shape == (2, len(ids), 2)
    assert np.isfinite(film.xy).all()
    assert film.ids.tolist() == list(ids)
