from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from chroma.server.home.home import Home
from chroma.server.jobs.local_workers import LocalWorkers
from chroma.server.jobs.supervisor import Supervisor
from chroma.server.store import tables
from chroma.settings import Settings
from tests.server import filming


class Watched:
    """A home with its watcher and its supervisor, as the app keeps them."""

    def __init__(self, settings: Settings, *, start: bool = True) -> None:
        self.home = Home(settings, token=None)
        self.context = self.home.context
        self.supervisor = Supervisor(self.context)
        if start:
            self.supervisor.start()

    @property
    def workers(self) -> LocalWorkers:
        assert isinstance(self.supervisor.workers, LocalWorkers)
        return self.supervisor.workers

    def job(self) -> tables.Job | None:
        with self.context.store.reading() as catalog:
            return catalog.session.exec(select(tables.Job)).first()

    def film(self) -> tables.Film:
        with self.context.store.reading() as catalog:
            return catalog.session.exec(select(tables.Film)).one()

    def drawn(self) -> list[str]:
        """Digests of the final UMAP frames that are shown."""
        with self.context.store.reading() as catalog:
            if catalog.session.exec(select(tables.Film)).first() is None:
                return []
        revision, frames = filming.on_screen(self.context, self.film())
        return [frame.digest for frame in frames] if revision and not revision.preview else []

    def ready(self) -> bool:
        job = self.job()
        assert job is None or job.status != "failed", job.error
        return job is not None and job.status == "ready"

    def close(self) -> None:
        self.supervisor.stop()
        self.home.close()


def gone(pid: int) -> bool:
    """Whether a process has ended; our own children may still be zombies."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


@pytest.mark.timeout(300)  # on a new machine numba compiles first
def test_a_killed_worker_is_replaced_and_the_film_is_drawn(settings: Settings) -> None:
    watched = Watched(settings, start=False)
    writer = filming.whole_run(watched.context, 6, 360)
    watched.supervisor.start()
    try:
        filming.until(lambda: (job := watched.job()) and "6 frames together" in job.message)
        killed = watched.workers.pid
        assert killed is not None
        # Stopped first, so that the film cannot be finished between the look and the kill.
        os.kill(killed, signal.SIGSTOP)
        assert watched.drawn() == []
        os.kill(killed, signal.SIGKILL)
        filming.until(watched.ready)
        pid = watched.workers.pid
        assert pid not in (None, killed)
        before = watched.drawn()
        assert len(before) == 6
        maps = Path(f"/proc/{pid}/maps").read_text()
        assert "llvmlite" in maps
        assert "libtorch" not in maps
        assert "tensorflow" not in maps

        # It grows while the run goes on, in the worker that is warm, and nothing that was drawn moves.
        filming.train(writer, [6], 360)
        filming.until(lambda: len(watched.drawn()) == 7)
        assert watched.drawn()[:6] == before
        assert watched.workers.pid == pid
    finally:
        writer.close()
        watched.close()


def test_the_worker_ends_with_its_server(settings: Settings) -> None:
    watched = Watched(settings)
    filming.whole_run(watched.context, 2).close()
    pid = filming.until(lambda: watched.workers.pid)
    watched.close()
    filming.until(lambda: gone(pid))
    again = Watched(settings)
    try:
        job = again.job()
        assert job is None or job.tries <= 1
    finally:
        again.close()


def test_the_worker_ends_when_its_parent_is_killed(settings: Settings) -> None:
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import subprocess, sys, time\n"
            "child = subprocess.Popen([sys.executable, '-m', 'chroma.server.jobs.worker', '--attached',"
            " '--home', sys.argv[1]], stdin=subprocess.PIPE)\n"
            "print(child.pid, flush=True)\n"
            "time.sleep(60)",
            str(_with_catalog(settings)),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert not gone(child)
    parent.kill()
    parent.communicate()
    filming.until(lambda: gone(child), 30)


def test_a_worker_that_cannot_live_fails_its_jobs_with_a_sentence(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The worker's interpreter finds a sitecustomize that ends it at once.
    folder = settings.home / "broken"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text("import os; os._exit(7)")
    monkeypatch.setenv("PYTHONPATH", f"{folder}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.setattr("chroma.server.jobs.worker_process._BACKOFF", (0.01, 0.01))
    watched = Watched(settings)
    try:
        filming.whole_run(watched.context, 1).close()

        def failed() -> Any:
            job = watched.job()
            return job is not None and job.status == "failed" and job.error

        assert "cannot be started (it ended with code 7, 5 times)" in filming.until(failed, 30)
    finally:
        watched.close()


def _with_catalog(settings: Settings) -> Path:
    Home(settings, token=None).close()
    return settings.home
