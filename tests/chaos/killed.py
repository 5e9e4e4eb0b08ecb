"""Processes that are killed at random moments: one that has imported all forks a child for each.

    python -m tests.chaos.killed KIND HOME TRIALS SEED LONGEST

Nothing is printed; what the children left in the home is looked at by the tests.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sqlmodel import select

import chroma
from chroma.server.home.context import Context
from chroma.server.home.events import Events
from chroma.server.home.ingest import ingest_journal, reconcile
from chroma.server.jobs.worker import Worker, warm_up
from chroma.server.serving import run_foreground
from chroma.server.store.catalog import Store
from chroma.server.store.films import job_queue, lifecycle
from chroma.server.store.tables import Film
from chroma.settings import load_settings

OWNER = "killed"


def train(home: Path) -> None:
    os.environ["CHROMA_HOME"] = str(home)
    run = chroma.init(project="chaos", name="killed")
    random_vectors = np.random.default_rng(os.getpid())
    for epoch in range(10**6):
        run.log_embeddings(random_vectors.normal(size=(200, 16)), layer="a", epoch=epoch)


def ingest(home: Path) -> None:
    settings = load_settings(home=home)
    context = Context(settings, Store.open(settings), Events(), None)
    reconcile(context)
    ingest_journal(context)
    time.sleep(60)


def dashboard(home: Path) -> None:
    run_foreground(load_settings(home=home))


def worker(home: Path) -> None:
    Worker(Store.open(load_settings(home=home)), OWNER).work()


def give_up(home: Path) -> None:
    """What a supervisor does after its worker died; a job that failed is asked for again."""
    store = Store.open(load_settings(home=home))
    with store.writing() as catalog:
        job_queue.expire(catalog, OWNER)
        for film_id in catalog.session.exec(select(Film.id)).all():
            lifecycle.grow_film(catalog, film_id)
    store.close()


KINDS: dict[str, Callable[[Path], None]] = {
    "training": train,
    "ingest": ingest,
    "dashboard": dashboard,
    "worker": worker,
}


def main() -> None:
    kind, home, count, seed, longest = sys.argv[1:]
    chance = random.Random(int(seed))
    if kind == "worker":
        warm_up()  # its children inherit compiled code, and are killed while they draw
    for _ in range(int(count)):
        child = os.fork()
        if not child:
            try:
                KINDS[kind](Path(home))
            finally:
                os._exit(0)
        time.sleep(chance.random() * float(longest))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        if kind == "worker":
            give_up(Path(home))


if __name__ == "__main__":
    main()
