"""What is learned, and the labels that tell it, are stored as they are for the other frameworks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from chroma.integrations._keras.targets import numbers_of
from chroma.records import Outputs, RunClosed, RunOpened, Samples, Snapshot
from tests.integrations.keras_backend.capturing import callback, fit, of
from tests.integrations.keras_backend.models import LABELS, PACKED, TRAIN, VAL

L = keras.layers
SparseCrossentropy = keras.losses.SparseCategoricalCrossentropy
SEVERAL = np.stack([LABELS % 2 == 0, LABELS > 4, LABELS == 3], 1)


def learned(home: Path, loss: Any, targets: Any, *last: Any, **options: Any) -> tuple[str, Samples]:
    """Fit a small model that ends in `last`; the task and the validation samples that were stored."""
    model = keras.Sequential([L.Flatten(), L.Dense(6, activation="relu", name="features"), *last])
    model.compile("sgd", loss)
    given = {"y": targets[TRAIN], "validation_data": (PACKED[VAL], targets[VAL])}
    fit(model, callback(**options), epochs=1, **given)
    (samples,) = of(home, Samples)
    return of(home, RunOpened)[-1].task, samples


@pytest.mark.parametrize("options", [{}, {"task": "multilabel"}], ids=["auto", "said"])
def test_several_labels_per_sample(home: Path, options: dict[str, Any]) -> None:
    head = L.Dense(3, activation="sigmoid", name="head")
    task, samples = learned(home, "binary_crossentropy", SEVERAL.astype("float32"), head, **options)
    assert task == "multilabel"
    assert samples.labels.tolist() == [
        ", ".join(str(index) for index in np.flatnonzero(row)) for row in SEVERAL[VAL]
    ]
    layers = {snapshot.layer: snapshot for snapshot in of(home, Snapshot)}
    assert layers.keys() == {"head:input", "head"}
    assert "the probabilities" in layers["head"].note.reason
    assert not of(home, Outputs)  # no single prediction


def test_several_labels_of_which_each_sample_has_one(home: Path) -> None:
    targets = np.eye(10, dtype="float32")[LABELS]
    head = L.Dense(10, activation="sigmoid")
    task, samples = learned(home, "binary_crossentropy", targets, head, task="multilabel")
    assert task == "multilabel"
    assert samples.labels.tolist() == [str(label) for label in LABELS[VAL]]


@pytest.mark.parametrize("one_hot", [False, True])
def test_classes(home: Path, one_hot: bool) -> None:
    loss = "categorical_crossentropy" if one_hot else "sparse_categorical_crossentropy"
    targets = np.eye(10, dtype="float32")[LABELS] if one_hot else LABELS.astype("float32")
    task, samples = learned(home, loss, targets, L.Dense(10, activation="softmax"))
    assert task == "classification"
    np.testing.assert_array_equal(samples.labels, LABELS[VAL])
    assert samples.labels.dtype == np.int64
    assert [outputs.head for outputs in of(home, Outputs)] == ["probabilities"]


def test_smoothed_labels_are_not_taken_for_classes(home: Path) -> None:
    targets = np.eye(10, dtype="float32")[LABELS] * 0.9 + 0.01
    _, samples = learned(home, "categorical_crossentropy", targets, L.Dense(10, activation="softmax"))
    assert samples.labels is None


@pytest.mark.parametrize("loss", ["mse", keras.losses.Huber()], ids=["name", "instance"])
def test_whole_numbers_that_are_quantities(home: Path, loss: Any) -> None:
    task, samples = learned(home, loss, LABELS, L.Dense(1))
    assert task == "regression"
    assert samples.labels.dtype == np.float32
    np.testing.assert_array_equal(samples.labels, LABELS[VAL])
    assert [snapshot.vectors.shape for snapshot in of(home, Snapshot)] == [(64, 6)]
    assert not of(home, Outputs)


def test_an_autoencoder_has_no_labels(home: Path) -> None:
    pixels = (PACKED.reshape(len(PACKED), -1) > 0.5).astype("float32")
    model = keras.Sequential([L.Dense(4, name="encoder"), L.Dense(pixels.shape[1], activation="sigmoid")])
    model.compile("sgd", "binary_crossentropy")
    held_out = (pixels[VAL], pixels[VAL].copy())
    fit(model, callback(), x=pixels[TRAIN], y=pixels[TRAIN], validation_data=held_out, epochs=1)
    (samples,) = of(home, Samples)
    assert samples.labels is None
    assert of(home, RunOpened)[-1].task == "unlabelled"
    assert [snapshot.layer for snapshot in of(home, Snapshot)] == ["encoder"]


def test_the_user_says_what_is_learned(home: Path) -> None:
    task, samples = learned(
        home, "sparse_categorical_crossentropy", LABELS, L.Dense(10, activation="softmax"), task="unlabelled"
    )
    assert task == "unlabelled"
    assert samples.labels is None


def test_predict_does_not_change_what_a_fit_learned(home: Path) -> None:
    head = L.Dense(10, activation="softmax")
    model = keras.Sequential([L.Flatten(), head])
    model.compile("sgd", "sparse_categorical_crossentropy")
    ours = callback()
    fit(model, ours, epochs=1)
    model.predict(PACKED[VAL], verbose=0, callbacks=[ours])
    assert {opened.task for opened in of(home, RunOpened)} == {None, "classification"}  # first unknown


def two_headed(home: Path, given: Any, loss: Any) -> Any:
    """Fit a model that gives a box of four values and, of the same hidden layer, a class of four."""
    image = keras.Input(PACKED.shape[1:])
    hidden = L.Dense(6, activation="relu")(L.Flatten()(image))
    outputs = {"box": L.Dense(4, name="box")(hidden), "kind": L.Dense(4, name="kind")(hidden)}
    named = isinstance(given(TRAIN), dict)
    model = keras.Model(image, outputs if named else list(outputs.values()))
    model.compile("sgd", loss)
    fit(
        model,
        callback(),
        x=PACKED[TRAIN],
        y=given(TRAIN),
        validation_data=(PACKED[VAL], given(VAL)),
        epochs=1,
    )
    return model


@pytest.mark.parametrize("named", [True, False])
def test_of_several_outputs_it_is_said_which_the_labels_are_and_its_head_is_taken(
    home: Path, named: bool
) -> None:
    boxes, kinds = np.random.default_rng(1).random((len(LABELS), 4)), LABELS % 4
    ours = SparseCrossentropy(from_logits=True)

    def given(part: slice) -> Any:
        y = {"box": boxes[part], "kind": kinds[part]}
        return y if named else list(y.values())

    model = two_headed(home, given, {"box": "mse", "kind": ours} if named else ["mse", ours])
    (samples,), (outputs,) = of(home, Samples), of(home, Outputs)
    np.testing.assert_array_equal(samples.labels, kinds[VAL])
    given_by_keras = model.predict(PACKED[VAL], verbose=0)
    scores = given_by_keras["kind"] if named else given_by_keras[1]
    np.testing.assert_array_equal(outputs.prediction, scores.argmax(1))
    assert {each.layer for each in of(home, Snapshot)} == {"kind:input", "kind"}
    assert of(home, RunOpened)[-1].task == "classification"


def test_of_several_targets_with_labels_the_others_are_columns(home: Path) -> None:
    image = keras.Input(PACKED.shape[1:])
    hidden = L.Dense(6, activation="relu")(L.Flatten()(image))
    model = keras.Model(image, [L.Dense(1, name="size")(hidden), L.Dense(10, name="digit")(hidden)])
    model.compile("sgd", ["mse", SparseCrossentropy(from_logits=True)])
    targets = [LABELS / 7, LABELS]
    fit(
        model,
        callback(),
        y=[target[TRAIN] for target in targets],
        validation_data=(PACKED[VAL], [target[VAL] for target in targets]),
        epochs=1,
    )
    (samples,), (closed,) = of(home, Samples), of(home, RunClosed)
    np.testing.assert_array_equal(samples.labels, LABELS[VAL])
    np.testing.assert_allclose(samples.metadata["y[0]"], LABELS[VAL] / 7, rtol=1e-6)
    assert (
        "labels are y[1]; y[0] kept as columns: labels= says which, an array or a function of (x, y)"
        in closed.receipt["notes"]
    )
    assert {each.layer for each in of(home, Snapshot)} == {"digit:input", "digit"}


def test_what_losses_measure() -> None:
    model = keras.Sequential([L.Dense(1)])
    assert numbers_of(model) == "classes"
    for loss in ("mae", keras.losses.mean_squared_error, keras.losses.LogCosh()):
        model.compile("sgd", loss)
        assert numbers_of(model) == "quantities"
    for loss in ("binary_crossentropy", lambda truth, given: truth - given, ["mse"]):
        model.compile("sgd", loss)
        assert numbers_of(model) == "classes"
