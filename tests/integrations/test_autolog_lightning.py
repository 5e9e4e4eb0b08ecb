from __future__ import annotations

import copy
import inspect
import logging
import pickle
import threading
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import pytorch_lightning as old_pl
import torch
from torch.utils.data import DataLoader

import chroma
from chroma import autologging
from chroma.guard import Guard
from chroma.integrations.lightning import ChromaCallback
from chroma.journal import entries
from chroma.records import RunClosed, RunOpened
from chroma.run import Run
from tests.integrations.autologged import autolog, runs
from tests.integrations.broken import fails, hold_all_hooks
from tests.integrations.digits import NETS, QUIET, Digits, fit, snapshots, written

pytestmark = [
    pytest.mark.lightning,
    # Lightning's own, of the installed versions
    pytest.mark.filterwarnings("ignore:.*does not have many workers.*"),
    pytest.mark.filterwarnings("ignore:.*smaller than the logging interval.*"),
    pytest.mark.filterwarnings("ignore:.*isinstance.treespec, LeafSpec.*"),
    pytest.mark.filterwarnings("ignore:.*is deprecated.*:DeprecationWarning"),
]


@pytest.fixture(params=[pl, old_pl], ids=["lightning.pytorch", "pytorch_lightning"])
def package(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_a_fit_is_captured_and_nothing_of_ours_stays(package: Any, home: Path) -> None:
    signature, original = inspect.signature(package.Trainer.fit), vars(package.Trainer)["fit"]
    autolog()
    assert inspect.signature(package.Trainer.fit) == signature
    trainer, model = fit(package=package)
    assert [s.epoch for s in snapshots(home, "head:input")] == [0, 1]
    assert not any(type(each).__name__ == "ChromaCallback" for each in trainer.callbacks)
    copy.deepcopy(model)
    pickle.dumps(package.Trainer.fit)
    chroma.autolog(disable=True)
    assert vars(package.Trainer)["fit"] is original
    fit(package=package)
    assert runs(home) == 1


def test_training_is_the_same_to_the_bit(package: Any) -> None:
    trainer, model = fit(package=package, epochs=3)
    state = torch.get_rng_state()
    autolog()
    ours_trainer, ours = fit(package=package, epochs=3)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, ours.state_dict()[name]) for name, value in model.state_dict().items())
    assert trainer.callback_metrics.keys() == ours_trainer.callback_metrics.keys()
    for name, value in trainer.callback_metrics.items():
        assert torch.equal(value, ours_trainer.callback_metrics[name])


def test_three_times_is_once_and_the_last_call_counts(package: Any, home: Path) -> None:
    autolog(name="first")
    autolog(name="second")
    autolog(name="third")
    fit(package=package)
    assert runs(home) == 1
    assert isinstance(opened := written(home)[0], RunOpened)
    assert opened.name == "third"


def test_an_explicit_callback_wins(package: Any, home: Path) -> None:
    autolog(name="autologged")
    fit(ChromaCallback(project="tests", name="explicit", silent=True), package=package)
    assert isinstance(opened := written(home)[0], RunOpened)
    assert (runs(home), opened.name) == (1, "explicit")


@pytest.mark.parametrize("how", ["autolog", "callback"])
def test_nothing_is_captured_while_disabled(package: Any, home: Path, how: str) -> None:
    autolog()
    with chroma.disabled():
        fit(*([ChromaCallback(project="tests")] if how == "callback" else []), package=package)
    assert not home.exists()
    fit(package=package)
    assert runs(home) == 1


def test_exclusive_leaves_a_run_of_the_users_alone(package: Any, home: Path) -> None:
    autolog(exclusive=True)
    with chroma.init(project="tests"):
        fit(package=package, epochs=1)
    assert not snapshots(home, "head")
    fit(package=package, epochs=1)
    assert len(snapshots(home, "head")) == 1


def test_a_run_of_the_users_stays_open_beside_a_captured_fit(package: Any, home: Path) -> None:
    autolog()
    with chroma.init(project="tests", name="by hand") as run:
        fit(package=package, epochs=1)
        assert not run.recording.closed
        run.log_metrics({"still": 1.0}, epoch=0)
    assert len(snapshots(home, "head")) == 1
    assert runs(home) == 2


def test_a_trainer_that_overrides_fit_and_gives_back_something(package: Any, home: Path) -> None:
    class Mine(package.Trainer):
        def fit(self, *args: Any, **kwargs: Any) -> object:
            super().fit(*args, **kwargs)
            return result

    result = object()
    autolog()
    trainer, model = fit(package=package, trainer=Mine, epochs=1)
    assert runs(home) == 1
    loaders = [DataLoader(Digits(start, 32), batch_size=32) for start in (0, 96)]
    assert trainer.fit(model, *loaders) is result


def test_both_packages_in_one_program(home: Path) -> None:
    autolog()
    for package in NETS:
        fit(package=package, epochs=1)
    assert runs(home) == 2


def test_a_second_training_is_another_run_and_both_say_who_captured(package: Any, home: Path) -> None:
    autolog(tags=("mine",))
    for _ in range(2):
        fit(package=package, epochs=1)
    opened = [record for record in written(home) if isinstance(record, RunOpened)]
    assert runs(home) == 2
    assert {tuple(each.tags) for each in opened} == {("mine", "autologged")}
    name = "lightning" if package is pl else "pytorch_lightning"
    assert {each.framework for each in opened} == {f"{name} {package.__version__}"}


