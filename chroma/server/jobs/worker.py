"""The worker process: `python -m chroma.server.jobs.worker --home DIR` takes jobs one after the other.

It never starts from a user's script, and needs none of the frameworks: UMAP is drawn here, where its
compiler cannot hurt the server.
"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from chroma.errors import ChromaError, StoreError
from chroma.projection.film import draw_film as draw_frames
from chroma.projection.film import next_frame
from chroma.projection.neighbors import neighbor_graph
from chroma.server import logs
from chroma.server.jobs.film import draw_film
from chroma.server.jobs.findings.make import make_report
from chroma.server.jobs.orbit import draw_orbit
from chroma.server.store.catalog import Store
from chroma.server.store.engine import Unavailable
from chroma.server.store.films import job_queue
from chroma.server.store.films.job_queue import Taken
from chroma.server.store.films.orbits import ORBIT
from chroma.server.store.findings.reports import KIND
from chroma.settings import load_settings

logger = logging.getLogger("chroma.worker")

_HEARTBEAT = 5.0  # seconds between renewals of the lease
# Training may run on the same machine: leave it at least half of the cores.
THREADS = max(1, min(4, (os.cpu_count() or 2) // 2))
_POLL = 1.0  # seconds between two looks at an empty queue, for a worker that no server wakes
# Niceness of what takes long, on Linux: first paints, short films and trainings have the processor before it.
_NICE = 10
_LATER = 5.0  # seconds before a job is taken again that the store did not let be done
_REST = 300.0  # seconds without a job after which a worker of a server ends: it gives its memory back


class LeaseLostError(Exception):
    """The job is not this worker's any more: it was cancelled, or another took it after too long a halt."""


class Worker:
    """Takes jobs and does them.

    Args:
        store: Of the home.
        owner: Name of this process in leases.
        workers: Processes for the chunks of large films.
        poll: Seconds between two looks at an empty queue; None: only when woken.
        rest: Seconds without a job and without being woken after which it ends; None: never.
        short: It does first paints, and films that are drawn in some seconds, and no others.
        threads: Threads to draw with; they do not change what is drawn.
        told: Makes of an error the sentence that is stored: for everybody who sees what the job is about.
    """

    def __init__(
        self,
        store: Store,
        owner: str,
        workers: int = 1,
        poll: float | None = _POLL,
        rest: float | None = None,
        *,
        short: bool = False,
        threads: int = THREADS,
        told: Callable[[str], str] = str,
    ) -> None:
        self._threads = threads
        self._store = store
        self._told = told
        self._owner = owner
        self._workers = workers
        self._poll = poll
        self._rest = rest
        self._short = short
        self.awake = threading.Event()

    def work(self) -> None:
        """Take jobs, for ever or until it rests; what a job cannot do is written to its row."""
        warm = False
        while True:
            if self.work_once():
                continue
            if not warm:
                warm_up()
                warm = True
            else:
                woken = self.awake.wait(self._poll or self._rest)
                self.awake.clear()
                if not woken and self._poll is None:
                    return

    def work_once(self) -> bool:
        """Take one job and do it; False where there was none to take."""
        with self._store.claiming() as catalog:
            job = job_queue.take(catalog, self._owner, short=self._short)
        if job is not None:
            self.do(job)
        return job is not None

    def do(self, job: Taken) -> None:
        """Do one job; an error of ours fails it, any other ends the process after it was written down."""
        ended = threading.Event()
        heart = threading.Thread(target=self._beat, args=(job, ended), daemon=True)
        heart.start()
        try:
            turn = _Turn(self._store, job, self._owner, self._short)
            done = _in_a_thread(lambda: self._do(job, turn))
            with self._store.claiming() as catalog:
                (job_queue.finish if done else job_queue.release)(catalog, job, self._owner)
        except LeaseLostError:
            logger.info("the %s job %s was cancelled, or taken over by another worker", job.kind, job.key)
        except StoreError as error:
            logger.warning("the %s job %s waits: %s", job.kind, job.key, error)
            time.sleep(_LATER)  # the job is held meanwhile
            with self._store.claiming() as catalog:
                job_queue.release(catalog, job, self._owner)
        except ChromaError as error:
            with self._store.claiming() as catalog:
                job_queue.fail(catalog, job, self._owner, self._told(str(error)))
        except Exception as error:
            with self._store.claiming() as catalog:
                what = self._told(f"{type(error).__name__}: {error}")
                job_queue.note_error(catalog, job, self._owner, what)
            raise
        finally:
            ended.set()
            heart.join()

    def _do(self, job: Taken, turn: _Turn) -> bool:
        with threadpool_limits(self._threads):  # OpenMP keeps its limit by thread
            if job.kind == KIND:
                return make_report(self._store, job.key, turn, threads=self._threads)
            if job.kind == ORBIT:
                return draw_orbit(self._store, job.key, turn, threads=self._threads)
            return draw_film(self._store, job.key, turn, threads=self._threads, workers=self._workers)

    def _beat(self, job: Taken, ended: threading.Event) -> None:
        while not ended.wait(_HEARTBEAT):
            with (
                suppress(Unavailable),
                self._store.claiming() as catalog,
            ):  # a lease outlives some missed beats
                job_queue.hold(catalog, job, self._owner)


