"""How a run begins again and ends: at exit, forked, killed, restarted by a scheduler."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import pytest

import chroma
from chroma.journal import entries
from chroma.liveness import is_alive, writers
from chroma.records import (
    RunClosed,
    Snapshot,
)
from chroma.segment import read
from tests.run.logged import kinds, python, written


def test_errors_in_the_block_fail_the_run_and_go_on(home: Path) -> None:
    with pytest.raises(ZeroDivisionError), chroma.init(run_id="a"):
        _ = 1 / 0
    with pytest.raises(KeyboardInterrupt), chroma.init(run_id="b"):
        raise KeyboardInterrupt
    failed, interrupted = [record for record in written(home) if isinstance(record, RunClosed)]
    assert (failed.status, failed.error) == ("failed", "ZeroDivisionError: division by zero")
    assert (interrupted.status, interrupted.error) == ("interrupted", None)


def test_a_forgotten_run_ends(home: Path) -> None:
    run = chroma.init()
    run.log_metrics({"a": 1}, epoch=0)
    recording = run.recording
    del run
    assert recording.closed
    recording._writer._thread.join(10)
    assert kinds(home) == ["RunOpened", "Metrics", "RunClosed"]


TERMINATED = """
import os, signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
os.kill(os.getpid(), signal.SIGTERM)
"""
THREAD = """
import threading
def work():
    run = chroma.init(run_id="of-the-thread")
    run.log_metrics({"loss": 1.0}, epoch=0)
    %s
thread = threading.Thread(target=work)
thread.start(); thread.join()
"""
WORKER = """
import multiprocessing, sys
def work(status):
    global run
    run = chroma.init(run_id=f"of-the-worker-{status}")
    run.log_metrics({"loss": 1.0}, epoch=0)
    if status: sys.exit(status)
if __name__ == "__main__":
    for status in (0, 3):
        worker = multiprocessing.get_context("fork").Process(target=work, args=(status,))
        worker.start(); worker.join()
