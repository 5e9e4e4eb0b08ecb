"""How a run begins again and ends: at exit, forked, killed, restarted by a scheduler."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import chroma
from chroma.journal import is_alive, writers
from chroma.records import (
    RunClosed,
    Snapshot,
)
from tests.run.logged import kinds, python, written


def test_a_job_that_is_started_again_continues_its_run(tmp_path: Path) -> None:
    def ids(argument: str, **environ: str) -> list[str]:
        code = "from chroma.run.naming import new_run_id as new; print(new(), new())"
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("SLURM", "TORCH", "RANK"))
        }
        ran = subprocess.run(
            [sys.executable, "-c", code, argument],
            env={**kept, **environ},
            capture_output=True,
            text=True,
            check=True,
        )
        return ran.stdout.split()

    slurm = {"SLURM_JOB_ID": "71", "SLURM_ARRAY_TASK_ID": "3", "SLURM_JOB_NAME": "train"}
    first = ids("a", **slurm)
    assert len(set(first)) == 2
    assert re.fullmatch(r"slurm-71-3-[0-9a-f]{8}-0", first[0])
    assert ids("a", **slurm, SLURM_RESTART_COUNT="1") == first
    assert not set(ids("b", **slurm)) & set(first)  # another command of the same job
    torchrun = {"TORCHELASTIC_RUN_ID": "any/thing", "RANK": "0"}
    again = ids("a", **torchrun)
    assert ids("a", **torchrun, TORCHELASTIC_RESTART_COUNT="1") == again
    assert again[0].startswith("torchrun-any-thing-")
    for apart in (
        {},
        {**torchrun, "RANK": "1"},
        {**slurm, "SLURM_PROCID": "1"},
        {"SLURM_JOB_ID": "7"} | {"SLURM_JOB_NAME": "interactive"},
    ):
        assert re.fullmatch(r"\d{8}-\d{6}-[0-9a-f]{6}", ids("a", **apart)[0])


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


@pytest.mark.parametrize(
    ("ending", "status"),
    [("", "finished"), ("raise ValueError('no')", "failed"), ("raise KeyboardInterrupt", "interrupted")],
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
        "    from chroma.journal import is_alive, writers; from chroma.settings import load_settings\n"
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