def test_a_fit_that_goes_on_joins_its_run_and_others_are_numbered(
    package: Any, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    autolog(name="twice", silent=False)
    train, val = Digits(0, 96), Digits(96, 100)

    def again(trainer: Any, model: Any) -> None:
        trainer.fit(model, DataLoader(train, batch_size=32), DataLoader(val, batch_size=32))

    trainer, model = package.Trainer(max_epochs=1, **QUIET), NETS[package]()
    again(trainer, model)
    again(trainer, model)  # trains nothing: all epochs are done
    trainer.fit_loop.max_epochs = 3
    again(trainer, model)
    again(package.Trainer(max_epochs=1, **QUIET), model)  # its counters begin anew
    said = " ".join(capsys.readouterr().out.split())
    assert said.count("fit trained nothing: the trainer had made its epochs, max_epochs=1") == 1
    with chroma.open() as db:
        assert sorted(db.runs()["name"]) == ["twice", "twice-2"]
        assert db.run("twice").snapshots(layer="head")["epoch"].tolist() == [0, 1, 2]


def test_every_hook_stops_our_errors(package: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHROMA_STRICT")
    hold_all_hooks(ChromaCallback(), package.Callback)


def test_when_adding_a_callback_fails_the_call_is_made_once(
    package: Any, home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An option that the callback itself refuses."""
    monkeypatch.delenv("CHROMA_STRICT")
    monkeypatch.setattr(autologging._state, "guard", Guard())  # warns once, of all tests
    autolog()
    monkeypatch.setitem(autologging._state.options["lightning"], "every", 0)
    trainer, _ = fit(package=package, epochs=1)
    assert trainer.global_step == 3
    assert "every=0 cannot be used" in caplog.text
    assert not home.exists()


def test_when_we_fail_as_a_fit_ends_its_result_stands(
    package: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("CHROMA_STRICT")
    monkeypatch.setattr(Run, "finish", fails)
    autolog(silent=False)
    trainer, _ = fit(package=package, epochs=1)
    assert trainer.global_step == 3
    assert trainer.state.finished
    assert len([record for record in caplog.records if record.name == "chroma"]) == 1
    assert "RuntimeError: ours" in caplog.text


def test_the_users_list_is_not_touched_and_callbacks_of_the_model_stay(package: Any, home: Path) -> None:
    class Extra(package.Callback):
        pass

    class WithCallbacks(NETS[package]):
        def configure_callbacks(self) -> Any:
            return [Extra()]

    autolog()
    mine = [package.Callback()]
    trainer, _ = fit(*mine, model=WithCallbacks(), package=package)
    assert len(mine) == 1
    kinds = [type(each).__name__ for each in trainer.callbacks]
    assert "ChromaCallback" not in kinds
    assert kinds.count("Extra") == 1
    assert runs(home) == 1


def test_a_fit_within_a_fit_is_not_captured(package: Any, home: Path) -> None:
    class Probes(package.Callback):
        def on_train_end(self, trainer: Any, pl_module: Any) -> None:
            fit(package=package, epochs=1)

    autolog(name="outer")
    fit(Probes(), package=package)
    assert runs(home) == 1


def test_the_tuner_is_left_alone(package: Any, home: Path, tmp_path: Path) -> None:
    class Tuned(NETS[package]):
        def __init__(self) -> None:
            super().__init__()
            self.lr = 0.1

    trainer = package.Trainer(
        max_epochs=1,
        **QUIET,
        default_root_dir=tmp_path,
    )
    autolog()
    loaders = DataLoader(Digits(0, 96), batch_size=32), DataLoader(Digits(96, 40), batch_size=32)
    package.tuner.Tuner(trainer).lr_find(Tuned(), *loaders, num_training=2)
    assert not home.exists()


def test_the_users_error_is_the_same_object(package: Any, home: Path) -> None:
    error = ValueError("the user's own")

    class Broken(NETS[package]):
        def training_step(self, batch: Any, _: int) -> torch.Tensor:
            raise error

    autolog()
    with pytest.raises(ValueError, match="the user's own") as caught:
        fit(model=Broken(), package=package)
    assert caught.value is error
    assert isinstance(closed := written(home)[-1], RunClosed)
    assert closed.status == "failed"


@pytest.mark.parametrize("silent", [True, False])
def test_when_we_fail_the_fit_runs_once(
    package: Any,
    home: Path,
    silent: bool,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Counts(package.Callback):
        fits = 0

        def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
            self.fits += 1

    monkeypatch.delenv("CHROMA_STRICT")
    counts = Counts()
    # a run id that cannot be used is found out when the run is opened, inside the fit
    with caplog.at_level(logging.WARNING, "chroma"):
        autolog(run_id="no/folder", silent=silent)
        fit(counts, package=package)
    assert counts.fits == 1
    warned = [record for record in caplog.records if record.name == "chroma"]
    assert len(warned) == (0 if silent else 1)


def test_fits_in_threads_are_a_run_each(package: Any, home: Path) -> None:
    autolog()
    errors: list[BaseException] = []

    def train() -> None:
        try:
            trainer = package.Trainer(
                max_epochs=2,
                **QUIET,
            )
            trainer.fit(
                NETS[package](),
                DataLoader(Digits(0, 64), batch_size=32),
                DataLoader(Digits(96, 40), batch_size=16),
            )
        except BaseException as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=train) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert len({entry.run for entry in entries(home / "journal")}) == 2
    assert len(snapshots(home, "head")) == 4


def test_spawned_processes_capture_too(package: Any, home: Path) -> None:
    autolog()
    fit(package=package, epochs=1, strategy="ddp_spawn", devices=2)
    captured = snapshots(home, "head")
    assert sorted(identity for s in captured for identity in s.ids.tolist()) == list(range(100))
