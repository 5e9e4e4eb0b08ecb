"""Training with and without capture: the same to the bit."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import chroma
from chroma.records import RunClosed, Snapshot
from tests.integrations.keras_backend.capturing import BACKEND, callback, fit, nothing_of_ours_is_left, of
from tests.integrations.keras_backend.models import KINDS, LABELS, PACKED, TRAIN, VAL, build

WAYS: list[tuple[str, str, dict[str, Any]]] = [
    *((kind, "callback", {}) for kind in KINDS),
    ("functional", "callback", {"splits": {"train": "probe", "val": "probe"}}),
    ("functional", "autolog", {}),
]


def random_states() -> list[Any]:
    found = [random.getstate(), str(np.random.get_state())]
    if BACKEND == "torch":
        import torch

        found.append(torch.get_rng_state().tolist())
    return found


@pytest.mark.parametrize(("kind", "how", "options"), WAYS, ids=str)
def test_training_is_the_same_to_the_bit(home: Path, kind: str, how: str, options: dict[str, Any]) -> None:
    """Weights, optimizer, seeds, metrics and histories of two fits one after the other, and random states."""

    def train(*ours: Any) -> tuple[Any, ...]:
        model = build(kind)
        histories = [fit(model, *ours, shuffle=True).history for _ in range(2)]
        seeds = [keras.ops.convert_to_numpy(each).tolist() for each in model.non_trainable_variables]
        slots = [keras.ops.convert_to_numpy(each) for each in model.optimizer.variables]
        results = model.get_metrics_result()
        return model.get_weights(), slots, histories, seeds, random_states(), results, model

    plain = train()
    if how == "autolog":
        chroma.autolog(project="tests", silent=True)
    try:
        ours = train(*([] if how == "autolog" else [callback(**options)]))
    finally:
        chroma.autolog(disable=True)
    assert len({closed.status for closed in of(home, RunClosed)} ^ {"finished"}) == 0
    assert len({(snapshot.layer, snapshot.split) for snapshot in of(home, Snapshot)}) >= 2
    for left, right in zip(plain[0] + plain[1], ours[0] + ours[1], strict=True):
        np.testing.assert_array_equal(left, right)
    assert plain[2:-1] == ours[2:-1]
    nothing_of_ours_is_left(ours[-1])


def test_the_model_can_be_saved_after_a_captured_fit(tmp_path: Path) -> None:
    model = build("functional")
    model.fit(PACKED, LABELS, epochs=1, verbose=0, callbacks=[callback(layers="head")])
    exact = model.predict(PACKED[VAL], verbose=0)
    model.save_weights(tmp_path / "kept.weights.h5")
    again = build("functional")
    again.load_weights(tmp_path / "kept.weights.h5")
    np.testing.assert_array_equal(again.predict(PACKED[VAL], verbose=0), exact)


def test_evaluating_and_predicting_amid_a_fit_are_the_users_own(home: Path) -> None:
    """A callback of the user's that evaluates and predicts sees what it would see without us."""

    class Looks(keras.callbacks.Callback):
        def __init__(self) -> None:
            super().__init__()
            self.saw: list[Any] = []

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.saw.append(self.model.evaluate(PACKED[TRAIN], LABELS[TRAIN], verbose=0))
            self.saw.append(self.model.predict(PACKED[VAL], verbose=0).tolist())

    def saw(*ours: Any) -> list[Any]:
        looks = Looks()
        fit(build("functional"), *ours, looks)
        return looks.saw

    assert saw() == saw(callback())
    assert {len(snapshot.ids) for snapshot in of(home, Snapshot)} == {64}


class Sampling(keras.layers.Layer):
    """Draws in inference too, as that of a variational autoencoder does."""

    def __init__(self) -> None:
        super().__init__()
        self.seed_generator = keras.random.SeedGenerator(1337)

    def call(self, inputs: Any) -> Any:
        return inputs + keras.random.normal(keras.ops.shape(inputs), seed=self.seed_generator)


@pytest.mark.parametrize("splits", ["auto", {"train": "probe", "val": "probe"}], ids=str)
def test_layers_that_sample_draw_what_they_would(home: Path, splits: Any) -> None:
    """Passes of our own are made in between: to choose layers, and to read them."""

    def train(*ours: Any) -> list[Any]:
        keras.utils.set_random_seed(5)
        model = keras.Sequential(
            [
                keras.Input(PACKED.shape[1:]),
                keras.layers.Flatten(),
                keras.layers.Dense(12, "relu"),
                Sampling(),
                keras.layers.Dense(10, "softmax", name="head"),
            ]
        )
        model.compile("sgd", "sparse_categorical_crossentropy")
        fit(model, *ours)
        return [*model.get_weights(), *(keras.ops.convert_to_numpy(each) for each in model.variables)]

    plain, ours = train(), train(callback(splits=splits))
    assert of(home, Snapshot, layer="head:input")
    for left, right in zip(plain, ours, strict=True):
        np.testing.assert_array_equal(left, right)
