"""A training of two processes, started by `test_identity`."""

from __future__ import annotations

import sys
import warnings

import lightning.pytorch as pl
import pytorch_lightning as old_pl
import torch
import torch.distributed as dist
from torch.utils.data import DataLoader, DistributedSampler

import chroma
from chroma.integrations.lightning import ChromaCallback
from tests.integrations.digits import QUIET, Digits, Net, OldNet

OPTIONS = {"layers": "signature", "dtype": "float32", "project": "tests", "silent": True}


def trainer(how: str) -> None:
    package = old_pl if how == "ddp_fork" else pl
    made = package.Trainer(
        max_epochs=2,
        **QUIET,
        devices=2,
        strategy=how,
        callbacks=[ChromaCallback(**OPTIONS, splits=("train", "val"))],
    )
    made.fit(
        OldNet() if package is old_pl else Net(),
        DataLoader(Digits(0, 32), batch_size=8, shuffle=True),
        DataLoader(Digits(96, 101), batch_size=16),
    )


def loop() -> None:
    dist.init_process_group("gloo")
    model = torch.nn.parallel.DistributedDataParallel(Net())
    loaders = {}
    for split, start, n in (("train", 0, 32), ("val", 96, 101)):
        digits = Digits(start, n)
        loaders[split] = DataLoader(digits, batch_size=16, sampler=DistributedSampler(digits))
    with chroma.watch(model, loader=loaders, **OPTIONS) as watch:
        for epoch in range(2):
            watch.snapshot(epoch=epoch)
    dist.destroy_process_group()


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    loop() if sys.argv[1] == "torchrun" else trainer(sys.argv[1])
