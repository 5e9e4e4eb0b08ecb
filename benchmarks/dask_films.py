"""How many more films two workers of a Dask cluster draw than one.

    make bench-dask
    PYTHONPATH=. python benchmarks/dask_films.py --films 12 --rounds 3

Starts a PostgreSQL and two Dask clusters, of one worker and of two, one thread each, and has the same server
draw the same films on both by turns: runs of some samples, 10 epochs and 64 values. Workers have drawn a
film before. The time is that from when the server connects, all films waiting, until the last is drawn. What
else the machine does is told by the load, and by the CPU seconds that the workers got of those that passed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from contextlib import ExitStack, closing
from pathlib import Path

import numpy as np
import psutil
from sqlmodel import select

from chroma.journal import JournalWriter
from chroma.records import RunOpened, Samples, Snapshot
from chroma.server.home.home import Home
from chroma.server.home.ingest import ingest_journal
from chroma.server.jobs.supervisor import Supervisor
from chroma.server.store.films.sources import KIND
from chroma.server.store.tables import Job
from chroma.settings import Settings, load_settings
from tests.dask_cluster import DaskCluster
from tests.postgresql import new_database

WIDTH, EPOCHS = 64, 10
_PATIENCE = 900.0  # seconds for the films of a round


def write_run(settings: Settings, name: str, samples: int) -> JournalWriter:
    """A run whose ten classes come apart; it goes on, so that nothing but its film is made."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 10, samples)
    centres = random.normal(size=(10, WIDTH))
    noise = random.normal(size=(samples, WIDTH)).astype(np.float32)
    writer = JournalWriter(settings.journal, name)
    writer.commit(RunOpened("dask", name))
    writer.commit(Samples("val", np.arange(samples), of=samples, labels=labels))
    for epoch in range(EPOCHS):
        vectors = (noise + 0.5 * (epoch + 1) * centres[labels]).astype(np.float16)
        writer.commit(Snapshot("fc1", "val", epoch, epoch * 10, np.arange(samples), vectors, of=samples))
    return writer


def draw(settings: Settings, name: str, films: int, samples: int) -> float:
    """Seconds in which the cluster of these settings draws the films of so many new runs."""
    with ExitStack() as held:
        home = Home(settings, token=None)
        held.callback(home.close)
        for number in range(films):
            held.callback(write_run(settings, f"{name}-{number}", samples).close)
        ingest_journal(home.context)
        films += len(_jobs(home))  # and those of the rounds before
        supervisor = Supervisor(home.context)
        began = time.monotonic()
        supervisor.start()
        held.callback(supervisor.stop)
        while True:
            jobs = _jobs(home)
            if "failed" in jobs:
                raise RuntimeError("a film failed; see the log")
            if len(jobs) >= films and set(jobs) == {"ready"}:
                return time.monotonic() - began
            if time.monotonic() - began > _PATIENCE:
                raise TimeoutError(f"{films} films took longer than {_PATIENCE:.0f} s")
            time.sleep(0.02)


def _jobs(home: Home) -> list[str]:
    """How the films that were asked for are."""
    with home.context.store.reading() as catalog:
        return list(catalog.session.exec(select(Job.status).where(Job.kind == KIND)).all())


class Measured:
    """A cluster with a database, a store and a server of its own.

    Args:
        folder: For all of it.
        workers: How many.
    """

    def __init__(self, folder: Path, workers: int) -> None:
        folder.mkdir()
        self.workers = workers
        database, store = new_database(f"dask_{workers}"), (folder / "store").as_uri()
        self.cluster = DaskCluster(folder, database, store)
        self.settings = load_settings(
            home=folder / "home", database_url=database, store_url=store, scheduler=self.cluster.address
        )
        self.cluster.add_workers(workers)
        self.seconds: list[float] = []

    def close(self) -> None:
        """End the cluster."""
        self.cluster.close()

    def measure(self, name: str, films: int, samples: int) -> None:
        """Draw so many films, and print in what time."""
        before, spent = self._cpu(), draw(self.settings, name, films, samples)
        cpu, load = self._cpu() - before, os.getloadavg()[0]
        self.seconds.append(spent)
        print(
            f"{self.workers} of one thread: {films} films in {spent:.1f} s, {cpu:.1f} CPU seconds "
            f"({cpu / spent / self.workers:.0%} of a core each); load {load:.1f} on {os.cpu_count()} cores",
            flush=True,
        )

    def _cpu(self) -> float:
        times = [psutil.Process(process.pid).cpu_times() for process in self.cluster.workers.values()]
        return sum(each.user + each.system for each in times)


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--films", type=int, default=12, help="of a round")
    parser.add_argument("--samples", type=int, default=2_000, help="of a film")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as held:
        both = [held.enter_context(closing(Measured(Path(folder, str(n)), n))) for n in (1, 2)]
        for cluster in both:
            draw(cluster.settings, "warm", 2 * cluster.workers, given.samples)
        for number in range(given.rounds):
            for cluster in both:
                cluster.measure(f"round-{number}", given.films, given.samples)
        one, two = (cluster.seconds for cluster in both)
        ratios = [a / b for a, b in zip(one, two, strict=True)]
        print(
            f"two workers draw {statistics.median(ratios):.2f} times the films of one "
            f"(median of {len(ratios)} rounds, {min(ratios):.2f} to {max(ratios):.2f})"
        )


if __name__ == "__main__":
    main()
