from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlmodel import select

from chroma.errors import ConfigError, MissingDependencyError, NotFoundError
from chroma.projection.film import inside
from chroma.projection.neighbors import neighbor_graph
from chroma.server.home.context import Context
from chroma.server.home.ingest import ingest_journal
from chroma.server.jobs.film import draw_film
from chroma.server.store import tables
from chroma.server.store.catalog import Store
from chroma.server.store.films import frames as stored
from chroma.server.store.films import lifecycle
from chroma.server.store.films.film_request import FilmRequest
from chroma.server.store.snapshots.neighbor_graphs import find_graph
from chroma.server.store.tables import Film, Frame, Graph, Revision, Snapshot
from chroma.settings import Settings, load_settings
from tests.server import filming
from tests.server.drawn import digests, xy
from tests.server.filming import Turns, draw


def test_pca_is_painted_first_and_umap_shown_when_it_is_whole(opened: Context) -> None:
    filming.whole_run(opened, 3).close()
    film = filming.ask(opened)
    turns = draw(opened, film)
    told = turns.heard
    assert told[:2] == [
        ("Drawing a preview by PCA", "nothing"),
        ("The preview is ready, drawing begins", "pca"),
    ]
    assert told[2:6] == [
        ("Finding neighbours, frame 1 of 3", "pca"),
        ("Finding neighbours, frame 2 of 3", "pca"),
        ("Finding neighbours, frame 3 of 3", "pca"),
        ("Drawing 3 frames together", "pca"),
    ]
    assert told[-3:] == [(f"Measuring quality, frame {at} of 3", "umap") for at in (1, 2, 3)]
    revision, frames = filming.on_screen(opened, film)
    assert revision is not None
    assert (revision.method, revision.preview) == ("umap", False)
    assert [(frame.index, frame.epoch, frame.step, frame.n) for frame in frames] == [
        (0, 0, 0, 120),
        (1, 1, 10, 120),
        (2, 2, 20, 120),
    ]
    assert all(inside(xy(opened, frame), stored.bounds_of(revision)) for frame in frames)
    assert all(0.5 < (frame.trustworthiness or 0) <= 1 and frame.quality_n == 120 for frame in frames)
    assert (frames[2].neighborhood_hit or 0) > (frames[0].neighborhood_hit or 1)
    assert all(0 < (frame.stress or 0) < 1 and 0 < (frame.stress_pca or 0) < 1 for frame in frames)
    assert (revision.motion_n, revision.landmarks) == (120, None)
    assert 0 < (revision.jitter or 0) < (revision.movement or 0)
    assert -1 <= (revision.rho or -2) <= 1
    with opened.store.reading() as catalog:
        assert catalog.session.get_one(Film, film.id).n == 120


def test_a_film_grows_without_moving_its_frames(opened: Context) -> None:
    writer = filming.whole_run(opened, 2)
    film = filming.ask(opened)
    draw(opened, film)
    before, first = filming.on_screen(opened, film)
    filming.train(writer, [2])
    ingest_journal(opened)
    assert filming.ask(opened).id == film.id
    turns = draw(opened, film)
    assert turns.heard == [
        ("Drawing by UMAP, frame 3 of 3", "umap"),
        ("Measuring quality, frame 3 of 3", "umap"),
    ]
    after, grown = filming.on_screen(opened, film)
    assert before is not None
    assert after is not None
    assert [frame.digest for frame in grown[:2]] == [frame.digest for frame in first]
    assert len(grown) == 3
    assert after.motion_n == 120
    assert after.rho != before.rho
    fits = inside(xy(opened, grown[2]), stored.bounds_of(before))
    assert (after.id == before.id) == fits
    with opened.store.reading() as catalog:
        previews = catalog.session.exec(
            select(Revision).where(Revision.film_id == film.id, Revision.preview)
        ).all()
    assert not previews
    kept = {frame.path for frame in grown} | {grown[-1].path.replace(".f32", ".clusters")}
    assert {
        f"films/{film.id}/{path.name}" for path in opened.store.files.path(f"films/{film.id}").iterdir()
    } == kept
    writer.close()


def test_a_frame_outside_the_square_widens_it_in_a_new_revision(opened: Context) -> None:
    writer = filming.whole_run(opened, 2)
    film = filming.ask(opened, "pca")
    draw(opened, film)
    before, first = filming.on_screen(opened, film)
    writer.commit(filming.snapshot(2, vectors=filming.vectors_at(2) * np.float16(9)))
    ingest_journal(opened)
    draw(opened, film)
    after, grown = filming.on_screen(opened, film)
    assert before is not None
    assert after is not None
    assert after.number == before.number + 1
    assert after.scale > before.scale
    assert [frame.digest for frame in grown[:2]] == [frame.digest for frame in first]
    assert [frame.trustworthiness for frame in grown[:2]] == [frame.trustworthiness for frame in first]
    assert all(inside(xy(opened, frame), stored.bounds_of(after)) for frame in grown)
    writer.close()


