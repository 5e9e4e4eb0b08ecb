"""Every cell of one Keras backend in one process; `test_keras.py` runs it once for each."""

from __future__ import annotations

import copy
import inspect
import logging
import pickle
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from sklearn.datasets import load_digits

import chroma
from chroma.errors import ConfigError
from chroma.journal import entries
from chroma.records import Metrics, Outputs, Record, RunClosed, RunOpened, Samples, Snapshot
from chroma.segment import read

FIT_OWNER = next(kind for kind in keras.Model.__mro__ if "fit" in vars(kind))
ORIGINAL = vars(FIT_OWNER)["fit"]
chroma.autolog()
WRAPPED = vars(FIT_OWNER)["fit"]
chroma.autolog(disable=True)
RESTORED = vars(FIT_OWNER)["fit"]

from chroma.integrations.keras import ChromaCallback  # noqa: E402  # stands around fit from here on

L = keras.layers
BACKEND = keras.backend.backend()
BUNCH = load_digits()
IMAGES = (BUNCH.images[:160] / 16).astype("float32")[..., None]
LABELS = BUNCH.target[:160]
SIGNS = (np.arange(160) / 256).astype("float32")[:, None]  # sample i carries i
TRAIN, VAL = slice(0, 96), slice(96, 160)


def callback(**options: Any) -> ChromaCallback:
    return ChromaCallback(**{"silent": True, "project": "tests", "dtype": "float32", **options})


def written(home: Path) -> list[Record]:
    return [read(entry.path).record for entry in entries(home / "journal")]


def of(home: Path, kind: type, **about: Any) -> list[Any]:
    found = [record for record in written(home) if isinstance(record, kind)]
    return [record for record in found if all(getattr(record, k) == v for k, v in about.items())]


class Net(keras.Model):
    """Subclassed; takes the image and what tells whose row it is."""

    def __init__(self) -> None:
        super().__init__()
        self.flat = L.Flatten()
        self.hidden = L.Dense(16, activation="relu")
        self.norm = L.BatchNormalization()
        self.dropout = L.Dropout(0.3)
        self.signature = L.Identity(name="signature")
        self.head = L.Dense(10, activation="softmax", name="head")

    def call(self, inputs: Any, training: bool = False) -> Any:
        image, sign = inputs["image"], self.signature(inputs["sign"])
        hidden = self.norm(self.hidden(self.flat(image)), training=training)
        return self.head(keras.ops.concatenate([self.dropout(hidden, training=training), sign], axis=-1))


class Apart(L.Layer):
    """Splits what is packed into one array: the sign stands in the first pixel."""

    def call(self, packed: Any) -> Any:
        return packed[:, 0, :1, 0]


def build(kind: str, *, packed: bool = False, **options: Any) -> Any:
    """A model with dropout and BatchNorm: subclassed, sequential (always packed), or nested functional."""
    keras.utils.set_random_seed(3)
    if kind == "subclassed":
        model = Packed() if packed else Net()
    elif kind == "sequential":
        model = keras.Sequential(
            [
                SignThrough(),
                L.Conv2D(4, 3),
                L.BatchNormalization(),
                L.ReLU(),
                L.Flatten(),
                L.Dense(16, activation="relu"),
                L.Dropout(0.3),
                L.Dense(10, activation="softmax", name="head"),
            ]
        )
    else:
        image = L.Input((8, 8, 1), name="image")
        encoder = keras.Sequential(
            [L.Conv2D(4, 3), L.BatchNormalization(), L.ReLU(), L.Flatten(), L.Dense(16)], name="encoder"
        )
        hidden = L.Dropout(0.3)(encoder(image))
        inputs: Any = image
        if packed:
            sign = L.Identity(name="signature")(Apart()(image))
        else:
            inputs = {"image": image, "sign": L.Input((1,), name="sign")}
            sign = L.Identity(name="signature")(inputs["sign"])
        both = L.Concatenate()([hidden, sign])
        model = keras.Model(inputs, L.Dense(10, activation="softmax", name="head")(both))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], **options)
    return model


class Packed(Net):
    def call(self, inputs: Any, training: bool = False) -> Any:
        return super().call({"image": inputs, "sign": inputs[:, 0, :1, 0]}, training=training)


class SignThrough(L.Layer):
    """Passes images on; what is in their first pixel goes through `signature` on the way."""

    def __init__(self) -> None:
        super().__init__()
        self.signature = L.Identity(name="signature")

    def call(self, packed: Any) -> Any:
        return packed + 0.0 * self.signature(packed[:, 0, :1, 0])[:, None, None]


