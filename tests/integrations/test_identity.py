"""Row i of a snapshot belongs to the sample it names: the dataset carries its own index in a pixel."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
import pytest
import pytorch_lightning as old_pl
import torch
from torch.utils.data import DataLoader

from tests.integrations.digits import Digits, Net, OldNet, fit, samples, signed, snapshots, written
from tests.integrations.matrix import CASES, Case, Found, shown, shuffled, table, write
from tests.integrations.test_lightning import callback
from tests.integrations.test_lightning import pytestmark as lightning_marks
from tests.integrations.test_watch import Plain, watching

pytestmark = [*lightning_marks, pytest.mark.filterwarnings("ignore:.*reload_dataloaders.*")]

FOUND: Found = {}


def right(loading: str, way: str, identity: str, captured: list[Any], *, checked: bool = True) -> None:
    """Every row belongs to the sample it names; what was found goes into the table."""
    for snapshot in captured:
        assert len(set(snapshot.ids.tolist())) == len(snapshot.ids) > 0
        if checked:
            np.testing.assert_array_equal(signed(snapshot.vectors), snapshot.ids)
    rows = sum(len(snapshot.ids) for snapshot in captured) if checked else 0
    FOUND.setdefault(loading, {})[way] = (identity, rows)


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
    # out of order, the order is the workers'
    right(case.name, way(package), known.identity, captured, checked="in_order" not in case.name)
    assert ours.receipt.missing == {}
    assert ("numbered in the order they came" in str(ours.receipt)) == (case.identity == "order")


@pytest.mark.parametrize("case", [case for case in CASES if not case.trainer], ids=lambda case: case.name)
def test_each_watched_row_belongs_to_the_sample_it_names(home: Path, case: Case) -> None:
    torch.manual_seed(3)
    one_by_one = case.name == "`batch_size=None`"
    with watching(
        Plain(),
        case.loader(Digits(96, 100)),
        layers="signature",
        dtype="float32",
        forward=(lambda m, b: m(b[0] if b[0].ndim == 4 else b[0][None])) if one_by_one else None,
        ids=(lambda b: np.arange(1)) if one_by_one else None,
    ) as watch:
        for epoch in range(1 if one_by_one else 2):
            watch.snapshot(epoch=epoch)
    captured = snapshots(home, "signature")
    known = samples(home)
    assert known.identity == case.identity
    if case.ids is not None:
        assert known.ids.tolist() == list(case.ids)
    assert len(captured) == 2
    right(case.name, "watch", known.identity, captured, checked="in_order" not in case.name)
    assert watch.receipt.missing == {}


def way(package: Any) -> str:
    return package.__name__


@pytest.mark.parametrize("package", [pl, old_pl], ids=["lightning", "pytorch_lightning"])
def test_several_loaders_and_keys_of_the_users_own(home: Path, package: Any) -> None:
    class Keyed(Digits):
        def __getitem__(self, index: int) -> Any:
            return {"x": self.images[index], "y": self.labels[index], "key": f"digit-{index}"}

    class Dicts(Net if package is pl else OldNet):
        def validation_step(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> None:
            self(batch["x"] if isinstance(batch, dict) else batch[0])

    options: dict[str, Any] = {"layers": "signature", "dtype": "float32"}
    two = [shuffled(Digits(96, 60)), shuffled(Digits(200, 40), num_workers=1)]
    fit(callback(**options), model=Dicts(), trainer=package.Trainer, val=two)
    captured = [*snapshots(home, "signature"), *snapshots(home, "signature", "val:1")]
    assert [len(snapshot.ids) for snapshot in captured] == [60, 60, 40, 40]
    right("several validation loaders: a split each", way(package), "index", captured)
    ours = callback(**options, ids="key", splits=("val",), run_id="keyed")
    fit(ours, model=Dicts(), trainer=package.Trainer, val=shuffled(Keyed(96, 50)))
    keyed = [
        replace(s, ids=np.array([int(key.removeprefix("digit-")) for key in s.ids], np.int64))
        for s in snapshots(home, "signature")
        if s.ids.dtype == object
    ]
    assert len(keyed) == 2
    right("`ids=`: a key of the batch, or a function of it", way(package), "key", keyed)


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
    right("resumed from a checkpoint", way(package), "index", captured)
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
        way_in = {"ddp_fork": "pytorch_lightning", "torchrun": "watch"}.get(how, "lightning.pytorch")
        right(
            f"two processes, {how}: a share each of {split}, padding removed by id", way_in, "index", captured
        )


def test_the_page_shows_what_was_found() -> None:
    """With CHROMA_WRITE_MATRIX=1 it is written; else the rows of the tests that ran must stand there."""
    if os.environ.get("CHROMA_WRITE_MATRIX"):
        write(FOUND)
    lines = shown().splitlines()
    whole = {loading: ways for loading, ways in FOUND.items() if _complete(loading, ways)}
    assert [line for line in table(whole).splitlines() if line not in lines] == []


def _complete(loading: str, ways: Any) -> bool:
    """Whether all tests of a line ran, which may have been chosen by name."""
    row = next((line for line in shown().splitlines() if line.startswith(f"| {loading} |")), "")
    return len(ways) >= sum(bool(cell.strip()) for cell in row.split("|")[3:-1])
