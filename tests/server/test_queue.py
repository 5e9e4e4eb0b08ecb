from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from chroma.server.home.context import Context
from chroma.server.store.films import job_queue, job_requests
from chroma.server.store.films.job_queue import Taken
from chroma.server.store.tables import Job, now

pytestmark = pytest.mark.databases


def put(context: Context, key: str = "film") -> None:
    with context.store.writing() as catalog:
        job_requests.enqueue(catalog, "film", key)


def take(context: Context, owner: str) -> Taken | None:
    with context.store.writing() as catalog:
        return job_queue.take(catalog, owner)


def taken(context: Context, owner: str) -> Taken:
    found = take(context, owner)
    assert found is not None
    return found


def job(context: Context, key: str = "film") -> Job:
    with context.store.reading() as catalog:
        return catalog.session.exec(select(Job).where(Job.key == key)).one()


def run_out(context: Context) -> None:
    with context.store.writing() as catalog:
        row = catalog.session.exec(select(Job)).one()
        row.lease_until = now() - timedelta(seconds=1)


def test_only_one_worker_gets_a_job_and_its_lease_protects_it(opened: Context) -> None:
    put(opened)
    first = taken(opened, "a")
    assert take(opened, "b") is None
    with opened.store.writing() as catalog:
        assert job_queue.advance(catalog, first, "a", 0.5, "half")
        assert not job_queue.advance(catalog, first, "b", 0.6, "mine")
    run_out(opened)
    again = taken(opened, "b")
    assert again.id == first.id
    with opened.store.writing() as catalog:
        assert not job_queue.hold(catalog, first, "a")
        assert not job_queue.finish(catalog, first, "a")
    assert (job(opened).owner, job(opened).status) == ("b", "running")


def test_a_renewed_lease_is_not_taken(opened: Context) -> None:
    put(opened)
    first = taken(opened, "a")
    run_out(opened)
    with opened.store.writing() as catalog:
        assert job_queue.hold(catalog, first, "a")
    assert take(opened, "b") is None


def test_what_arrives_while_it_runs_makes_it_run_once_more(opened: Context) -> None:
    put(opened)
    first = taken(opened, "a")
    put(opened)
    with opened.store.writing() as catalog:
        assert job_queue.finish(catalog, first, "a")
    assert job(opened).status == "pending"
    second = taken(opened, "a")
    with opened.store.writing() as catalog:
        assert job_queue.finish(catalog, second, "a")
    assert (job(opened).status, job(opened).progress) == ("ready", 1.0)


def test_a_job_that_kills_its_worker_again_and_again_fails_with_its_last_words(opened: Context) -> None:
    put(opened)
    for _ in range(job_queue.TRIES):
        held = taken(opened, "a")
        with opened.store.writing() as catalog:
            job_queue.advance(catalog, held, "a", 0.0, "UMAP frame 1 of 3")
            job_queue.note_error(catalog, held, "a", "MemoryError: 40 GB")
            job_queue.expire(catalog, "a")
    assert take(opened, "a") is None
    assert job(opened).status == "failed"
    assert "failed 3 times (MemoryError: 40 GB)" in (job(opened).error or "")
    put(opened)
    assert (job(opened).status, job(opened).error) == ("pending", None)
    assert take(opened, "a") is not None


@pytest.mark.parametrize("kept", [True, False])
def test_only_what_is_kept_forgives_earlier_failures(opened: Context, kept: bool) -> None:
    put(opened)
    for progress in (0.2, 0.4, 0.6):
        held = taken(opened, "a")
        with opened.store.writing() as catalog:
            job_queue.advance(catalog, held, "a", 0.0, "again")
            job_queue.advance(catalog, held, "a", progress, "on", kept=kept)
            job_queue.expire(catalog, "a")
    assert (take(opened, "a") is not None) == kept


def test_first_paints_come_first_and_begun_jobs_take_turns(opened: Context) -> None:
    for key in ("one", "two"):
        put(opened, key)
        held = taken(opened, "a")
        with opened.store.writing() as catalog:
            job_queue.advance(catalog, held, "a", 0.1, "begun")
            assert job_queue.others_wait(catalog, held) == (key == "two")
            job_queue.release(catalog, held, "a")
    put(opened, "three")
    turns: list[str] = []
    for _ in range(4):
        held = taken(opened, "a")
        turns.append(held.key)
        with opened.store.writing() as catalog:
            job_queue.advance(catalog, held, "a", 0.2, "on")
            job_queue.release(catalog, held, "a")
    assert turns == ["three", "one", "two", "three"]


@pytest.mark.parametrize("stopped", [True, False])
def test_a_worker_that_is_stopped_loses_no_try(opened: Context, stopped: bool) -> None:
    put(opened)
    for _ in range(job_queue.TRIES + 1):
        held = take(opened, "a")
        with opened.store.writing() as catalog:
            (job_queue.give_back if stopped else job_queue.expire)(catalog, "a")
        if held is None:
            break
    assert job(opened).status == ("pending" if stopped else "failed")
