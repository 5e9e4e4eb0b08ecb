"""Requests films as snapshots arrive, runs a worker while there are jobs, and publishes their progress.

Nothing is done while nothing happens: events of this process wake the supervisor, and the queue is polled
only while it holds jobs, for what the worker process writes to it.
"""

from __future__ import annotations

import logging
import queue
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from datetime import timedelta
from typing import Any

from chroma.errors import HomeError
from chroma.server.home.context import Context
from chroma.server.home.events import Event
from chroma.server.home.film_requests import grow_films
from chroma.server.home.finding_requests import request_missing
from chroma.server.home.parts import PartThread
from chroma.server.store.engine import Unavailable
from chroma.server.store.films import job_queue, lifecycle
from chroma.server.store.findings import reports
from chroma.server.store.tables import Film, Job, new_id, now

logger = logging.getLogger("chroma.server")

_POLL = 0.2  # seconds between two looks at the queue while it holds jobs: how late progress is shown
_IDLE_POLL = 30.0  # seconds between two looks without an event, for jobs that another process asked for
_BACKOFF = (0.5, 30.0)  # seconds before a worker that died is started again: first, at most
_DEATHS = 5  # workers that may die one after the other without taking a job
_GOODBYE = 5.0  # seconds a worker has to end

_OVERLAP = timedelta(seconds=2)  # a job may be written this long before its commit is seen

Seen = tuple[str, float, str, str | None]


