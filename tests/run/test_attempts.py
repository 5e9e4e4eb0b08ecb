"""Attempts at one run: their order, ranks by hand, forked processes."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import chroma
from chroma.errors import ConfigError
from tests.run.logged import python


def log(value: float, epochs: range) -> None:
    with chroma.init("p", run_id="r") as run:
        for epoch in epochs:
            run.log_embeddings(np.full((9, 3), value), layer="l", epoch=epoch)


@pytest.mark.parametrize(("ingested", "rebuilt"), [(False, False), (True, True)])
def test_the_later_attempt_counts_whatever_its_clock_says(
    home: Path, monkeypatch: pytest.MonkeyPatch, ingested: bool, rebuilt: bool
) -> None:
    real = time.time
    log(1, range(5))
    if ingested:  # what tells the order lies in the store then
        chroma.open().close()
    monkeypatch.setattr(time, "time", lambda: real() - 600)
    log(2, range(3, 6))
    monkeypatch.setattr(time, "time", lambda: real() - 6000)
    log(3, range(5, 7))
    monkeypatch.setattr(time, "time", real)
    if rebuilt:
        chroma.open().close()
        for path in home.glob("chroma.db*"):
            path.unlink()
    with chroma.open() as db:
        run = db.run("r")
        shown = [int(run.embeddings(epoch=epoch).vectors[0, 0]) for epoch in range(7)]
        assert shown == [1, 1, 1, 2, 2, 3, 3]
        assert db.runs()["attempts"].tolist() == [3]


RANK = """
import chroma, numpy
with chroma.init(project="p", run_id="job-7", rank=rank, world_size=2) as run:
    for epoch in range(2):
        run.log_embeddings(numpy.full((50, 4), rank), layer="l", epoch=epoch, ids=numpy.arange(50) * 2 + rank)
"""


def test_ranks_by_hand_share_an_attempt() -> None:
    ranks = [subprocess.Popen([sys.executable, "-c", f"rank = {rank}{RANK}"]) for rank in (0, 1)]
    assert [child.wait(60) for child in ranks] == [0, 0]
    for rank in (1, 0):  # again, and one after the other: in this process
        exec(RANK, {"rank": rank})
    with chroma.open() as db:
        run = db.run("job-7")
        assert run.snapshots()[["epoch", "n", "of", "status"]].values.tolist() == [
            [0, 100, 100, "complete"],
            [1, 100, 100, "complete"],
        ]
        assert (run.embeddings().vectors[:, 0] == run.embeddings().ids % 2).all()
        assert db.runs()[["status", "attempts"]].values.tolist() == [["finished", 2]]


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"rank": 2, "world_size": 2, "run_id": "r"}, "give 0 to world_size - 1"),
        ({"rank": 0.5, "world_size": 2, "run_id": "r"}, "give an integer"),
        ({"rank": 1, "world_size": 2}, "needs run_id="),
    ],
)
def test_ranks_that_do_not_fit_are_refused(how: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        chroma.init("p", **how)  # pyright: ignore[reportArgumentType]


def test_ranks_need_ids() -> None:
    with (
        chroma.init("p", run_id="r", rank=1, world_size=2) as run,
        pytest.raises(ConfigError, match="each sample needs its own"),
    ):
        run.log_embeddings(np.eye(3), layer="l", epoch=0)


def test_two_processes_that_write_to_one_run_are_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with chroma.init("p", run_id="r") as first:
        first.log_embeddings(np.eye(3), layer="l", epoch=0)
        first.recording.flush(30)
        with chroma.init("p", run_id="r") as second:
            second.log_embeddings(np.eye(3), layer="l", epoch=0)
    for run in (first, second):
        assert [note for note in run.finish().notes if "give each its rank= and world_size=" in note]
    assert len([each for each in caplog.records if each.levelno == logging.WARNING]) == 2
    log(1, range(1))  # one after another is an attempt like any
    assert len([each for each in caplog.records if each.levelno == logging.WARNING]) == 2


def test_the_share_of_a_rank_that_said_nothing_of_others_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    """Two processes without rank=, one after the other: the second has the step, the first's samples lack."""
    for rank in (0, 1):
        with chroma.init("p", run_id="r") as run:
            run.log_embeddings(np.full((50, 4), rank), layer="l", epoch=0, ids=np.arange(50) * 2 + rank)
            run.log_embeddings(np.full((5, 4), rank), layer="l", epoch=1 + rank)
    assert [note for note in run.finish().notes if "had finished before" in note and "world_size=" in note]
    assert not caplog.records
    with chroma.open() as db:
        run = db.run("r")
        assert run.snapshots()[["epoch", "n", "of", "status"]].values.tolist() == [
            [0, 50, 100, "partial"],
            [1, 5, 52, "complete"],
            [2, 5, 53, "complete"],
        ]
        assert (run.embeddings(epoch=0).vectors == 1).all()


def test_ranks_that_log_the_same_samples_are_told(caplog: pytest.LogCaptureFixture) -> None:
    notes: list[str] = []
    for rank in (0, 1):
        with chroma.init("p", run_id="r", rank=rank, world_size=2) as run:
            run.log_embeddings(np.full((50, 4), rank), layer="l", epoch=0, ids=np.arange(50) + 30 * rank)
            run.log_embeddings(np.eye(3), layer="l", epoch=0, split="test", ids=np.arange(3) + 3 * rank)
        notes += run.finish().notes
    said = "20 of this process's 50 samples of val were logged by another rank too, and each is kept once"
    assert [note.partition(";")[0] for note in notes] == [said]
    assert [each.levelno for each in caplog.records] == [logging.WARNING]
    with chroma.open() as db:
        assert db.run("r").snapshots(split="val")[["n", "of"]].values.tolist() == [[80, 80]]


FORKED = """
import chroma, numpy, multiprocessing
run = chroma.init(project="p", name="r")
run.log_metrics({"a": 1.0}, step=0)
def work(step):
    run.log_embeddings(numpy.eye(5), layer="l", epoch=step)
    with chroma.init(project="p", name="own") as own: own.log_metrics({"b": 1.0}, step=step)
if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(1) as pool: pool.map(work, range(2))
    run.finish()
"""


def test_logging_to_the_parents_run_from_a_fork_says_so(home: Path) -> None:
    child = python(FORKED, home)
    _, said = child.communicate(timeout=60)
    assert child.returncode == 0, said
    assert said.count("the run r belongs to the process that opened it") == 1
    with chroma.open() as db:
        assert sorted(db.runs()["name"]) == ["own", "own", "r"]
        assert set(db.runs()["status"]) == {"finished"}


def test_what_is_noted_of_a_running_run_is_no_other_writer(caplog: pytest.LogCaptureFixture) -> None:
    with chroma.init("p", run_id="r") as run:
        run.log_embeddings(np.eye(3), layer="l", epoch=0)
        assert run.recording.flush(30)
        with chroma.open() as db:
            db.run("r").tag("odd", [0])
    assert run.finish().notes == ()
    assert not caplog.records
