"""What goes wrong in a training with Lightning, and what the user hears of it."""

from __future__ import annotations

import copy
import logging
import pickle
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
import pytest
import pytorch_lightning as old_pl
import torch
from torch.utils.data import DataLoader

from chroma.errors import ConfigError
from chroma.integrations.lightning import ChromaCallback
from chroma.records import RunClosed
from tests.integrations.digits import Digits, Net, fit, signed, snapshots, written
from tests.integrations.lightning_setup import LIGHTNING, callback

pytestmark = LIGHTNING


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
def test_under_strategies_that_spread_layers_train_is_captured_from_its_own_batches(
    home: Path, package: Any, name: str
) -> None:
    """They need GPUs: a strategy of that name on one device stands here for them."""
    strategy = type(name, (package.strategies.SingleDeviceStrategy,), {})
    _, without = fit(package=package, strategy=strategy(device="cpu"))
    ours = callback(splits=("train", "val"), layers="signature", dtype="float32")
    _, model = fit(ours, package=package, strategy=strategy(device="cpu"))
    assert all(torch.equal(a, b) for a, b in zip(without.parameters(), model.parameters(), strict=True))
    assert "which would have to evaluate it together" in " ".join(str(ours.receipt).split())
    for captured in snapshots(home, "signature", "train"):
        np.testing.assert_array_equal(signed(captured.vectors), captured.ids)
    assert [(line.n, line.snapshots) for line in ours.receipt.layers] == [(100, 2), (96, 2)]


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
