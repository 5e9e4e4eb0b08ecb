"""What is stored wide is read back wide: steps, metrics that diverge, homes with odd names."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

import chroma

V = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)


@pytest.mark.parametrize("step", [3_000_000_000, 2**53 + 1, 2**63 - 1])
def test_steps_of_64_bits_are_read_back(step: int) -> None:
    with chroma.init(project="p", name="r") as run:
        for at in (step - 1, step):
            run.log_embeddings(V, layer="l", epoch=at, step=at, labels=np.arange(20) % 2)
            run.log_metrics({"loss": 1.0}, step=at)
    with chroma.open() as db:
        read = db.run("r")
        assert read.snapshots()["step"].tolist() == [step - 1, step]
        assert read.snapshots()["epoch"].tolist() == [step - 1, step]
        assert read.metrics()["step"].tolist() == [step - 1, step]
        assert read.embeddings(step=step).step == step
        assert len(read.neighbors(0, epoch=step).ids) == 15
        assert read.film(steps=[step - 1, step], method="pca").steps.tolist() == [step - 1, step]


def test_metrics_that_diverge_are_read_as_they_were_logged() -> None:
    values = [0.9, math.inf, -math.inf, math.nan]
    with chroma.init(project="p", name="r") as run:
        for epoch, value in enumerate(values):
            run.log_metrics({"loss": value}, epoch=epoch)
    with chroma.open() as db:
        np.testing.assert_array_equal(db.run("r").metrics()["value"], values)


@pytest.mark.of_homes
@pytest.mark.parametrize("folder", ["feature%2Ffoo", "a%20b", "a?b", "a#b", "ä b"])
def test_homes_may_have_any_name(folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / folder / ".chroma"
    monkeypatch.setenv("CHROMA_HOME", str(home))
    with chroma.init(project="p", name="r") as run:
        run.log_metrics({"loss": 1.0}, epoch=0)
    with chroma.open() as db:
        assert db.runs()["name"].tolist() == ["r"]
    assert (home / "chroma.db").exists()
