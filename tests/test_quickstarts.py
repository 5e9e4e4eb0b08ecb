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

FOLDER = Path(__file__).parent / "quickstarts"
LINE = "import chroma\n\nchroma.autolog()\n"
CASES = [
    ("lightning_autoencoder", "lightning", ""),
    ("lightning_autoencoder", "pytorch_lightning", ""),
    ("keras_convnet", "keras", "tensorflow"),
    ("keras_convnet", "keras", "torch"),
    ("keras_convnet", "keras", "jax"),
    ("tensorflow_beginner", "tensorflow", "tensorflow"),
    ("transformers_trainer", "transformers", ""),
]


@pytest.mark.timeout(400)
@pytest.mark.parametrize(("script", "package", "backend"), CASES, ids=lambda part: part or "-")
def test_one_line_makes_a_quick_start_a_film(
    home: Path, tmp_path: Path, script: str, package: str, backend: str
) -> None:
    for name in filter(None, (package, backend)):
        if find_spec(name) is None:
            pytest.skip(f"{name} is not installed")
    text = (FOLDER / f"{script}.py").read_text(encoding="utf-8")
    text = text.replace("import lightning as L", f"import {package} as L")
    (tmp_path / "script.py").write_text(LINE + text, encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "script.py"],
        env={
            **{name: value for name, value in os.environ.items() if name != "CHROMA_STRICT"},
            "PYTHONPATH": str(FOLDER.parents[1]),
            "KERAS_BACKEND": backend or "torch",
            "CUDA_VISIBLE_DEVICES": "",
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert "chroma ui" in ran.stdout + ran.stderr
    with chroma.open(home) as db:
        (found,) = db.runs().itertuples()
        run = db.run(found.id)
        film = run.film(split=run.splits()["name"][0])
        assert found.status == "finished"
        assert film.xy.shape[0] == 2
        assert film.xy.shape[1] >= 40
        assert np.isfinite(film.xy).any(axis=(1, 2)).all()
        assert list(film.epochs) == [0, 1]