def test_states_of_a_film_forming_are_shown_and_go_when_it_is_drawn(
    opened: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chroma.server.jobs.joint_frames.EVERY", 0.005)
    filming.whole_run(opened, 2, n=360).close()
    film = filming.ask(opened)
    seen: list[tuple[tables.Revision, list[Frame]]] = []

    class Looks(Turns):
        def advance(
            self, progress: float, message: str, *, kept: bool = False, seconds_left: float | None = None
        ) -> None:
            super().advance(progress, message)
            revision, frames = filming.on_screen(opened, film)
            if revision is not None and revision.forming:
                assert all(inside(xy(opened, frame), stored.bounds_of(revision)) for frame in frames)
                seen.append((revision, frames))

    assert draw_film(opened.store, film.id, Looks(opened, film))
    assert len(seen) > 1
    assert all(revision.preview and revision.method == "umap" and len(rows) == 2 for revision, rows in seen)
    assert len({rows[0].digest for _, rows in seen}) == len(seen)
    revision, frames = filming.on_screen(opened, film)
    assert revision is not None
    assert not revision.preview
    with opened.store.reading() as catalog:
        assert catalog.session.exec(select(Revision)).all() == [revision]
    kept = {opened.store.files.path(frame.path) for frame in frames}
    clusters = opened.store.files.path(frames[-1].path).with_suffix(".clusters")
    assert set(opened.store.files.path(f"films/{film.id}").iterdir()) == kept | {clusters}


@pytest.mark.parametrize("stop_at", ["Drawing 2 frames together,", "Measuring quality, frame 2"])
def test_an_interrupted_joint_film_is_drawn_again_and_what_is_final_stays(
    opened: Context, monkeypatch: pytest.MonkeyPatch, stop_at: str
) -> None:
    final = stop_at.startswith("Measuring")
    if not final:
        monkeypatch.setattr("chroma.server.jobs.joint_frames.EVERY", 0.0)
    filming.whole_run(opened, 2, n=360).close()
    film = filming.ask(opened)
    with pytest.raises(KeyboardInterrupt):
        draw(opened, film, stop_at=stop_at)
    revision, frames = filming.on_screen(opened, film)
    assert revision is not None
    assert revision.preview != final
    first = [frame.id for frame in frames]
    monkeypatch.undo()
    told = [message for message, _ in draw(opened, film).heard]
    if final:
        assert told == ["Measuring quality, frame 2 of 2"]
        assert [frame.id for frame in filming.on_screen(opened, film)[1]] == first
    revision, frames = filming.on_screen(opened, film)
    assert revision is not None
    assert not revision.preview
    assert all(frame.quality_n == 360 for frame in frames)

    # Whatever came between, the film is the one that is drawn at once.
    interrupted = digests(opened, film)
    with opened.store.writing() as catalog:
        catalog.session.delete(catalog.session.get_one(Film, film.id))
    again = filming.ask(opened)
    assert again.id == film.id
    assert draw_film(opened.store, again.id, Turns(opened, again), threads=2)
    assert digests(opened, again) == interrupted


def test_the_film_of_a_second_home_is_the_same_bit_for_bit(
    opened: Context, settings: Settings, tmp_path: Path
) -> None:
    filming.whole_run(opened, 2).close()
    film = filming.ask(opened)
    draw(opened, film)
    other = replace(opened, settings=load_settings(home=tmp_path / "other"))
    other.settings.home.mkdir()
    other = replace(other, store=Store.open(other.settings))
    filming.whole_run(other, 2).close()
    again = filming.ask(other)
    draw(other, again)
    for here, there in zip(
        filming.on_screen(opened, film)[1], filming.on_screen(other, again)[1], strict=True
    ):
        np.testing.assert_array_equal(xy(opened, here), xy(other, there))
    other.store.close()


def test_a_film_is_refined_on_request_in_a_new_revision(opened: Context) -> None:
    writer = filming.whole_run(opened, 2)
    film = filming.ask(opened)
    draw(opened, film)
    filming.train(writer, [2])
    ingest_journal(opened)
    draw(opened, film)
    before, appended = filming.on_screen(opened, film)
    with opened.store.writing() as catalog:
        lifecycle.refine_film(catalog, film.id)
    told = [message for message, _ in draw(opened, film).heard]
    assert "Refining 3 frames together" in told
    after, refined = filming.on_screen(opened, film)
    assert before is not None
    assert after is not None
    assert after.number > before.number
    assert not after.preview
    assert all(new.digest != old.digest for new, old in zip(refined, appended, strict=True))
    assert all(frame.quality_n == 120 for frame in refined)
    assert after.motion_n == 120
    # The frames before keep their addresses, and the same snapshots are not refined twice.
    assert xy(opened, appended[0]).shape == (120, 2)
    with opened.store.writing() as catalog:
        lifecycle.refine_film(catalog, film.id)
    assert draw(opened, film).heard == []
    with opened.store.reading() as catalog:
        assert not catalog.session.get_one(Film, film.id).refine
    writer.close()


def test_only_a_film_drawn_together_can_be_refined(opened: Context) -> None:
    filming.whole_run(opened, 1).close()
    film = filming.ask(opened, "pca")
    with (
        opened.store.writing() as catalog,
        pytest.raises(ConfigError, match=r"'pca' cannot be refined.*refine the one by 'umap'"),
    ):
        lifecycle.refine_film(catalog, film.id)
    with opened.store.writing() as catalog, pytest.raises(NotFoundError, match="no film named 'f'"):
        lifecycle.refine_film(catalog, "f")


def test_umap_learn_draws_each_frame_on_its_own(opened: Context) -> None:
    filming.whole_run(opened, 2).close()
    film = filming.ask(opened, "umap-learn")
    # It pauses after the preview, where other jobs wait, and after each frame.
    turns = draw(opened, film, pauses=True)
    assert [message for message, _ in turns.heard][-1] == "The preview is ready, drawing begins"
    draw(opened, film, pauses=True)
    revision, _ = filming.on_screen(opened, film)
    assert revision is not None
    assert revision.method == "pca"
    told = [message for message, _ in draw(opened, film).heard]
    assert "Drawing by umap-learn, frame 2 of 2" in told
    assert "Drawing by umap-learn, frame 1 of 2" not in told
    revision, frames = filming.on_screen(opened, film)
    assert revision is not None
    assert (revision.method, revision.preview, revision.motion_n) == ("umap-learn", False, 120)
    assert all((frame.trustworthiness or 0) > 0.5 for frame in frames)


def test_tsne_draws_a_film_where_it_is_installed(opened: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    filming.whole_run(opened, 2).close()
    film = filming.ask(opened, "tsne")
    draw(opened, film)
    revision, frames = filming.on_screen(opened, film)
    assert revision is not None
    assert (revision.method, revision.preview) == ("tsne", False)
    assert all((frame.trustworthiness or 0) > 0.5 for frame in frames)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingDependencyError, match=r"openTSNE .*chroma-embeddings\[tsne\]"):
        filming.ask(opened, "tsne")


def test_the_neighbor_graph_is_computed_once_and_exact(opened: Context) -> None:
    filming.whole_run(opened, 2).close()
    draw(opened, filming.ask(opened))
    with opened.store.reading() as catalog:
        rows = catalog.session.exec(select(Graph)).all()
        assert len(rows) == 2
        written = [opened.store.files.path(row.path).stat().st_mtime_ns for row in rows]
        last = catalog.session.exec(select(Snapshot).where(Snapshot.step == 10)).one()
        stored = find_graph(catalog, last)
    assert stored is not None
    exact = neighbor_graph(filming.vectors_at(1))
    np.testing.assert_array_equal(stored.indices, exact.indices)
    np.testing.assert_array_equal(stored.distances, exact.distances)
    with opened.store.writing() as catalog:
        catalog.session.delete(catalog.session.exec(select(Film)).one())
    draw(opened, filming.ask(opened))
    with opened.store.reading() as catalog:
        rows = catalog.session.exec(select(Graph)).all()
    assert [opened.store.files.path(row.path).stat().st_mtime_ns for row in rows] == written


def test_a_film_that_is_up_to_date_is_not_drawn_again(opened: Context) -> None:
    filming.whole_run(opened, 1).close()
    film = filming.ask(opened, "pca")
    with opened.store.writing() as catalog:
        catalog.session.exec(select(tables.Job)).one().status = "ready"
    draw(opened, film)
    filming.ask(opened, "pca")
    with opened.store.reading() as catalog:
        assert catalog.session.exec(select(tables.Job)).one().status == "ready"
        wanted = lifecycle.wanted_films(catalog, [filming.RUN])
    assert (wanted.requests, wanted.films) == ([FilmRequest(filming.RUN, "val", filming.LAYER)], [])


def test_new_snapshots_call_for_the_default_layer_and_val_first(opened: Context) -> None:
    writer = filming.whole_run(opened, 0)
    writer.commit(filming.snapshot(0, layer="a"))
    writer.commit(filming.snapshot(0))
    writer.commit(replace(filming.snapshot(0), split="train"))
    ingest_journal(opened)
    default = FilmRequest(filming.RUN, "val", filming.LAYER)
    with opened.store.reading() as catalog:
        assert lifecycle.wanted_films(catalog, [filming.RUN]).requests == [default]
    film = filming.ask(opened, "pca", layer="a")
    with opened.store.reading() as catalog:
        wanted = lifecycle.wanted_films(catalog, [filming.RUN])
    assert (wanted.requests, wanted.films) == ([default], [film.id])
    writer.close()
