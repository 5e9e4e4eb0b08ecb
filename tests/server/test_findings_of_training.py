"""Labels of all training samples are scored by what the model said as it trained, though none is followed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch
from fastapi.testclient import TestClient
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

import chroma
from chroma.server.app import create_app
from chroma.server.home.context import Context
from chroma.server.home.ingest import ingest_journal
from chroma.server.store.samples.fit_outputs import fit_outputs
from tests.findings_training import digits
from tests.integrations.digits import QUIET
from tests.integrations.lightning_setup import LIGHTNING, callback
from tests.server.test_findings import DECIDE, DOUBTS, report_of
from tests.server.test_graphql import ask

pytestmark = LIGHTNING
N, FLIPPED = 600, np.arange(0, 600, 20)


class Net(pl.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = nn.Linear(64, 32), nn.Linear(32, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(F.relu(self.body(x)))

    def training_step(self, batch: Any, _: int) -> torch.Tensor:
        return F.cross_entropy(self(batch[0]), batch[1])

    def validation_step(self, batch: Any, _: int) -> None:
        self.log("val_loss", F.cross_entropy(self(batch[0]), batch[1]))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=0.01)


def test_every_training_sample_is_in_the_queue(opened: Context, home: Path):
    """With default options: only val is followed."""
    pixels, labels = digits()
    given = torch.tensor(labels[: N + 200])
    given[FLIPPED] = (given[FLIPPED] + 1) % 10
    data = TensorDataset(torch.tensor(pixels[: N + 200]), given)
    train, val = TensorDataset(*data[:N]), TensorDataset(*data[N:])
    pl.seed_everything(3)
    pl.Trainer(**QUIET, max_epochs=5, callbacks=[callback(name="digits")]).fit(
        Net(), DataLoader(train, batch_size=30, shuffle=True), DataLoader(val, batch_size=100)
    )
    ingest_journal(opened)
    with opened.store.reading() as catalog:
        (run,) = [row.id for row in catalog.session.exec(_runs()).all()]
        assert fit_outputs(catalog, run) is not None
    report = report_of(opened, run)
    (queue,) = [each for each in report.queues if each.split == "train"]
    assert (queue.scored, queue.of) == (N, N)
    order = report.scores["train"].ids[np.argsort(report.scores["train"].columns["label_score"])]
    assert np.isin(order[: len(FLIPPED)], FLIPPED).mean() > 0.8

    app = create_app(opened.settings, token=None)
    app.state.context = opened
    client = TestClient(app, base_url="http://127.0.0.1")
    first = ask(client, DOUBTS, run=run)["labelDoubts"]["rows"][0]
    assert "max_samples=" in first["unseen"]
    assert len(first["moments"]) == 5
    new = str(labels[int(first["sampleId"])])
    ask(client, DECIDE, run=run, ids=[first["sampleId"]], decision="RELABEL", label=new)
    patch = client.get(f"/api/runs/{run}/splits/train/patch").json()
    assert patch == {first["sampleId"]: int(new)}
    mended = chroma.apply_patch(train, patch)
    assert mended[int(first["sampleId"])][1].item() == int(new)


def _runs() -> Any:
    from sqlmodel import select

    from chroma.server.store.tables import Run

    return select(Run)
