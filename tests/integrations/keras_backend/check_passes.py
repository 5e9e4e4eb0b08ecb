"""`evaluate` and `predict` with a callback of ours: splits test and predict."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from chroma.records import Metrics, Outputs, RunClosed, RunOpened, Samples, Snapshot
from tests.integrations.keras_backend.capturing import BACKEND, callback, fit, of
from tests.integrations.keras_backend.models import LABELS, PACKED, VAL, build, signed
from tests.integrations.keras_backend.sources import loader


def test_evaluate_and_predict_belong_to_the_run_of_the_fit(home: Path) -> None:
    model, ours = build("functional"), callback(layers=["signature", "head"])
    fit(model, ours)
    run = ours.run.id
    loss, accuracy = model.evaluate(PACKED[VAL], LABELS[VAL], verbose=0, callbacks=[ours])
    plain = model.evaluate(PACKED[VAL], LABELS[VAL], verbose=0)
    assert (loss, accuracy) == tuple(plain)
    predicted = model.predict(PACKED[VAL], verbose=0, callbacks=[ours])
    np.testing.assert_array_equal(predicted, model.predict(PACKED[VAL], verbose=0))
    assert ours.run.id == run
    assert len(list((home / "journal").iterdir())) == 1
    said = {outputs.split: outputs for outputs in of(home, Outputs)}
    assert np.mean(said["test"].prediction == LABELS[VAL]) == pytest.approx(accuracy, abs=1e-6)
    np.testing.assert_allclose(said["test"].logits, predicted, atol=1e-5)
    for split in ("test", "predict"):
        (signs,) = of(home, Snapshot, split=split, layer="signature")
        assert [row - 96 for row in signed(signs.vectors)] == signs.ids.tolist() == list(range(64))
        assert (signs.epoch, signs.step) == (1, 6)
        (head,) = of(home, Snapshot, split=split, layer="head")
        np.testing.assert_allclose(head.vectors, predicted, atol=1e-5)
    (logged,) = (metrics for metrics in of(home, Metrics) if "test_loss" in metrics.values)
    assert logged.values == pytest.approx({"test_loss": loss, "test_accuracy": accuracy})
    (known,) = of(home, Samples, split="predict")
    assert known.labels is None


def test_evaluate_alone_on_a_loader(home: Path) -> None:
    model = build("functional")
    model.build((None, 8, 8, 1))
    model.evaluate(loader(), verbose=0, callbacks=[callback(layers="signature")])
    (signs,) = of(home, Snapshot)
    assert (signs.split, signs.epoch) == ("test", 0)
    assert [row - 96 for row in signed(signs.vectors)] == signs.ids.tolist()
    assert len(of(home, RunOpened)) >= 1
    assert [closed.status for closed in of(home, RunClosed)] == ["finished"]


def test_splits_that_are_not_named_are_left_alone(home: Path) -> None:
    model, ours = build("functional"), callback(layers="head", splits="val")
    fit(model, ours, epochs=1)
    model.evaluate(PACKED[VAL], LABELS[VAL], verbose=0, callbacks=[ours])
    assert {snapshot.split for snapshot in of(home, Snapshot)} == {"val"}


def test_an_error_amid_a_pass_leaves_the_model_as_it_was(home: Path) -> None:
    error = RuntimeError("the user's own")

    class Breaks(keras.callbacks.Callback):
        def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
            raise error

    model = build("functional")
    with pytest.raises(RuntimeError) as caught:
        fit(model, callback(), Breaks())
    assert caught.value is error
    assert "chroma" not in getattr(model.test_function, "__module__", "")
    assert [closed.status for closed in of(home, RunClosed)] == ["failed"]
    fit(model, callback(), epochs=1)
    assert len(of(home, Snapshot, layer="head")) == 1


def test_a_resumed_training_goes_on_with_its_epochs(home: Path) -> None:
    ours = callback(layers="head")
    fit(build("functional"), ours, epochs=3, initial_epoch=1)
    assert [(s.epoch, s.step) for s in of(home, Snapshot)] == [(1, 3), (2, 6)]
    assert ours.receipt.layers[0].snapshots_of == 2


@pytest.mark.skipif(BACKEND == "tensorflow", reason="Keras 3 itself fails in several processes of TensorFlow")
def test_trainings_in_several_processes_are_refused(home: Path, tmp_path: Path) -> None:
    """Two processes of the backend's own kind train together: each is told, and trains on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if name != "CHROMA_STRICT"}
    command = [sys.executable, "-m", "tests.integrations.keras_backend.two_fits"]
    started = [
        subprocess.Popen([*command, rank, str(port)], env=environment, stderr=subprocess.PIPE, text=True)
        for rank in ("0", "1")
    ]
    try:
        said = [process.communicate(timeout=240)[1] for process in started]
    finally:
        for process in started:
            process.kill()
    for process, lines in zip(started, said, strict=True):
        assert process.returncode == 0, lines[-3000:]
        assert lines.count("is trained by 2 processes") == 1, lines[-3000:]
    assert not of(home, Snapshot)
