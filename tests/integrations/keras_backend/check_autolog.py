"""`chroma.autolog()` with Keras."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import pytest

import chroma
from chroma.integrations.keras import ChromaCallback
from chroma.records import RunOpened, Samples, Snapshot
from tests.integrations.keras_backend import ORIGINAL, RESTORED, WRAPPED
from tests.integrations.keras_backend.capturing import callback, fit, of
from tests.integrations.keras_backend.models import LABELS, PACKED, TRAIN, VAL, Net, build


@pytest.fixture(autouse=True)
def _off() -> Iterator[None]:
    yield
    chroma.autolog(disable=True)


def on(**options: Any) -> None:
    chroma.autolog(**{"project": "tests", "silent": True, **options})


def test_the_very_original_comes_back() -> None:
    assert WRAPPED is not ORIGINAL
    assert RESTORED is ORIGINAL


def test_a_fit_is_captured(home: Path) -> None:
    signature = inspect.signature(keras.Model.fit)
    on()
    on()
    assert inspect.signature(keras.Model.fit) == signature
    mine: list[Any] = [keras.callbacks.TerminateOnNaN()]
    model = build("functional")
    model.fit(PACKED[TRAIN], LABELS[TRAIN], verbose=0, validation_split=0.25, callbacks=mine)
    assert len(mine) == 1
    assert len(of(home, RunOpened)) == 1
    assert of(home, Samples)[0].ids.tolist() == list(range(72, 96))
    chroma.autolog(disable=True)
    fit(model, epochs=1)
    assert len(of(home, RunOpened)) == 1


@pytest.mark.parametrize("how", ["positional", "one", "CallbackList", "none"])
def test_callbacks_in_every_form(home: Path, how: str) -> None:
    on()
    model = build("sequential")
    theirs = keras.callbacks.TerminateOnNaN()
    val = {"validation_data": (PACKED[VAL], LABELS[VAL])}
    if how == "positional":
        model.fit(PACKED[TRAIN], LABELS[TRAIN], 32, 1, 0, [theirs], **val)
    elif how == "CallbackList":
        listed = keras.callbacks.CallbackList([theirs], add_history=True, model=model, epochs=1)
        history = model.fit(PACKED[TRAIN], LABELS[TRAIN], verbose=0, callbacks=listed, **val)
        assert "val_accuracy" in history.history
        assert not any(isinstance(each, ChromaCallback) for each in listed.callbacks)
    else:
        given = {"callbacks": theirs} if how == "one" else {}
        model.fit(PACKED[TRAIN], LABELS[TRAIN], verbose=0, **given, **val)
    assert len(of(home, Snapshot, layer="head")) == 1


def test_an_explicit_callback_wins_and_disabled_is_left_alone(home: Path) -> None:
    on(name="autologged")
    with chroma.disabled():
        fit(build("sequential"), epochs=1)
        fit(build("sequential"), callback(), epochs=1)
    assert not home.exists()
    fit(build("sequential"), callback(name="explicit"), epochs=1)
    assert [opened.name for opened in of(home, RunOpened)] == ["explicit"]


def test_a_model_that_overrides_fit(home: Path) -> None:
    class Own(Net):
        def fit(self, *args: Any, **kwargs: Any) -> Any:
            return super().fit(*args, **{**kwargs, "epochs": 3})

    on()
    keras.utils.set_random_seed(1)
    model = Own()
    model.compile("adam", "sparse_categorical_crossentropy")
    fit(model, epochs=1)
    assert [s.epoch for s in of(home, Snapshot, layer="head")] == [0, 1, 2]