def packed_images() -> np.ndarray:
    images = IMAGES.copy()
    images[:, 0, 0, 0] = SIGNS[:, 0]
    return images


X: Any = packed_images()


def fit(model: Any, *callbacks: Any, epochs: int = 2, **given: Any) -> Any:
    given = {"x": X[TRAIN], "y": LABELS[TRAIN], "validation_data": (X[VAL], LABELS[VAL]), **given}
    return model.fit(**given, batch_size=32, epochs=epochs, verbose=0, callbacks=list(callbacks))


def states() -> list[Any]:
    found = [random.getstate(), str(np.random.get_state())]
    if BACKEND == "torch":
        import torch

        found.append(torch.get_rng_state().tolist())
    return found


KINDS = ("functional", "sequential", "subclassed")


@pytest.mark.parametrize(
    ("kind", "how"), [*((kind, "callback") for kind in KINDS), ("functional", "autolog")], ids=str
)
def test_training_is_the_same_to_the_bit(kind: str, how: str) -> None:
    """Weights, optimizer, seeds, metrics and history, in two fits one after the other, and random states."""

    def train(capture: bool) -> tuple[Any, ...]:
        model = build(kind, packed=True)
        ours = [callback()] if capture and how == "callback" else []
        histories = [fit(model, *ours, shuffle=True).history for _ in range(2)]
        seeds = [keras.ops.convert_to_numpy(each).tolist() for each in model.non_trainable_variables]
        slots = [keras.ops.convert_to_numpy(each) for each in model.optimizer.variables]
        results = model.get_metrics_result()
        return model.get_weights(), slots, histories, seeds, states(), results, model

    plain = train(False)
    if how == "autolog":
        chroma.autolog(project="tests", silent=True)
    try:
        ours = train(True)
    finally:
        chroma.autolog(disable=True)
    for left, right in zip(plain[0] + plain[1], ours[0] + ours[1], strict=True):
        np.testing.assert_array_equal(left, right)
    assert plain[2:-1] == ours[2:-1]
    model = ours[-1]
    assert not any("call" in vars(layer) for layer in model._flatten_layers(include_self=False))
    assert all(type(layer).__module__ != "chroma.integrations._keras_layers" for layer in model.layers)


class Batches(keras.utils.PyDataset):
    def __len__(self) -> int:
        return 3

    def __getitem__(self, number: int) -> Any:
        np.random.random()  # as augmentation would: the training must not notice that we read it
        rows = slice(96 + 24 * number, min(96 + 24 * (number + 1), 160))
        return X[rows], LABELS[rows]


def source(name: str) -> dict[str, Any]:
    if name == "arrays":
        return {"validation_data": (X[VAL], LABELS[VAL])}
    if name == "dict":
        both = {"image": IMAGES, "sign": SIGNS}
        cut = [{key: array[part] for key, array in both.items()} for part in (TRAIN, VAL)]
        return {"x": cut[0], "validation_data": (cut[1], LABELS[VAL])}
    if name == "PyDataset":
        return {"validation_data": Batches()}
    if name == "validation_split":
        return {"x": X, "y": LABELS, "validation_data": None, "validation_split": 0.4}
    if name == "tf.data":
        tf = pytest.importorskip("tensorflow")
        return {"validation_data": tf.data.Dataset.from_tensor_slices((X[VAL], LABELS[VAL])).batch(24)}
    torch = pytest.importorskip("torch")
    data = torch.utils.data.TensorDataset(torch.tensor(X[VAL]), torch.tensor(LABELS[VAL]))
    return {"validation_data": torch.utils.data.DataLoader(data, batch_size=24, shuffle=name == "shuffled")}


