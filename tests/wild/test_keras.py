"""Keras on TensorFlow: one process, as TensorFlow takes seconds to import."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.integrations.test_keras import run

HERE = Path(__file__).parent / "keras_checks"


@pytest.mark.keras
@pytest.mark.timeout(300)
def test_every_training_of_keras(tmp_path: Path) -> None:
    if find_spec("keras") is None or find_spec("tensorflow") is None:
        pytest.skip("keras and tensorflow are not both installed")
    done, _ = run("tensorflow", sorted(HERE.glob("check_*.py")), tmp_path)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
