"""A server with nothing to do does nothing: no query is sent, however many runs there are."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import select

from chroma.server.home.context import Context
from chroma.server.home.film_requests import cancel_film, request_film
from chroma.server.home.home import Home
from chroma.server.jobs import worker as worker_module
from chroma.server.jobs.findings.make import make_report
from chroma.server.jobs.local_workers import LocalWorkers
from chroma.server.jobs.supervisor import Supervisor
from chroma.server.jobs.worker import Worker
from chroma.server.store import tables
from chroma.server.store.catalog import Store
from chroma.server.store.films.film_request import FilmRequest
from chroma.settings import Settings
from tests.server import filming
from tests.server.filming import Alone

IDLE = 3.0  # seconds: several of each period that a thread of ours might have


@contextmanager
def statements(store: Store) -> Generator[list[str]]:
    """All that is sent to the catalog meanwhile."""
    sent: list[str] = []

    def listen(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(store.engine, "before_cursor_execute", listen)
    try:
        yield sent
    finally:
        event.remove(store.engine, "before_cursor_execute", listen)


def finished_run(context: Context, run: str) -> None:
    """A run that ended, whose film is asked for by nobody, and whose report is made."""
    filming.finish(context, filming.whole_run(context, 2, 20, run))
    assert make_report(context.store, run, Alone())
    film = request_film(context, FilmRequest(run, "val", filming.LAYER))
    cancel_film(context, film.id)


def test_nothing_is_asked_while_nothing_happens(settings: Settings) -> None:
    home = Home(settings, token=None)
    context = home.context
    for at in range(3):
        finished_run(context, f"run-{at}")
    supervisor = Supervisor(context)
    with statements(context.store) as sent:
        supervisor.start()
        filming.until(lambda: any("snapshot" in statement for statement in sent), 10)  # the look at the start
        time.sleep(2)
        assert not [each for each in sent if "film.run_id = " in each], "a look at all runs, not at each"
        sent.clear()
        time.sleep(IDLE)
        assert sent == []

    # Woken by what happens: a request, and snapshots that came.
    try:
        asked = time.monotonic()
        request_film(context, FilmRequest("run-0", "val", filming.LAYER))
        workers = supervisor.workers
        assert isinstance(workers, LocalWorkers)
        filming.until(lambda: workers.pid, 10)
        filming.whole_run(context, 1, 20, "run-3").close()
        filming.until(lambda: "run-3" in runs_with_films(context), 10)
        assert time.monotonic() - asked < 10
    finally:
        supervisor.stop()
        home.close()


def runs_with_films(context: Context) -> list[str]:
    with context.store.reading() as catalog:
        return list(catalog.session.exec(select(tables.Film.run_id)).all())


class Asleep(Exception):
    """What a worker's sleep raises here, instead of lasting."""


def test_a_worker_of_a_server_sleeps_until_it_is_woken(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(settings, token=None)
    monkeypatch.setattr(worker_module, "warm_up", lambda: None)
    worker = Worker(home.context.store, "worker", poll=None)
    slept: list[float | None] = []

    def wait(timeout: float | None = None) -> bool:
        slept.append(timeout)
        raise Asleep

    monkeypatch.setattr(worker.awake, "wait", wait)
    with pytest.raises(Asleep):
        worker.work()
    assert slept == [None]
    home.close()
