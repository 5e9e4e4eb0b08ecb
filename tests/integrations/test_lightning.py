from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
import pytest
import pytorch_lightning as old_pl
import torch
from torch import nn
from torch.utils.data import DataLoader, IterableDataset

from chroma.records import Metrics, RunClosed, RunOpened
from tests.integrations.digits import Digits, Net, OldNet, fit, outputs, samples, signed, snapshots, written
from tests.integrations.lightning_setup import LIGHTNING, ByHand, States, callback

pytestmark = LIGHTNING


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_what_is_captured_equals_a_hand_written_hook(home: Path, dtype: str) -> None:
    by_hand = ByHand()
    fit(by_hand, callback(dtype=dtype), epochs=3)
    features, logits = snapshots(home, "head:input"), snapshots(home, "head")
    assert [(s.epoch, s.step) for s in features] == [(0, 3), (1, 6), (2, 9)]
    for snapshot, scores, said, (by_hand_features, by_hand_logits) in zip(
        features, logits, outputs(home), by_hand.passes, strict=True
    ):
        assert snapshot.ids.tolist() == list(range(100)) == scores.ids.tolist() == said.ids.tolist()
        assert snapshot.vectors.dtype == dtype
        np.testing.assert_array_equal(snapshot.vectors, by_hand_features.astype(dtype))
        np.testing.assert_array_equal(scores.vectors, by_hand_logits.astype(dtype))
        assert said.logits is not None
        np.testing.assert_array_equal(said.logits, by_hand_logits)
        np.testing.assert_array_equal(said.prediction, by_hand_logits.argmax(1))
        exact = torch.nn.functional.cross_entropy(
            torch.tensor(by_hand_logits, dtype=torch.float64), Digits(96, 100).labels, reduction="none"
        )
        np.testing.assert_allclose(said.cross_entropy, exact.numpy(), rtol=1e-6)


def test_samples_bring_labels_and_images(home: Path) -> None:
    fit(callback())
    known = samples(home)
    assert known.labels is not None
    assert known.images is not None
    np.testing.assert_array_equal(known.labels, Digits(96, 100).labels.numpy())
    assert (known.of, known.identity, len(known.images)) == (100, "index", 100)
    assert all(image is not None and image.startswith(b"\x89PNG") for image in known.images)


@pytest.mark.parametrize("workers", [0, 2])
def test_training_is_the_same_to_the_bit(workers: int) -> None:
    def train(*ours: Any) -> tuple[Any, Any, Any]:
        states = States()
        val = DataLoader(Digits(96, 100), batch_size=16, shuffle=True, num_workers=workers)
        trainer, model = fit(*ours, states, val=val, epochs=3 if workers == 0 else 1)
        after = (torch.get_rng_state().tolist(), random.getstate(), str(np.random.get_state()))
        return model.state_dict(), (states.seen, after), trainer

    weights, states, _ = train()
    ours, our_states, trainer = train(callback())
    assert all(torch.equal(weights[name], ours[name]) for name in weights)
    assert states == our_states
    assert "_prepare_dataloader" not in vars(trainer._data_connector)
    assert DataLoader.__dict__["_index_sampler"].fget.__module__ == "torch.utils.data.dataloader"


