"""A training of two processes among which FSDP spreads the layers, started by `test_sharded`."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.strategies import FSDPStrategy
from torch.distributed.fsdp import FullyShardedDataParallel
from torch.distributed.fsdp.wrap import ModuleWrapPolicy
from torch.utils.data import DataLoader

from chroma.integrations.lightning import ChromaCallback
from tests.integrations.digits import QUIET, Digits, Net


class OnProcessors(FSDPStrategy):
    """FSDP without GPUs, which Lightning allows to no strategy of its own name."""

    def _setup_model(self, model: torch.nn.Module) -> torch.nn.Module:
        return FullyShardedDataParallel(model, device_id=torch.device("cpu"), **self.kwargs)


def train(*callbacks: Any) -> dict[str, Any]:
    pl.seed_everything(3)
    model = Net()
    strategy = OnProcessors(auto_wrap_policy=ModuleWrapPolicy({torch.nn.Sequential}), use_orig_params=True)
    made = pl.Trainer(max_epochs=2, **QUIET, devices=2, strategy=strategy, callbacks=list(callbacks))
    made.fit(
        model,
        DataLoader(Digits(0, 32), batch_size=8, shuffle=True),
        DataLoader(Digits(96, 101), batch_size=16),
    )
    return dict(model.named_parameters())


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    layers = ["signature", "head:input", "head"]
    options: dict[str, Any] = {"dtype": "float32", "project": "tests", "silent": True}
    callback = ChromaCallback(**options, layers=layers, splits=("train", "val"))
    ours, bare = train(callback), train()
    same = all(torch.equal(ours[name], bare[name]) for name in bare)
    Path(f"{sys.argv[1]}-{torch.distributed.get_rank()}").write_text(f"{len(bare)} {same} {callback.receipt}")
