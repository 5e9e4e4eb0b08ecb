"""What waits to be written: how much, how long, and what becomes of it when the process is killed."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import chroma
from chroma.guard import Guard
from chroma.records import Metrics, Record
from chroma.run.writer import SnapshotWriter, Work
from tests.run.logged import kinds, python


class Slow:
    """A sink that waits to be released, and remembers what was synced."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.kept: list[tuple[int, bool]] = []
        self.syncs = 0

    def commit(self, record: Record, *, sync: bool = True) -> int:
        assert isinstance(record, Metrics)
        self.go.wait(10)
        self.kept.append((record.step, sync))
        return 1

    def sync(self) -> None:
        self.syncs += 1

    def close(self) -> None: ...


def work(step: int, size: int, lost: list[str], **when: float) -> Work:
    return Work("testing", lambda: [Metrics(None, step, {})], size, lambda *_: None, lost.append, **when)


def test_work_above_the_capacity_is_taken_one_at_a_time_beside_the_others() -> None:
    sink, lost = Slow(), list[str]()
    writer = SnapshotWriter(sink, Guard(), capacity=100, name="test")
    sizes = [60, 500, 40, 500, 1]
    taken = [writer.put(work(step, size, lost)) for step, size in enumerate(sizes)]
    assert taken == [True, True, True, False, False]
    assert "larger than CHROMA_QUEUE_BYTES" in lost[0]
    assert "queue full" in lost[1]
    sink.go.set()
    assert writer.flush(10)
    assert writer.put(work(5, 500, lost))
    assert writer.close(timeout=10)
    assert [step for step, _ in sink.kept] == [0, 1, 2, 5]
    assert not writer.put(work(6, 1, lost))
    assert lost[2:] == ["the run has ended"]


def test_what_has_waited_long_does_not_wait_for_the_disk() -> None:
    sink, lost = Slow(), list[str]()
    sink.go.set()
    writer = SnapshotWriter(sink, Guard(), capacity=100, name="test")
    writer.put(work(0, 1, lost))
    writer.put(work(1, 1, lost, since=time.perf_counter() - 5))
    assert writer.flush(10)
    assert sink.kept == [(0, True), (1, False)]
    assert sink.syncs
    writer.close(timeout=10)


def test_files_that_were_not_waited_for_are_whole_and_synced_at_the_end(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chroma.run.writer._LATE", -1.0)
    with chroma.init("p", "r") as run:
        for epoch in range(5):
            run.log_embeddings(np.eye(4), layer="l", epoch=epoch)
        assert run.recording.flush(30)
        assert run.recording._sink._writer is not None
        assert run.recording._sink._writer._unsynced == []
    assert kinds(home).count("Snapshot") == 5


ENDLESS = """
import chroma, numpy, os, time
import chroma.run.sink as sink
commit, before = sink.JournalSink.commit, time.monotonic()
def slow(self, record, *, sync=True):
    if type(record).__name__ == "Snapshot" and record.step >= 3: time.sleep(0.05)
    return commit(self, record, sync=sync)
sink.JournalSink.commit = slow
run = chroma.init("p", "r")
for epoch in range(40): run.log_embeddings(numpy.ones((30, 8)), layer="fc", epoch=epoch)
while True:
    print(run.recording.tally._lines["fc", "val"]["snapshots"], flush=True); time.sleep(0.01)
"""


def test_what_a_kill_took_is_counted(home: Path) -> None:
    child = python(ENDLESS, home)
    assert child.stdout is not None
    while int(child.stdout.readline()) < 6:
        pass
    child.send_signal(signal.SIGKILL)
    child.communicate(timeout=30)
    with chroma.open() as db:
        [(status, accepted, kept)] = db.runs()[["status", "accepted", "kept"]].values.tolist()
        assert (status, accepted) == ("interrupted", 40)
        assert 6 <= kept == len(db.run("r").snapshots()) < 40
        about = db._connection.query("{ runs { error } }")["runs"][0]["error"]
        assert about == f"{kept} of 40 snapshots are kept; the others were in memory when it was killed"


def test_the_journal_is_opened_again_when_its_folder_comes_back(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CHROMA_STRICT")
    run = chroma.init("p", "r")
    away = home.with_name("away")
    for epoch, moved in enumerate([None, (home, away), None, (away, away.with_name("lost")), None]):
        if moved and moved[0].exists():
            os.rename(*moved)
        if epoch == 3:
            home.mkdir()  # another disk is there instead
        run.log_embeddings(np.eye(4), layer="l", epoch=epoch)
        assert run.recording.flush(30)
    receipt = run.finish()
    assert (receipt.layers[0].snapshots, receipt.layers[0].snapshots_of) == (3, 5)
    assert receipt.missing == {"it could not be written (No such file or directory)": 2}
    with chroma.open() as db:
        assert db.runs()[["name", "project", "status", "accepted", "kept"]].values.tolist() == [
            ["r", "p", "finished", 5, 2]
        ]