SOURCES = ("arrays", "dict", "PyDataset", "validation_split", "tf.data", "DataLoader")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", SOURCES)
def test_captured_equals_what_keras_says(home: Path, kind: str, name: str) -> None:
    """Outputs equal predict, accuracy equals val_accuracy, and each row is the sample it names."""
    if kind == "sequential" and name == "dict":
        pytest.skip("a Sequential model takes one input")
    model = build(kind, packed=name != "dict")
    signature = "sign_through.signature" if kind == "sequential" else "signature"
    ours = callback(layers=["*signature", "head"])
    history = fit(model, ours, **source(name)).history
    (known,) = of(home, Samples)
    split = name == "validation_split"
    start = 96
    expected = np.arange(96, 160) if split else np.arange(64)
    assert known.ids.tolist() == expected.tolist()
    assert (known.of, known.identity) == (64, "index")
    np.testing.assert_array_equal(known.labels, LABELS[start:])
    outputs = of(home, Outputs)
    assert [o.epoch for o in outputs] == [0, 1]
    for said, accuracy in zip(outputs, history["val_accuracy"], strict=True):
        assert np.mean(said.prediction == LABELS[start:]) == pytest.approx(accuracy, abs=1e-6)
        assert said.head == "probabilities"
    inputs = {"image": IMAGES[start:], "sign": SIGNS[start:]} if name == "dict" else X[start:]
    predicted = model.predict(inputs, verbose=0)
    np.testing.assert_allclose(outputs[-1].logits, predicted, atol=1e-5)
    picked = -np.log(predicted[np.arange(64), LABELS[start:]].astype(np.float64))
    np.testing.assert_allclose(outputs[-1].cross_entropy, picked, rtol=1e-3, atol=1e-5)
    names = {snapshot.layer for snapshot in of(home, Snapshot)}
    assert names == {next(n for n in names if n.endswith("signature")), "head"}, signature
    for snapshot in of(home, Snapshot):
        if snapshot.layer.endswith("signature"):
            rows = np.rint(snapshot.vectors[:, 0] * 256).astype(int)
            assert (rows - 96 + (96 if split else 0)).tolist() == snapshot.ids.tolist()


def test_a_shuffled_loader_keeps_true_ids(home: Path) -> None:
    pytest.importorskip("torch")
    fit(build("functional", packed=True), callback(layers="signature"), **source("shuffled"))
    for snapshot in of(home, Snapshot):
        assert snapshot.ids.tolist() == list(range(64))
        assert (np.rint(snapshot.vectors[:, 0] * 256) - 96).tolist() == snapshot.ids.tolist()


def test_auto_takes_features_and_probabilities_and_never_calls_them_logits(home: Path) -> None:
    model = build("functional", packed=True)
    ours = callback()
    fit(model, ours)
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
    model = build("functional", packed=True)
    conv = next(layer for layer in model.get_layer("encoder").layers if isinstance(layer, L.Conv2D))
    fit(model, callback(layers=f"encoder.{conv.name}"), epochs=1)
    (snapshot,) = of(home, Snapshot)
    assert snapshot.note.pooling == "mean over space"
    exact = keras.ops.convert_to_numpy(conv(X[VAL])).mean((1, 2))
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
    model.fit(
        tokens, targets, validation_data=(tokens, targets), verbose=0, callbacks=[callback(layers="dense")]
    )
    (snapshot,) = of(home, Snapshot)
    assert snapshot.note.pooling == "mean over tokens"
    values = keras.ops.convert_to_numpy(model.get_layer("dense")(model.get_layer("embed")(tokens)))
    valid = (tokens != 0)[..., None]
    np.testing.assert_allclose(snapshot.vectors, (values * valid).sum(1) / valid.sum(1), atol=1e-5)


def test_validation_freq_and_max_samples(home: Path) -> None:
    ours = callback(max_samples=20)
    fit(build("sequential"), ours, epochs=4, validation_freq=2)
    assert [s.epoch for s in of(home, Snapshot, layer="head")] == [1, 3]
    (known,) = of(home, Samples)
    assert (len(known.ids), known.of) == (20, 64)
    assert known.ids.tolist() != list(range(20))
    np.testing.assert_array_equal(known.labels, LABELS[VAL][known.ids.astype(int)])
    assert "20 of 64" in str(ours.receipt)


def test_without_validation_training_samples_are_followed(home: Path) -> None:
    fit(build("sequential"), callback(), validation_data=None)
    (known,) = of(home, Samples)
    assert (known.split, len(known.ids)) == ("train", 96)
    assert len(of(home, Snapshot, layer="head")) == 2


def test_data_keys_labels_and_metadata_of_the_users_own(home: Path) -> None:
    names = [f"digit-{number}" for number in range(64)]
    ours = callback(
        data={"val": (X[VAL], LABELS[VAL]), "train": (X[TRAIN], LABELS[TRAIN])},
        ids={"val": names},
        metadata={"ink": lambda x, y: x.sum((1, 2, 3))},
    )
    fit(build("sequential"), ours, epochs=1)
    known = {record.split: record for record in of(home, Samples)}
    assert known["val"].ids.tolist() == names
    assert known["val"].identity == "key"
    assert known["train"].ids.tolist() == list(range(96))
    np.testing.assert_allclose(known["val"].metadata["ink"], X[VAL].sum((1, 2, 3)), rtol=1e-5)


