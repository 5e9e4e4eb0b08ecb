"""Errors of the user's and of ours, and what callbacks leave behind."""

from __future__ import annotations

import copy
import logging
import pickle
from pathlib import Path
from typing import Any

import keras
import pytest

from chroma.records import RunClosed
from chroma.run import Run
from tests.integrations.broken import Broken, call, fails, hooks_of
from tests.integrations.keras_backend.capturing import callback, fit, nothing_of_ours_is_left, of, written
from tests.integrations.keras_backend.models import build


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
    assert not ours.receipt.layers
    assert [note for note in ours.receipt.notes if "no layer named 'hed'; there is head" in note]


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


def test_control_c_interrupts_the_run(home: Path) -> None:
    class Stops(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            raise KeyboardInterrupt

    model = build("functional")
    with pytest.raises(KeyboardInterrupt):
        fit(model, callback(), Stops())
    assert [closed.status for closed in of(home, RunClosed)] == ["interrupted"]
    nothing_of_ours_is_left(model)


def test_every_hook_stops_our_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHROMA_STRICT")
    ours, base = callback(), keras.callbacks.Callback
    ours.set_model(build("sequential"))
    hooks = hooks_of(ours, base)
    assert len(hooks) == 8
    failed: dict[str, int] = dict.fromkeys(hooks, 0)
    for method in ("fit", "evaluate", "predict"):
        for hook in hooks:
            capture = ours._capture = Broken(method)
            assert call(ours, base, hook) is None
            failed[hook] += capture.guard.count + (ours._capture.guard.count if ours._capture else 0)
    assert all(failed.values()), failed


def test_when_we_fail_as_a_fit_ends_its_result_stands(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("CHROMA_STRICT")
    monkeypatch.setattr(Run, "finish", fails)
    model = build("sequential")
    history = fit(model, callback(), epochs=1)
    assert history is model.history
    assert len(history.history["loss"]) == 1
    assert len([record for record in caplog.records if record.name == "chroma"]) == 1
    assert "RuntimeError: ours" in caplog.text