class Supervisor:
    """Starts the worker when there are jobs, starts it again when it dies, and ends it with the server.

    Args:
        context: Of the open home.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._stop = threading.Event()
        self._woken = threading.Event()
        self._thread = PartThread("films", self._run, context.parts, self._stop)
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = ""
        self._deaths = 0
        self._not_before = self._launched = 0.0
        self._seen: dict[str, Seen] = {}
        self._looked = now()
        self._active: set[str] = set()  # ids of jobs: how they end is seen whatever the clock does
        self._heard: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._changed: set[str] | None = None  # ids of runs to look at; None: all
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
        self._woken.set()
        self._thread.join()  # returns at once where it was not started
        if self._process is None:
            return
        _end(self._process)
        self._process = None
        with suppress(Unavailable), self._context.store.writing() as catalog:  # else its lease runs out
            job_queue.give_back(catalog, self._owner)

    def _run(self) -> None:
        with self._context.events.listening(self._hear):
            busy = True
            while not self._stop.wait(_POLL):
                if not busy:
                    self._woken.wait(_IDLE_POLL)
                self._woken.clear()
                busy = self._look()
                self._context.parts.works("films")

    def _hear(self, event: Event) -> None:
        if event.kind in ("run", "snapshot") and event.run_id is not None:
            self._heard.put(event.run_id)
        elif event.kind not in ("film", "findings"):
            return
        self._woken.set()

    def _look(self) -> bool:
        """Do what there is to do now; whether there are jobs left."""
        self._grow()
        since, self._looked = self._looked, now() - _OVERLAP
        with self._context.store.reading() as catalog:
            jobs = job_queue.recent(catalog, since, self._active)
            news = [job for job in jobs if self._seen.get(job.id) != _state(job)]
            runs = {job.key: film.run_id for job in news if (film := catalog.session.get(Film, job.key))}
            runs |= {job.key: job.key for job in news if job.kind == reports.KIND}
        self._publish(news, runs)
        active = [job for job in jobs if job.status in ("pending", "running")]
        self._active = {job.id for job in active}
        if any(job.owner == self._owner and job_queue.is_held(job) for job in active):
            self._context.parts.works("worker")
        self._tend(active)
        return bool(active)

    def _grow(self) -> None:
        """Request the films of runs whose published snapshots changed."""
        heard = {self._heard.get() for _ in range(self._heard.qsize())}
        if self._changed is not None:
            self._changed |= heard
            if not self._changed:
                return
        with self._context.store.reading() as catalog:
            published = lifecycle.published(catalog, self._changed)
        changed = [run for run, state in published.items() if self._published.get(run) != state]
        for run in changed:
            self._grow_run(run)
        self._look_for_findings(self._changed)
        for run in self._changed or ():
            self._published.pop(run, None)  # a deleted run counts as changed once it is restored
        self._published |= published
        self._changed = set()

    def _grow_run(self, run_id: str) -> None:
        """Request the films of a run; one that is damaged costs its own films."""
        try:
            grow_films(self._context, [run_id])
        except (Unavailable, HomeError):
            raise
        except Exception as error:
            logger.warning("chroma: the films of run %s cannot be asked for", run_id, exc_info=error)

    def _look_for_findings(self, run_ids: set[str] | None) -> None:
        """Ask for the reports of runs that ended; trouble with them leaves films alone."""
        try:
            request_missing(self._context, run_ids)
        except (Unavailable, HomeError):
            raise
        except Exception as error:
            logger.warning("chroma: findings cannot be asked for", exc_info=error)

    def _publish(self, jobs: list[Job], runs: dict[str, str]) -> None:
        for job in jobs:
            self._seen[job.id] = _state(job)
            if job.key not in runs:
                continue
            message = job.error if job.status == "failed" and job.error else job.message or job.status
            about: Any = {"progress": job.progress, "message": message}
            if job.kind == reports.KIND:
                self._context.events.publish(Event("findings", runs[job.key], **about))
            else:
                self._context.events.publish(Event("film", runs[job.key], film_id=job.key, **about))

    def _tend(self, active: list[Job]) -> None:
        if self._process is not None and self._process.poll() is not None:
            self._clean_up(self._process, active)
        if not active or time.monotonic() < self._not_before:
            return
        if self._process is None:
            try:
                self._launch()
            except (OSError, ValueError) as error:  # no memory, or no process left
                self._fail(error)
        elif not any(map(job_queue.is_held, active)):
            _wake(self._process)

    def _launch(self) -> None:
        self._owner = new_id()
        self._launched = time.monotonic()
        home = str(self._context.settings.home)
        command = [sys.executable, "-m", "chroma.server.jobs.worker", "--attached"]
        self._process = subprocess.Popen(
            [*command, "--home", home, "--owner", self._owner],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )

    def _clean_up(self, process: subprocess.Popen[bytes], active: list[Job]) -> None:
        """Give up the leases of a worker that ended, and wait a little longer before each new one."""
        code = process.returncode
        _end(process)
        self._process = None
        took_one = any(job.owner == self._owner for job in active)
        rested = time.monotonic() - self._launched > _GOODBYE
        if code == 0 and rested and not took_one:  # it had nothing to do, and gave its memory back
            return
        self._deaths = 0 if took_one else self._deaths
        self._fail(f"the worker {_how(code)}; what it had drawn is kept")
        with self._context.store.writing() as catalog:
            job_queue.expire(catalog, self._owner)
        if self._deaths >= _DEATHS:
            self._deaths = 0
            with self._context.store.writing() as catalog:
                job_queue.fail_pending(
                    catalog,
                    f"the worker process cannot be started (it {_how(code)}, {_DEATHS} times); "
                    "see the server's log, and run: chroma doctor",
                )

    def _fail(self, error: OSError | ValueError | str) -> None:
        self._deaths += 1
        first, most = _BACKOFF
        self._not_before = time.monotonic() + min(most, first * 2 ** (self._deaths - 1))
        self._context.parts.failed("worker", error)


def _how(code: int) -> str:
    """How a process ended, in words."""
    if code >= 0:
        return f"ended with code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"


def _state(job: Job) -> Seen:
    """What a job's event tells."""
    return job.status, job.progress, job.message, job.error


def _wake(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        with suppress(BrokenPipeError):  # it has died: the next look notices
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
