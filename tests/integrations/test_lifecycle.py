"""A training's life beyond one quiet fit: signals, tuners, cells that run again, real compilers."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
import pytest
import pytorch_lightning as old_pl
import torch
from torch.nn import functional as F
from torch.utils.data import BatchSampler, DataLoader

from chroma.records import RunClosed
from tests.integrations.digits import NETS, QUIET, Digits, fit, signed, snapshots, written
from tests.integrations.lightning_setup import LIGHTNING, callback
from tests.integrations.test_watch import Plain, train, watching

pytestmark = [*LIGHTNING, pytest.mark.filterwarnings("ignore:.*is not a leaf Tensor.*")]

packages = pytest.mark.parametrize("package", [pl, old_pl], ids=["lightning", "pytorch_lightning"])

TERMINATED = """
import os, signal, sys, time, warnings
from pathlib import Path
import {package} as package
from tests.integrations.digits import Digits, fit, snapshots
from tests.integrations.test_watch import Plain, watching
from chroma.integrations.lightning import ChromaCallback
from torch.utils.data import DataLoader

warnings.filterwarnings("ignore")

def end(*_):
    os.kill(os.getpid(), signal.SIGTERM)

class Ends(package.Callback):
    def on_train_epoch_end(self, trainer, pl_module):
        if trainer.current_epoch == 1:
            end()

how = sys.argv[1]
if how == "trainer":
    fit(ChromaCallback(project="tests"), Ends(), package=package, epochs=6)
else:
    if how == "handler":
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    loader = DataLoader(Digits(0, 64), batch_size=32)
    with watching(Plain(), loader, silent=False) as watch:
        for epoch in range(6):
            watch.snapshot(epoch=epoch)
            if epoch == 1:
                while len(snapshots(Path(os.environ["CHROMA_HOME"]), "head")) < 2:
                    time.sleep(0.01)
                end()
"""


def terminated(home: Path, how: str, package: Any = pl) -> tuple[int, str]:
    """Run a training that is sent SIGTERM in its second epoch: how the process ended, and what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", TERMINATED.format(package=package.__name__), how],
        env={**os.environ, "CHROMA_HOME": str(home), "OMP_NUM_THREADS": "1"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.timeout(300)
@packages
def test_a_trainer_that_is_told_to_end_leaves_an_interrupted_run(home: Path, package: Any) -> None:
    """What SLURM sends before it takes a node: Lightning ends the fit in its own way, and so does the run."""
    code, said = terminated(home, "trainer", package)
    assert code == 0, said  # Lightning's own
    closed = written(home)[-1]
    assert isinstance(closed, RunClosed)
    assert closed.status == "interrupted"
    assert "interrupted" in said
    assert [snapshot.epoch for snapshot in snapshots(home, "head")] == [0, 1]


@pytest.mark.timeout(300)
def test_a_handler_of_the_users_own_is_left_in_place(home: Path) -> None:
    code, said = terminated(home, "handler")
    assert code == 143, said
    closed = written(home)[-1]
    assert isinstance(closed, RunClosed)
    assert closed.status == "interrupted"
    assert [snapshot.epoch for snapshot in snapshots(home, "head")] == [0, 1]


@pytest.mark.timeout(300)
def test_a_process_that_dies_of_it_keeps_what_was_written(home: Path) -> None:
    code, said = terminated(home, "nothing")
    assert code == -signal.SIGTERM, said
    assert not any(isinstance(record, RunClosed) for record in written(home))
    assert [snapshot.epoch for snapshot in snapshots(home, "head")] == [0, 1]


@packages
def test_trials_of_a_tuner_are_not_captured_and_the_fit_after_them_is(
    home: Path, tmp_path: Path, package: Any
) -> None:
    class Tuned(NETS[package]):
        def __init__(self) -> None:
            super().__init__()
            self.lr = 0.1
            self.batch_size = 16

        def train_dataloader(self) -> Any:
            return DataLoader(Digits(0, 96), batch_size=self.batch_size, shuffle=True)

        def val_dataloader(self) -> Any:
            return DataLoader(Digits(96, 40), batch_size=self.batch_size)

    ours = callback(layers="signature", dtype="float32")
    trainer = package.Trainer(
        max_epochs=2,
        **QUIET,
        default_root_dir=tmp_path,
        callbacks=[ours],
    )
    model = Tuned()
    tuner = package.tuner.Tuner(trainer)
    tuner.lr_find(model, num_training=3)
    tuner.scale_batch_size(model, steps_per_trial=1, max_trials=2)
    assert not home.exists()
    trainer.fit(model)
    assert len(list((home / "journal").iterdir())) == 1
    (closed,) = (record for record in written(home) if isinstance(record, RunClosed))
    assert closed.status == "finished"
    assert [(s.epoch, len(s.ids)) for s in snapshots(home, "signature")] == [(0, 40), (1, 40)]
    assert ours.receipt.missing == {}


FIT_CELL = """
ours = callback()
fit(ours, model=model)
"""
WATCH_CELL = """
watch = watching(model, loader, layers="signature", dtype="float32")
watch.snapshot(epoch=0)
"""


def hooks(model: torch.nn.Module) -> int:
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules())


