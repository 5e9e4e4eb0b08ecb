"""What several servers of one PostgreSQL database owe each other."""

from __future__ import annotations

import math
import secrets
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from sqlmodel import select

from chroma import journal, liveness
from chroma.errors import CatalogError, ConfigError
from chroma.journal import JournalWriter
from chroma.records import Metrics, RunEvent, RunOpened
from chroma.server.home import arrivals, signs
from chroma.server.home.context import Context
from chroma.server.home.events import Event, Events
from chroma.server.home.home import Home
from chroma.server.home.ingest import ingest_journal
from chroma.server.store import tables
from chroma.server.store.catalog import Store
from chroma.server.store.engine import open_engine
from chroma.server.store.films import job_queue, job_requests
from chroma.server.store.ingest import heartbeats
from chroma.settings import load_settings
from tests.server.training import rows, snapshot, train


@pytest.fixture
def servers(postgresql: str, tmp_path: Path) -> Iterator[tuple[Context, Context]]:
    """Two homes of one catalog and one store, without threads."""
    with ExitStack() as held:
        found: list[Context] = []
        for name in ("a", "b"):
            settings = load_settings(home=tmp_path / name, store_url=(tmp_path / "store").as_uri())
            settings.journal.mkdir(parents=True)
            store = Store.open(settings)
            held.callback(store.close)
            found.append(Context(settings, store, Events(), None))
        yield found[0], found[1]


