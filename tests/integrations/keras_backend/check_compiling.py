"""Ways of compiling a model, and of spreading it over devices: what is captured stays what Keras says."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from chroma.records import Outputs, Snapshot
from tests.integrations.keras_backend.capturing import BACKEND, callback, fit, of
from tests.integrations.keras_backend.models import LABELS, PACKED, VAL, build, signed

ON = pytest.mark.skipif


def equals_keras(home: Path, model: Any, history: Any, *, atol: float = 1e-5) -> None:
    outputs = of(home, Outputs)
    for said, accuracy in zip(outputs, history["val_accuracy"], strict=True):
        assert np.mean(said.prediction == LABELS[VAL]) == pytest.approx(accuracy, abs=1e-6)
        assert said.head == "probabilities"
    predicted = model.predict(PACKED[VAL], verbose=0).astype(np.float32)
    np.testing.assert_allclose(outputs[-1].logits, predicted, atol=atol)
    for snapshot in of(home, Snapshot, layer="signature"):
        assert [row - 96 for row in signed(snapshot.vectors)] == snapshot.ids.tolist() == list(range(64))


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(
            {"steps_per_execution": 2},
            marks=ON(BACKEND == "torch", reason="Keras refuses it on PyTorch"),
        ),
        {"run_eagerly": True},
        {"jit_compile": False},
        pytest.param(
            {"jit_compile": True},
            marks=ON(BACKEND == "torch", reason="torch.compile needs a C++ compiler"),
        ),
    ],
    ids=str,
)
def test_ways_of_compiling(home: Path, options: dict[str, Any]) -> None:
    model = build("functional", **options)
    history = fit(model, callback(layers=["signature", "head"]), epochs=1).history
    equals_keras(home, model, history)


def test_mixed_precision(home: Path) -> None:
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        model = build("functional")
        history = fit(model, callback(layers="head"), epochs=1).history
    finally:
        keras.mixed_precision.set_global_policy("float32")
    equals_keras(home, model, history, atol=2e-2)


def test_compiled_again_amid_a_fit(home: Path) -> None:
    class Again(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if epoch == 1:
                again = self.model.optimizer  # another would not be built on JAX
                self.model.compile(again, "sparse_categorical_crossentropy", metrics=["accuracy"])
                self.model.make_train_function(force=True)

    model = build("functional")
    history = fit(model, callback(layers=["signature", "head"]), Again()).history
    equals_keras(home, model, history)


def test_a_step_of_the_users_own(home: Path) -> None:
    class Own(keras.Model):
        def test_step(self, *args: Any) -> Any:
            calls.append(1)
            return super().test_step(*args)

    calls: list[int] = []
    net = build("functional")
    model = Own(net.inputs, net.outputs)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = fit(model, callback(layers=["signature", "head"])).history
    equals_keras(home, model, history)
    assert calls


@pytest.mark.parametrize("splits", ["auto", {"val": "probe"}], ids=str)
def test_two_devices(home: Path, splits: Any) -> None:
    """`tf.distribute.MirroredStrategy`, and `keras.distribution` on JAX, over two virtual CPUs."""
    with ExitStack() as stack:
        if BACKEND == "tensorflow":
            import tensorflow as tf

            devices = [f"CPU:{number}" for number in range(2)]
            assert len(tf.config.list_logical_devices("CPU")) == 2
            stack.enter_context(tf.distribute.MirroredStrategy(devices).scope())
        elif BACKEND == "jax":
            devices = keras.distribution.list_devices("cpu")
            assert len(devices) == 2
            keras.distribution.set_distribution(keras.distribution.DataParallel(devices=devices))
            stack.callback(keras.distribution.set_distribution, None)
        else:
            pytest.skip("Keras does not spread a model over devices on PyTorch")
        model = build("functional")
        history = fit(model, callback(layers=["signature", "head"], splits=splits)).history
        # TensorFlow's replicas have moving averages of their own, which differ a little: ours are the first's
        equals_keras(home, model, history, atol=1e-3 if BACKEND == "tensorflow" else 1e-5)
