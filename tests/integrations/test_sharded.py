"""Trainings that spread parameters over processes: whole vectors for each process's own batch."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

import chroma
from chroma.errors import ConfigError
from chroma.integrations._torch.hooks import modules_of
from chroma.integrations._torch.no_trace import plain
from chroma.integrations._torch.sharding import is_sharded
from tests.integrations.digits import Digits, signed, snapshots
from tests.integrations.lightning_setup import LIGHTNING

pytestmark = LIGHTNING


@pytest.mark.timeout(400)
@pytest.mark.parametrize("kind", ["fsdp", "fsdp2"])
def test_each_process_writes_the_rows_of_its_own_batches(kind: str, home: Path, tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("two_shards.py")), kind, str(tmp_path / "weights")],
        env={
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "OMP_NUM_THREADS": "1",
            "CUDA_VISIBLE_DEVICES": "",
        },
        cwd=home.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=380,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    for rank in range(2):
        number, same, receipt = (tmp_path / f"weights-{rank}").read_text().split(" ", 2)
        assert (int(number) > 0, same) == (True, "True")
        said = " ".join(receipt.split())
        assert "which would have to evaluate it together" in said
        assert "of its first" not in said
    for split, n in (("train", 32), ("val", 101)):
        parts = snapshots(home, "signature", split)
        assert len(parts) == 4, split  # two ranks, two epochs
        for epoch in range(2):
            ids = {each for part in parts if part.epoch == epoch for each in part.ids.tolist()}
            assert ids == set(range(n))  # shuffled anew, samples come to the other process
        for part in parts:
            np.testing.assert_array_equal(signed(part.vectors), part.ids)
        features, scores = snapshots(home, "head:input", split), snapshots(home, "head", split)
        assert {part.vectors.shape[1] for part in features} == {16}
        assert {part.vectors.shape[1] for part in scores} == {10}


class FullyShardedDataParallel(nn.Module):
    """As FSDP wraps a module."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self._fsdp_wrapped_module = module

    def forward(self, rows: Any) -> Any:
        return self._fsdp_wrapped_module(rows)


class DeepSpeedEngine(nn.Module):
    """As DeepSpeed wraps a model; the engine itself needs a GPU."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module


def test_names_are_those_of_the_users_modules() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[1] = FullyShardedDataParallel(model[1])
    for whole in (model, FullyShardedDataParallel(model), DeepSpeedEngine(model)):
        assert is_sharded(whole)
        assert list(modules_of(plain(whole))) == ["", "0", "1"]
    assert not is_sharded(nn.Linear(2, 2))


def test_an_average_of_a_model_bears_the_names_of_its_modules() -> None:
    average = AveragedModel(nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)))
    assert plain(average) is average.module
    assert list(modules_of(nn.Sequential(average))) == ["", "0", "0.0", "0.1"]


def test_watch_says_that_it_cannot_evaluate_them() -> None:
    with pytest.raises(ConfigError, match="would have to evaluate it together; ChromaCallback"):
        chroma.watch(DeepSpeedEngine(nn.Linear(64, 2)), loader=[Digits(0, 4).images])


def test_tensor_parallelism_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parameters that say so: a group of processes that spreads them is not needed to see it."""

    class Placement:
        def is_shard(self) -> bool:
            return True

    class Mesh:
        def size(self) -> int:
            return 2

    model = nn.Linear(2, 2)
    spread: Any = model.weight
    spread.placements, spread.device_mesh = (Placement(),), Mesh()
    with pytest.raises(ConfigError, match="weight is spread by tensor parallelism"):
        plain(model)
    plain(FullyShardedDataParallel(model))
    spread.placements = (Placement(), Placement())
    with pytest.raises(ConfigError, match="gathers nothing"):
        plain(FullyShardedDataParallel(model))
    assert torch.is_tensor(spread)
