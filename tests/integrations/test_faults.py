"""Whatever the disk does, training goes on: what that costs its thread, and what the receipt says."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from tests.integrations.digits import Digits, Net, fit, snapshots
from tests.integrations.lightning_setup import LIGHTNING, callback

pytestmark = LIGHTNING
EPOCHS = 6
Fault = Callable[[Path, Any], None]


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A disk of its own of 400 kB, with a home on it."""
    monkeypatch.delenv("CHROMA_STRICT")
    mounted = tmp_path / "disk"
    mounted.mkdir()
    if (
        os.geteuid()
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", mounted], check=False
        ).returncode
    ):
        pytest.skip("only root can mount a small disk")
    monkeypatch.setenv("CHROMA_HOME", str(mounted / "home"))
    try:
        yield mounted
    finally:
        subprocess.run(["umount", "-l", mounted], check=True)


class Injected(pl.Callback):
    """Does something after the first epoch, once its snapshot is on the disk."""

    def __init__(self, fault: Fault, disk: Path, ours: Any) -> None:
        self.fault, self.disk, self.ours = fault, disk, ours
        self.seconds = 0.0  # that capture took on the training's thread

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        assert self.ours.run.recording.flush(60) or trainer.current_epoch
        if trainer.current_epoch == 0:
            self.fault(self.disk, self.ours)

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        self.seconds = self.ours.run.recording.tally.seconds


def nothing(disk: Path, ours: Any) -> None:
    """The disk is well."""


def full(disk: Path, ours: Any) -> None:
    with pytest.raises(OSError, match="No space left"):
        (disk / "rest").write_bytes(bytes(400_000))


def removed(disk: Path, ours: Any) -> None:
    shutil.rmtree(disk / "home")


def read_only(disk: Path, ours: Any) -> None:
    home = disk / "home"  # mounted once more: what is open for writing keeps the disk itself from it
    subprocess.run(["mount", "--bind", home, home], check=True)
    subprocess.run(["mount", "-o", "remount,ro,bind", home], check=True)


def slow(disk: Path, ours: Any) -> None:
    def wait() -> list[Any]:
        time.sleep(2)
        return []

    ours.run.recording.submit(wait, 10**9)  # the queue is full as long as it waits


def dead(disk: Path, ours: Any) -> None:
    def end() -> list[Any]:
        raise SystemExit  # not an Exception: no guard of ours stops it

    ours.run.recording.submit(end, 0)


def trained(fault: Fault, disk: Path) -> tuple[float, Any, dict[str, Any]]:
    for stale in disk.iterdir():
        shutil.rmtree(stale) if stale.is_dir() else stale.unlink()
    ours = callback(layers=["body.1", "head"])
    injected = Injected(fault, disk, ours)
    train = DataLoader(Digits(0, 96), batch_size=32, shuffle=True)
    val = DataLoader(Digits(96, 1000), batch_size=100)
    _, model = fit(ours, injected, train=train, val=val, epochs=EPOCHS)
    if fault is read_only:
        subprocess.run(["umount", disk / "home"], check=True)
    return injected.seconds, ours.receipt, model.state_dict()


@pytest.mark.parametrize("fault", [full, removed, read_only, slow, dead], ids=lambda fault: fault.__name__)
@pytest.mark.filterwarnings("ignore:.*PytestUnhandledThreadException.*")
def test_a_fault_of_the_disk_costs_the_training_less_than_100_ms(
    disk: Path, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All the time that capture takes on the training's thread, waiting included; the least of three."""
    monkeypatch.setattr("threading.excepthook", lambda args: None)  # the thread that ends says so
    well, _, weights = trained(nothing, disk)
    added = np.inf
    for _ in range(3):
        seconds, receipt, ours = trained(fault, disk)
        added = min(added, seconds - well)
        assert all(torch.equal(weights[name], ours[name]) for name in weights)
        for layer in receipt.layers:
            assert 1 <= layer.snapshots < layer.snapshots_of == EPOCHS
        assert sum(receipt.missing.values()) >= 2
        assert f"{receipt.layers[0].snapshots} of {EPOCHS}" in str(receipt)
        if added < 0.1:
            break
    assert added < 0.1


def test_vectors_that_are_not_numbers_are_kept_and_counted(home: Path) -> None:
    class Broken(Net):
        def __init__(self) -> None:
            super().__init__()
            self.last = torch.nn.Identity()

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            scores = super().forward(images)
            broken = torch.where(images[:, 0, 0, :1] * 1024 < 3, torch.nan, scores)
            return self.last(torch.where(images[:, 0, 0, :1] * 1024 == 5, torch.inf, broken))

    ours = callback(layers="last")
    val = DataLoader(Digits(96, 100), batch_size=16, shuffle=True)
    fit(ours, model=Broken(), val=val, train=DataLoader(Digits(200, 32), batch_size=16), epochs=1)
    (captured,) = snapshots(home, "last")
    assert captured.ids[~np.isfinite(captured.vectors).all(axis=1)].tolist() == [0, 1, 2, 5]
    assert "NaN or infinite values in 4 samples" in " ".join(str(ours.receipt).split())
    assert ours.receipt.missing == {}


def test_batches_without_samples_are_counted(home: Path) -> None:
    def collate(rows: list[Any]) -> Any:
        images, labels = torch.utils.data.default_collate(rows)
        kept = 0 if 32 in [int(image[0, 0, 0] * 1024) for image in images] else len(images)
        return images[:kept], labels[:kept]

    class Patient(Net):
        def validation_step(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> None:
            self(batch[0])

    ours = callback(layers="signature", dtype="float32")
    fit(ours, model=Patient(), val=DataLoader(Digits(96, 100), batch_size=20, collate_fn=collate), epochs=2)
    for captured in snapshots(home, "signature"):
        assert captured.ids.tolist() == [*range(20), *range(40, 100)]
    assert ours.receipt.missing == {"batches without samples, or without tensors": 2}
    assert "80 of 100" in str(ours.receipt)


def test_a_layer_whose_width_changes_is_counted_and_the_rest_kept(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Changing(Net):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            self.dropout(images.flatten(1)[:, : 5 if len(images) < 32 else 7])
            return super().forward(images)

    monkeypatch.delenv("CHROMA_STRICT")
    ours = callback(layers=["dropout", "head"])
    fit(ours, model=Changing(), epochs=1)
    (changing,), (head,) = snapshots(home, "dropout"), snapshots(home, "head")
    assert (len(changing.ids), len(head.ids), changing.of) == (96, 100, 100)
    assert ours.receipt.missing == {"dropout gave no vectors for some batches": 1}
    assert "layer of fixed width" in " ".join(str(ours.receipt).split())
