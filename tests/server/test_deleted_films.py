"""A deleted run's films are drawn no further; a restored run calls for what they lack."""

from __future__ import annotations

from sqlmodel import select

from chroma.records import Notes
from chroma.server.home.context import Context
from chroma.server.home.ingest import write_note
from chroma.server.store import tables
from chroma.server.store.films import job_queue, lifecycle
from tests.server import filming

OTHER = "brave-heron"


def jobs(opened: Context) -> dict[str, str]:
    with opened.store.reading() as catalog:
        return {job.key: job.status for job in catalog.session.exec(select(tables.Job)).all()}


def called_for(opened: Context) -> list[str]:
    """Films that the supervisor asks for, of runs that came since none was known."""
    with opened.store.reading() as catalog:
        return lifecycle.wanted_films(catalog, lifecycle.published(catalog)).films


def test_the_worker_leaves_a_deleted_run_and_draws_on_once_it_is_restored(opened: Context) -> None:
    filming.whole_run(opened, 2).close()
    film = filming.ask(opened)
    with opened.store.writing() as catalog:
        job = job_queue.take(catalog, "worker")
    assert job is not None
    assert job.key == film.id
    write_note(opened, filming.RUN, Notes("delete"))
    with opened.store.writing() as catalog:
        assert not job_queue.advance(catalog, job, "worker", 0.5, "half")
        assert not job_queue.finish(catalog, job, "worker")
    assert jobs(opened) == {}
    assert called_for(opened) == []
    write_note(opened, filming.RUN, Notes("restore"))
    assert called_for(opened) == [film.id]


def test_a_film_that_was_stopped_rests_after_the_run_is_restored(opened: Context) -> None:
    filming.whole_run(opened, 2).close()
    film = filming.ask(opened)
    with opened.store.writing() as catalog:
        lifecycle.cancel_film(catalog, film.id)
    write_note(opened, filming.RUN, Notes("delete"))
    write_note(opened, filming.RUN, Notes("restore"))
    assert jobs(opened) == {film.id: "cancelled"}
    assert called_for(opened) == []


def test_films_over_runs_go_with_any_of_them_and_others_stay(opened: Context) -> None:
    filming.whole_run(opened, 1).close()
    filming.whole_run(opened, 1, run=OTHER).close()
    own = filming.ask(opened, "pca")
    both = filming.ask(opened, "pca", axis="runs", runs=[filming.RUN, OTHER])
    assert set(jobs(opened)) == {own.id, both.id}
    write_note(opened, OTHER, Notes("delete"))
    assert set(jobs(opened)) == {own.id}
