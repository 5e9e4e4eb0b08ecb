"""A training of two processes among which FSDP or FSDP2 spreads the layers, started by `test_sharded`."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.strategies import DDPStrategy, FSDPStrategy
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FullyShardedDataParallel, fully_shard
from torch.distributed.fsdp.wrap import ModuleWrapPolicy
from torch.utils.data import DataLoader

from chroma.integrations.lightning import ChromaCallback
from tests.integrations.digits import QUIET, Digits, Net


class OnProcessors(FSDPStrategy):
    """FSDP without GPUs, which Lightning allows to no strategy of its own name."""

    def _setup_model(self, model: torch.nn.Module) -> torch.nn.Module:
        return FullyShardedDataParallel(model, device_id=torch.device("cpu"), **self.kwargs)


class LayerByLayer(DDPStrategy):
    """FSDP2 without GPUs: each layer gathers its own parameters as it is called."""

    def _setup_model(self, model: torch.nn.Module) -> torch.nn.Module:
        for layer in (model.body, model.head):
            fully_shard(layer, mesh=init_device_mesh("cpu", (2,)))
        return model


def strategy_of(kind: str) -> DDPStrategy | FSDPStrategy:
    if kind == "fsdp2":
        return LayerByLayer()
    return OnProcessors(auto_wrap_policy=ModuleWrapPolicy({torch.nn.Sequential}), use_orig_params=True)


def own_part(parameter: torch.Tensor) -> torch.Tensor:
    """What this process keeps of a parameter: FSDP2's are tensors spread over all."""
    return parameter.to_local() if hasattr(parameter, "to_local") else parameter


def train(kind: str, *callbacks: Any) -> dict[str, Any]:
    pl.seed_everything(3)
    model = Net()
    made = pl.Trainer(max_epochs=2, **QUIET, devices=2, strategy=strategy_of(kind), callbacks=list(callbacks))
    made.fit(
        model,
        DataLoader(Digits(0, 32), batch_size=8, shuffle=True),
        DataLoader(Digits(96, 101), batch_size=16),
    )
    return {name: own_part(parameter) for name, parameter in model.named_parameters()}


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    layers = ["signature", "head:input", "head"]
    options: dict[str, Any] = {"dtype": "float32", "project": "tests", "silent": True}
    callback = ChromaCallback(**options, layers=layers, splits=("train", "val"))
    kind, path = sys.argv[1:]
    ours, bare = train(kind, callback), train(kind)
    same = all(torch.equal(ours[name], bare[name]) for name in bare)
    Path(f"{path}-{torch.distributed.get_rank()}").write_text(f"{len(bare)} {same} {callback.receipt}")
