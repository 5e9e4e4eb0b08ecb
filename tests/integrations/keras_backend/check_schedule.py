"""Which passes of a fit are captured: what limits demand is left out, and the last pass never is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from chroma.records import Snapshot
from tests.integrations.keras_backend.capturing import BACKEND, callback, fit, of
from tests.integrations.keras_backend.models import LABELS, PACKED, TRAIN, VAL, build

SEPARATELY = {"val": "probe"}


class StopsAfter(keras.callbacks.Callback):
    """Ends the training early, and gives the model other weights then, as EarlyStopping may."""

    def __init__(self, epoch: int) -> None:
        super().__init__()
        self.epoch = epoch

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if epoch == 0:
            self.first = self.model.get_weights()
        if epoch == self.epoch:
            self.predicted = self.model.predict(PACKED[VAL], verbose=0)
            self.model.stop_training = True

    def on_train_end(self, logs: Any = None) -> None:
        self.model.set_weights(self.first)


@pytest.mark.parametrize("splits", ["auto", SEPARATELY], ids=str)
def test_no_more_is_left_out_than_the_cap_demands(home: Path, splits: Any) -> None:
    fit(build("sequential"), callback(layers="head", splits=splits, max_snapshots=5), epochs=5)
    assert [snapshot.epoch for snapshot in of(home, Snapshot)] == [0, 1, 2, 3, 4]


def test_a_cap_is_said_and_the_last_pass_is_kept(home: Path) -> None:
    ours = callback(layers="head", max_snapshots=3)
    fit(build("sequential"), ours, epochs=6)
    epochs = [snapshot.epoch for snapshot in of(home, Snapshot)]
    assert (len(epochs), epochs[-1]) == (3, 5)
    assert "val: 3 of 6 passes are shown" in str(ours.receipt)


@pytest.mark.parametrize("splits", ["auto", SEPARATELY], ids=str)
def test_the_last_pass_is_taken_between_two_that_are_due(home: Path, splits: Any) -> None:
    fit(build("sequential"), callback(layers="head", splits=splits, every=3), epochs=5)
    assert [snapshot.epoch for snapshot in of(home, Snapshot)] == [0, 3, 4]


@pytest.mark.parametrize("splits", ["auto", SEPARATELY], ids=str)
@pytest.mark.parametrize("ours_first", [False, True])
def test_the_last_pass_before_an_early_stop_is_taken_with_its_own_weights(
    home: Path, splits: Any, ours_first: bool
) -> None:
    ours, stops = callback(layers="head", splits=splits, every=3), StopsAfter(1)
    fit(build("sequential"), *((ours, stops) if ours_first else (stops, ours)), epochs=9)
    snapshots = of(home, Snapshot)
    assert [(snapshot.epoch, snapshot.step) for snapshot in snapshots] == [(0, 3), (1, 6)]
    np.testing.assert_allclose(snapshots[-1].vectors, stops.predicted, atol=1e-5)


def test_passes_are_taken_as_they_come_where_a_callback_may_end_the_fit(home: Path) -> None:
    waits = keras.callbacks.EarlyStopping(monitor="loss", patience=90)
    fit(build("sequential"), callback(layers="head", max_snapshots=5), waits, StopsAfter(7), epochs=100)
    # of a hundred epochs the later ones would have been left out at once
    assert [snapshot.epoch for snapshot in of(home, Snapshot)] == [0, 1, 2, 3, 4, 6, 7]


def test_a_training_that_breaks_off_takes_no_pass_more(home: Path) -> None:
    class Breaks(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if epoch == 1:
                raise RuntimeError("the user's own")

    with pytest.raises(RuntimeError, match="the user's own"):
        fit(build("sequential"), callback(layers="head", every=3), Breaks(), epochs=9)
    assert [snapshot.epoch for snapshot in of(home, Snapshot)] == [0]


def test_training_samples_have_a_schedule_of_their_own(home: Path) -> None:
    ours = callback(layers="head", splits=("train", "val"), every=2)
    given = {"x": PACKED[TRAIN], "y": LABELS[TRAIN], "validation_data": (PACKED[VAL], LABELS[VAL])}
    fit(build("sequential"), ours, epochs=4, validation_freq=2, **given)
    epochs = {split: [s.epoch for s in of(home, Snapshot, split=split)] for split in ("train", "val")}
    assert epochs == {"train": [0, 2, 3], "val": [3]}


@pytest.mark.skipif(BACKEND == "jax", reason="there a train_step returns the state of the model's optimizer")
def test_epochs_count_where_the_models_optimizer_does_not_step(home: Path) -> None:
    """As with a GAN, whose `train_step` has optimizers of its own."""

    class Own(keras.Model):
        def train_step(self, *args: Any) -> Any:
            return self.test_step(*args)

    net = build("functional")
    model = Own(net.inputs, net.outputs)
    model.compile("sgd", "sparse_categorical_crossentropy")
    fit(model, callback(layers="head"), epochs=3)
    assert [(snapshot.epoch, snapshot.step) for snapshot in of(home, Snapshot)] == [(0, 0), (1, 1), (2, 2)]
