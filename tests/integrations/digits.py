"""A small model and real digits for the tests of the integrations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
import pytorch_lightning as old_pl
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from chroma.journal import entries
from chroma.records import Outputs, Record, Samples, Snapshot
from chroma.segment import read
from tests.integrations.dataset import Digits


def net_of(package: Any) -> Any:
    """The same model for either package."""

    class Net(package.LightningModule):
        """Linear, BatchNorm, dropout, head. `signature` passes the pixel that tells whose row it is."""

        def __init__(self) -> None:
            super().__init__()
            self.signature = nn.Identity()
            self.body = nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.BatchNorm1d(16), nn.ReLU())
            self.dropout = nn.Dropout(0.3)
            self.head = nn.Linear(16, 10)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            self.signature(images[:, 0, :1, 0])
            return self.head(self.dropout(self.body(images)))

        def training_step(self, batch: Any, _: int) -> torch.Tensor:
            loss = F.cross_entropy(self(batch[0]), batch[1])
            self.log("train_loss", loss, on_step=False, on_epoch=True)
            return loss

        def validation_step(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> None:
            self.log("val_loss", F.cross_entropy(self(batch[0]), batch[1]), add_dataloader_idx=True)

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.SGD(self.parameters(), lr=0.05, momentum=0.9)

    return Net


Net: Any = net_of(pl)
OldNet: Any = net_of(old_pl)
Net.__qualname__, OldNet.__qualname__ = "Net", "OldNet"  # spawned processes look for them here
OldNet.__name__ = "OldNet"
NETS = {pl: Net, old_pl: OldNet}
# of every Trainer: on the processor, and nothing but what is tested
QUIET: dict[str, Any] = {
    "accelerator": "cpu",
    "logger": False,
    "enable_checkpointing": False,
    "enable_progress_bar": False,
    "enable_model_summary": False,
}


def fit(
    *callbacks: Any,
    train: Any = None,
    val: Any = None,
    epochs: int = 2,
    model: Any = None,
    package: Any = pl,
    trainer: Callable[..., Any] | None = None,
    **options: Any,
) -> tuple[Any, Any]:
    """Train on 96 digits with a package of Lightning; returns the trainer and the model."""
    package.seed_everything(3)
    model = NETS[package]() if model is None else model
    made = (trainer or package.Trainer)(
        **{
            **QUIET,
            "max_epochs": epochs,
            "callbacks": list(callbacks),
            **options,
        }
    )
    train = DataLoader(Digits(0, 96), batch_size=32, shuffle=True) if train is None else train
    made.fit(model, train, DataLoader(Digits(96, 100), batch_size=32) if val is None else val)
    return made, model


def written(home: Path) -> list[Record]:
    """All records in the journal of a home, in order."""
    return [read(entry.path).record for entry in entries(home / "journal")]


def snapshots(home: Path, layer: str, split: str = "val") -> list[Snapshot]:
    return [
        record
        for record in written(home)
        if isinstance(record, Snapshot) and (record.layer, record.split) == (layer, split)
    ]


def outputs(home: Path) -> list[Outputs]:
    return [record for record in written(home) if isinstance(record, Outputs)]


def samples(home: Path, split: str = "val") -> Samples:
    (found,) = [record for record in written(home) if isinstance(record, Samples) and record.split == split]
    return found


def signed(vectors: Any) -> np.ndarray:
    """The index each row of the signature layer carries."""
    return np.rint(np.asarray(vectors, np.float64)[:, 0] * 1024).astype(int)
