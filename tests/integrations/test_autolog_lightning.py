from __future__ import annotations

import copy
import inspect
import logging
import pickle
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import pytorch_lightning as old_pl
import torch
from torch.utils.data import DataLoader

import chroma
from chroma import autologging
from chroma.integrations.lightning import ChromaCallback
from chroma.journal import entries
from chroma.records import RunClosed, RunOpened
from tests.integrations.digits import Digits, Net, fit, snapshots, written

pytestmark = [
    pytest.mark.lightning,
    # Lightning's own, of the installed versions
    pytest.mark.filterwarnings("ignore:.*does not have many workers.*"),
    pytest.mark.filterwarnings("ignore:.*smaller than the logging interval.*"),
    pytest.mark.filterwarnings("ignore:.*isinstance.treespec, LeafSpec.*"),
    pytest.mark.filterwarnings("ignore:.*is deprecated.*:DeprecationWarning"),
]


@pytest.fixture(autouse=True)
def _off() -> Iterator[None]:
    yield
    chroma.autolog(disable=True)


def autolog(**options: Any) -> None:
    chroma.autolog(**{"project": "tests", "silent": True, **options})


def runs(home: Path) -> int:
    return sum(isinstance(record, RunOpened) for record in written(home))


def test_a_fit_is_captured_and_nothing_of_ours_stays(home: Path) -> None:
    signature, original = inspect.signature(pl.Trainer.fit), vars(pl.Trainer)["fit"]
    autolog()
    assert inspect.signature(pl.Trainer.fit) == signature
    trainer, model = fit()
    assert [s.epoch for s in snapshots(home, "head:input")] == [0, 1]
    assert not any(type(each).__name__ == "ChromaCallback" for each in trainer.callbacks)
    copy.deepcopy(model)
    pickle.dumps(pl.Trainer.fit)
    chroma.autolog(disable=True)
    assert vars(pl.Trainer)["fit"] is original
    fit()
    assert runs(home) == 1


def test_training_is_the_same_to_the_bit() -> None:
    trainer, model = fit(epochs=3)
    state = torch.get_rng_state()
    autolog()
    ours_trainer, ours = fit(epochs=3)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, ours.state_dict()[name]) for name, value in model.state_dict().items())
    assert trainer.callback_metrics.keys() == ours_trainer.callback_metrics.keys()
    for name, value in trainer.callback_metrics.items():
        assert torch.equal(value, ours_trainer.callback_metrics[name])


def test_three_times_is_once_and_the_last_call_counts(home: Path) -> None:
    autolog(name="first")
    autolog(name="second")
    autolog(name="third")
    fit()
    assert runs(home) == 1
    assert isinstance(opened := written(home)[0], RunOpened)
    assert opened.name == "third"


def test_an_explicit_callback_wins(home: Path) -> None:
    autolog(name="autologged")
    fit(ChromaCallback(project="tests", name="explicit", silent=True))
    assert isinstance(opened := written(home)[0], RunOpened)
    assert (runs(home), opened.name) == (1, "explicit")


@pytest.mark.parametrize("how", ["autolog", "callback"])
def test_nothing_is_captured_while_disabled(home: Path, how: str) -> None:
    autolog()
    with chroma.disabled():
        fit(*([ChromaCallback(project="tests")] if how == "callback" else []))
    assert not home.exists()
    fit()
    assert runs(home) == 1


def test_exclusive_leaves_a_run_of_the_users_alone(home: Path) -> None:
    autolog(exclusive=True)
    with chroma.init(project="tests"):
        fit(epochs=1)
    assert not snapshots(home, "head")
    fit(epochs=1)
    assert len(snapshots(home, "head")) == 1


def test_a_run_of_the_users_stays_open_beside_a_captured_fit(home: Path) -> None:
    autolog()
    with chroma.init(project="tests", name="by hand") as run:
        fit(epochs=1)
        assert not run.recording.closed
        run.log_metrics({"still": 1.0}, epoch=0)
    assert len(snapshots(home, "head")) == 1
    assert runs(home) == 2


