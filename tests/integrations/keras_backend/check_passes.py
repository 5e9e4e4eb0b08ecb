"""`evaluate` and `predict` with a callback of ours: splits test and predict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from chroma.records import Metrics, Outputs, RunClosed, RunOpened, Samples, Snapshot
from tests.integrations.keras_backend.capturing import callback, fit, of
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