def test_a_user_who_iterates_the_loader_meanwhile_does_not_confuse_ids(home: Path) -> None:
    class Curious(Net):
        def on_validation_start(self) -> None:
            next(iter(self.trainer.val_dataloaders))

        def validation_step(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> None:
            super().validation_step(batch, batch_idx)
            next(iter(self.trainer.val_dataloaders))

    val = DataLoader(Digits(96, 100), batch_size=32, shuffle=True)
    fit(callback(layers="signature", dtype="float32"), val=val, model=Curious())
    for snapshot in snapshots(home, "signature"):
        np.testing.assert_array_equal(signed(snapshot.vectors), snapshot.ids)


def test_several_loaders_are_several_splits(home: Path) -> None:
    loaders = [
        DataLoader(Digits(96, 40), batch_size=16, shuffle=True),
        DataLoader(Digits(200, 30), batch_size=16, shuffle=True),
    ]
    fit(callback(layers=["signature", "head"], dtype="float32"), val=loaders)
    for split, n in (("val", 40), ("val:1", 30)):
        captured = snapshots(home, "signature", split)
        assert len(captured) == 2
        assert samples(home, split).ids.tolist() == list(range(n))
        for snapshot in captured:
            np.testing.assert_array_equal(signed(snapshot.vectors), snapshot.ids)


def test_max_samples_follows_the_same_samples_all_along(home: Path) -> None:
    ours = callback(max_samples=25)
    fit(ours, val=DataLoader(Digits(96, 100), batch_size=16, shuffle=True), epochs=3)
    chosen = samples(home).ids.tolist()
    assert len(chosen) == 25
    assert chosen != list(range(25))
    assert all(snapshot.ids.tolist() == chosen for snapshot in snapshots(home, "head"))
    assert "25 of 100" in str(ours.receipt)


def test_two_validations_in_an_epoch_are_two_snapshots(home: Path) -> None:
    fit(callback(), val_check_interval=1, limit_val_batches=2, epochs=1)
    assert [(s.epoch, s.step, len(s.ids)) for s in snapshots(home, "head")] == [
        (0, 1, 64),
        (0, 2, 64),
        (0, 3, 64),
    ]


def test_without_ids_samples_are_numbered_and_that_is_said(home: Path) -> None:
    class Stream(IterableDataset[Any]):
        def __iter__(self) -> Any:
            digits = Digits(96, 50)
            return (digits[index] for index in range(50))

    ours = callback()
    fit(ours, val=DataLoader(Stream(), batch_size=16))
    assert samples(home).identity == "order"
    assert [s.ids.tolist() for s in snapshots(home, "head")] == [list(range(50))] * 2
    assert "numbered in the order they came" in str(ours.receipt)


def test_keys_labels_inputs_and_metadata_of_the_users_own(home: Path) -> None:
    class Named(Digits):
        def __getitem__(self, index: int) -> Any:
            image, label = super().__getitem__(index)
            return {"key": f"digit-{index}", "picture": image, "digit": label, "ink": image.sum()}

    class NamedNet(Net):
        def validation_step(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> None:
            super().validation_step((batch["picture"], batch["digit"]), batch_idx)

    ours = callback(ids="key", labels="digit", inputs=lambda batch: batch["picture"], metadata="ink")
    fit(ours, val=DataLoader(Named(96, 40), batch_size=16, shuffle=True), model=NamedNet())
    known = samples(home)
    data = Digits(96, 40)
    index = [int(key.removeprefix("digit-")) for key in known.ids.tolist()]
    assert known.identity == "key"
    assert sorted(index) == list(range(40))
    assert known.labels is not None
    assert known.images is not None
    assert known.labels.tolist() == data.labels[index].tolist()
    np.testing.assert_allclose(known.metadata["ink"], data.images[index].sum((1, 2, 3)), rtol=1e-6)
    assert all(s.ids.tolist() == known.ids.tolist() for s in snapshots(home, "head:input"))


def test_metrics_hyperparameters_and_the_end_are_recorded(home: Path) -> None:
    class Tuned(Net):
        def __init__(self, rate: float = 0.5) -> None:
            super().__init__()
            self.save_hyperparameters()

    trainer, _ = fit(callback(name="a name"), model=Tuned())
    records = written(home)
    opened, closed = records[0], records[-1]
    assert isinstance(opened, RunOpened)
    assert isinstance(closed, RunClosed)
    assert (opened.project, opened.name, opened.config) == ("tests", "a name", {"rate": 0.5})
    assert opened.framework == f"lightning {pl.__version__}"
    assert closed.status == "finished"
    assert closed.receipt["layers"][0]["snapshots"] == 2
    logged = [(m.epoch, m.step, dict(m.values)) for m in records if isinstance(m, Metrics)]
    assert [(epoch, step, list(values)) for epoch, step, values in logged] == [
        (0, 3, ["val_loss"]),
        (0, 3, ["train_loss"]),
        (1, 6, ["val_loss"]),
        (1, 6, ["train_loss"]),
    ]
    assert logged[-1][2]["train_loss"] == trainer.callback_metrics["train_loss"].item()


def test_the_receipt_and_the_choice_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    ours = callback(silent=False)
    fit(ours)
    said = capsys.readouterr().out
    assert "the penultimate features: what goes into the 10-way classifier head" in said
    assert f"chroma ui {ours.run.name}" in said
    assert all(len(line) <= 79 for line in str(ours.receipt).splitlines())


def test_pytorch_lightning_takes_the_same_callback(home: Path) -> None:
    ours = callback(layers="signature", dtype="float32")
    fit(
        ours,
        model=OldNet(),
        trainer=old_pl.Trainer,
        val=DataLoader(Digits(96, 100), batch_size=32, shuffle=True),
    )
    for snapshot in snapshots(home, "signature"):
        np.testing.assert_array_equal(signed(snapshot.vectors), snapshot.ids)
    assert isinstance(ours, old_pl.Callback)
    assert isinstance(ours, pl.Callback)


def test_fast_dev_run_and_plain_validation_are_left_alone(home: Path) -> None:
    trainer, model = fit(callback(), fast_dev_run=True)
    trainer.validate(model, DataLoader(Digits(0, 32), batch_size=16), verbose=False)
    assert not home.exists()


def test_layers_of_every_shape(home: Path) -> None:
    class Shapes(Net):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 4, 3)
            self.lstm = nn.LSTM(8, 6, batch_first=True)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            self.conv(images)
            self.lstm(images[:, 0])
            return super().forward(images)

    _, model = fit(callback(layers=["conv", "lstm", "body.*"], dtype="float32"), model=Shapes(), epochs=1)
    (conv,), (lstm,) = snapshots(home, "conv"), snapshots(home, "lstm")
    assert (conv.vectors.shape, conv.note.pooling) == ((100, 4), "mean over space")
    assert (lstm.vectors.shape, lstm.note.pooling) == ((100, 6), "mean over tokens")
    with torch.no_grad():
        images = Digits(96, 100).images
        np.testing.assert_allclose(conv.vectors, model.conv(images).mean((2, 3)).numpy(), atol=1e-6)
    assert snapshots(home, "body.1")
    assert snapshots(home, "body.3")


def test_max_snapshots_thins_and_says_so(home: Path) -> None:
    ours = callback(max_snapshots=4)
    fit(ours, epochs=9)
    kept = [s.epoch for s in snapshots(home, "head")]
    assert kept[:2] == [0, 1]
    assert kept[-1] == 8
    assert len(kept) <= 4
    assert f"{len(kept)} of 9 passes" in str(ours.receipt)


def test_half_precision_is_captured(home: Path) -> None:
    fit(callback(), precision="bf16-mixed", epochs=1)
    (features,) = snapshots(home, "head:input")
    assert len(features.ids) == 100
    assert np.isfinite(features.vectors).all()
