"""Asks for films as snapshots come, keeps a worker process alive while there is work, tells how far it is."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from contextlib import suppress
from datetime import timedelta

from chroma.server.home.context import Context
from chroma.server.home.events import Event
from chroma.server.home.film_requests import grow_films
from chroma.server.store.engine import Unavailable, reading, writing
from chroma.server.store.films import job_queue, lifecycle
from chroma.server.store.tables import Film, Job, new_id, now

logger = logging.getLogger("chroma.server")

_POLL = 0.2  # seconds between looks at the queue: how late progress is shown
_BACKOFF = (0.5, 30.0)  # seconds before a worker that died is started again: first, at most
_DEATHS = 5  # workers that die one after the other before even one job was taken
_GOODBYE = 5.0  # seconds a worker has to end

_OVERLAP = timedelta(seconds=2)  # a job may be written this long before its commit is seen

Seen = tuple[str, float, str, str | None]


class Supervisor:
    """Starts the worker when there is work, starts it again when it dies, and ends it with the server.

    Args:
        context: Of the open home.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="chroma-supervisor", daemon=True)
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = ""
        self._deaths = 0
        self._not_before = 0.0
        self._seen: dict[str, Seen] = {}
        self._looked = now()
        self._published: dict[str, str] = {}

    @property
    def pid(self) -> int | None:
        """Process id of the living worker."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> None:
        """Begin to watch the queue."""
        self._thread.start()

    def stop(self) -> None:
        """End the worker, and give back what it was doing."""
        self._stop.set()
        self._thread.join()
        if self._process is None:
            return
        _end(self._process)
        with writing(self._context.engine) as session:
            job_queue.give_back(session, self._owner)
        self._process = None

    def _watch(self) -> None:
        while not self._stop.wait(_POLL):
            try:
                self._grow()
                since, self._looked = self._looked, now() - _OVERLAP
                with reading(self._context.engine) as session:
                    jobs = job_queue.recent(session, since)
                    runs = {job.key: film.run_id for job in jobs if (film := session.get(Film, job.key))}
                self._tell(jobs, runs)
                self._tend([job for job in jobs if job.status in ("pending", "running")])
            except Unavailable as error:
                logger.warning("the queue of films cannot be read now: %s", error.orig)

    def _grow(self) -> None:
        """Ask for the films of runs whose published snapshots changed."""
        with reading(self._context.engine) as session:
            published = lifecycle.published(session)
        changed = [run for run, state in published.items() if self._published.get(run) != state]
        if changed:
            grow_films(self._context, changed)
        self._published = published

    def _tell(self, jobs: list[Job], runs: dict[str, str]) -> None:
        for job in jobs:
            state: Seen = (job.status, job.progress, job.message, job.error)
            if job.kind == lifecycle.KIND and job.key in runs and self._seen.get(job.id) != state:
                message = job.error if job.status == "failed" and job.error else job.message or job.status
                self._context.events.publish(
                    Event("film", runs[job.key], film_id=job.key, progress=job.progress, message=message)
                )
            self._seen[job.id] = state

    def _tend(self, active: list[Job]) -> None:
        if self._process is not None and self._process.poll() is not None:
            self._bury(self._process, active)
        if not active or time.monotonic() < self._not_before:
            return
        if self._process is None:
            self._launch()
        elif all(job.status == "pending" for job in active):
            _wake(self._process)

    def _launch(self) -> None:
        self._owner = new_id()
        home = str(self._context.settings.home)
        command = [sys.executable, "-m", "chroma.server.jobs.worker", "--attached"]
        self._process = subprocess.Popen(
            [*command, "--home", home, "--owner", self._owner],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )

    def _bury(self, process: subprocess.Popen[bytes], active: list[Job]) -> None:
        """Give up the leases of a worker that died, and wait a little longer before each new one."""
        code = process.returncode
        _end(process)
        self._process = None
        took_one = any(job.owner == self._owner for job in active)
        self._deaths = 1 if took_one else self._deaths + 1
        first, most = _BACKOFF
        self._not_before = time.monotonic() + min(most, first * 2 ** (self._deaths - 1))
        logger.warning("the film worker ended with code %s; what it had drawn is kept", code)
        with writing(self._context.engine) as session:
            job_queue.expire(session, self._owner)
            if self._deaths >= _DEATHS:
                job_queue.fail_pending(
                    session,
                    f"the worker process cannot be started (it ended {_DEATHS} times with code {code}); "
                    "see the server's log, and run: chroma doctor",
                )
                self._deaths = 0


def _wake(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        with suppress(BrokenPipeError):  # it has died: the next look finds it
            process.stdin.write(b"\n")
            process.stdin.flush()


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        with suppress(BrokenPipeError):
            process.stdin.close()
    try:
        process.wait(_GOODBYE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