@pytest.mark.parametrize(
    "options", [{"steps_per_execution": 2}, {"run_eagerly": True}, {"jit_compile": True}], ids=str
)
def test_ways_of_compiling(home: Path, options: dict[str, Any]) -> None:
    if BACKEND == "torch" and "run_eagerly" not in options:
        pytest.skip("Keras refuses it on PyTorch, or needs a C++ compiler there")
    model = build("functional", packed=True, **options)
    history = fit(model, callback(), epochs=1).history
    (said,) = of(home, Outputs)
    assert np.mean(said.prediction == LABELS[VAL]) == pytest.approx(history["val_accuracy"][0], abs=1e-6)


def test_mixed_precision(home: Path) -> None:
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        model = build("sequential")
        fit(model, callback(), epochs=1)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    (said,) = of(home, Outputs)
    np.testing.assert_allclose(said.logits, model.predict(X[VAL], verbose=0).astype(np.float32), atol=2e-2)
    assert said.head == "probabilities"


def test_one_probability_for_two_classes(home: Path) -> None:
    even = (LABELS % 2 == 0).astype("float32")
    model = keras.Sequential([L.Flatten(), L.Dense(8, activation="relu"), L.Dense(1, activation="sigmoid")])
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    history = fit(model, callback(), y=even[TRAIN], validation_data=(X[VAL], even[VAL]), epochs=1).history
    (said,) = of(home, Outputs)
    assert np.mean(said.prediction == even[VAL]) == pytest.approx(history["val_accuracy"][0], abs=1e-6)
    assert [s.note.reason.startswith("the penultimate") for s in of(home, Snapshot)] == [False]


def test_several_outputs_and_sample_weights(home: Path) -> None:
    image = L.Input((8, 8, 1))
    hidden = L.Dense(8, activation="relu")(L.Flatten()(image))
    model = keras.Model(
        image, {"digit": L.Dense(10, name="digit")(hidden), "ink": L.Dense(1, name="ink")(hidden)}
    )
    model.compile(
        "adam", {"digit": keras.losses.SparseCategoricalCrossentropy(from_logits=True), "ink": "mse"}
    )
    targets = {"digit": LABELS, "ink": X.mean((1, 2, 3))}
    cut = [{name: array[part] for name, array in targets.items()} for part in (TRAIN, VAL)]
    fit(model, callback(layers="digit"), y=cut[0], validation_data=(X[VAL], cut[1]), epochs=1)
    (known,) = of(home, Samples)
    np.testing.assert_array_equal(known.labels, LABELS[VAL])


