"""Which passes are captured, and that evaluating separately leaves no trace."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
import pytest
import pytorch_lightning as old_pl
import torch
from torch.nn import functional as F
from torch.utils.data import DataLoader, IterableDataset, Subset, SubsetRandomSampler, WeightedRandomSampler

from chroma.integrations.lightning import ChromaCallback
from chroma.records import RunClosed, RunOpened
from tests.integrations.digits import Digits, Net, OldNet, fit, outputs, samples, signed, snapshots, written
from tests.integrations.lightning_setup import LIGHTNING, States, callback
from tests.integrations.test_watch import Noisy

pytestmark = LIGHTNING


@pytest.mark.parametrize(("package", "workers"), [(pl, 0), (pl, 2), (old_pl, 2)])
def test_training_is_the_same_to_the_bit_with_the_train_probe(package: Any, workers: int) -> None:
    """Shuffled, augmented, with dropout and BatchNorm."""

    class Seen(package.Callback):
        on_train_epoch_end = States.on_train_epoch_end

    def train(*ours: Any) -> Any:
        states: Any = Seen()
        package.seed_everything(1)  # the model is made before `fit` seeds
        trainer, model = fit(
            *ours,
            states,
            train=DataLoader(Noisy(0, 96), batch_size=32, shuffle=True, num_workers=workers),
            val=DataLoader(Noisy(96, 40), batch_size=16, shuffle=True, num_workers=workers),
            epochs=2,
            model=Net() if package is pl else OldNet(),
            trainer=package.Trainer,
        )
        after = (torch.get_rng_state().tolist(), random.getstate(), str(np.random.get_state()))
        return model.state_dict(), (states.seen, after, dict(trainer.callback_metrics))

    weights, states = train()
    ours, our_states = train(callback(splits={"train": "probe", "val": "probe"}, max_samples=50))
    assert all(torch.equal(weights[name], ours[name]) for name in weights)
    assert states == our_states
    ours, our_states = train(callback(splits={"train": "ride", "val": "ride"}))
    assert all(torch.equal(weights[name], ours[name]) for name in weights)
    assert states == our_states


def test_the_train_probe_follows_the_same_tensors_through_time(home: Path) -> None:
    """The dataset augments, the samples of the probe set do not change: nor does what they go in as."""
    ours = callback(
        splits=("train", "val"), layers=["signature", "body.0"], max_samples={"train": 30}, dtype="float32"
    )
    fit(ours, train=DataLoader(Noisy(0, 96), batch_size=32, shuffle=True), epochs=3)
    captured = snapshots(home, "body.0", "train")
    assert [(s.epoch, s.step, len(s.ids)) for s in captured] == [(0, 3, 30), (1, 6, 30), (2, 9, 30)]
    for snapshot in captured[1:]:
        np.testing.assert_array_equal(snapshot.ids, captured[0].ids)
        np.testing.assert_array_equal(snapshot.vectors, captured[0].vectors)
    assert [len(s.ids) for s in snapshots(home, "signature", "val")] == [100] * 3
    known = samples(home, "train")
    assert known.of == 96
    assert known.labels is not None
    np.testing.assert_array_equal(known.labels, Digits(0, 96).labels[known.ids.astype(int)])
    assert "train is evaluated separately: 30 of 96 samples" in " ".join(str(ours.receipt).split())


SAMPLED = {
    "subset": (lambda d: DataLoader(Subset(d, range(20, 60)), batch_size=16, shuffle=True), range(20, 60)),
    "subset sampler": (
        lambda d: DataLoader(d, batch_size=16, sampler=SubsetRandomSampler(range(40))),
        range(40),
    ),
    "weights": (
        lambda d: DataLoader(d, batch_size=16, sampler=WeightedRandomSampler([1.0] * 50 + [0.0] * 46, 64)),
        range(50),
    ),
    "batch sampler": (lambda d: DataLoader(d, batch_sampler=[[1, 5], [9, 3], [5, 7]]), [1, 3, 5, 7, 9]),
}


@pytest.mark.parametrize("case", SAMPLED)
@pytest.mark.parametrize("how", ["probe", "ride"])
def test_train_rows_belong_to_the_samples_they_name(home: Path, case: str, how: Any) -> None:
    make, drawn = SAMPLED[case]
    ours = callback(splits={"train": how}, layers="signature", dtype="float32")
    fit(ours, train=make(Digits(0, 96)))
    captured = snapshots(home, "signature", "train")
    assert [(s.epoch, s.step) for s in captured] == [(0, captured[0].step), (1, 2 * captured[0].step)]
    for snapshot in captured:
        np.testing.assert_array_equal(signed(snapshot.vectors), snapshot.ids)
    assert {key for snapshot in captured for key in snapshot.ids.tolist()} <= set(drawn)
    if how == "probe":
        assert samples(home, "train").ids.tolist() == list(drawn)
    assert not snapshots(home, "signature", "val")


def test_without_validation_the_train_probe_is_captured(home: Path) -> None:
    ours = callback()
    fit(ours, val=[], limit_val_batches=0)
    assert [len(s.ids) for s in snapshots(home, "head", "train")] == [96, 96]
    assert len([o for o in outputs(home) if o.split == "train"]) == 2
    assert "splits=" not in str(ours.receipt)


def test_the_receipt_says_how_to_add_train() -> None:
    ours = callback()
    fit(ours)
    assert "splits=('train', 'val') adds them" in " ".join(str(ours.receipt).split())


def test_steps_are_counted_for_the_train_probe(home: Path) -> None:
    fit(callback(splits="train", every="2 steps"), epochs=3)
    assert [s.step for s in snapshots(home, "head", "train")] == [1, 3, 5, 7, 9]


def test_the_probe_set_keeps_to_its_bytes(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMA_PROBE_BYTES", str(40 * 8 * 8 * 4))
    ours = callback(splits="train")
    fit(ours, train=DataLoader(Digits(0, 96), batch_size=16))
    assert [len(s.ids) for s in snapshots(home, "head", "train")] == [32, 32]
    assert "32 of the 96 samples of train to follow are kept" in " ".join(str(ours.receipt).split())


def test_a_stream_cannot_be_probed_and_that_is_said(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Stream(IterableDataset[Any]):
        def __iter__(self) -> Any:
            return (Digits(0, 50)[index] for index in range(50))

    monkeypatch.delenv("CHROMA_STRICT")
    fit(callback(splits={"train": "probe"}), train=DataLoader(Stream(), batch_size=16), epochs=1)
    assert "splits={'train': 'ride'} takes them" in caplog.text
    fit(
        callback(splits={"train": "ride"}, run_id="from-the-loop"),
        train=DataLoader(Stream(), batch_size=16),
        epochs=2,
    )
    assert [s.ids.tolist() for s in snapshots(home, "head", "train")] == [list(range(50))] * 2


class Whole(Net):
    def test_step(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> None:
        self(batch[0])

    def predict_step(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> Any:
        return self(batch[0])


def test_validate_test_and_predict_belong_to_the_run_of_the_fit(home: Path) -> None:
    ours = callback(splits=("val", "test", "predict"), layers="signature", dtype="float32", tags=["a", "b"])
    trainer, model = fit(ours, model=Whole())
    run = ours.run.id
    loader = DataLoader(Digits(200, 40), batch_size=16)
    trainer.validate(model, loader, verbose=False)
    trainer.test(model, DataLoader(Subset(Digits(200, 40), range(5, 25)), batch_size=8), verbose=False)
    trainer.predict(model, loader)
    assert ours.run.id == run
    records = written(home)
    assert sorted((s.step, len(s.ids)) for s in snapshots(home, "signature")) == [(3, 100), (6, 40), (6, 100)]
    (tested,) = snapshots(home, "signature", "test")
    (predicted,) = snapshots(home, "signature", "predict")
    assert (tested.epoch, tested.step, tested.ids.tolist()) == (1, 6, list(range(5, 25)))
    np.testing.assert_array_equal(signed(tested.vectors), tested.ids)
    np.testing.assert_array_equal(signed(predicted.vectors), predicted.ids)
    assert {r.status for r in records if isinstance(r, RunClosed)} == {"finished"}
    assert {tuple(r.tags) for r in records if isinstance(r, RunOpened)} == {("a", "b")}
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


@pytest.mark.filterwarnings("ignore:.*is not a leaf Tensor.*")  # dynamo's own
@pytest.mark.parametrize("what", ["model", "function"])
def test_compiled_models_are_evaluated_separately(home: Path, what: str) -> None:
    class Compiled(Net):
        """Logs nothing: this torch cannot compile Lightning's `log`."""

        def training_step(self, batch: Any, _: int) -> torch.Tensor:
            return F.cross_entropy(self(batch[0]), batch[1])

        def validation_step(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> None:
            self(batch[0])

        def __init__(self) -> None:
            super().__init__()
            if what == "function":
                self.forward = torch.compile(self.forward, backend="eager")  # type: ignore[method-assign]

    model: Any = Compiled()
    ours = callback(
        layers=["signature", "head"], dtype="float32", forward=lambda m, b: type(m).forward(m, b[0])
    )
    for epochs, name in ((2, "first"), (1, "again")):
        wrapped = torch.compile(model, backend="eager") if what == "model" else model
        again = ChromaCallback(**{**vars_of(ours), "run_id": name})
        fit(again, model=wrapped, epochs=epochs)
        assert again.receipt.layers[0].snapshots == epochs
        assert again.receipt.layers[0].n == 100
        assert "evaluated separately, uncompiled" in " ".join(str(again.receipt).split())
        assert again.receipt.missing == {}
    for snapshot in snapshots(home, "signature"):
        np.testing.assert_array_equal(signed(snapshot.vectors), snapshot.ids)


def vars_of(ours: Any) -> dict[str, Any]:
    options = ours._options
    return {name: getattr(options, name) for name in type(options).__dataclass_fields__}


@pytest.mark.parametrize(
    "wrong",
    [
        {"splits": ()},
        {"splits": ("vall",)},
        {"splits": {"test": "probe"}},
        {"splits": {"train": "walk"}},
        {"max_samples": {"train": 0}},
        {"task": "guess"},
        {"max_overhead": 2},
        {"tags": [""]},
    ],
)
def test_wrong_options_are_refused_at_once(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ChromaCallback(**wrong)


def test_a_full_home_stops_capture_and_says_so(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("CHROMA_STRICT")
    monkeypatch.setenv("CHROMA_MAX_DISK", "20000")
    ours = callback(log_inputs=False)
    fit(ours, epochs=8)
    assert "CHROMA_MAX_DISK is 20.0 kB" in caplog.text
    assert "home is full" in str(ours.receipt)
    assert 0 < ours.receipt.layers[0].snapshots < 8
    assert isinstance(written(home)[-1], RunClosed)
    assert ours.receipt.bytes < 40_000