def test_a_cell_that_fits_again_makes_another_run(home: Path) -> None:
    cell = {"callback": callback, "fit": fit, "model": NETS[pl]()}
    runs = []
    for _ in range(2):
        exec(FIT_CELL, cell)
        runs.append(cell["ours"].receipt)
        assert hooks(cell["model"]) == 0
    assert runs[0].run != runs[1].run
    assert [receipt.layers[0].snapshots for receipt in runs] == [2, 2]


def test_a_cell_that_watches_again_stands_on_its_own(home: Path) -> None:
    """The name is bound anew and nobody has ended the first watch: the second is right all the same."""
    loader = DataLoader(Digits(0, 32), batch_size=16, shuffle=True)
    cell = {"watching": watching, "model": Plain(), "loader": loader}
    watches: list[Any] = []
    for _ in range(2):
        exec(WATCH_CELL, cell)
        watches.append(cell["watch"])
        assert hooks(cell["model"]) == 0
    for watch in reversed(watches):
        watch.finish()
    assert watches[0].run.id != watches[1].run.id
    captured = snapshots(home, "signature")
    assert len(captured) == 2
    for snapshot in captured:
        np.testing.assert_array_equal(signed(snapshot.vectors), snapshot.ids)
    closed = [record for record in written(home) if isinstance(record, RunClosed)]
    assert [record.status for record in closed] == ["finished", "finished"]
    assert type(loader.batch_sampler) is BatchSampler
    assert len(list(loader)) == 2


@pytest.mark.timeout(400)
@pytest.mark.skipif(shutil.which("g++") is None, reason="inductor needs a C++ compiler")
@pytest.mark.filterwarnings("ignore")  # inductor's own
def test_what_inductor_compiled_trains_the_same_to_the_bit(home: Path) -> None:
    """The default compiler, not its stand-in: the same weights with and without, and every row is right."""

    def run(watched: bool) -> dict[str, torch.Tensor]:
        torch._dynamo.reset()
        torch.manual_seed(0)
        model = Plain()
        compiled: Any = torch.compile(model)
        loader = DataLoader(Digits(0, 64), batch_size=32)
        aside = DataLoader(Digits(0, 64), batch_size=16)
        if not watched:
            train(compiled, loader, 2)
            return model.state_dict()
        with watching(compiled, aside, layers=["signature", "head"], dtype="float32") as watch:
            train(compiled, loader, 2, lambda epoch: watch.snapshot(epoch=epoch))
        assert watch.receipt.missing == {}
        return model.state_dict()

    without, with_ours = run(False), run(True)
    assert all(torch.equal(without[name], with_ours[name]) for name in without)
    captured = snapshots(home, "signature")
    assert len(captured) == 2
    for snapshot in captured:
        np.testing.assert_array_equal(signed(snapshot.vectors), snapshot.ids)
    model = Plain()
    model.load_state_dict(with_ours)
    model.eval()
    digits = Digits(0, 64)
    with torch.no_grad():
        logits = model(digits.images)
    np.testing.assert_allclose(snapshots(home, "head")[-1].vectors, logits.numpy(), rtol=1e-4, atol=1e-5)
    assert F.cross_entropy(logits, digits.labels) < 2.5
