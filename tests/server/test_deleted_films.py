"""A deleted run's films are drawn no further; a restored run calls for what they lack."""

from __future__ import annotations

from sqlmodel import select

from chroma.records import Notes
from chroma.server.home.context import Context
from chroma.server.home.ingest import write_note
from chroma.server.store import tables
from chroma.server.store.engine import reading, writing
from chroma.server.store.films import job_queue, lifecycle
from tests.server import filming

OTHER = "brave-heron"


def jobs(opened: Context) -> dict[str, str]:
    with reading(opened.engine) as session:
        return {job.key: job.status for job in session.exec(select(tables.Job)).all()}


def called_for(opened: Context) -> list[str]:
    """Films that the supervisor asks for, of runs that came since none was known."""
    with reading(opened.engine) as session:
        return lifecycle.wanted_films(session, lifecycle.published(session)).films


def test_the_worker_leaves_a_deleted_run_and_draws_on_once_it_is_restored(opened: Context) -> None:
    filming.whole_run(opened, 2).close()
    film = filming.ask(opened)
    with writing(opened.engine) as session:
        job = job_queue.take(session, "worker")
    assert job is not None
    assert job.key == film.id
    write_note(opened, filming.RUN, Notes("delete"))
    with writing(opened.engine) as session:
        assert not job_queue.advance(session, job, "worker", 0.5, "half")
        assert not job_queue.finish(session, job, "worker")
    assert jobs(opened) == {}
    assert called_for(opened) == []
    write_note(opened, filming.RUN, Notes("restore"))
    assert called_for(opened) == [film.id]


def test_a_film_that_was_stopped_rests_after_the_run_is_restored(opened: Context) -> None:
    filming.whole_run(opened, 2).close()
    film = filming.ask(opened)
    with writing(opened.engine) as session:
        lifecycle.cancel_film(session, film.id)
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
