"""The last pass of a training is captured and shown, however the training ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from lightning.pytorch.callbacks import EarlyStopping
from torch.utils.data import DataLoader

from chroma.records import Hidden
from tests.integrations.digits import Digits, Net, fit, snapshots, written
from tests.integrations.lightning_setup import LIGHTNING, callback
from tests.integrations.test_watch import Plain, watching

pytestmark = LIGHTNING


def shown(home: Path, split: str = "val") -> list[tuple[Any, int]]:
    """Epoch and step of what the dashboard shows, in the order of steps."""
    hidden = {(each.split, each.step) for each in written(home) if isinstance(each, Hidden)}
    found = [each for each in snapshots(home, "head", split) if (split, each.step) not in hidden]
    return sorted((each.epoch, each.step) for each in found)


class Stops(EarlyStopping):
    """Ends the training after an epoch, by name as the trainer's own does."""

    def __init__(self, after: int) -> None:
        super().__init__("val_loss")
        self._after = after

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        trainer.should_stop = trainer.current_epoch >= self._after

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Nothing is watched."""


@pytest.mark.parametrize("how", [{"val": "ride"}, {"train": "probe"}, {"train": "ride"}])
def test_with_early_stopping(home: Path, how: Any) -> None:
    ours = callback(splits=how, max_snapshots=4)
    fit(ours, Stops(6), epochs=100)
    (split,) = how
    assert [epoch for epoch, _ in shown(home, split)] == [0, 2, 4, 6]
    assert ours.receipt.missing == {}


@pytest.mark.parametrize("how", [{"val": "ride"}, {"train": "probe"}, {"train": "ride"}])
def test_a_pass_that_was_left_out_is_captured_at_the_end(home: Path, how: Any) -> None:
    ours = callback(splits=how, max_snapshots=4)
    fit(ours, Stops(7), epochs=100)
    (split,) = how
    assert [epoch for epoch, _ in shown(home, split)] == [0, 2, 4, 7]
    assert "5 of 8" not in str(ours.receipt)
    assert "4 of 8 passes are shown" in " ".join(str(ours.receipt).split())


def test_with_validation_every_few_batches_and_a_number_of_steps(home: Path) -> None:
    train = DataLoader(Digits(0, 96), batch_size=16)
    fit(callback(), epochs=-1, max_steps=8, val_check_interval=2, train=train)
    assert [step for _, step in shown(home)] == [2, 4, 6, 8]


def test_with_epochs_between_snapshots(home: Path) -> None:
    fit(callback(every=3), epochs=5)
    assert [epoch for epoch, _ in shown(home)] == [0, 3, 4]


@pytest.mark.parametrize("epochs", [10, 40])
def test_a_loop_of_no_known_length_is_shown_whole_below_the_limit(home: Path, epochs: int) -> None:
    with watching(Plain(), DataLoader(Digits(96, 20), batch_size=20), layers="head") as watch:
        for epoch in range(epochs):
            watch.snapshot(epoch=epoch)
    assert [epoch for epoch, _ in shown(home)] == list(range(epochs))
    assert watch.receipt.notes == ()


def test_a_long_loop_shows_its_last_state(home: Path) -> None:
    model = Plain()
    with watching(model, DataLoader(Digits(96, 20), batch_size=20), layers="head", max_snapshots=4) as watch:
        taken = [watch.snapshot(epoch=epoch) for epoch in range(8)]
        torch.nn.init.zeros_(model.head.weight)
    assert taken == [True] * 5 + [False, True, False]
    assert [epoch for epoch, _ in shown(home)] == [0, 2, 4, 7]
    last = snapshots(home, "head")[-1]
    assert (last.vectors == last.vectors[0]).all(), "it is evaluated at the end"


def test_a_loop_that_fails_is_not_evaluated_again(home: Path) -> None:
    def loop() -> None:
        with watching(Plain(), DataLoader(Digits(96, 20), batch_size=20), every=2, layers="head") as watch:
            for epoch in range(2):
                watch.snapshot(epoch=epoch)
            raise ValueError("the user's own")

    with pytest.raises(ValueError, match="the user's own"):
        loop()
    assert [epoch for epoch, _ in shown(home)] == [0]


def test_a_loop_keeps_to_its_share_of_the_time(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chroma.capture.schedule._LEAST_TRAINED", 0.0)
    loader = DataLoader(Digits(96, 20), batch_size=20)
    with watching(Plain(), loader, layers="head", max_overhead=0.01) as watch:  # the loop does nothing else
        taken = [watch.snapshot(epoch=epoch) for epoch in range(30)]
    assert sum(taken) < 8
    assert [epoch for epoch, _ in shown(home)][-1] == 29
    assert "max_overhead=0.01" in " ".join(watch.receipt.notes)


def test_the_trained_model_is_the_same_where_passes_are_held(home: Path) -> None:
    def train(*ours: Any) -> Any:
        pl.seed_everything(1)
        _, model = fit(*ours, Stops(5), epochs=100, model=Net())
        return model.state_dict()

    weights, captured = train(), train(callback(splits={"train": "ride", "val": "ride"}, max_snapshots=2))
    assert all(torch.equal(weights[name], captured[name]) for name in weights)