class _Turn:
    def __init__(self, store: Store, job: Taken, owner: str, short: bool) -> None:
        self._store = store
        self._job = job
        self._owner = owner
        self._short = short

    def advance(
        self, progress: float, message: str, *, kept: bool = False, seconds_left: float | None = None
    ) -> None:
        with self._store.claiming() as catalog:
            if not job_queue.advance(
                catalog, self._job, self._owner, progress, message, kept=kept, seconds_left=seconds_left
            ):
                raise LeaseLostError(self._job.id)

    def pause(self) -> bool:
        with self._store.reading() as catalog:
            is_long = job_queue.is_long(catalog, self._job)
            if self._short and is_long:
                return True  # for the other worker
            if is_long:
                give_way()
            return job_queue.others_wait(catalog, self._job)

    def park(self) -> bool:
        with self._store.reading() as catalog:
            if job_queue.is_long(catalog, self._job):
                give_way()
            return job_queue.others_wait(catalog, self._job, before=True)


def give_way() -> None:
    """Let this thread, and those it starts, take only what others leave of the processor."""
    if sys.platform == "linux":  # elsewhere niceness is of whole processes
        thread = threading.get_native_id()
        if os.getpriority(os.PRIO_PROCESS, thread) < _NICE:
            os.setpriority(os.PRIO_PROCESS, thread, _NICE)


def _in_a_thread(work: Callable[[], bool]) -> bool:
    """Do a job in a thread of its own: a thread that gave way cannot take it back."""
    future: Future[bool] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised again by the thread that waits
            future.set_exception(error)

    threading.Thread(target=run, name="job", daemon=True).start()
    return future.result()


def warm_up() -> None:
    """Import and compile what the first film would wait for."""
    vectors = np.random.default_rng(0).standard_normal((64, 4)).astype(np.float32)
    graph = neighbor_graph(vectors)
    first, _ = draw_frames([vectors, vectors], [graph, graph])
    next_frame(vectors, graph, first, previous_graph=graph)


def main(arguments: list[str] | None = None) -> None:
    """Run a worker until its parent ends."""
    parser = argparse.ArgumentParser(prog="python -m chroma.server.jobs.worker", description=__doc__)
    parser.add_argument("--home", type=Path, help="the home whose films to draw (default: CHROMA_HOME)")
    parser.add_argument("--owner", default=f"{socket.gethostname()}-{os.getpid()}", help="name in leases")
    parser.add_argument(
        "--attached", action="store_true", help="standard input is the server's: a line wakes, its end ends"
    )
    parser.add_argument("--short", action="store_true", help="only first paints and short films")
    given = parser.parse_args(arguments)
    settings = load_settings(home=given.home)
    logs.configure(settings.log_format, "chroma worker: %(message)s")
    logs.report_errors()
    shutil.rmtree(settings.home / "cache", ignore_errors=True)  # compiled code was kept here; it is no more
    worker = Worker(
        Store.open(settings),
        given.owner,
        settings.workers,
        poll=None if given.attached else _POLL,
        rest=_REST if given.attached else None,
        short=given.short,
        told=settings.without_places,
    )
    if given.attached:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's to answer
        threading.Thread(target=_follow_parent, args=(worker,), daemon=True).start()
    with threadpool_limits(THREADS):  # of the warm-up
        worker.work()


def _follow_parent(worker: Worker) -> None:
    while sys.stdin.buffer.readline():
        worker.awake.set()
    # At once, whatever is being drawn: finished frames are kept, the lease runs out or was given back.
    os._exit(0)


if __name__ == "__main__":
    main()
