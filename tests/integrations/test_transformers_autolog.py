"""`chroma.autolog()` with Hugging Face's Trainer, and what its callback promises a training."""

from __future__ import annotations

import inspect
import logging
import threading
from pathlib import Path
from typing import Any

import pytest
import transformers
from transformers import Trainer, TrainerCallback

import chroma
from chroma import autologging
from chroma.guard import Guard
from chroma.records import RunOpened
from chroma.run import Run
from tests.integrations.autologged import autolog, runs
from tests.integrations.broken import fails, hold_all_hooks
from tests.integrations.digits import snapshots, written
from tests.integrations.test_transformers import callback
from tests.integrations.test_transformers import pytestmark as transformers_marks
from tests.integrations.words import made

pytestmark = transformers_marks


def test_a_training_is_captured_and_nothing_of_ours_stays(home: Path, tmp_path: Path) -> None:
    signature, original = inspect.signature(Trainer.train), vars(Trainer)["train"]
    autolog()
    autolog(name="second")
    assert inspect.signature(Trainer.train) == signature
    theirs = [TrainerCallback()]
    trainer = made(*theirs, folder=tmp_path)
    listed = list(trainer.callback_handler.callbacks)
    trainer.train()
    assert trainer.callback_handler.callbacks == listed
    assert len(theirs) == 1
    assert isinstance(opened := written(home)[0], RunOpened)
    assert (runs(home), opened.name) == (1, "second")
    assert len(snapshots(home, "classifier")) == 2
    chroma.autolog(disable=True)
    assert vars(Trainer)["train"] is original
    trainer.train()
    assert runs(home) == 1


def test_an_explicit_callback_wins_and_disabled_is_left_alone(home: Path, tmp_path: Path) -> None:
    autolog(name="autologged")
    with chroma.disabled():
        made(folder=tmp_path, num_train_epochs=1).train()
        made(callback(), folder=tmp_path, num_train_epochs=1).train()
    assert not home.exists()
    made(callback(name="explicit"), folder=tmp_path, num_train_epochs=1).train()
    assert isinstance(opened := written(home)[0], RunOpened)
    assert (runs(home), opened.name) == (1, "explicit")


def test_a_trainer_that_overrides_train(home: Path, tmp_path: Path) -> None:
    class Own(Trainer):
        def train(self, *args: Any, **kwargs: Any) -> Any:
            self.called = True
            return super().train(*args, **kwargs)

    autolog()
    trainer = made(folder=tmp_path, trainer=Own, num_train_epochs=1)
    assert trainer.train().global_step == 3
    assert trainer.called
    assert runs(home) == 1


@pytest.mark.parametrize("silent", [True, False])
def test_when_we_fail_the_training_runs_once(
    tmp_path: Path,
    silent: bool,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Counts(TrainerCallback):
        begun = 0

        def on_train_begin(self, *args: Any, **kwargs: Any) -> None:
            self.begun += 1

    monkeypatch.delenv("CHROMA_STRICT")
    counts = Counts()
    autolog(run_id="no/folder", silent=silent)  # found out inside the training
    with caplog.at_level(logging.WARNING, "chroma"):
        result = made(counts, folder=tmp_path, num_train_epochs=1).train()
    assert (counts.begun, result.global_step) == (1, 3)
    warned = [record for record in caplog.records if record.name == "chroma"]
    assert len(warned) == (0 if silent else 1)


def test_exclusive_leaves_a_run_of_the_users_alone(home: Path, tmp_path: Path) -> None:
    autolog(exclusive=True)
    with chroma.init(project="tests") as run:
        made(folder=tmp_path, num_train_epochs=1).train()
        assert not run.recording.closed
    assert not snapshots(home, "classifier")


def test_the_result_is_returned_as_it_is(tmp_path: Path) -> None:
    class Own(Trainer):
        def train(self, *args: Any, **kwargs: Any) -> Any:
            super().train(*args, **kwargs)
            return result

    result = object()
    autolog()
    assert made(folder=tmp_path, trainer=Own, num_train_epochs=1).train() is result


def test_every_hook_stops_our_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHROMA_STRICT")
    hold_all_hooks(callback(), TrainerCallback)


def test_when_we_fail_as_a_training_ends_its_result_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("CHROMA_STRICT")
    monkeypatch.setattr(Run, "finish", fails)
    result = made(callback(), folder=tmp_path, num_train_epochs=1).train()
    assert result.global_step == 3
    assert len([record for record in caplog.records if record.name == "chroma"]) == 1
    assert "RuntimeError: ours" in caplog.text


def test_when_adding_a_callback_fails_the_call_is_made_once(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An option that the callback itself refuses."""
    monkeypatch.delenv("CHROMA_STRICT")
    monkeypatch.setattr(autologging._state, "guard", Guard())  # warns once, of all tests
    autolog()
    monkeypatch.setitem(autologging._state.options["transformers"], "every", 0)
    assert made(folder=tmp_path, num_train_epochs=1).train().global_step == 3
    assert "every=0 cannot be used" in caplog.text
    assert not home.exists()


def test_a_run_of_the_users_stays_open_beside_a_captured_training(home: Path, tmp_path: Path) -> None:
    autolog()
    with chroma.init(project="tests", name="by hand") as run:
        made(folder=tmp_path, num_train_epochs=1).train()
        assert not run.recording.closed
        run.log_metrics({"still": 1.0}, epoch=0)
    assert len(snapshots(home, "classifier")) == 1
    assert runs(home) == 2


def test_a_training_within_a_training_is_not_captured(home: Path, tmp_path: Path) -> None:
    class Probes(TrainerCallback):
        def on_epoch_end(self, *args: Any, **kwargs: Any) -> None:
            made(folder=tmp_path, num_train_epochs=1).train()

    autolog()
    made(Probes(), folder=tmp_path, num_train_epochs=1).train()
    assert runs(home) == 1


def test_a_second_training_is_another_run_and_both_say_who_captured(home: Path, tmp_path: Path) -> None:
    autolog(tags=("mine",))
    trainer = made(folder=tmp_path, num_train_epochs=1)
    trainer.train()
    trainer.train()
    assert runs(home) == 2
    opened = [record for record in written(home) if isinstance(record, RunOpened)]
    assert {tuple(each.tags) for each in opened} == {("mine", "autologged")}
    assert {each.framework for each in opened} == {f"transformers {transformers.__version__}"}


def test_trainings_in_threads_are_a_run_each(home: Path, tmp_path: Path) -> None:
    autolog()
    trainers = [made(folder=tmp_path / str(number)) for number in range(2)]
    errors: list[BaseException] = []

    def train(trainer: Any) -> None:
        try:
            trainer.train()
        except BaseException as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=train, args=(trainer,)) for trainer in trainers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert runs(home) == 2
    assert len(snapshots(home, "classifier")) == 4


def test_a_disk_that_refuses_does_not_stop_training(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("CHROMA_STRICT")
    home.write_text("a file where the home should be")
    ours = callback()
    assert made(ours, folder=tmp_path).train().global_step == 6
    assert len([record for record in caplog.records if record.name == "chroma"]) == 1
    assert ours.receipt is not None
    assert ours.receipt.missing
    assert ours.receipt.layers[0].snapshots == 0
