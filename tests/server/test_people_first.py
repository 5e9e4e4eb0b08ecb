"""The queue serves people first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from chroma.server.home.context import Context
from chroma.server.home.film_requests import grow_films, park_film, request_film
from chroma.server.store import tables
from chroma.server.store.films import job_queue, job_requests
from chroma.server.store.films.film_request import FilmRequest
from chroma.server.store.films.job_requests import Ask
from chroma.server.store.films.waiting import waiting_for
from chroma.server.store.tables import Job, now
from tests.server import filming

# Who waits for a job, by name, in the order in which they are done.
KINDS: dict[str, dict[str, Any]] = {
    "first paint, looked at": {"watched_until": timedelta(minutes=1)},
    "looked at": {"watched_until": timedelta(minutes=1), "painted": True},
    "asked for": {"asked": True, "painted": True},
    "first paint, nobody asked": {},
    "nobody asked": {"painted": True},
    "findings": {"kind": "findings"},
    "parked": {"parked": True, "asked": True, "watched_until": timedelta(minutes=1)},
}


def put(context: Context, key: str, **values: Any) -> None:
    until = values.pop("watched_until", None)
    known: dict[str, Any] = {"kind": "film", "watched_until": until and now() + until}
    with context.store.writing() as catalog:
        catalog.session.add(Job(key=key, **(known | values)))


def take(context: Context, **more: Any) -> str | None:
    with context.store.writing() as catalog:
        found = job_queue.take(catalog, "worker", **more)
    return found and found.key


def row(context: Context, key: str) -> Job:
    with context.store.reading() as catalog:
        return catalog.session.exec(select(Job).where(Job.key == key)).one()


@pytest.mark.parametrize("turned", [False, True])
def test_jobs_are_done_by_who_waits_for_them(opened: Context, turned: bool) -> None:
    for name in reversed(KINDS) if turned else KINDS:
        put(opened, name, **KINDS[name])
    assert [take(opened) for _ in KINDS] == list(KINDS)
    assert take(opened) is None


def test_a_job_lets_one_of_a_lower_rank_go_first_and_takes_turns_with_its_like(opened: Context) -> None:
    for name, values in KINDS.items():
        put(opened, name, status="running" if name == "asked for" else "ready", **values)
    held = job_queue.Taken(row(opened, "asked for").id, "film", "asked for")
    for name in KINDS:
        if name == "asked for":
            continue
        with opened.store.writing() as catalog:
            other = catalog.session.get_one(Job, row(opened, name).id)
            other.status = "pending"
        with opened.store.writing() as catalog:
            goes_first = job_queue.others_wait(catalog, held, before=True)
            catalog.session.get_one(Job, other.id).status = "ready"
        assert goes_first == (list(KINDS).index(name) < list(KINDS).index("asked for")), name
    put(opened, "another", asked=True, painted=True)
    with opened.store.reading() as catalog:
        assert job_queue.others_wait(catalog, held)
        assert not job_queue.others_wait(catalog, held, before=True)


def test_nobody_looks_for_ever(opened: Context) -> None:
    put(opened, "was looked at", watched_until=-timedelta(seconds=1), painted=True)
    put(opened, "asked for", asked=True, painted=True)
    assert take(opened) == "asked for"


def test_the_second_worker_does_what_is_short(opened: Context) -> None:
    put(opened, "long", painted=True, asked=True, size=job_queue.SHORT + 1)
    put(opened, "of unknown size", painted=True, asked=True)
    put(opened, "findings", kind="findings")
    put(opened, "parked", parked=True, asked=True, size=10)
    put(opened, "short, but nobody asked", size=10)
    put(opened, "short", painted=True, asked=True, size=job_queue.SHORT)
    put(opened, "first paint of a long one", asked=True, size=job_queue.SHORT + 1)
    assert [take(opened, short=True) for _ in range(3)] == ["first paint of a long one", "short", None]
    held = job_queue.Taken(row(opened, "first paint of a long one").id, "film", "")
    with opened.store.writing() as catalog:
        assert not job_queue.is_long(catalog, held)
        job_requests.painted(catalog, "film", "first paint of a long one")
    with opened.store.reading() as catalog:
        assert job_queue.is_long(catalog, held)


def test_a_job_asked_for_again_goes_on_and_a_finished_one_is_nobodys(opened: Context) -> None:
    with opened.store.writing() as catalog:
        job_requests.enqueue(catalog, "film", "one", Ask(size=7))
        job_requests.park(catalog, "film", "one")
    assert row(opened, "one").parked
    with opened.store.writing() as catalog:
        job_requests.enqueue(catalog, "film", "one")  # snapshots came: it stays parked
    assert row(opened, "one").parked
    with opened.store.writing() as catalog:
        job_requests.enqueue(catalog, "film", "one", Ask(asked=True))
    found = row(opened, "one")
    assert (found.parked, found.asked, found.size) == (False, True, 7)
    with opened.store.writing() as catalog:
        held = job_queue.take(catalog, "worker")
        assert held is not None
        assert job_queue.finish(catalog, held, "worker")
    found = row(opened, "one")
    assert (found.status, found.asked, found.painted) == ("ready", False, True)


def test_a_run_asks_for_its_film_behind_what_people_ask_for(opened: Context) -> None:
    filming.whole_run(opened, 2).close()
    grow_films(opened, [filming.RUN])
    own = filming.ask(opened)
    assert (row(opened, own.id).asked, row(opened, own.id).size) == (False, 240)
    film = request_film(opened, FilmRequest(filming.RUN, "val", filming.LAYER, "pca"))
    assert row(opened, film.id).asked
    assert row(opened, film.id).watched_until is not None
    assert [take(opened), take(opened)] == [film.id, own.id]


def test_a_film_that_waits_says_behind_what_and_for_how_long(opened: Context) -> None:
    filming.whole_run(opened, 2).close()
    first = request_film(opened, FilmRequest(filming.RUN, "val", filming.LAYER))
    with opened.store.writing() as catalog:
        held = job_queue.take(catalog, "worker")
    second = request_film(opened, FilmRequest(filming.RUN, "val", filming.LAYER, steps=[0]))

    def waiting(film: tables.Film) -> Any:
        with opened.store.reading() as catalog:
            return waiting_for(catalog, row(opened, film.id))

    assert waiting(first) is None
    found = waiting(second)
    assert (found.film_id, found.run, found.layer, found.ahead) == (first.id, "swift otter", filming.LAYER, 0)
    assert (found.seconds_left, found.can_park) == (None, True)
    with opened.store.writing() as catalog:
        assert held is not None
        job_queue.advance(catalog, held, "worker", 0.5, "Drawing", seconds_left=12.0)
    assert (waiting(second).seconds_left, waiting(second).message) == (12.0, "Drawing")
    put(opened, "between", asked=True, progress=0.0)
    assert (waiting(second).ahead, waiting(second).seconds_left) == (1, None)
    park_film(opened, first.id)
    assert not waiting(second).can_park
    with opened.store.reading() as catalog:
        assert job_queue.others_wait(catalog, held, before=True)


QUERY = "query F($id: ID!) { film(id: $id) { status parked waiting { kind filmId canPark } } }"


def test_a_page_that_asks_for_a_film_is_noticed(client: TestClient, kept: Context) -> None:
    filming.whole_run(kept, 1).close()
    film = filming.ask(kept, "pca")
    assert film.id not in kept.watching.films()
    answer = client.post("/graphql", json={"query": QUERY, "variables": {"id": film.id}}).json()
    assert answer["data"]["film"]["parked"] is False
    assert 0 < kept.watching.films()[film.id] <= 10
