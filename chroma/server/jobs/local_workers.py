"""The worker processes of a server: one for all jobs, and one for short ones beside a long one."""

from __future__ import annotations

import time
from contextlib import suppress

from chroma.server.home.context import Context
from chroma.server.jobs.worker_process import WorkerProcess, how
from chroma.server.store.engine import Unavailable
from chroma.server.store.films import job_queue
from chroma.server.store.films.sources import KIND as FILM
from chroma.server.store.tables import Job

_LONG = 2.0  # seconds of one job after which a second worker is started for films that wait
_DEATHS = 5  # workers that may die one after the other without taking a job


class LocalWorkers:
    """Starts the worker when there are jobs, starts it again when it dies, and ends it with the server.

    Args:
        context: Of the open home.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._processes = WorkerProcess(context.settings), WorkerProcess(context.settings, ["--short"])
        self._busy_since: tuple[str, float] | None = None  # which job the first does, and since when

    @property
    def pid(self) -> int | None:
        """Process id of the living worker."""
        return self._processes[0].pid

    def start(self) -> None:
        """Nothing yet: a process is started for the first job."""

    def stop(self) -> None:
        """End the workers, and give back what they were doing."""
        for worker in self._processes:
            if worker.is_started:
                worker.end()
                with (
                    suppress(Unavailable),
                    self._context.store.claiming() as catalog,
                ):  # else its lease runs out
                    job_queue.give_back(catalog, worker.owner)

    def tend(self, active: list[Job]) -> None:
        """Start and wake those that there is something to do for; replace one that died."""
        held = [job for job in active if job_queue.is_held(job)]
        owners = {worker.owner for worker in self._processes}
        if any(job.owner in owners for job in held):
            self._context.parts.works("worker")
        self._note_busy(held)
        for worker in self._processes:
            code = worker.died()
            if code is not None:
                self._clean_up(worker, code, active)
        main, second = self._processes
        if not active:
            return
        if not main.is_started:
            self._launch(main)
        elif all(job.owner != main.owner for job in held):
            main.wake()
        # Others wait for what takes long: a second process makes first paints, and draws short films.
        if second.is_started:
            if all(job.owner != second.owner for job in held):
                second.wake()
        elif any(job.size > job_queue.SHORT for job in held) or (
            self._busy_for() > _LONG and any(job.kind == FILM and job.status == "pending" for job in active)
        ):
            self._launch(second)

    def _busy_for(self) -> float:
        """Seconds for which the first worker has been doing one job."""
        return time.monotonic() - self._busy_since[1] if self._busy_since else 0.0

    def _note_busy(self, held: list[Job]) -> None:
        main = self._processes[0]
        job = next((job.id for job in held if job.owner == main.owner), None)
        if job is None:
            self._busy_since = None
        elif self._busy_since is None or self._busy_since[0] != job:
            self._busy_since = job, time.monotonic()

    def _launch(self, worker: WorkerProcess) -> None:
        if not worker.may_start:
            return
        try:
            worker.start()
        except (OSError, ValueError) as error:  # no memory, or no process left
            worker.rest()
            self._context.parts.failed("worker", error)

    def _clean_up(self, worker: WorkerProcess, code: int, active: list[Job]) -> None:
        """Give up the leases of a worker that ended, and wait a little longer before each new one."""
        took_one = any(job.owner == worker.owner for job in active)
        if code == 0 and worker.rested and not took_one:  # it had nothing to do, and gave its memory back
            return
        worker.deaths = 0 if took_one else worker.deaths
        worker.rest()
        self._context.parts.failed("worker", f"the worker {how(code)}; what it had drawn is kept")
        with self._context.store.claiming() as catalog:
            job_queue.expire(catalog, worker.owner)
        if worker.deaths >= _DEATHS:
            worker.deaths = 0
            if self._context.store.is_shared:
                return  # other servers have workers, too
            with self._context.store.claiming() as catalog:
                job_queue.fail_pending(
                    catalog,
                    f"the worker process cannot be started (it {how(code)}, {_DEATHS} times); "
                    "see the server's log, and run: chroma doctor",
                )
