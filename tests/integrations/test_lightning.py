from __future__ import annotations

import copy
import logging
import pickle
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

from chroma.errors import ConfigError
from chroma.integrations.lightning import ChromaCallback
from chroma.records import Metrics, RunClosed, RunOpened
from tests.integrations.digits import Digits, Net, OldNet, fit, outputs, samples, signed, snapshots, written

pytestmark = [
    pytest.mark.lightning,
    # Lightning's own, of the installed versions
    pytest.mark.filterwarnings("ignore:.*does not have many workers.*"),
    pytest.mark.filterwarnings("ignore:.*smaller than the logging interval.*"),
    pytest.mark.filterwarnings("ignore:.*shuffling enabled.*"),
    pytest.mark.filterwarnings("ignore:.*isinstance.treespec, LeafSpec.*"),
    pytest.mark.filterwarnings("ignore:.*ambiguous collection.*"),
    pytest.mark.filterwarnings("ignore:.*persistent_workers.*"),
    pytest.mark.filterwarnings("ignore:.*custom batch sampler.*"),
    pytest.mark.filterwarnings("ignore:.*add_dataloader_idx.*"),
]


def callback(**options: Any) -> Any:
    return ChromaCallback(**{"silent": True, "project": "tests", **options})


class ByHand(pl.Callback):
    """What a user would write by hand: hooks that collect the features and logits of each validation pass."""

    def __init__(self) -> None:
        self.passes: list[tuple[np.ndarray, np.ndarray]] = []

    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:
        self.features: list[Any] = []
        self.logits: list[Any] = []

        def keep(module: Any, args: Any, output: Any) -> None:
            self.features.append(args[0].clone().numpy())
            self.logits.append(output.clone().numpy())

        self.handle = pl_module.head.register_forward_hook(keep)

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        self.handle.remove()
        if not trainer.sanity_checking:
            self.passes.append((np.concatenate(self.features), np.concatenate(self.logits)))


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


class States(pl.Callback):
    """Everything a training may be disturbed by."""

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        hooks = [
            (len(module._forward_hooks), len(module._forward_pre_hooks), module.training)
            for module in pl_module.modules()
        ]
        state = (torch.get_rng_state().tolist(), random.getstate(), str(np.random.get_state()), hooks)
        metrics = {name: value.item() for name, value in trainer.callback_metrics.items()}
        self.seen = [*getattr(self, "seen", []), (state, metrics)]


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


def test_the_users_error_goes_its_way_and_the_run_has_failed(home: Path) -> None:
    class Broken(Net):
        def on_validation_epoch_end(self) -> None:
            if self.current_epoch == 1:
                raise ValueError("the user's own")

    with pytest.raises(ValueError, match="the user's own"):
        fit(callback(), model=(model := Broken()))
    closed = written(home)[-1]
    assert isinstance(closed, RunClosed)
    assert (closed.status, closed.error) == ("failed", "ValueError: the user's own")
    assert len(snapshots(home, "head")) == 1
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


@pytest.mark.parametrize("package", [pl, old_pl], ids=["lightning", "pytorch_lightning"])
@pytest.mark.parametrize("name", ["DeepSpeedStrategy", "FSDPStrategy", "ModelParallelStrategy"])
def test_strategies_that_spread_layers_are_refused_by_name(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, package: Any, name: str
) -> None:
    """They need GPUs: a strategy of that name on one device stands here for them."""
    strategy = type(name, (package.strategies.SingleDeviceStrategy,), {})
    with pytest.raises(ConfigError, match=f"{name} spreads each layer"):
        fit(callback(), package=package, strategy=strategy(device="cpu"))
    monkeypatch.delenv("CHROMA_STRICT")
    _, without = fit(package=package, strategy=strategy(device="cpu"))
    trainer, model = fit(callback(), package=package, strategy=strategy(device="cpu"))
    assert trainer.current_epoch == 2
    assert all(torch.equal(a, b) for a, b in zip(without.parameters(), model.parameters(), strict=True))
    assert caplog.text.count("train with DistributedDataParallel") == 1
    assert not home.exists()


