"""Disks that fail, queues that are full, and who hears of it."""

from __future__ import annotations

import logging
import os
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

import chroma
from chroma.records import (
    Snapshot,
)
from tests.run.logged import python, written


def lenient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHROMA_STRICT")


def ours(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "chroma"]


def test_a_home_that_goes_away_is_warned_of_once_and_counted(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    lenient(monkeypatch)
    run = chroma.init()
    run.log_embeddings(np.ones((3, 2)), layer="fc", epoch=0)
    assert run.recording.flush(10)
    home.rename(home.with_name("gone"))
    for epoch in range(1, 4):
        run.log_embeddings(np.ones((3, 2)), layer="fc", epoch=epoch)
    receipt = run.finish()
    (warned,) = ours(caplog)
    assert "training continues" in warned
    assert (receipt.layers[0].snapshots, receipt.layers[0].snapshots_of) == (1, 4)
    assert sum(receipt.missing.values()) >= 3
    assert "1 of 4" in str(receipt)
    assert "missing" in str(receipt)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_full_disk_is_warned_of_once_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", small], check=False).returncode:
        pytest.skip("this machine does not allow mounting")
    try:
        lenient(monkeypatch)
        monkeypatch.setenv("CHROMA_HOME", str(small))
        run = chroma.init()
        for epoch in range(20):
            run.log_embeddings(np.ones((100, 128)), layer="fc", epoch=epoch)
        receipt = run.finish()
        kept = receipt.layers[0].snapshots
        assert 0 < kept < 20
        assert receipt.layers[0].snapshots_of == 20
        assert len(ours(caplog)) == 1
        assert "No space left" in ours(caplog)[0]
        assert sum(isinstance(record, Snapshot) for record in written(small)) == kept
        assert not list((small / "journal").glob("*/.*.tmp"))
    finally:
        subprocess.run(["umount", "-l", small], check=True)


def test_a_full_queue_drops_and_counts_and_never_blocks(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMA_QUEUE_BYTES", "50000")
    run = chroma.init()
    started = time.perf_counter()
    for epoch in range(200):
        run.log_embeddings(np.ones((100, 100), np.float32), layer="fc", epoch=epoch)
    took = time.perf_counter() - started
    receipt = run.finish()
    kept = receipt.layers[0].snapshots
    assert receipt.layers[0].snapshots_of == 200
    assert 0 < kept < 200
    assert receipt.missing == {"the disk was slower than the training (queue full)": 200 - kept}
    assert sum(isinstance(record, Snapshot) for record in written(home)) == kept
    assert took < 5
    assert receipt.seconds <= took


def test_a_warning_of_ours_reaches_a_user_without_logging_set_up(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    child = python("import chroma\nchroma.init().finish()", tmp_path / "file")
    _, said = child.communicate(timeout=60)
    assert child.returncode == 0
    assert said.count("chroma:") == 1
    assert "set CHROMA_HOME to a folder" in said


def test_strict_errors_are_not_hidden(caplog: pytest.LogCaptureFixture) -> None:
    from chroma.guard import Guard

    with pytest.raises(OSError, match="disk"), Guard().fail_safe("testing"):
        raise OSError("disk")
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
