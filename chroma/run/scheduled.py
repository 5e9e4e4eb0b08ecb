"""Runs of jobs that a scheduler may start again: which of them a run continues.

SLURM counts how often it started a job, torchrun how often it started its workers. Each run that such a job
opens is noted in the home, by the job, the command and what tells the run from others of the job. A job that
is started again continues its run where the start before opened exactly one such run, which nobody writes to
and which did not finish. Several that nothing tells apart, as of a pool, are never continued: one would be
taken for another.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_NOT_IN_IDS = re.compile(r"[^A-Za-z0-9._-]")
_KEPT = 180 * 86_400  # seconds that what a job opened is known: longer than jobs run, or wait to be requeued
_CLAIM = re.compile(r"(?P<start>\d+)-(?P<number>\d+)")


@dataclass(frozen=True, slots=True)
class Job:
    """What a scheduler started.

    Attributes:
        name: Of the job, its array task and its step; the same when it is started again.
        about: What else tells it.
        start: How often it was started before.
    """

    name: str
    about: Sequence[str]
    start: int

    def new_id(self) -> str:
        """A new id that names the job and its start."""
        start = f"-r{self.start}" if self.start else ""
        return f"{_NOT_IN_IDS.sub('-', self.name)[:80]}{start}-{secrets.token_hex(4)}"


def current_job() -> Job | None:
    """The job this process belongs to.

    None outside of such jobs, and on ranks other than 0: they learn the id from rank 0, or have runs of
    their own.
    """
    environ = os.environ
    if (environ.get("RANK") or environ.get("SLURM_PROCID") or "0") != "0":
        return None
    if "TORCHELASTIC_RUN_ID" in environ:
        # people give one --rdzv-id to many trainings, but each has an agent of its own above its workers
        about = (socket.gethostname(), str(os.getppid()))
        name = f"torchrun-{environ['TORCHELASTIC_RUN_ID']}"
        return Job(name, about, _count("TORCHELASTIC_RESTART_COUNT"))
    # an allocation that somebody works in by hand runs many commands, one after another
    if "SLURM_JOB_ID" not in environ or environ.get("SLURM_JOB_NAME") in ("interactive", "bash"):
        return None
    parts = (environ.get(name) for name in ("SLURM_JOB_ID", "SLURM_ARRAY_TASK_ID", "SLURM_STEP_ID"))
    name = "-".join(["slurm", *(part for part in parts if part)])
    return Job(name, (), _count("SLURM_RESTART_COUNT"))


def claimed_id(
    job: Job, home: Path, folder: Path, about: Sequence[str], may_continue: Callable[[str], bool]
) -> str:
    """The id of a run that a job opens: that of its run of the start before, or a new one.

    Args:
        job: The job.
        home: Where runs are noted.
        folder: The folder one works in.
        about: What tells the run from others of the job: its project, name and configuration.
        may_continue: Whether a run may be continued.

    Raises:
        OSError: The home cannot be written to.
    """
    command = "\0".join([*sys.argv, str(folder), *job.about, *about])
    digest = hashlib.blake2b(command.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
    claims = home / "jobs" / f"{_NOT_IN_IDS.sub('-', job.name)[:80]}-{digest}"
    home.mkdir(0o700, parents=True, exist_ok=True)  # the home is nobody else's
    _forget_old(claims.parent)
    claims.mkdir(parents=True, exist_ok=True)
    before = _before(claims, job.start)
    for number in range(sys.maxsize):
        kept = before if number == 0 and before and may_continue(before) else None
        run = kept or job.new_id()
        try:
            handle = os.open(claims / f"{job.start}-{number}", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:  # of another process of the job, or of an earlier training of this one
            continue
        with os.fdopen(handle, "w") as file:
            file.write(run)
        return run
    raise AssertionError


def _forget_old(jobs: Path) -> None:
    """Remove the notes of jobs that no scheduler starts again."""
    oldest = time.time() - _KEPT
    with suppress(OSError):  # another process removes them too
        for claims in jobs.iterdir():
            if claims.stat().st_mtime < oldest:
                shutil.rmtree(claims)


def _before(claims: Path, start: int) -> str | None:
    """The run of the last start before this one, if it opened exactly one."""
    found: dict[int, list[Path]] = {}
    for path in claims.iterdir():
        if (claim := _CLAIM.fullmatch(path.name)) and int(claim["start"]) < start:
            found.setdefault(int(claim["start"]), []).append(path)
    last = found[max(found)] if found else []
    return last[0].read_text().strip() or None if len(last) == 1 else None


def _count(name: str) -> int:
    given = os.environ.get(name, "")
    return int(given) if given.isdecimal() else 0
