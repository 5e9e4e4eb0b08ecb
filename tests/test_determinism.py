"""`chroma doctor --determinism` tells a training that Chroma changed from one that it left alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chroma.cli.determinism import said, trials
from chroma.integrations import determinism
from chroma.integrations.lightning import ChromaCallback


@pytest.mark.timeout(900)
def test_every_framework_that_is_installed_is_trained_and_identical() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "chroma", "doctor", "--determinism", "--json"],
        # with all threads, as a user's training has them
        env={name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"},
        capture_output=True,
        text=True,
        check=False,
        timeout=880,
    )
    results = json.loads(done.stdout)
    assert {name for name, _, _ in trials()} == results.keys()
    assert {result["verdict"] for result in results.values()} == {"identical"}, results
    assert all(result["captured"] and result["compared"] > 5 for result in results.values())
    assert done.returncode == 0


@pytest.mark.filterwarnings("ignore")
def test_a_number_drawn_by_us_is_found(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The smallest disturbance there is: one draw of the user's generator."""
    torch = pytest.importorskip("torch")
    begin = ChromaCallback.on_train_epoch_start

    def draws(self: Any, *given: Any) -> None:
        torch.rand(1)
        begin(self, *given)

    monkeypatch.setattr(ChromaCallback, "on_train_epoch_start", draws)
    found = determinism.compare(determinism.train_lightning)
    assert found["repeatable"]
    assert not found["identical"]
    assert "random state" in found["different"]
    assert any("weight" in name for name in found["different"])
    assert "please report it" in said("lightning", {**found, "verdict": "different"})


def test_a_training_that_differs_from_itself_tells_nothing(home: Path) -> None:
    random = np.random.default_rng()
    found = determinism.compare(lambda: {"weight": random.random(3)})
    assert not found["repeatable"]
    assert "differ too" in said("yours", {**found, "verdict": "not repeatable"})
