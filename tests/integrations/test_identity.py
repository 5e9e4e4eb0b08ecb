"""Row i of a snapshot belongs to the sample it names: the dataset carries its own index in a pixel."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
import pytest
import pytorch_lightning as old_pl
from torch.utils.data import DataLoader

from tests.integrations.digits import Digits, Net, OldNet, fit, samples, signed, snapshots, written
from tests.integrations.matrix import CASES, PAGE, Case, page, shuffled
from tests.integrations.test_lightning import callback
from tests.integrations.test_lightning import pytestmark as lightning_marks

pytestmark = [*lightning_marks, pytest.mark.filterwarnings("ignore:.*reload_dataloaders.*")]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("package", [pl, old_pl], ids=["lightning", "pytorch_lightning"])
def test_each_row_belongs_to_the_sample_it_names(home: Path, case: Case, package: Any) -> None:
    ours = callback(layers="signature", dtype="float32")
    model = Net() if package is pl else OldNet()
    one_by_one = case.name == "`batch_size=None`"
    if one_by_one:
        model.transfer_batch_to_device = lambda batch, *_: (
            batch if batch[0].ndim == 4 else (batch[0][None], batch[1][None])
        )
    fit(ours, model=model, trainer=package.Trainer, val=case.loader(Digits(96, 100)), **case.trainer)
    captured = snapshots(home, "signature")
    assert len(captured) == case.passes
    known = samples(home)
    assert known.identity == ours.receipt.identity["val"] == case.identity
    if case.ids is not None:
        assert known.ids.tolist() == list(case.ids)
    for snapshot in captured:
        assert len(set(snapshot.ids.tolist())) == len(snapshot.ids) > 0
        if case.name != "`in_order=False` with workers":  # there the order is the workers'
            np.testing.assert_array_equal(signed(snapshot.vectors), snapshot.ids)
    assert ours.receipt.missing == {}
    assert ("numbered in the order they came" in str(ours.receipt)) == (case.identity == "order")


@pytest.mark.parametrize("package", [pl, old_pl], ids=["lightning", "pytorch_lightning"])
def test_a_resumed_training_continues(home: Path, tmp_path: Path, package: Any) -> None:
    model = Net if package is pl else OldNet
    options: dict[str, Any] = {"layers": "signature", "dtype": "float32", "run_id": "one"}
    trainer, _ = fit(
        callback(**options),
        model=model(),
        trainer=package.Trainer,
        val=shuffled(Digits(96, 100)),
        default_root_dir=tmp_path,
    )
    trainer.save_checkpoint(tmp_path / "c.ckpt")
    again = package.Trainer(
        max_epochs=4,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[callback(**options)],
    )
    train = DataLoader(Digits(0, 96), batch_size=32, shuffle=True)
    again.fit(model(), train, shuffled(Digits(96, 100)), ckpt_path=tmp_path / "c.ckpt", weights_only=False)
    captured = sorted(snapshots(home, "signature"), key=lambda snapshot: snapshot.step)
    assert [(s.epoch, s.step) for s in captured] == [(0, 3), (1, 6), (2, 9), (3, 12)]
    for snapshot in captured:
        np.testing.assert_array_equal(signed(snapshot.vectors), snapshot.ids)
    assert b"chroma" not in (tmp_path / "c.ckpt").read_bytes()


@pytest.mark.timeout(400)
@pytest.mark.parametrize("how", ["ddp", "ddp_spawn", "ddp_fork", "torchrun"])
def test_two_processes_cover_every_sample_once(home: Path, how: str) -> None:
    """101 samples over two processes: one is padding."""
    script = [str(Path(__file__).with_name("two_processes.py")), how]
    launcher = (
        ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"] if how == "torchrun" else []
    )
    root = Path(__file__).parents[2]
    ran = subprocess.run(
        [sys.executable, *launcher, *script],
        env={**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        cwd=home.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=380,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    assert len(list((home / "journal").iterdir())) == 1
    assert len({type(r).__name__ for r in written(home)} & {"RunOpened", "RunClosed"}) == 2
    for split, n in (("train", 32), ("val", 101)):
        captured = snapshots(home, "signature", split)
        assert len(captured) == 4, split  # two ranks, two epochs
        for step in {snapshot.step for snapshot in captured}:
            parts = [snapshot for snapshot in captured if snapshot.step == step]
            ids = np.concatenate([part.ids for part in parts])
            assert set(ids.tolist()) == set(range(n))
            assert len(ids) - len(set(ids.tolist())) <= 1  # padding, which ingest drops by id
            for part in parts:
                np.testing.assert_array_equal(signed(part.vectors), part.ids)


def test_the_page_shows_the_cases_that_are_tested() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()
