"""Row i of a snapshot belongs to the sample it names: the dataset carries its own index in a pixel."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
import pytest
import pytorch_lightning as old_pl
import torch
from torch.utils.data import DataLoader

from chroma.errors import ConfigError
from chroma.records import Samples, TrainingOutputs
from tests.integrations.digits import QUIET, Digits, Net, OldNet, fit, signed, snapshots, written
from tests.integrations.lightning_setup import LIGHTNING, callback
from tests.integrations.matrix import CASES, REFUSED, THEIRS, Case, Found, shown, shuffled, table, write
from tests.integrations.test_watch import Plain, watching

pytestmark = [*LIGHTNING, pytest.mark.filterwarnings("ignore:.*reload_dataloaders.*")]

FOUND: Found = {}
COUNTED: Counter[tuple[str, str]] = Counter()


def right(loading: str, way: str, identity: str, captured: list[Any], rows: str | None = None) -> None:
    """Every row belongs to the sample it names; what was found goes into the table.

    Args:
        loading: Line of the table.
        way: Column of the table.
        identity: How ids were known.
        captured: Snapshots.
        rows: What is said of them instead of their number.
    """
    for snapshot in captured:
        assert len(set(snapshot.ids.tolist())) == len(snapshot.ids) > 0
        if rows != THEIRS:
            np.testing.assert_array_equal(signed(snapshot.vectors), snapshot.ids)
    COUNTED[loading, way] += sum(len(snapshot.ids) for snapshot in captured)
    count = COUNTED[loading, way]
    FOUND.setdefault(loading, {})[way] = (identity, rows or f"{count} of {count}")


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
    right(case.name, way(package), known.identity, captured, case.rows)
    assert ours.receipt.missing == {}
    assert ("numbered in the order they came" in str(ours.receipt)) == (case.identity == "order")


def samples(home: Path, split: str = "val") -> Samples:
    """What the first pass told; a later one may bring others, where a sampler draws anew."""
    return next(each for each in written(home) if isinstance(each, Samples) and each.split == split)


ALONE = [case for case in CASES if not case.trainer and case.name != "`batch_size=None`"]


@pytest.mark.parametrize("case", ALONE, ids=lambda case: case.name)
def test_each_row_of_a_training_batch_belongs_to_the_sample_it_names(home: Path, case: Case) -> None:
    ours = callback(layers="signature", dtype="float32", splits={"train": "ride"})
    fit(ours, train=case.loader(Digits(0, 100)), limit_val_batches=0)
    captured = snapshots(home, "signature", "train")
    assert len(captured) == 2
    known = samples(home, "train")
    assert known.identity == case.identity
    if case.ids is not None:
        assert known.ids.tolist() == list(case.ids)
    right(case.name, "train, ride", known.identity, captured, case.rows)
    assert ours.receipt.missing == {}


# workers that are spawned take their time, and a probe's are those of the loader
@pytest.mark.parametrize(
    "case", [case for case in ALONE if "spawned" not in case.name], ids=lambda case: case.name
)
def test_each_row_of_a_probe_belongs_to_the_sample_it_names(home: Path, case: Case) -> None:
    ours = callback(layers="signature", dtype="float32", splits={"train": "probe"})
    probed = partial(fit, ours, train=case.loader(Digits(0, 100)), limit_val_batches=0)
    if "IterableDataset" in case.name:
        with pytest.raises(ConfigError, match=r"cannot be fetched again.*'ride'"):
            probed()
        FOUND.setdefault(case.name, {})["train, probe"] = (REFUSED, REFUSED)
        return
    probed()
    captured = snapshots(home, "signature", "train")
    assert len(captured) == 2
    known = samples(home, "train")
    assert known.identity == "index"  # what is fetched by index needs no order of the workers
    if case.ids is not None:
        assert known.ids.tolist() == list(case.ids)
    right(case.name, "train, probe", known.identity, captured)
    assert ours.receipt.missing == {}


@pytest.mark.parametrize("case", ALONE, ids=lambda case: case.name)
def test_each_watched_row_belongs_to_the_sample_it_names(home: Path, case: Case) -> None:
    torch.manual_seed(3)
    loader = case.loader(Digits(96, 100))
    with watching(Plain(), loader, layers="signature", dtype="float32") as watch:
        for epoch in range(2):
            watch.snapshot(epoch=epoch)
    captured = snapshots(home, "signature")
    known = samples(home)
    assert known.identity == case.identity
    if case.ids is not None:
        assert known.ids.tolist() == list(case.ids)
    assert len(captured) == 2
    right(case.name, "`chroma.watch`", known.identity, captured, case.rows)
    assert watch.receipt.missing == {}


def way(package: Any) -> str:
    return f"`{package.__name__}`"


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
        **QUIET,
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
        if how == "torchrun":
            way_in = "`chroma.watch`"
        elif split == "train":
            way_in = "train, probe"
        else:
            way_in = "`pytorch_lightning`" if how == "ddp_fork" else "`lightning.pytorch`"
        right(f"two processes, {how}: a share each, padding removed by id", way_in, "index", captured)
    trained = [record for record in written(home) if isinstance(record, TrainingOutputs)]
    assert len(trained) == (0 if how == "torchrun" else 4)  # that loop takes snapshots and trains nothing
    for epoch in {record.epoch for record in trained}:
        ids = np.concatenate([record.ids for record in trained if record.epoch == epoch])
        assert sorted(ids.tolist()) == list(range(32))


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
