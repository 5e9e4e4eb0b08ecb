"""Films that are parked while others are drawn go on where they were, to the same bits."""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

import numpy as np
import pytest

from chroma.server.home.context import Context
from chroma.server.jobs import film as film_module
from chroma.server.jobs import parking
from chroma.server.jobs.film import draw_film
from chroma.server.jobs.worker import Worker
from chroma.server.store import tables
from chroma.server.store.films import frames as stored
from chroma.server.store.films import job_queue, job_requests, lifecycle
from chroma.server.store.films.job_requests import Ask
from tests.server import filming
from tests.server.filming import Turns


class Interrupted(Turns):
    """A worker that another job calls away at every so manieth question."""

    def __init__(self, context: Context, film: tables.Film, every: int) -> None:
        super().__init__(context, film)
        self._every, self._asked = every, 0

    def park(self) -> bool:
        self._asked += 1
        return self._asked % self._every == 0


class CalledWhenPlacing(Interrupted):
    """Called away, too, after each frame whose samples are placed among landmarks."""

    def park(self) -> bool:
        return super().park() or self.heard[-1][0].startswith("Placing")


class CalledWhenMeasuring(Turns):
    """Called away after each frame that is measured."""

    def park(self) -> bool:
        return self.heard[-1][0].startswith("Measuring")


def drawn(context: Context, film: tables.Film) -> list[Any]:
    _, frames = filming.on_screen(context, film)
    return [stored.read_frame(context.store.files, frame) for frame in frames]


def draw_interrupted(context: Context, film: tables.Film, every: int) -> int:
    """Draw a film by a worker that is called away again and again; how often it was."""
    worker = Interrupted(context, film, every)
    times = 0
    while not draw_film(context.store, film.id, worker):
        times += 1
        assert times < 100, "the film gets no further"
    return times


@pytest.fixture(autouse=True)
def asked_always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chroma.server.jobs.parking._EVERY", 0.0)
    monkeypatch.setattr("chroma.server.jobs.parking._PATIENCE", 0.0)


def test_a_film_parked_again_and_again_is_the_same(opened: Context) -> None:
    filming.whole_run(opened, 2, n=200).close()
    straight, parked = filming.ask(opened), filming.ask(opened, steps=[0, 10])
    filming.draw(opened, straight)
    assert draw_interrupted(opened, parked, 150) >= 3
    np.testing.assert_array_equal(drawn(opened, straight), drawn(opened, parked))
    folder = opened.store.files.path(f"films/{parked.id}")
    assert not list(folder.glob("parked*"))


def test_refining_goes_on_where_it_was_parked(opened: Context) -> None:
    writer = filming.whole_run(opened, 2)
    films = filming.ask(opened), filming.ask(opened, steps=[0, 10])
    for film in films:
        filming.draw(opened, film)
        with opened.store.writing() as catalog:  # as if its frames had been appended
            revision = filming.on_screen(opened, film)[0]
            assert revision is not None
            catalog.session.get_one(tables.Revision, revision.id).recipe = None
            lifecycle.refine_film(catalog, film.id)
    filming.draw(opened, films[0])
    assert draw_interrupted(opened, films[1], 200) >= 2
    np.testing.assert_array_equal(drawn(opened, films[0]), drawn(opened, films[1]))
    writer.close()


def test_a_large_film_goes_on_with_its_landmarks_and_its_placed_frames(
    opened: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chroma.server.jobs.film_data.LARGE", 200)
    monkeypatch.setattr("chroma.server.jobs.joint_frames._LANDMARKS", 150)
    filming.whole_run(opened, 3, n=360).close()
    straight, parked = filming.ask(opened), filming.ask(opened, steps=[0, 10, 20])
    filming.draw(opened, straight)
    kept: list[set[str]] = []
    while not draw_film(opened.store, parked.id, CalledWhenPlacing(opened, parked, 300)):
        with np.load(opened.store.files.path(f"films/{parked.id}/parked.npz")) as found:
            kept.append(set(found.files))
        assert len(kept) < 50
    stages = ["frames" in names for names in kept]
    assert stages == sorted(stages)  # first among the landmarks' passes, then after each placed frame
    assert (stages.count(False) >= 1, stages.count(True)) == (True, 2)
    np.testing.assert_array_equal(drawn(opened, straight), drawn(opened, parked))


def test_measuring_lets_a_first_paint_go_first_and_goes_on(opened: Context) -> None:
    filming.whole_run(opened, 3, n=200).close()
    film = filming.ask(opened)
    worker = CalledWhenMeasuring(opened, film)
    assert [draw_film(opened.store, film.id, worker) for _ in range(3)] == [False, False, True]
    _, frames = filming.on_screen(opened, film)
    assert [frame.quality_n for frame in frames] == [200] * 3
    assert len([heard for heard, _ in worker.heard if heard.startswith("Measuring")]) == 3


def test_what_was_kept_of_other_snapshots_or_is_damaged_is_not_gone_on_with(opened: Context) -> None:
    filming.whole_run(opened, 2, n=200).close()
    straight, parked = filming.ask(opened), filming.ask(opened, steps=[0, 10])
    filming.draw(opened, straight)
    assert not draw_film(opened.store, parked.id, Interrupted(opened, parked, 300))
    path = opened.store.files.path(f"films/{parked.id}/parked.npz")
    path.write_bytes(path.read_bytes()[:1000])
    filming.draw(opened, parked)
    np.testing.assert_array_equal(drawn(opened, straight), drawn(opened, parked))


def test_a_job_is_parked_only_for_one_that_no_other_worker_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # the patience of the product
    clock, waits = [0.0], [True]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    asked = parking.asked_now_and_then(lambda: waits[0])

    def answer(at: float, waiting: bool) -> bool:
        clock[0], waits[0] = at, waiting
        return asked()

    assert [answer(at, True) for at in (0.1, 0.5, 1.0, 1.6, 2.0)] == [False, False, False, True, True]
    assert not answer(3.0, False)
    assert not answer(4.0, True)  # it has just come


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere niceness is of whole processes")
@pytest.mark.parametrize("is_long", [True, False])
def test_what_takes_long_leaves_the_processor_to_others(
    opened: Context, monkeypatch: pytest.MonkeyPatch, is_long: bool
) -> None:
    filming.whole_run(opened, 2, n=200).close()
    film = filming.ask(opened)
    with opened.store.writing() as catalog:
        job_requests.enqueue(catalog, "film", film.id, Ask(size=job_queue.SHORT + is_long))
        taken = job_queue.take(catalog, "worker")
    assert taken is not None
    found: list[int] = []

    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    def measure(*given: Any) -> Any:
        found.append(niceness())
        return work_out(*given)

    work_out = film_module.work_out_agreement  # the last that is done of a film
    monkeypatch.setattr(film_module, "work_out_agreement", measure)
    before = niceness()
    Worker(opened.store, "worker").do(taken)
    assert found == [max(before, 10) if is_long else before]
    assert niceness() == before  # the worker's next job is as fast as ever
    assert filming.on_screen(opened, film)[0] is not None
