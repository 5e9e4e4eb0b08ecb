"""The same, trained through Chroma's Lightning callback: what it captured is what the training said."""

from __future__ import annotations

import logging
import os
import tempfile
from typing import Any

import lightning.pytorch as pl
import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from chroma.insight.labels import Probabilities, label_scores
from chroma.integrations.lightning import ChromaCallback
from chroma.server.home.context import Context
from chroma.server.home.events import Events
from chroma.server.home.ingest import ingest_journal
from chroma.server.store.catalog import Store
from chroma.server.store.samples.fit_outputs import FitOutputs, fit_outputs
from chroma.settings import load_settings
from insight_parts.noise import plant
from insight_parts.scores import compact, softmax
from insight_parts.training import Data, Mlp

BATCH = 128


class Learner(pl.LightningModule):
    """Keeps the logits of its own passes; the last column of the inputs says which sample a row is."""

    def __init__(self, net: Mlp, n: int, classes: int, epochs: int) -> None:
        super().__init__()
        self.net = net
        self.said = np.full((epochs, n, classes), np.nan, np.float32)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.net(images)

    def training_step(self, batch: Any, _: int) -> torch.Tensor:
        images, labels, rows = batch
        logits = self(images)
        self.said[self.current_epoch, rows.numpy()] = logits.detach().numpy()
        return nn.functional.cross_entropy(logits, labels)

    def validation_step(self, batch: Any, _: int) -> None:
        self.log("val_acc", (self(batch[0]).argmax(1) == batch[1]).float().mean())

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=1e-3)


def captured(data: Data, *, epochs: int, dropout: float, seed: int = 0) -> None:
    """Train with 10 % of the labels wrong, and compare what was captured with what the training said."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    labels, wrong = plant(data, "uniform", 0.1, seed)
    n, classes = len(labels), int(labels.max()) + 1
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    learner = Learner(Mlp(data.images[0].size, classes, dropout), n, classes, epochs)
    train = TensorDataset(torch.from_numpy(data.images), torch.from_numpy(labels), torch.arange(n))
    val = TensorDataset(torch.from_numpy(data.val_images), torch.from_numpy(data.val_labels))
    with tempfile.TemporaryDirectory() as home:
        os.environ["CHROMA_HOME"] = home
        callback = ChromaCallback(silent=True)
        trainer = pl.Trainer(
            max_epochs=epochs, logger=False, enable_checkpointing=False, enable_progress_bar=False,
            enable_model_summary=False, accelerator="cpu", callbacks=[callback],
        )  # fmt: skip
        trainer.fit(learner, DataLoader(train, BATCH, shuffle=True), DataLoader(val, 1000))
        found = _read(callback.run.id)
    outputs = Probabilities(found.labels, found.p_label, found.other, found.p_other)
    own = Probabilities.dense(softmax(learner.said), labels)
    gap = float(np.abs(outputs.label - own.label[:, found.ids]).max())
    print(f"captured through the callback: {len(found.ids)} of {n} samples at {len(found.epochs)} epochs;")
    print(f"  p of the label is at most {gap:.1e} from what the training itself kept")
    ours, kept = _precision(outputs, wrong[found.ids]), _precision(compact(own), wrong)
    print(f"  precision at the noise rate {ours:.3f}, from what the training kept {kept:.3f}")


def _precision(outputs: Probabilities, wrong: npt.NDArray[np.bool_]) -> float:
    order = np.argsort(label_scores(outputs).score, kind="stable")
    return float(wrong[order[: wrong.sum()]].mean())


def _read(run: str) -> FitOutputs:
    settings = load_settings()
    store = Store.open(settings)
    try:
        ingest_journal(Context(settings, store, Events(), None))
        with store.reading() as catalog:
            found = fit_outputs(catalog, run)
    finally:
        store.close()
    assert found is not None
    return found