def test_control_c_interrupts_the_run_and_nothing_else(home: Path) -> None:
    class Stopped(Net):
        def validation_step(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> None:
            if self.current_epoch == 1:
                raise KeyboardInterrupt

            super().validation_step(batch, batch_idx)

    import signal

    before = signal.getsignal(signal.SIGINT)
    try:
        with pytest.raises(SystemExit):
            fit(callback(), model=(model := Stopped()))
    finally:
        signal.signal(signal.SIGINT, before)
    closed = written(home)[-1]
    assert isinstance(closed, RunClosed)
    assert closed.status == "interrupted"
    assert len(snapshots(home, "head")) == 1
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


class Layerless(Net):
    """No module is called: the weights are used functionally."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.flatten(1)[:, :10] @ self.head.weight[:, :10].T


def test_a_model_without_layers_is_said_once(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("CHROMA_STRICT")
    ours = callback()
    with caplog.at_level(logging.WARNING, "chroma"):
        fit(ours, model=Layerless(), epochs=3)
    assert [r.levelname for r in caplog.records if r.name == "chroma"] == ["WARNING"]
    assert "no module of the model was called" in caplog.text
    assert ours.receipt.status == "finished"
    assert ours.receipt.missing
    assert "no layer was captured" in str(ours.receipt)


def test_an_unknown_layer_is_said_with_the_nearest_names(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("CHROMA_STRICT")
    fit(callback(layers="hed"))
    assert "no layer named 'hed'; there is head" in caplog.text


@pytest.mark.parametrize(
    "wrong", [{"every": 0}, {"dtype": "int8"}, {"max_samples": 0}, {"max_snapshots": 0}, {"project": ""}]
)
def test_wrong_options_are_refused_at_once(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        ChromaCallback(**wrong)


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


def test_copies_and_pickles_of_the_callback_are_fresh(home: Path) -> None:
    ours = callback(max_samples=7)
    fit(ours, epochs=1)
    for again in (copy.deepcopy(ours), pickle.loads(pickle.dumps(ours))):
        assert again.run is None
        assert type(again) is type(ours)
        fit(again, epochs=1)
        assert again.receipt.layers[0].n == 7
        assert again.run.id != ours.run.id


def test_a_disk_that_refuses_does_not_stop_training(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("CHROMA_STRICT")
    home.write_text("a file where the home should be")
    ours = callback()
    fit(ours)
    assert len([r for r in caplog.records if r.name == "chroma"]) == 1
    assert ours.receipt.missing
    assert ours.receipt.layers[0].snapshots == 0
    assert "0 of 2" in str(ours.receipt)


def test_half_precision_is_captured(home: Path) -> None:
    fit(callback(), precision="bf16-mixed", epochs=1)
    (features,) = snapshots(home, "head:input")
    assert len(features.ids) == 100
    assert np.isfinite(features.vectors).all()


def test_two_callbacks_do_not_disturb_each_other(home: Path) -> None:
    first, second = (
        callback(layers="signature", dtype="float32"),
        callback(layers="signature", dtype="float32"),
    )
    fit(first, second, val=DataLoader(Digits(96, 100), batch_size=32, shuffle=True))
    captured = snapshots(home, "signature")
    assert len(captured) == 4
    for snapshot in captured:
        np.testing.assert_array_equal(signed(snapshot.vectors), snapshot.ids)


def test_a_batch_that_fails_is_counted_and_the_rest_kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def labels(batch: Any) -> Any:
        if len(batch[1]) < 32:
            raise RuntimeError("the user's function fails on the last batch")
        return batch[1]

    monkeypatch.delenv("CHROMA_STRICT")
    ours = callback(labels=labels)
    fit(ours, epochs=1)
    (features,) = snapshots(home, "head:input")
    assert features.ids.tolist() == list(range(96))
    assert features.of == 100
    assert "the user's function fails" in str(ours.receipt)
    assert ours.receipt.missing == {"a step of the capture failed": 1}


@pytest.mark.filterwarnings("ignore:.*will run with no optimizer.*")
def test_steps_that_lightning_does_not_see_are_counted_by_batches(home: Path) -> None:
    class ByHandStepped(Net):
        automatic_optimization = property(lambda self: False)

        def configure_optimizers(self) -> None:
            self.mine = torch.optim.SGD(self.parameters(), lr=0.05)

        def training_step(self, batch: Any, _: int) -> None:
            self.mine.zero_grad()
            torch.nn.functional.cross_entropy(self(batch[0]), batch[1]).backward()
            self.mine.step()

    fit(callback(splits=("train", "val")), model=ByHandStepped(), epochs=2)
    assert [(s.epoch, s.step) for s in snapshots(home, "head")] == [(0, 3), (1, 6)]
    assert [(s.epoch, s.step) for s in snapshots(home, "head", "train")] == [(0, 3), (1, 6)]
