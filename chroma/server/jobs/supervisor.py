"""Requests films as snapshots arrive, has workers do the jobs of the queue, and publishes their progress.

Nothing is done while nothing happens: events of this process wake the supervisor, and the queue is polled
only while it holds jobs, for what workers write to it.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from datetime import timedelta
from typing import Any

from chroma.errors import HomeError, StoreError
from chroma.server.home.context import Context
from chroma.server.home.events import Event
from chroma.server.home.film_requests import grow_films
from chroma.server.home.finding_requests import request_missing
from chroma.server.home.parts import PartThread
from chroma.server.jobs.cluster_workers import ClusterWorkers
from chroma.server.jobs.local_workers import LocalWorkers
from chroma.server.jobs.workers import Workers
from chroma.server.store.engine import Unavailable
from chroma.server.store.films import job_queue, job_requests, lifecycle
from chroma.server.store.films.orbits import film_of
from chroma.server.store.films.settled import settled_runs
from chroma.server.store.films.sources import KIND as FILM
from chroma.server.store.findings import reports
from chroma.server.store.tables import Film, Job, now

logger = logging.getLogger("chroma.server")

_POLL = 0.2  # seconds between two looks at the queue while it holds jobs: how late progress is shown
_IDLE_POLL = 30.0  # seconds between two looks without an event, for jobs that another process asked for
_TELL = 3.0  # seconds between two events for films that wait

_OVERLAP = timedelta(seconds=2)  # a job may be written this long before its commit is seen

Seen = tuple[str, float, str, str | None]


class Supervisor:
    """Has the workers tended while there are jobs, and tells pages how far these are.

    Args:
        context: Of the open home.

    Attributes:
        workers: Who does the jobs: processes of this server, or those of a Dask cluster.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._stop = threading.Event()
        self._woken = threading.Event()
        self._thread = PartThread("films", self._run, context.parts, self._stop)
        scheduler = context.settings.scheduler
        self.workers: Workers = (
            LocalWorkers(context) if scheduler is None else ClusterWorkers(context, scheduler)
        )
        self._told = 0.0  # when pages of films that wait were last told to look again
        self._watched: dict[str, float] = {}  # films, and until when their jobs say that somebody looks
        self._seen: dict[str, Seen] = {}
        self._looked = now()
        self._active: set[str] = set()  # ids of jobs: how they end is seen whatever the clock does
        self._heard: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._changed: set[str] | None = None  # ids of runs to look at; None: all
        self._published: dict[str, str] = {}

    def start(self) -> None:
        """Begin to watch the queue."""
        self.workers.start()
        self._thread.start()

    def stop(self) -> None:
        """End the thread, and the workers."""
        self._stop.set()
        self._woken.set()
        self._thread.join()  # returns at once where it was not started
        self.workers.stop()

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
            runs = {job.key: film.run_id for job in news if (film := catalog.session.get(Film, film_of(job)))}
            runs |= {job.key: job.key for job in news if job.kind == reports.KIND}
        self._publish(news, runs)
        active = [job for job in jobs if job.status in ("pending", "running")]
        self._active = {job.id for job in active}
        self._tell_waiting(active, runs)
        self._keep_watched(active)
        self.workers.tend(active)
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
            settled = settled_runs(catalog) if self._changed is None else ()
        changed = [
            run
            for run, state in published.items()
            if self._published.get(run) != state and run not in settled
        ]
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
        except (Unavailable, HomeError, StoreError):
            raise
        except Exception as error:
            logger.warning("chroma: the films of run %s cannot be asked for", run_id, exc_info=error)

    def _look_for_findings(self, run_ids: set[str] | None) -> None:
        """Ask for the reports of runs that ended; trouble with them leaves films alone."""
        try:
            request_missing(self._context, run_ids)
        except (Unavailable, HomeError, StoreError):
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
                self._context.events.publish(Event("film", runs[job.key], film_id=film_of(job), **about))

    def _tell_waiting(self, active: list[Job], runs: dict[str, str]) -> None:
        """Have pages of films that wait look again, behind what and for how long: it shows who looks."""
        if time.monotonic() - self._told < _TELL:
            return
        self._told = time.monotonic()
        waiting = [
            job for job in active if job.kind == FILM and job.status == "pending" and job.key not in runs
        ]
        if not waiting or len(waiting) == len(active):
            return
        with self._context.store.reading() as catalog:
            found = {job.key: catalog.session.get(Film, job.key) for job in waiting}
        self._publish(waiting, {key: film.run_id for key, film in found.items() if film is not None})

    def _keep_watched(self, active: list[Job]) -> None:
        """Write to the queue which films somebody looks at, before what it says of them runs out."""
        films = {job.key for job in active if job.kind == FILM}
        present = time.monotonic()
        looked = {film: left for film, left in self._context.watching.films().items() if film in films}
        self._watched = {film: until for film, until in self._watched.items() if film in looked}
        fresh = {
            film: left for film, left in looked.items() if self._watched.get(film, 0.0) < present + left / 2
        }
        if fresh:
            with self._context.store.claiming() as catalog:
                for film, left in fresh.items():
                    job_requests.watch(catalog, FILM, [film], now() + timedelta(seconds=left))
                    self._watched[film] = present + left


def _state(job: Job) -> Seen:
    """What a job's event tells."""
    return job.status, job.progress, job.message, job.error