"""


@pytest.mark.parametrize(
    ("ending", "status"),
    [
        ("", "finished"),
        ("raise ValueError('no')", "failed"),
        ("raise KeyboardInterrupt", "interrupted"),
        ("import sys; sys.exit(3)", "failed"),
        ("import sys; sys.exit('no data')", "failed"),
        ("import sys; sys.exit(0)", "finished"),
        ("import sys\ntry: sys.exit(3)\nexcept SystemExit: pass", "finished"),
        ("raise SystemExit(3)", "interrupted"),  # its status cannot be known
        ("import argparse; argparse.ArgumentParser().parse_args(['--odd'])", "failed"),
        (TERMINATED, "interrupted"),
    ],
)
def test_an_unfinished_run_is_closed_at_exit(home: Path, ending: str, status: str) -> None:
    child = python(
        "import chroma, numpy\nrun = chroma.init()\n"
        "for e in range(20): run.log_embeddings(numpy.ones((500, 64)), layer='fc', epoch=e)\n" + ending,
        home,
    )
    child.communicate(timeout=60)
    closed = written(home)[-1]
    assert isinstance(closed, RunClosed)
    assert closed.status == status
    assert closed.receipt["layers"][0]["snapshots"] == 20


def ends(home: Path) -> dict[str, str]:
    """How each run that closed has ended, by its id."""
    return {
        read(entry.path).header.run: record.status
        for entry in entries(home / "journal")
        if isinstance(record := read(entry.path).record, RunClosed)
    }


@pytest.mark.parametrize(
    ("ending", "status"),
    [("pass", "finished"), ("raise ValueError", "failed"), ("import sys; sys.exit(3)", "failed")],
)
def test_a_thread_that_ends_with_an_error_fails_its_runs_only(home: Path, ending: str, status: str) -> None:
    script = "import chroma\nrun = chroma.init(run_id='mine')\n" + THREAD % ending
    _, said = python(script, home).communicate(timeout=60)
    assert ends(home) == {"mine": "finished", "of-the-thread": status}
    assert ("ValueError" in said) == ("ValueError" in ending)  # the program's own hook still tells it


def test_a_worker_process_closes_its_runs(home: Path) -> None:
    python("import chroma" + WORKER, home).communicate(timeout=60)
    assert ends(home) == {"of-the-worker-0": "finished", "of-the-worker-3": "failed"}


def test_a_run_that_nobody_refers_to_is_written_before_the_program_ends(home: Path) -> None:
    python(
        "import chroma, numpy\n"
        "def train():\n"
        "    run = chroma.init()\n"
        "    for e in range(50): run.log_embeddings(numpy.ones((500, 64)), layer='fc', epoch=e)\n"
        "train()\n",
        home,
    ).communicate(timeout=60)
    assert kinds(home)[-1] == "RunClosed"
    assert kinds(home).count("Snapshot") == 50


SEES_THE_END = """
import pickle, sys, threading, chroma
before = sys.exit, threading.excepthook
first, second = chroma.init(), chroma.init()
assert (sys.exit is before[0], threading.excepthook is before[1]) == (False, False)
assert (sys.exit.__name__, pickle.loads(pickle.dumps(sys.exit))) == ("exit", sys.exit)
first.finish()
second.finish()
assert (sys.exit, threading.excepthook) == before
"""


def test_what_sees_the_end_is_gone_with_the_last_run(home: Path) -> None:
    child = python(SEES_THE_END, home)  # a process of its own: other libraries replace sys.exit, too
    _, said = child.communicate(timeout=60)
    assert child.returncode == 0, said


def test_a_forked_child_never_writes(home: Path) -> None:
    child = python(
        "import chroma, numpy, os\nrun = chroma.init()\n"
        "for e in range(5): run.log_embeddings(numpy.ones((2000, 64)), layer='fc', epoch=e)\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    try: run.log_metrics({'child': 1}, epoch=0)\n"
        "    except chroma.errors.ConfigError: pass\n"
        "else:\n"
        "    assert os.waitpid(pid, 0)[1] == 0\n"
        "    run.recording.flush(60)\n"
        "    from chroma.liveness import is_alive, writers; from chroma.settings import load_settings\n"
        "    j = load_settings().journal\n"
        "    assert [is_alive(j, *w) for w in writers(j)] == [True]\n"
        "    run.log_metrics({'parent': 1}, epoch=0)\n",
        home,
    )
    _, said = child.communicate(timeout=60)
    assert child.returncode == 0, said
    assert kinds(home) == ["RunOpened", "Samples", *["Snapshot"] * 5, "Metrics", "RunClosed"]


ENDLESS = """
import chroma, numpy, sys
run = chroma.init(run_id="killed")
vectors = numpy.ones((300, 32), numpy.float32)
for epoch in range(100_000):
    vectors[:] = epoch % 2048
    run.log_embeddings(vectors, layer="fc", ids=numpy.arange(300), epoch=epoch)
    run.recording.flush(10)
    print(epoch, flush=True)
"""


@pytest.mark.parametrize("attempt", range(6))
def test_killed_at_a_random_moment_every_snapshot_that_was_confirmed_is_whole(
    home: Path, attempt: int
) -> None:
    child = python(ENDLESS, home)
    assert child.stdout is not None
    assert child.stdout.readline() == "0\n"
    time.sleep(random.SystemRandom().uniform(0, 0.1))
    child.send_signal(signal.SIGKILL)
    said, _ = child.communicate(timeout=30)
    confirmed = [int(line) for line in said.splitlines(keepends=True) if line.endswith("\n")]
    found = {s.epoch: s for s in written(home) if isinstance(s, Snapshot)}
    assert {0, *confirmed} <= found.keys()
    assert all((s.vectors == epoch % 2048).all() and len(s.ids) == 300 for epoch, s in found.items() if epoch)
    assert not any(is_alive(home / "journal", *writer) for writer in writers(home / "journal"))


def test_the_wait_at_exit_is_bounded(home: Path) -> None:
    child = python(
        "import chroma, time\nrun = chroma.init()\nrun.recording.submit(lambda: time.sleep(60) or [], 0)\n",
        home,
        CHROMA_EXIT_TIMEOUT="0.5",
    )
    started = time.monotonic()
    child.communicate(timeout=30)
    assert child.returncode == 0
    assert time.monotonic() - started < 20
