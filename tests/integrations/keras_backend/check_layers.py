"""Which layers are captured, how they are pooled, and what their scores are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from chroma.errors import ConfigError
from chroma.integrations.keras import ChromaCallback
from chroma.records import Metrics, Outputs, RunClosed, RunOpened, Samples, Snapshot
from tests.integrations.keras_backend.capturing import BACKEND, callback, fit, of, written
from tests.integrations.keras_backend.models import LABELS, PACKED, TRAIN, VAL, build

L = keras.layers


def test_auto_takes_features_and_probabilities_and_never_calls_them_logits(home: Path) -> None:
    fit(build("nested"), callback())
    features, head = of(home, Snapshot, layer="head:input"), of(home, Snapshot, layer="head")
    assert len(features) == len(head) == 2
    assert "probabilities" in head[0].note.reason
    assert "logits" not in head[0].note.reason
    assert features[0].note.default
    (known,) = of(home, Samples)
    assert all(image.startswith(b"\x89PNG") for image in known.images)
    opened, closed = written(home)[0], written(home)[-1]
    assert isinstance(opened, RunOpened)
    assert isinstance(closed, RunClosed)
    assert opened.framework == f"keras {keras.__version__} ({BACKEND})"
    assert (closed.status, closed.receipt["missing"]) == ("finished", {})
    metrics = of(home, Metrics)
    assert [m.epoch for m in metrics] == [0, 1]
    assert {"loss", "accuracy", "val_loss", "val_accuracy"} <= metrics[0].values.keys()
    assert [m.step for m in metrics] == [3, 6] == [s.step for s in features]


def test_layers_inside_nested_models_and_pooling_over_space(home: Path) -> None:
    model = build("nested")
    conv = next(layer for layer in model.get_layer("encoder").layers if isinstance(layer, L.Conv2D))
    fit(model, callback(layers=f"encoder.{conv.name}"), epochs=1)
    (snapshot,) = of(home, Snapshot)
    assert snapshot.note.pooling == "mean over space"
    exact = keras.ops.convert_to_numpy(conv(PACKED[VAL])).mean((1, 2))
    np.testing.assert_allclose(snapshot.vectors, exact, atol=1e-5)


def test_tokens_are_averaged_where_they_are_valid(home: Path) -> None:
    tokens = np.array([[1, 2, 0, 0], [3, 0, 0, 0], [4, 5, 6, 7]] * 8)
    model = keras.Sequential(
        [
            L.Embedding(9, 5, mask_zero=True, name="embed"),
            L.Dense(6, name="dense"),
            L.GlobalAveragePooling1D(),
            L.Dense(2, name="head"),
        ]
    )
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    targets = np.arange(24) % 2
    ours = callback(layers="dense")
    model.fit(tokens, targets, validation_data=(tokens, targets), verbose=0, callbacks=[ours])
    (snapshot,) = of(home, Snapshot)
    assert snapshot.note.pooling == "mean over tokens"
    values = keras.ops.convert_to_numpy(model.get_layer("dense")(model.get_layer("embed")(tokens)))
    valid = (tokens != 0)[..., None]
    np.testing.assert_allclose(snapshot.vectors, (values * valid).sum(1) / valid.sum(1), atol=1e-5)


def test_a_cell_within_a_compiled_loop_is_refused_and_the_training_goes_on(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On JAX its values cannot leave the loop; elsewhere its first call, at the first step, counts."""
    monkeypatch.delenv("CHROMA_STRICT")
    model = keras.Sequential(
        [L.Reshape((8, 8)), L.RNN(L.SimpleRNNCell(4, name="cell"), name="rnn"), L.Dense(10, name="head")]
    )
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    ours = callback(layers=["rnn.cell", "head"])
    history = fit(model, ours).history
    assert len(history["val_loss"]) == 2
    snapshots = of(home, Snapshot, layer="rnn.cell")
    if BACKEND == "jax":
        assert not snapshots
        assert any("'rnn.cell' gave nothing" in note for note in ours.receipt.notes)
        return
    cell = model.get_layer("rnn").cell
    first = cell(PACKED[VAL][:, 0, :, 0], [np.zeros((64, 4), "float32")])[0]
    np.testing.assert_allclose(snapshots[-1].vectors, keras.ops.convert_to_numpy(first), atol=1e-5)


def test_one_probability_for_two_classes(home: Path) -> None:
    even = (LABELS % 2 == 0).astype("float32")
    model = keras.Sequential([L.Flatten(), L.Dense(8, activation="relu"), L.Dense(1, activation="sigmoid")])
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    history = fit(
        model, callback(), y=even[TRAIN], validation_data=(PACKED[VAL], even[VAL]), epochs=1
    ).history
    (said,) = of(home, Outputs)
    assert np.mean(said.prediction == even[VAL]) == pytest.approx(history["val_accuracy"][0], abs=1e-6)
    assert [s.note.reason.startswith("the penultimate") for s in of(home, Snapshot)] == [True]


def test_the_first_layer_is_not_chosen_for_its_name(home: Path) -> None:
    tokens, targets = np.arange(96).reshape(24, 4) % 9, np.arange(24) % 2
    model = keras.Sequential(
        [
            L.Embedding(9, 5, name="embedding"),
            L.GlobalAveragePooling1D(),
            L.Dense(7, activation="relu"),
            L.Dense(1, activation="sigmoid", name="head"),
        ]
    )
    model.compile("sgd", "binary_crossentropy")
    model.fit(tokens, targets, validation_data=(tokens, targets), verbose=0, callbacks=[callback()])
    assert [(s.layer, s.vectors.shape) for s in of(home, Snapshot)] == [("head:input", (24, 7))]
    assert len(of(home, Outputs)) == 1


