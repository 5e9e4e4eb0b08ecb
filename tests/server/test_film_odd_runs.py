"""Films of runs with gaps, repeated steps, one sample, many epochs, or nothing finite."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sqlmodel import select

from chroma.errors import ConfigError, JobError, NotFoundError
from chroma.journal import JournalWriter
from chroma.server.home.context import Context
from chroma.server.home.ingest import ingest_journal
from chroma.server.jobs.film import draw_film
from chroma.server.jobs.frame_choice import choose
from chroma.server.store import tables
from chroma.server.store.films.film_request import FilmRequest
from chroma.server.store.films.requests import request_film
from chroma.server.store.tables import Film, Frame, Snapshot
from tests.server import filming
from tests.server.drawn import xy
from tests.server.filming import Turns, draw


def test_a_step_done_again_by_a_later_attempt_is_drawn_again_alone(opened: Context) -> None:
    writer = filming.whole_run(opened, 3)
    film = filming.ask(opened, "pca")
    draw(opened, film)
    _, first = filming.on_screen(opened, film)
    writer.close()
    ingest_journal(opened)
    resumed = JournalWriter(opened.settings.journal, filming.RUN)
    filming.begin(resumed)
    resumed.commit(filming.snapshot(1, vectors=filming.vectors_at(1)[::-1]))
    ingest_journal(opened)
    assert draw(opened, film).heard == [
        ("Drawing by PCA, frame 2 of 3", "pca"),
        ("Measuring quality, frame 2 of 3", "pca"),
    ]
    _, second = filming.on_screen(opened, film)
    same = [old.digest == new.digest for old, new in zip(first, second, strict=True)]
    assert same == [True, False, True]
    resumed.close()


def test_samples_that_come_later_find_room(opened: Context) -> None:
    writer = filming.whole_run(opened, 2, n=100)
    film = filming.ask(opened)
    draw(opened, film)
    _, first = filming.on_screen(opened, film)
    filming.train(writer, [2], n=120)
    ingest_journal(opened)
    draw(opened, film)
    _, grown = filming.on_screen(opened, film)
    assert [frame.n for frame in grown] == [100, 100, 120]
    for old, new in zip(first, grown, strict=False):
        padded = xy(opened, new)
        assert len(padded) == 120
        np.testing.assert_array_equal(padded[:100], xy(opened, old))
        assert np.isnan(padded[100:]).all()
    with opened.store.reading() as catalog:
        assert catalog.session.get_one(Film, film.id).n == 120
    writer.close()


def test_a_snapshot_of_nothing_but_nan_is_a_frame_without_points(opened: Context) -> None:
    writer = filming.whole_run(opened, 1)
    writer.commit(filming.snapshot(1, vectors=np.full((120, 64), np.nan, np.float16)))
    filming.train(writer, [2])
    ingest_journal(opened)
    film = filming.ask(opened)
    draw(opened, film)
    revision, frames = filming.on_screen(opened, film)
    assert revision is not None
    assert revision.method == "umap"
    assert [frame.n for frame in frames] == [120, 0, 120]
    assert frames[1].trustworthiness is None
    writer.close()


def test_a_collapsed_frame_says_how_many_vectors_are_equal(opened: Context) -> None:
    writer = filming.whole_run(opened, 1)
    half = filming.vectors_at(1)
    half[:60] = 0
    writer.commit(filming.snapshot(1, vectors=half))
    writer.commit(filming.snapshot(2, vectors=np.ones((120, 64), np.float16)))
    ingest_journal(opened)
    film = filming.ask(opened)
    draw(opened, film)
    _, frames = filming.on_screen(opened, film)
    assert [(frame.equal, frame.n) for frame in frames] == [(1, 120), (60, 120), (120, 120)]
    assert [frame.trustworthiness is None for frame in frames] == [False, False, True]
    assert [frame.effective_rank is None for frame in frames] == [False, False, True]
    assert frames[2].spread == 0
    assert len(np.unique(xy(opened, frames[2]), axis=0)) == 1
    assert draw(opened, film).heard == []
    writer.close()


def test_pca_of_epochs_after_a_collapse_has_directions(opened: Context) -> None:
    writer = filming.whole_run(opened, 0)
    film = None
    for epoch, vectors in enumerate([np.ones((120, 64), np.float16), filming.vectors_at(1), None]):
        collapsed = np.full((120, 64), 2, np.float16)
        writer.commit(filming.snapshot(epoch, vectors=collapsed if vectors is None else vectors))
        ingest_journal(opened)
        film = film or filming.ask(opened, "pca")
        draw(opened, film)
    assert film is not None
    _, frames = filming.on_screen(opened, film)
    assert [len(np.unique(xy(opened, frame), axis=0)) for frame in frames] == [1, 120, 1]
    writer.close()


def test_figures_that_older_versions_did_not_know_are_added(opened: Context) -> None:
    filming.finish(opened, filming.whole_run(opened, 2))
    film = filming.ask(opened, "pca")
    draw(opened, film)
    _, before = filming.on_screen(opened, film)
    with opened.store.writing() as catalog:
        for frame in catalog.session.exec(select(Frame)).all():
            frame.spread = frame.effective_rank = frame.equal = None
            catalog.session.add(frame)
    draw(opened, film)
    _, after = filming.on_screen(opened, film)
    assert [frame.effective_rank for frame in after] == [frame.effective_rank for frame in before]


@pytest.mark.parametrize("method", ["umap", "pca"])
def test_a_layer_of_nothing_but_nan_fails_with_a_sentence(opened: Context, method: str) -> None:
    writer = filming.whole_run(opened, 0)
    writer.commit(filming.snapshot(0, vectors=np.full((120, 64), np.nan, np.float16)))
    ingest_journal(opened)
    film = filming.ask(opened, method)
    with pytest.raises(JobError, match=r"no vector of layer 'encoder.fc1' in split 'val' is finite"):
        draw(opened, film)
    writer.close()


@pytest.mark.parametrize("method", ["umap", "pca"])
def test_one_sample_at_one_step_is_a_film(opened: Context, method: str) -> None:
    writer = filming.whole_run(opened, 0, n=2)
    writer.commit(filming.snapshot(0, n=1))
    ingest_journal(opened)
    film = filming.ask(opened, method)
    draw(opened, film)
    revision, frames = filming.on_screen(opened, film)
    assert revision is not None
    assert not revision.preview
    assert [(frame.n, frame.of, frame.trustworthiness) for frame in frames] == [(1, 2, None)]
    writer.close()


def test_a_deleted_run_is_not_drawn_further(opened: Context) -> None:
    filming.whole_run(opened, 2).close()
    film = filming.ask(opened)

    class Deletes(Turns):
        def advance(
            self, progress: float, message: str, *, kept: bool = False, seconds_left: float | None = None
        ) -> None:
            super().advance(progress, message)
            with opened.store.writing() as catalog:
                catalog.session.get_one(tables.Run, filming.RUN).deleted_at = tables.now()

    turns = Deletes(opened, film)
    assert draw_film(opened.store, film.id, turns)
    assert [message for message, _ in turns.heard] == ["Drawing a preview by PCA"]
    with opened.store.reading() as catalog:
        assert catalog.session.exec(select(Frame)).first() is None


def test_what_cannot_be_filmed_is_named(opened: Context) -> None:
    filming.whole_run(opened, 1).close()
    with pytest.raises(NotFoundError, match=r"no layer named 'encoder.fc2'; there is encoder.fc1"):
        filming.ask(opened, layer="encoder.fc2")
    with pytest.raises(ConfigError, match="cannot be drawn by 'mds'; give one of pca, umap, umap-learn"):
        filming.ask(opened, "mds")
    with (
        opened.store.writing() as catalog,
        pytest.raises(NotFoundError, match="no split named 'vall'; there is val"),
    ):
        request_film(catalog, FilmRequest(filming.RUN, "vall"))


def _steps(count: int) -> list[Snapshot]:
    about: dict[str, Any] = dict.fromkeys(("run_id", "layer_id", "split_id", "attempt_id", "dtype"), "x")
    return [Snapshot(id=str(at), step=at, dim=1, **about) for at in range(count)]


def test_a_long_run_is_thinned_evenly_with_its_ends() -> None:
    assert [row.step for row in choose(_steps(60), set())] == list(range(60))
    steps = [row.step for row in choose(_steps(300), set())]
    assert (len(steps), steps[0], steps[-1]) == (60, 0, 299)
    gaps = np.diff(steps)
    assert gaps.min() >= 5
    assert gaps.max() <= 6


def test_a_long_live_run_keeps_frames_until_there_is_no_room() -> None:
    drawn: set[str] = set()
    every = _steps(500)
    for count in range(1, 501):
        chosen = choose(every[:count], drawn)
        steps = [row.step for row in chosen]
        assert len(steps) <= 60
        assert steps == sorted(set(steps))
        assert (steps[0], steps[-1]) == (0, count - 1)
        if len(drawn) < 60:
            assert drawn <= {row.id for row in chosen}
        drawn = {row.id for row in chosen}
        if count > 1:
            assert max(np.diff(steps)) <= max(1, count / 10)
