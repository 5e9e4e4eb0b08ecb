"""Every kind of model with every kind of source: what is captured is what Keras says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from chroma.records import Outputs, RunClosed, Samples, Snapshot
from tests.integrations.keras_backend.capturing import callback, fit, of
from tests.integrations.keras_backend.models import IMAGES, KINDS, LABELS, PACKED, SIGNS, VAL, build, signed
from tests.integrations.keras_backend.sources import SOURCES, source


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", SOURCES)
def test_captured_equals_what_keras_says(home: Path, kind: str, name: str) -> None:
    """Outputs equal predict, accuracy equals val_accuracy, and each row is the sample it names."""
    model = build(kind, packed=name != "dict inputs")
    history = fit(model, callback(layers=["*signature", "head"]), **source(name)).history
    (known,) = of(home, Samples)
    first = 96 if name == "validation_split" else 0  # positions in the array that Keras splits
    assert known.ids.tolist() == list(range(first, first + 64))
    assert (known.of, known.identity) == (64, "index")
    np.testing.assert_array_equal(known.labels, LABELS[VAL])
    outputs = of(home, Outputs)
    assert [said.epoch for said in outputs] == [0, 1]
    for said, accuracy in zip(outputs, history["val_accuracy"], strict=True):
        assert np.mean(said.prediction == LABELS[VAL]) == pytest.approx(accuracy, abs=1e-6)
        assert said.head == "probabilities"
    inputs = {"image": IMAGES[VAL], "sign": SIGNS[VAL]} if name == "dict inputs" else PACKED[VAL]
    predicted = model.predict(inputs, verbose=0)
    np.testing.assert_allclose(outputs[-1].logits, predicted, atol=1e-5)
    picked = -np.log(predicted[np.arange(64), LABELS[VAL]].astype(np.float64))
    np.testing.assert_allclose(outputs[-1].cross_entropy, picked, rtol=1e-3, atol=1e-5)
    snapshots = of(home, Snapshot)
    assert len({snapshot.layer for snapshot in snapshots}) == 2
    for snapshot in snapshots:
        if snapshot.layer.endswith("signature"):
            assert [row - 96 + first for row in signed(snapshot.vectors)] == snapshot.ids.tolist()
    (closed,) = of(home, RunClosed)
    assert closed.receipt["missing"] == {}
    assert not [note for note in closed.receipt["notes"] if "beside" in note]  # no pass of our own was made
