"""Fits with a callback of ours, and what they wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras

from chroma.integrations.keras import ChromaCallback  # stands around fit from here on
from chroma.journal import entries
from chroma.records import Record
from chroma.segment import read
from tests.integrations.keras_backend.models import LABELS, PACKED, TRAIN, VAL

BACKEND = keras.backend.backend()
HELD_OUT: dict[str, Any] = {"validation_data": (PACKED[VAL], LABELS[VAL])}


def callback(**options: Any) -> ChromaCallback:
    return ChromaCallback(**{"silent": True, "project": "tests", "dtype": "float32", **options})


def fit(model: Any, *callbacks: Any, epochs: int = 2, **given: Any) -> Any:
    given = {"x": PACKED[TRAIN], "y": LABELS[TRAIN], **HELD_OUT, **given}
    return model.fit(**given, batch_size=32, epochs=epochs, verbose=0, callbacks=list(callbacks))


def written(home: Path) -> list[Record]:
    return [read(entry.path).record for entry in entries(home / "journal")]


def of(home: Path, kind: type, **about: Any) -> list[Any]:
    found = [record for record in written(home) if isinstance(record, kind)]
    return [
        record for record in found if all(getattr(record, name) == value for name, value in about.items())
    ]


def nothing_of_ours_is_left(model: Any) -> None:
    """Assert that a model is as if we had never looked at it."""
    for layer in model._flatten_layers():
        assert not {"call", "test_step", "predict_step"} & vars(layer).keys(), layer
        assert type(layer).__module__.partition(".")[0] != "chroma"
    for step in (model.test_function, model.predict_function):
        assert "chroma" not in getattr(step, "__module__", ""), step