def test_each_job_is_taken_once_however_many_ask_at_once(servers: tuple[Context, Context]) -> None:
    with servers[0].store.writing() as catalog:
        for number in range(30):
            job_requests.enqueue(catalog, "film", f"film-{number}")
    taken: list[str] = []

    def work(context: Context, owner: str) -> None:
        while True:
            with context.store.claiming() as catalog:
                job = job_queue.take(catalog, owner)
            if job is None:
                return
            taken.append(job.id)
            with context.store.claiming() as catalog:
                assert job_queue.finish(catalog, job, owner)

    threads = [threading.Thread(target=work, args=(servers[n % 2], f"worker-{n}")) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(taken) == Counter(row.id for row in rows(servers[1], tables.Job))
    assert {row.status for row in rows(servers[0], tables.Job)} == {"ready"}


def test_a_job_in_another_hand_keeps_nobody_waiting(servers: tuple[Context, Context]) -> None:
    a, b = servers
    with a.store.writing() as catalog:
        for key in ("one", "two"):
            job_requests.enqueue(catalog, "film", key)
    with a.store.writing(), a.store.claiming() as first, b.store.claiming() as second:
        mine, yours = job_queue.take(first, "a"), job_queue.take(second, "b")  # neither has committed
    assert mine
    assert yours
    assert {mine.key, yours.key} == {"one", "two"}


def test_what_arrives_as_a_job_ends_makes_it_run_once_more(servers: tuple[Context, Context]) -> None:
    a, b = servers
    with a.store.writing() as catalog:
        job_requests.enqueue(catalog, "film", "one")
    with a.store.claiming() as catalog:
        job = job_queue.take(catalog, "worker")
    assert job is not None
    asked = threading.Event()

    def ask() -> None:
        with b.store.writing() as catalog:
            catalog.session.exec(select(tables.Job)).one()  # it has seen that the job runs
            asked.set()
            job_requests.enqueue(catalog, "film", "one")

    with a.store.claiming() as catalog:
        assert job_queue.finish(catalog, job, "worker")
        asking = threading.Thread(target=ask)
        asking.start()
        asked.wait()
    asking.join()
    assert rows(a, tables.Job)[0].status == "pending"


def test_one_server_writes_at_a_time(servers: tuple[Context, Context]) -> None:
    with servers[0].store.writing() as catalog:
        catalog.session.add(tables.Project(id="p", name="0"))

    def count(context: Context) -> None:
        for _ in range(20):
            with context.store.writing() as catalog:
                project = catalog.session.get_one(tables.Project, "p")
                project.name = str(int(project.name) + 1)

    threads = [threading.Thread(target=count, args=(context,)) for context in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rows(servers[0], tables.Project)[0].name == "40"


def test_a_writer_that_another_server_hears_is_not_lost(servers: tuple[Context, Context]) -> None:
    a, b = servers
    writer = JournalWriter(a.settings.journal, "run-1")  # a training on the machine of the first
    train(writer, 0)
    ingest_journal(a)
    ingest_journal(b)
    assert rows(b, tables.Run)[0].status == "running"
    arrivals.hear(b, "far", "0-0123abcd")
    assert ("far", "0-0123abcd") in signs.alive(a, [("far", "0-0123abcd")])
    writer.close()  # without a closing segment
    with a.store.claiming() as catalog:
        heartbeats.forget(catalog, "run-1", writer.writer)
    ingest_journal(b)
    assert rows(a, tables.Run)[0].status == "interrupted"


def test_a_server_that_is_gone_leaves_no_run_behind(
    servers: tuple[Context, Context], monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = servers
    with closing(JournalWriter(a.settings.journal, "run-1")) as writer:
        train(writer, 0)
        ingest_journal(a)
    monkeypatch.setattr(heartbeats.fresh, "__defaults__", (-1.0,))  # long ago
    assert not liveness.is_alive(b.settings.journal, "run-1", writer.writer)
    ingest_journal(b)
    assert rows(b, tables.Run)[0].status == "interrupted"


def test_both_take_in_one_store_and_each_segment_is_there_once(servers: tuple[Context, Context]) -> None:
    a, b = servers
    for context, name in ((a, "run-a"), (b, "run-b")):
        with closing(JournalWriter(context.settings.journal, name)) as writer:
            train(writer, 0, 10)
    threads = [threading.Thread(target=ingest_journal, args=(context,)) for context in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    segments = rows(a, tables.Segment)
    assert len(segments) == len({(row.run_id, row.writer, row.number) for row in segments}) == 16
    assert all(b.store.files.open_segment(row.path).digest == row.digest for row in segments)


def test_events_of_one_server_reach_pages_of_the_other(postgresql: str, tmp_path: Path) -> None:
    store = (tmp_path / "store").as_uri()
    homes = [Home(load_settings(home=tmp_path / name, store_url=store), token=None) for name in "ab"]
    came = threading.Event()
    told: list[Event] = []

    def hear(event: Event) -> None:
        told.append(event)
        if event == Event("tag", "run-1", message="odd"):
            came.set()

    try:
        with homes[1].context.events.listening(hear):
            deadline = time.monotonic() + 30
            while not came.wait(0.1) and time.monotonic() < deadline:  # until the other listens
                homes[0].context.events.publish(Event("tag", "run-1", message="odd"))
    finally:
        for home in homes:
            home.close()
    assert came.is_set()
    assert sum(event.kind == "tag" for event in told) < 300  # none goes round for ever


def test_what_postgresql_cannot_hold_is_kept_or_costs_its_own_segment(
    servers: tuple[Context, Context],
) -> None:
    a, _ = servers
    config = {"clip": math.inf, "low": -math.inf, "nothing": math.nan, "text": 'NaN "Infinity"\0'}
    with closing(JournalWriter(a.settings.journal, "run-1")) as writer:
        writer.commit(RunOpened("digits", "swift\0otter", config=config))
        writer.commit(Metrics(3, 2**40, {"loss": math.inf, secrets.token_hex(2_000): 1.0}))
        writer.commit(RunEvent("a\0b", "", None, "info", 3, 2**40))
        writer.commit(snapshot(2**40, epoch=3))
        report = ingest_journal(a)
    assert (report.added, report.set_aside) == (3, 1)  # the name is too long for an index
    (run,) = rows(a, tables.Run)
    assert run.name == "swift␀otter"
    assert math.isnan(run.config.pop("nothing"))
    assert run.config == {"clip": math.inf, "low": -math.inf, "text": 'NaN "Infinity"\0'}
    assert rows(a, tables.Snapshot)[0].step == 2**40
    assert [path.name for _, path, _ in journal.set_aside_segments(a.settings.journal)]


@pytest.mark.parametrize(
    ("url", "error", "says"),
    [
        (
            "postgresql://me:secret@127.0.0.1:1/x",
            CatalogError,
            r"postgresql://me:\*\*\*@127.0.0.1:1/x cannot be",
        ),
        ("postgresql://me:secret@host:port/x", ConfigError, "no address of a database"),
    ],
)
def test_a_database_that_is_not_there_is_said_without_its_password(
    url: str, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says) as raised:
        open_engine(url)
    assert "secret" not in str(raised.value)


def test_a_setting_that_is_no_database_is_refused_without_showing_it() -> None:
    with pytest.raises(ConfigError, match=r"CHROMA_DATABASE_URL='…' cannot be used") as raised:
        load_settings(database_url="mysql://me:secret@host/x")
    assert "secret" not in str(raised.value)
