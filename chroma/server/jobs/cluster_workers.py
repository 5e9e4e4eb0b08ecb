"""The workers of a Dask cluster: each takes jobs from the queue, as the processes of a server do.

The queue in the database stays what decides who does what, and a lease that nobody does it twice. What is
submitted to Dask is but "take the job that goes first", to one worker each: so a server knows whose lease to
give up when a worker is gone.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Generator
from concurrent.futures import Executor, Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import chroma
from chroma.errors import MissingDependencyError
from chroma.server.home.context import Context
from chroma.server.home.parts import PartThread
from chroma.server.jobs.cluster_job import check_shared, prepare, take_one
from chroma.server.store.engine import Unavailable
from chroma.server.store.films import job_queue
from chroma.server.store.tables import Job, new_id
from chroma.settings import Settings

logger = logging.getLogger("chroma.server")

_ANSWERS = 5.0  # seconds that a scheduler has to answer
_AGAIN = 2.0  # seconds before one that did not is asked again
_LOOK = 1.0  # seconds between two looks at which workers there are, while there are jobs
_IDLE_LOOK = 5.0  # and while there are none
_NOTHING = 0.5  # seconds before a worker that found no job is asked again
_REFUSED = 30.0  # seconds before one that cannot do jobs is asked whether it can


def check_cluster(settings: Settings) -> None:
    """Check that jobs can go to a cluster, where they are to.

    Raises:
        MissingDependencyError: distributed is not installed.
        ConfigError: The catalog or the store is of this machine alone.
    """
    if settings.scheduler is None:
        return
    if find_spec("distributed") is None:
        raise MissingDependencyError("distributed", "dask")
    check_shared(settings)


@dataclass
class _Member:
    """A worker of the cluster.

    Attributes:
        executor: Of this worker alone.
        threads: That Dask gives it.
        owner: Name in the lease of the job that it does, or did last.
        doing: What it was asked.
        refusal: Why it cannot do jobs, one sentence.
        ready: It said that it can.
        not_before: When it is asked for something again, by the monotonic clock.
    """

    executor: Executor
    threads: int
    owner: str = ""
    doing: Future[Any] | None = None
    refusal: str | None = None
    ready: bool = False
    not_before: float = 0.0


class ClusterWorkers:
    """Has the workers of a cluster take jobs while there are some; says what is wrong with it.

    Args:
        context: Of the open home.
        address: Of the scheduler.
    """

    def __init__(self, context: Context, address: str) -> None:
        self._context = context
        self._address = address
        self._stop = threading.Event()
        self._woken = threading.Event()
        self._thread = PartThread("worker", self._run, context.parts, self._stop)
        self._active: list[Job] = []
        self._members: dict[str, _Member] = {}

    def start(self) -> None:
        """Connect, in a thread of its own."""
        self._thread.start()

    def tend(self, active: list[Job]) -> None:
        """Note what there is to do."""
        self._active = active
        if active:
            self._woken.set()

    def stop(self) -> None:
        """Take no job any more; a worker ends the one that it does, for it needs no server."""
        self._stop.set()
        self._woken.set()
        self._thread.join()

    def _run(self) -> None:
        from distributed.utils import LoopRunner

        _say_it_ourselves()
        runner = LoopRunner()  # one for all connections: one that fails would leave its thread behind
        runner.start()
        try:
            self._follow(runner.loop)
        finally:
            runner.stop()

    def _follow(self, loop: Any) -> None:
        while not self._stop.is_set():
            try:
                with self._connected(loop) as client:
                    self._serve(client)
            except OSError as error:  # those of Dask's connections, and of time, too
                why = " ".join(str(error).split()) or type(error).__name__
                self._failed(f"the Dask scheduler {self._address} does not answer ({why}); films wait for it")
                self._stop.wait(_AGAIN)

    @contextmanager
    def _connected(self, loop: Any) -> Generator[Any]:
        from distributed import Client

        client: Any = Client(self._address, timeout=_ANSWERS, loop=loop, set_as_default=False, name="chroma")
        try:
            yield client
        finally:
            for member in self._members.values():
                if member.doing is not None:
                    member.doing.cancel()  # what has begun goes on
            self._members.clear()
            client.close(timeout=_ANSWERS)

    def _serve(self, client: Any) -> None:
        look_at = 0.0
        while not self._stop.is_set():
            if client.status != "running":
                raise ConnectionError("the connection was lost")
            if time.monotonic() >= look_at:
                self._meet(client)
                look_at = time.monotonic() + (_LOOK if self._active else _IDLE_LOOK)
            for address, member in self._members.items():
                if member.doing is not None and member.doing.done():
                    self._hear(address, member, member.doing)
            self._ask()
            self._say()
            self._woken.wait(_LOOK if self._active else _IDLE_LOOK)
            self._woken.clear()

    def _meet(self, client: Any) -> None:
        """See which workers there are."""
        threads: dict[str, int] = client.sync(client.scheduler.ncores, callback_timeout=_ANSWERS)
        for address in self._members.keys() - threads.keys():
            member = self._members.pop(address)
            logger.warning("chroma: the Dask worker %s is gone; what it had drawn is kept", address)
            if member.doing is not None:
                member.doing.cancel()
            self._give_up(member)
        for address in threads.keys() - self._members.keys():
            executor = client.get_executor(workers=[address], pure=False)
            self._members[address] = _Member(executor, threads[address])

    def _hear(self, address: str, member: _Member, answer: Future[Any]) -> None:
        """Take what a worker answered."""
        member.doing = None
        if answer.cancelled():  # the connection was lost meanwhile
            return
        error = answer.exception()
        if member.ready:
            if error is not None:
                logger.warning("chroma: the Dask worker %s failed: %s", address, error)
                self._give_up(member)
            if error is not None or not answer.result():
                member.not_before = time.monotonic() + _NOTHING
            return
        refusal = (
            answer.result()
            if error is None
            else f"it cannot be asked ({type(error).__name__}: {error}); install Chroma {chroma.__version__} "
            "there, with the extra dask"
        )
        member.ready = refusal is None
        if refusal is not None:
            refusal = f"the Dask worker {address} does no job: {refusal}"
            member.not_before = time.monotonic() + _REFUSED
            if refusal != member.refusal:
                logger.warning("chroma: %s", refusal)
        member.refusal = refusal

    def _ask(self) -> None:
        """Have as many workers take a job as there are jobs that wait."""
        active, present = self._active, time.monotonic()
        if not active:
            return
        held = {job.owner for job in active if job_queue.is_held(job)}
        waiting = sum(not job_queue.is_held(job) for job in active)
        for member in self._members.values():
            if member.doing is not None:
                waiting -= member.ready and member.owner not in held  # it is about to take one
        for address, member in self._members.items():
            if member.doing is not None or present < member.not_before:
                continue
            if not member.ready:
                member.doing = member.executor.submit(prepare, chroma.__version__, active[0].id)
            elif waiting > 0:
                waiting -= 1
                member.owner = f"{address} {new_id()}"
                member.doing = member.executor.submit(take_one, member.owner, member.threads)
            else:
                continue
            member.doing.add_done_callback(lambda _: self._woken.set())

    def _say(self) -> None:
        """Tell whether films are drawn."""
        refusals = [member.refusal for member in self._members.values()]
        if not refusals:
            self._failed(
                f"the Dask scheduler {self._address} has no workers, so films wait; start one: "
                f"dask worker {self._address} --nthreads 1"
            )
        elif refusals[0] is not None and all(refusals):
            self._failed(refusals[0])
        else:
            self._context.parts.works("worker")

    def _failed(self, reason: str) -> None:
        self._context.parts.failed("worker", reason, "the Dask cluster does no job")

    def _give_up(self, member: _Member) -> None:
        """Let others take the job of a worker that ended."""
        if member.owner:
            with suppress(Unavailable), self._context.store.claiming() as catalog:  # else its lease runs out
                job_queue.expire(catalog, member.owner)


def _say_it_ourselves() -> None:
    """Keep Dask from telling stderr of each try to connect: it is told on the page, and once in our log."""
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
