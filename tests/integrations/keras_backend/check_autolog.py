"""`chroma.autolog()` with Keras."""

from __future__ import annotations

import inspect
import logging
import threading
from pathlib import Path
from typing import Any

import keras
import pytest

import chroma
from chroma import autologging
from chroma.guard import Guard
from chroma.integrations.keras import ChromaCallback
from chroma.records import RunOpened, Samples, Snapshot
from tests.integrations.autologged import autolog, runs
from tests.integrations.keras_backend import ORIGINAL, RESTORED, WRAPPED
from tests.integrations.keras_backend.capturing import BACKEND, callback, fit, of
from tests.integrations.keras_backend.models import LABELS, PACKED, TRAIN, VAL, Net, build


def test_the_very_original_comes_back() -> None:
    assert WRAPPED is not ORIGINAL
    assert RESTORED is ORIGINAL


def test_a_fit_is_captured(home: Path) -> None:
    signature = inspect.signature(keras.Model.fit)
    autolog()
    autolog()
    assert inspect.signature(keras.Model.fit) == signature
    mine: list[Any] = [keras.callbacks.TerminateOnNaN()]
    model = build("functional")
    model.fit(PACKED[TRAIN], LABELS[TRAIN], verbose=0, validation_split=0.25, callbacks=mine)
    assert len(mine) == 1
    assert runs(home) == 1
    assert of(home, Samples)[0].ids.tolist() == list(range(72, 96))
    chroma.autolog(disable=True)
    fit(model, epochs=1)
    assert runs(home) == 1


@pytest.mark.parametrize("how", ["positional", "one", "CallbackList", "none"])
def test_callbacks_in_every_form(home: Path, how: str) -> None:
    autolog()
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
    autolog(name="autologged")
    with chroma.disabled():
        fit(build("sequential"), epochs=1)
        fit(build("sequential"), callback(), epochs=1)
    assert not home.exists()
    fit(build("sequential"), callback(name="explicit"), epochs=1)
    assert runs(home) == 1
    assert {opened.name for opened in of(home, RunOpened)} == {"explicit"}


def test_a_model_that_overrides_fit(home: Path) -> None:
    class Own(Net):
        def fit(self, *args: Any, **kwargs: Any) -> Any:
            return super().fit(*args, **{**kwargs, "epochs": 3})

    autolog()
    keras.utils.set_random_seed(1)
    model = Own()
    model.compile("adam", "sparse_categorical_crossentropy")
    fit(model, epochs=1)
    assert [s.epoch for s in of(home, Snapshot, layer="head")] == [0, 1, 2]


def test_the_result_is_returned_as_it_is() -> None:
    class Own(Net):
        def fit(self, *args: Any, **kwargs: Any) -> Any:
            super().fit(*args, **kwargs)
            return result

    result = object()
    autolog()
    model = Own()
    model.compile("sgd", "sparse_categorical_crossentropy")
    assert fit(model, epochs=1) is result
    model = build("sequential")
    assert fit(model, epochs=1) is model.history


@pytest.mark.parametrize("silent", [True, False])
def test_when_we_fail_the_fit_runs_once(
    silent: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Counts(keras.callbacks.Callback):
        fits = 0

        def on_train_begin(self, logs: Any = None) -> None:
            self.fits += 1

    monkeypatch.delenv("CHROMA_STRICT")
    counts = Counts()
    autolog(run_id="no/folder", silent=silent)  # found out inside the fit
    with caplog.at_level(logging.WARNING, "chroma"):
        history = fit(build("sequential"), counts, epochs=1)
    assert (counts.fits, len(history.history["loss"])) == (1, 1)
    assert len([record for record in caplog.records if record.name == "chroma"]) == (0 if silent else 1)


def test_when_adding_a_callback_fails_the_call_is_made_once(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An option that the callback itself refuses: the fit has its own arguments only."""
    monkeypatch.delenv("CHROMA_STRICT")
    monkeypatch.setattr(autologging._state, "guard", Guard())  # warns once, of all tests
    autolog()
    monkeypatch.setitem(autologging._state.options["keras"], "every", 0)
    theirs = keras.callbacks.TerminateOnNaN()
    model = build("sequential")
    history = fit(model, theirs, epochs=1)
    assert len(history.history["loss"]) == 1
    assert "every=0 cannot be used" in caplog.text
    assert not home.exists()


def test_exclusive_leaves_a_run_of_the_users_alone(home: Path) -> None:
    autolog(exclusive=True)
    with chroma.init(project="tests"):
        fit(build("sequential"), epochs=1)
    assert not of(home, Snapshot)
    fit(build("sequential"), epochs=1)
    assert len(of(home, Snapshot, layer="head")) == 1


def test_a_run_of_the_users_stays_open_beside_a_captured_fit(home: Path) -> None:
    autolog()
    with chroma.init(project="tests", name="by hand") as run:
        fit(build("sequential"), epochs=1)
        assert not run.recording.closed
        run.log_metrics({"still": 1.0}, epoch=0)
    assert len(of(home, Snapshot, layer="head")) == 1
    assert runs(home) == 2


def test_a_fit_within_a_fit_is_not_captured(home: Path) -> None:
    class Probes(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            fit(build("sequential"), epochs=1)

    autolog(name="outer")
    fit(build("sequential"), Probes(), epochs=1)
    assert runs(home) == 1
    assert {opened.name for opened in of(home, RunOpened)} == {"outer"}


def test_a_second_training_is_another_run_and_both_say_who_captured(home: Path) -> None:
    autolog(tags="mine")
    model = build("sequential")
    fit(model, epochs=1)
    fit(model, epochs=1)
    opened = of(home, RunOpened)
    assert runs(home) == 2
    for each in opened:
        assert tuple(each.tags) == ("mine", "autologged")
        assert each.framework == f"keras {keras.__version__} ({BACKEND})"


def test_fits_that_go_on_join_their_run_and_others_are_numbered(home: Path) -> None:
    autolog(name="loop")
    model = build("sequential")
    for _ in range(3):  # as tutorials do to look at the model after each epoch
        fit(model, epochs=1)
    fit(model, epochs=5, initial_epoch=4)
    fit(model, epochs=1, x=PACKED[TRAIN][:64], y=LABELS[TRAIN][:64])  # other data
    fit(build("sequential"), epochs=1)
    with chroma.open() as db:
        assert sorted(db.runs()["name"]) == ["loop", "loop-2", "loop-3"]
        snapshots = db.run("loop").snapshots(layer="head", split="val")
        assert snapshots["epoch"].tolist() == [0, 1, 2, 4]
        assert snapshots["step"].tolist() == [3, 6, 9, 12]


def test_fits_in_threads_are_a_run_each(home: Path) -> None:
    autolog()
    models = [build("sequential") for _ in range(2)]
    errors: list[BaseException] = []

    def train(model: Any) -> None:
        try:
            fit(model)
        except BaseException as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=train, args=(model,)) for model in models]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert runs(home) == 2
    assert len(of(home, Snapshot, layer="head")) == 4
