"""Runs of one job of a scheduler: each training is a run; what was started again continues its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

import chroma
from chroma.run.open_runs import logged_by_hand
from chroma.run.scheduled import Job, claimed_id

SLURM = {"SLURM_JOB_ID": "71", "SLURM_ARRAY_TASK_ID": "3", "SLURM_JOB_NAME": "train"}
TORCHRUN = {"TORCHELASTIC_RUN_ID": "any/thing", "RANK": "0"}
TRAINING = """
import chroma, os, sys
run = chroma.init("p")
run.log_metrics({"loss": 1.0}, epoch=0)
run.recording.flush(30)
print(run.id)
sys.stdout.flush()
%s
"""
KILLED, DONE = TRAINING % "os._exit(9)", TRAINING % "run.finish()"


def ran(home: Path, script: str, *arguments: str, **environ: str) -> list[str]:
    """Run a script in a job; the ids it printed."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("SLURM", "TORCH", "RANK"))}
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env={**kept, "CHROMA_HOME": str(home), "PYTHONPATH": os.getcwd(), **environ},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    return done.stdout.split()


@pytest.mark.parametrize(
    ("job", "count"), [(SLURM, "SLURM_RESTART_COUNT"), (TORCHRUN, "TORCHELASTIC_RESTART_COUNT")]
)
def test_a_job_that_is_started_again_continues_its_run(home: Path, job: dict[str, str], count: str) -> None:
    [first] = ran(home, KILLED, **job)
    assert re.fullmatch(r"(slurm-71-3|torchrun-any-thing)-[0-9a-f]{8}", first)
    assert ran(home, KILLED, **job, **{count: "1"}) == [first]
    assert ran(home, DONE, **job, **{count: "2"}) == [first]
    assert ran(home, DONE, **job, **{count: "3"}) != [first]  # it has finished


def test_each_training_of_a_job_is_a_run(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def trained(**environ: str) -> str:
        with monkeypatch.context() as patch:
            for name, value in environ.items():
                patch.setenv(name, value)
            with chroma.init("p") as run:
                run.log_metrics({"loss": 1.0}, epoch=0)
        return run.id

    ids = [
        trained(**SLURM),
        trained(**SLURM),  # the next of a loop over seeds
        *ran(home, KILLED, **SLURM),
        trained(**SLURM, SLURM_STEP_ID="1"),
        trained(**SLURM | {"SLURM_ARRAY_TASK_ID": "4"}),
        trained(**SLURM, SLURM_PROCID="1"),
        trained(**TORCHRUN | {"RANK": "1"}),
        trained(**SLURM | {"SLURM_JOB_NAME": "interactive"}),
        trained(),
        trained(**SLURM, SLURM_RESTART_COUNT="1"),  # which of several to continue is not known
    ]
    assert len(set(ids)) == len(ids) == 10


def test_trainings_of_a_job_that_have_names_are_each_continued(home: Path) -> None:
    script = """
import chroma, os
runs = []
for name in ("a", "b", "c"):
    run = chroma.init("p", name)
    runs.append(run)
    run.log_metrics({"loss": 1.0}, epoch=0)
    print(run.id, flush=True)
    if name != "a": run.recording.flush(30)
    else: run.finish()
os._exit(9)
"""
    a, b, c = ran(home, script, **SLURM)
    again = ran(home, script, **SLURM, SLURM_RESTART_COUNT="1")
    assert again[0] != a
    assert again[1:] == [b, c]


def test_a_pool_in_a_job_is_a_run_each(home: Path) -> None:
    script = """
import chroma, multiprocessing
def train(seed):
    with chroma.init("p") as run: run.log_metrics({"seed": float(seed)}, epoch=0)
    return run.id
if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(3) as pool: print(*pool.map(train, range(6)))
"""
    ids = ran(home, script, **SLURM)
    assert len(set(ids)) == len(ids) == 6
    assert len(list((home / "journal").iterdir())) == 6


def test_a_living_run_is_not_continued(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SLURM.items():
        monkeypatch.setenv(name, value)
    with chroma.init("p") as first:
        first.log_metrics({"loss": 1.0}, epoch=0)
        first.recording.flush(30)
        monkeypatch.setenv("SLURM_RESTART_COUNT", "1")
        with chroma.init("p") as second:
            assert second.id != first.id
            assert logged_by_hand()


def test_a_home_that_cannot_be_written_gives_an_id_all_the_same(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.write_text("a file")
    for name, value in SLURM.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("CHROMA_STRICT")
    run = chroma.init("p")
    run.finish()
    assert run.id.startswith("slurm-71-3-")


def test_what_old_jobs_opened_is_forgotten(tmp_path: Path) -> None:
    def opened(name: str) -> Path:
        claimed_id(Job(name, (), 0), tmp_path, tmp_path, (), lambda _: True)
        (folder,) = (tmp_path / "jobs").glob(f"{name}-*")
        return folder

    old, recent = opened("slurm-1"), opened("slurm-2")
    for folder, days in ((old, 181), (recent, 179)):
        os.utime(folder, (0, time.time() - days * 86_400))
    newest = opened("slurm-3")
    assert set((tmp_path / "jobs").iterdir()) == {recent, newest}
