"""A `forward` that cannot be called on batches of train: the training's own passes are captured instead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset, TensorDataset

from tests.integrations.digits import Digits, fit, snapshots
from tests.integrations.lightning_setup import LIGHTNING, callback

pytestmark = [*LIGHTNING, pytest.mark.filterwarnings("ignore:.*have no `validation_step`.*")]
N = 48


class Autoencoder(pl.LightningModule):
    """Its steps flatten the images, its `forward` takes them flat."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder = (
            nn.Sequential(nn.Linear(64, 20), nn.ReLU(), nn.Linear(20, 3)),
            nn.Linear(3, 64),
        )

    def forward(self, flat: Tensor) -> Tensor:
        return self.decoder(self.encoder(flat))

    def training_step(self, batch: Any, _: int) -> Tensor:
        flat = batch[0].flatten(1)
        return F.mse_loss(self(flat), flat)

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), 0.1)


class Views(Dataset[Any]):
    def __init__(self) -> None:
        self.digits = Digits(0, N)

    def __len__(self) -> int:
        return N

    def __getitem__(self, index: int) -> Any:
        image, label, *_ = self.digits[index]
        return [image.flatten(), image.flip(2).flatten()], label


class Contrastive(Autoencoder):
    def training_step(self, batch: Any, _: int) -> Tensor:
        (one, other), _ = batch
        scores = F.normalize(self.encoder(one)) @ F.normalize(self.encoder(other)).T
        return F.cross_entropy(scores, torch.arange(len(one)))


@pytest.fixture(autouse=True)
def lenient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHROMA_STRICT")


def trained(model: Any, data: Any, **options: Any) -> Any:
    ours = callback(**{"splits": ("train",), "dtype": "float32", **options})
    train = DataLoader(data, batch_size=16, shuffle=True)
    fit(ours, model=model, train=train, val=[], limit_val_batches=0)
    return ours.receipt


@pytest.mark.parametrize("make", [Autoencoder, Contrastive])
def test_train_is_captured_from_its_own_batches(
    home: Path, make: Any, caplog: pytest.LogCaptureFixture
) -> None:
    digits = Digits(0, N)
    data = Views() if make is Contrastive else TensorDataset(digits.images, digits.labels)
    receipt = trained(make(), data)
    (note,) = [note for note in receipt.notes if note.startswith("train is captured from the training's own")]
    assert f"forward() of {make.__name__} fails on a batch of train" in note
    assert "forward=function(model, batch) says how the model is called" in note
    assert not any("evaluated separately" in note for note in receipt.notes)
    assert (receipt.errors, receipt.missing) == ((), {})
    assert not [record for record in caplog.records if record.name == "chroma"]
    assert [(line.n, line.snapshots) for line in receipt.layers][:1] == [(N, 2)]
    first = snapshots(home, receipt.layers[0].layer, "train")[0]
    assert first.ids.tolist() == list(range(N))


def test_weights_are_the_same_with_and_without(home: Path) -> None:
    def weights(*callbacks: Any) -> Any:
        train = DataLoader(Views(), batch_size=16, shuffle=True)
        pl.seed_everything(3)  # of the model's weights
        _, model = fit(*callbacks, model=Contrastive(), train=train, val=[], limit_val_batches=0)
        return model.state_dict()

    ours, bare = weights(callback(splits=("train",))), weights()
    assert all(torch.equal(ours[name], bare[name]) for name in bare)


def test_forward_given_by_the_user_is_used(home: Path) -> None:
    def forward(model: Any, batch: Any) -> Any:
        return model(batch[0].flatten(1))

    digits = Digits(0, N)
    receipt = trained(Autoencoder(), TensorDataset(digits.images, digits.labels), forward=forward)
    assert any("train is evaluated separately" in note for note in receipt.notes)
    assert [line.n for line in receipt.layers] == [N]


def test_validation_that_cannot_be_evaluated_is_said_once(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Validated(Autoencoder):
        def validation_step(self, batch: Any, _: int) -> None:
            self.training_step(batch, 0)

    digits = Digits(0, N)
    loader = DataLoader(TensorDataset(digits.images, digits.labels), batch_size=16)
    model: Any = Validated()
    model.encoder = torch.compile(model.encoder, backend="eager")  # hides its modules from the loop
    ours = callback(splits=("val",))
    fit(ours, model=model, train=loader, val=loader, epochs=3)
    assert caplog.text.count("forward=function(model, batch)") == 1
    assert "Traceback" not in caplog.text
    assert sum("val cannot be evaluated separately" in note for note in ours.receipt.notes) == 1
    assert (ours.receipt.errors, ours.receipt.missing) == (
        (),
        {"val passes that cannot be evaluated separately": 2},
    )
    assert not ours.receipt.layers


def test_a_stream_is_captured_as_it_is_trained_on(home: Path) -> None:
    class Stream(torch.utils.data.IterableDataset[Any]):
        def __iter__(self) -> Any:
            return iter(
                [(image.flatten(), label) for image, label, *_ in (Views().digits[i] for i in range(N))]
            )

    ours = callback(splits=("train",))
    fit(ours, model=Autoencoder(), train=DataLoader(Stream(), batch_size=16), val=[], limit_val_batches=0)
    assert [line.n for line in ours.receipt.layers][:1] == [N]
    assert any("as the loader has no dataset with indices" in note for note in ours.receipt.notes)
    assert np.array_equal(snapshots(home, ours.receipt.layers[0].layer, "train")[0].ids, np.arange(N))