def test_both_packages_and_subclasses_that_override_fit(home: Path) -> None:
    class Mine(old_pl.Trainer):
        def fit(self, *args: Any, **kwargs: Any) -> None:
            self.called = True
            super().fit(*args, **kwargs)

    class OldNet(old_pl.LightningModule):
        forward, training_step = Net.forward, Net.training_step
        validation_step, configure_optimizers = Net.validation_step, Net.configure_optimizers

    model = OldNet()
    for name, module in Net().named_children():
        setattr(model, name, module)
    autolog()
    trainer, _ = fit(model=model, trainer=Mine)
    assert trainer.called
    fit()
    assert runs(home) == 2


def test_the_users_list_is_not_touched_and_callbacks_of_the_model_stay(home: Path) -> None:
    class Extra(pl.Callback):
        pass

    class WithCallbacks(Net):
        def configure_callbacks(self) -> Any:
            return [Extra()]

    autolog()
    mine = [pl.Callback()]
    trainer, _ = fit(*mine, model=WithCallbacks())
    assert len(mine) == 1
    kinds = [type(each).__name__ for each in trainer.callbacks]
    assert "ChromaCallback" not in kinds
    assert kinds.count("Extra") == 1
    assert runs(home) == 1


def test_a_fit_within_a_fit_is_not_captured(home: Path) -> None:
    class Probes(pl.Callback):
        def on_train_end(self, trainer: Any, pl_module: Any) -> None:
            fit(epochs=1)

    autolog(name="outer")
    fit(Probes())
    assert runs(home) == 1


def test_the_tuner_is_left_alone(home: Path, tmp_path: Path) -> None:
    class Tuned(Net):
        def __init__(self) -> None:
            super().__init__()
            self.lr = 0.1

    trainer = pl.Trainer(
        max_epochs=1,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=tmp_path,
    )
    autolog()
    loaders = DataLoader(Digits(0, 96), batch_size=32), DataLoader(Digits(96, 40), batch_size=32)
    pl.tuner.Tuner(trainer).lr_find(Tuned(), *loaders, num_training=2)
    assert not home.exists()


def test_the_users_error_is_the_same_object(home: Path) -> None:
    error = ValueError("the user's own")

    class Broken(Net):
        def training_step(self, batch: Any, _: int) -> torch.Tensor:
            raise error

    autolog()
    with pytest.raises(ValueError, match="the user's own") as caught:
        fit(model=Broken())
    assert caught.value is error
    assert isinstance(closed := written(home)[-1], RunClosed)
    assert closed.status == "failed"


@pytest.mark.parametrize("silent", [True, False])
def test_when_we_fail_the_fit_runs_once(
    home: Path,
    silent: bool,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Counts(pl.Callback):
        fits = 0

        def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
            self.fits += 1

    monkeypatch.delenv("CHROMA_STRICT")
    monkeypatch.setattr(autologging._state, "guard", type(autologging._state.guard)())
    counts = Counts()
    # a run id that cannot be used is found out when the run is opened, inside the fit
    with caplog.at_level(logging.WARNING, "chroma"):
        autolog(run_id="no/folder", silent=silent)
        fit(counts)
    assert counts.fits == 1
    warned = [record for record in caplog.records if record.name == "chroma"]
    assert len(warned) == (0 if silent else 1)


def test_fits_in_threads_are_a_run_each(home: Path) -> None:
    autolog()
    errors: list[BaseException] = []

    def train() -> None:
        try:
            trainer = pl.Trainer(
                max_epochs=2,
                accelerator="cpu",
                logger=False,
                enable_checkpointing=False,
                enable_progress_bar=False,
                enable_model_summary=False,
            )
            trainer.fit(
                Net(), DataLoader(Digits(0, 64), batch_size=32), DataLoader(Digits(96, 40), batch_size=16)
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


def test_spawned_processes_capture_too(home: Path) -> None:
    autolog()
    fit(epochs=1, strategy="ddp_spawn", devices=2)
    captured = snapshots(home, "head")
    assert sorted(identity for s in captured for identity in s.ids.tolist()) == list(range(100))