def test_an_embedding_whose_classifier_is_elsewhere_is_no_head(home: Path) -> None:
    def apart(truth: Any, given: Any) -> Any:
        return keras.ops.mean(given * given, axis=1)

    model = keras.Sequential([L.Flatten(), L.Dense(12), L.Dense(32, name="projection")])
    model.compile("sgd", apart)
    ours = callback()
    fit(model, ours, epochs=1)
    assert {s.layer for s in of(home, Snapshot)} == {"projection:input", "projection"}
    assert not of(home, Outputs)
    assert any(note.startswith("no predictions: the last layer, projection") for note in ours.receipt.notes)


@pytest.mark.parametrize("masks", [True, False])
def test_a_mask_as_large_as_its_image_is_no_image_again(home: Path, masks: bool) -> None:
    """Grey images into two classes: as many values come out as go in, as of an autoencoder."""
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            L.Conv2D(4, 3, strides=4, padding="same", activation="relu", name="narrow"),
            L.Conv2DTranspose(6, 4, strides=4, activation="relu"),
            L.Conv2D(1, 1, activation="sigmoid", name="pixels"),
        ]
    )
    model.compile("sgd", "binary_crossentropy")
    images = np.random.default_rng(0).random((20, 8, 8, 1)).astype("float32")
    y = (images > 0.5).astype("float32") if masks else images
    model.fit(images, y, validation_data=(images, y), verbose=0, callbacks=[callback()])
    default = [record.layer for record in of(home, Snapshot) if record.note.default]
    assert default == ["pixels:input" if masks else "narrow"]


def test_what_is_given_for_each_pixel_is_captured_before_it(home: Path) -> None:
    targets = (PACKED[..., 0] > 0.5).astype("int64")
    model = keras.Sequential([L.Conv2D(6, 3, padding="same"), L.Conv2D(3, 1, name="out")])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    fit(model, callback(), y=targets[TRAIN], validation_data=(PACKED[VAL], targets[VAL]), epochs=1)
    assert [(s.layer, s.vectors.shape[1]) for s in of(home, Snapshot)] == [("out:input", 6)]
    assert not of(home, Outputs)


@pytest.mark.parametrize("wrong", [{"every": 0}, {"dtype": "int8"}, {"max_samples": 0}, {"project": ""}])
def test_wrong_options_are_refused_at_once(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        ChromaCallback(**wrong)


class Compresses(keras.Model):
    """Has no `call`: its step calls the models within it, as published autoencoders do."""

    def __init__(self) -> None:
        super().__init__()
        image, code = L.Input((8, 8, 1)), L.Input((4,))
        self.encoder = keras.Model(image, L.Dense(4, name="code")(L.Flatten()(image)), name="encoder")
        self.decoder = keras.Model(code, L.Dense(64, name="pixels")(code), name="decoder")
        self.built = True  # or Keras calls it

    def compute_loss(self, x: Any = None, **_: Any) -> Any:
        made = self.decoder(self.encoder(x))
        return keras.ops.mean(keras.ops.square(made - keras.ops.reshape(x, (-1, 64))))

    def _loss_of(self, data: Any) -> Any:
        return self.compute_loss(data[0] if isinstance(data, (tuple, list)) else data)

    if BACKEND == "tensorflow":

        def train_step(self, data: Any) -> Any:
            import tensorflow as tf

            with tf.GradientTape() as tape:
                loss = self._loss_of(data)
            self.optimizer.apply(tape.gradient(loss, self.trainable_weights), self.trainable_weights)
            return {"loss": loss}

    elif BACKEND == "torch":

        def train_step(self, data: Any) -> Any:
            self.zero_grad()
            loss = self._loss_of(data)
            loss.backward()
            self.optimizer.apply(
                [weight.value.grad for weight in self.trainable_weights], self.trainable_weights
            )
            return {"loss": loss}


@pytest.mark.skipif(BACKEND == "jax", reason="a step of the user's own is written for each backend")
def test_a_model_without_call_is_captured_by_the_model_within_it_that_takes_the_samples(home: Path) -> None:
    model = Compresses()
    model.compile("adam")
    ours = callback(layers="encoder.code")
    model.fit(PACKED[:64], epochs=2, batch_size=32, verbose=0, callbacks=[ours])
    taken = of(home, Snapshot)
    assert [(each.layer, each.split, len(each.ids)) for each in taken] == [("encoder.code", "train", 64)] * 2
    exact = model.encoder.predict(PACKED[:64], verbose=0)
    np.testing.assert_allclose(taken[-1].vectors, exact, atol=1e-5)


def test_names_of_the_classes_come_from_what_made_the_dataset(home: Path) -> None:
    tf = pytest.importorskip("tensorflow")
    made = tf.data.Dataset.from_tensor_slices((PACKED[VAL], LABELS[VAL])).batch(32)
    made.class_names = [f"digit {number}" for number in range(10)]
    fit(build("functional"), callback(layers="head"), validation_data=made.prefetch(1), epochs=1)
    (known,) = of(home, Samples)
    assert known.class_names[3] == "digit 3"