def test_a_generator_is_not_touched_and_that_is_said(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("CHROMA_STRICT")
    taken: list[int] = []

    def generate() -> Iterator[Any]:
        for number in range(10):
            taken.append(number)
            yield X[VAL], LABELS[VAL]

    def run(*ours: Any) -> Any:
        taken.clear()
        fit(build("sequential"), *ours, validation_data=generate(), validation_steps=1, epochs=2)
        return list(taken)

    assert run() == run(callback())
    assert "a generator can be read only once" in caplog.text
    assert not of(home, Snapshot)


def test_a_shuffled_tf_dataset_is_not_touched_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tf = pytest.importorskip("tensorflow")
    monkeypatch.delenv("CHROMA_STRICT")
    data = tf.data.Dataset.from_tensor_slices((X[VAL], LABELS[VAL])).shuffle(64).batch(32).prefetch(1)
    fit(build("sequential"), callback(), validation_data=data, epochs=1)
    assert "shuffled tf.data.Dataset" in caplog.text


def test_the_users_error_is_the_same_object_and_the_run_has_failed(home: Path) -> None:
    error = ValueError("the user's own")

    class Breaks(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if epoch == 1:
                raise error

    with pytest.raises(ValueError, match="the user's own") as caught:
        fit(build("sequential"), callback(), Breaks())
    assert caught.value is error
    closed = written(home)[-1]
    assert isinstance(closed, RunClosed)
    assert (closed.status, closed.error) == ("failed", "ValueError: the user's own")


def test_when_a_layer_is_unknown_training_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("CHROMA_STRICT")
    ours = callback(layers="hed")
    history = fit(build("sequential"), ours).history
    assert len(history["loss"]) == 2
    assert len([record for record in caplog.records if record.name == "chroma"]) == 1
    assert "no layer named 'hed'; there is head" in caplog.text
    assert ours.receipt is not None
    assert ours.receipt.missing


def test_only_epoch_hooks_are_overridden() -> None:
    ours = callback()
    hooks = [name for name in dir(keras.callbacks.Callback) if "_batch_" in name]
    assert hooks
    assert all(keras.src.utils.is_default(getattr(ours, name)) for name in hooks)


def test_copies_are_fresh(home: Path) -> None:
    ours = callback(max_samples=7)
    fit(build("sequential"), ours, epochs=1)
    for again in (copy.deepcopy(ours), pickle.loads(pickle.dumps(ours))):
        assert again.run is None
        fit(build("sequential"), again, epochs=1)
        assert again.receipt.layers[0].n == 7


class TestAutolog:
    @pytest.fixture(autouse=True)
    def _off(self) -> Iterator[None]:
        yield
        chroma.autolog(disable=True)

    @staticmethod
    def on(**options: Any) -> None:
        chroma.autolog(**{"project": "tests", "silent": True, **options})

    def test_the_very_original_comes_back(self) -> None:
        assert WRAPPED is not ORIGINAL
        assert RESTORED is ORIGINAL

    def test_a_fit_is_captured(self, home: Path) -> None:
        signature = inspect.signature(keras.Model.fit)
        self.on()
        self.on()
        assert inspect.signature(keras.Model.fit) == signature
        mine: list[Any] = [keras.callbacks.TerminateOnNaN()]
        model = build("functional", packed=True)
        model.fit(X[TRAIN], LABELS[TRAIN], verbose=0, validation_split=0.25, callbacks=mine)
        assert len(mine) == 1
        assert len(of(home, RunOpened)) == 1
        assert of(home, Samples)[0].ids.tolist() == list(range(72, 96))
        chroma.autolog(disable=True)
        fit(model, epochs=1)
        assert len(of(home, RunOpened)) == 1

    @pytest.mark.parametrize("how", ["positional", "one", "CallbackList", "none"])
    def test_callbacks_in_every_form(self, home: Path, how: str) -> None:
        self.on()
        model = build("sequential")
        theirs = keras.callbacks.TerminateOnNaN()
        val = {"validation_data": (X[VAL], LABELS[VAL])}
        if how == "positional":
            model.fit(X[TRAIN], LABELS[TRAIN], 32, 1, 0, [theirs], **val)
        elif how == "CallbackList":
            listed = keras.callbacks.CallbackList([theirs], add_history=True, model=model, epochs=1)
            history = model.fit(X[TRAIN], LABELS[TRAIN], verbose=0, callbacks=listed, **val)
            assert "val_accuracy" in history.history
            assert not any(isinstance(each, ChromaCallback) for each in listed.callbacks)
        else:
            given = {"callbacks": theirs} if how == "one" else {}
            model.fit(X[TRAIN], LABELS[TRAIN], verbose=0, **given, **val)
        assert len(of(home, Snapshot, layer="head")) == 1

    def test_an_explicit_callback_wins_and_disabled_is_left_alone(self, home: Path) -> None:
        self.on(name="autologged")
        with chroma.disabled():
            fit(build("sequential"), epochs=1)
            fit(build("sequential"), callback(), epochs=1)
        assert not home.exists()
        fit(build("sequential"), callback(name="explicit"), epochs=1)
        assert [opened.name for opened in of(home, RunOpened)] == ["explicit"]

    def test_a_model_that_overrides_fit(self, home: Path) -> None:
        class Own(Packed):
            def fit(self, *args: Any, **kwargs: Any) -> Any:
                return super().fit(*args, **{**kwargs, "epochs": 3})

        self.on()
        keras.utils.set_random_seed(1)
        model = Own()
        model.compile("adam", "sparse_categorical_crossentropy")
        fit(model, epochs=1)
        assert [s.epoch for s in of(home, Snapshot, layer="head")] == [0, 1, 2]


@pytest.mark.parametrize("wrong", [{"every": 0}, {"dtype": "int8"}, {"max_samples": 0}, {"project": ""}])
def test_wrong_options_are_refused_at_once(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        ChromaCallback(**wrong)


def test_the_model_can_be_saved_after_a_captured_fit(tmp_path: Path) -> None:
    model = build("functional", packed=True)
    model.fit(X, LABELS, epochs=1, verbose=0, callbacks=[callback(layers="head")])
    exact = model.predict(X[VAL], verbose=0)
    image = model.get_layer("head")
    assert "call" not in vars(image)
    model.save_weights(tmp_path / "kept.weights.h5")
    again = build("functional", packed=True)
    again.load_weights(tmp_path / "kept.weights.h5")
    np.testing.assert_array_equal(again.predict(X[VAL], verbose=0), exact)


def test_warnings_of_ours_are_logged_once_per_place(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, home: Path
) -> None:
    monkeypatch.delenv("CHROMA_STRICT")
    home.write_text("a file where the home should be")
    with caplog.at_level(logging.WARNING, "chroma"):
        fit(build("sequential"), ours := callback())
    assert len([record for record in caplog.records if record.name == "chroma"]) == 1
    assert ours.receipt is not None
    assert ours.receipt.missing
