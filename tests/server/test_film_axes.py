"""Films over layers and over runs, of picked samples, of chosen steps; cancelled ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sqlmodel import select

from chroma.errors import ConfigError, JobError
from chroma.journal import JournalWriter
from chroma.projection.film import inside
from chroma.records import LayerNote, Notes, RunOpened, Samples, Snapshot
from chroma.server.home.context import Context
from chroma.server.home.ingest import write_note
from chroma.server.jobs.film import draw_film
from chroma.server.store import purge, tables
from chroma.server.store.films import frames as stored
from chroma.server.store.films import lifecycle
from chroma.server.store.films.columns import column_values, film_columns
from chroma.server.store.films.partners import partners_of
from tests.server import filming
from tests.server.axes import LAYERS, OTHER, N, Quiet, deep_run, draw, gap, vectors, view_of


@pytest.mark.parametrize("method", ["umap", "pca", "umap-learn"])
def test_a_film_over_layers_shows_the_layers_of_one_epoch_in_the_models_order(
    opened: Context, method: str
) -> None:
    deep_run(opened, [0, 4]).close()
    film = filming.ask(opened, method, None, axis="layers", epoch=4)
    revision, frames = draw(opened, film)
    view = view_of(opened, film)
    assert [source.layer for source in view.sources] == list(LAYERS)
    assert [(frame.epoch, frame.step) for frame in view.frames] == [(4, 40)] * 3
    assert (view.snapshot_count, view.layer, film.step) == (3, filming.LAYER, 40)
    assert all(np.isfinite(xy).all() and inside(xy, stored.bounds_of(revision)) for xy in frames)
    # One frame of reference: the layers see the same digits, so that frames lie on each other.
    assert gap(frames[1], frames[0]) < 0.75 * gap(
        frames[1][np.random.default_rng(0).permutation(N)], frames[0]
    )
    assert all(0.5 < frame.trustworthiness <= 1 for frame in view.frames)
    assert filming.ask(opened, method, None, axis="layers").id == film.id
    assert filming.ask(opened, method, None, axis="layers", step=0).id != film.id


def test_chosen_layers_make_a_film_of_their_own_order(opened: Context) -> None:
    deep_run(opened).close()
    film = filming.ask(opened, "pca", None, axis="layers", layers=[filming.LAYER, "stem"])
    draw(opened, film)
    assert [source.layer for source in view_of(opened, film).sources] == [filming.LAYER, "stem"]


def test_a_layer_that_comes_late_finds_its_place(opened: Context) -> None:
    writer = deep_run(opened, [])
    for layer in ("stem", filming.LAYER):
        writer.commit(filming.snapshot(0, N, layer=layer, vectors=vectors(layer, 0)))
    filming.take_in(opened)
    film = filming.ask(opened, "umap", None, axis="layers")
    _, before = draw(opened, film)
    late = replace(filming.snapshot(0, N, layer="block.1", vectors=vectors("block.1", 0)), note=LayerNote())
    writer.commit(late)
    filming.take_in(opened)
    with opened.store.reading() as catalog:
        assert film.id in lifecycle.wanted_films(catalog, [filming.RUN]).films
    _, after = draw(opened, film)
    assert len(after) == 3
    assert [source.layer for source in view_of(opened, film).sources][:2] == ["stem", filming.LAYER]
    assert np.array_equal(after[0], before[0])
    writer.close()


def test_a_film_over_runs_shows_the_last_snapshot_of_each(opened: Context) -> None:
    deep_run(opened, range(2)).close()
    other = deep_run(opened, range(3), OTHER, seed=5)
    film = filming.ask(opened, axis="runs", runs=[filming.RUN, OTHER])
    revision, frames = draw(opened, film)
    view = view_of(opened, film)
    assert [(source.run_id, source.layer) for source in view.sources] == [
        (filming.RUN, filming.LAYER),
        (OTHER, filming.LAYER),
    ]
    assert [frame.epoch for frame in view.frames] == [1, 2]
    assert view.snapshot_count == 2
    assert revision.motion_n == N
    # What a run said of a sample is shown on its own frame, in the codes of one legend.
    with opened.store.reading() as catalog:
        row = catalog.session.get_one(tables.Film, film.id)
        said = {column.name: column for column in film_columns(catalog, row)}
        correct = [column_values(catalog, row, "correct", frame)[1].tolist() for frame in view.frames]
        label = column_values(catalog, row, "label", view.frames[1])[1]
    assert said["correct"].per_frame
    assert not said["label"].per_frame
    assert [at for at, code in enumerate(correct[0]) if code == 0] == [1]  # run and epoch of filming.outputs
    assert [at for at, code in enumerate(correct[1]) if code == 0] == [2]
    assert label[1:4].tolist() == [1, 2, 3]
    # Asked for again, it takes the newest snapshots; until then it stays as it was.
    other.commit(filming.snapshot(3, N, vectors=vectors(filming.LAYER, 3, 5)))
    filming.take_in(opened)
    with opened.store.reading() as catalog:
        assert film.id not in lifecycle.wanted_films(catalog, [filming.RUN, OTHER]).films
    assert filming.ask(opened, axis="runs", runs=[filming.RUN, OTHER]).id == film.id
    _, again = draw(opened, film)
    assert [frame.epoch for frame in view_of(opened, film).frames] == [1, 3]
    assert np.array_equal(again[0], frames[0])
    other.close()


def test_runs_match_their_samples_by_id_whatever_their_order(opened: Context) -> None:
    deep_run(opened, [1]).close()
    writer = JournalWriter(opened.settings.journal, OTHER)
    order = np.random.default_rng(3).permutation(N)[: N - 20]  # and some are missing
    filming.begin(writer, N)
    writer.commit(filming.snapshot(1, N, ids=order, vectors=vectors(filming.LAYER, 1)[order]))
    filming.take_in(opened)
    writer.close()
    film = filming.ask(opened, "pca", axis="runs", runs=[filming.RUN, OTHER])
    _, (one, two) = draw(opened, film)
    gone = np.setdiff1d(np.arange(N), order)
    assert np.isnan(two[gone]).all()
    assert [(frame.n, frame.of) for frame in view_of(opened, film).frames] == [(N, N), (N - 20, N)]
    assert gap(two, one) < 0.3  # the same vectors: only the rows PCA is found from differ


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"labels": (filming.digits(N)[1] + 1) % 10}, "sample 1 of split 'val' has the label 'digit 1' in "),
        ({"ids": np.array([f"k{at}" for at in range(N)], object)}, "has keys for ids, the other numbers"),
        ({"ids": np.arange(N) + 1000}, "has no sample in common"),
        ({"labels": None, "texts": None, "images": None}, "equal indices alone do not prove"),
        ({"labels": None, "texts": [f"number {at + 1}" for at in range(N)]}, "has the text 'number 0' in"),
    ],
)
def test_runs_on_other_data_are_refused_with_what_differs(
    opened: Context, change: dict[str, Any], says: str
) -> None:
    deep_run(opened, [0]).close()
    writer = JournalWriter(opened.settings.journal, OTHER)
    writer.commit(RunOpened("digits", "swift otter"))
    known: dict[str, Any] = {"labels": filming.digits(N)[1], "of": N, "ids": np.arange(N), **change}
    ids = known.pop("ids")

    names = [f"digit {value}" for value in range(10)]
    keyed = ids.dtype == object
    writer.commit(Samples("val", ids, class_names=names, identity="key" if keyed else "index", **known))
    writer.commit(filming.snapshot(0, N, ids=ids))
    filming.take_in(opened)
    writer.close()
    with pytest.raises(ConfigError, match=f"run 'swift otter' cannot be a frame of this film: .*{says}"):
        filming.ask(opened, axis="runs", runs=[filming.RUN, OTHER])
    with opened.store.reading() as catalog:
        run = catalog.session.get_one(tables.Run, filming.RUN)
        layer = catalog.session.exec(select(tables.Layer).where(tables.Layer.name == filming.LAYER)).first()
        split = catalog.session.exec(select(tables.Split).where(tables.Split.run_id == run.id)).one()
        assert layer is not None
        found, of = partners_of(catalog, run, layer, split)
    assert of == 1
    assert says in (found[0].refusal or "")


def test_keys_of_the_users_own_are_taken_at_their_word(opened: Context) -> None:
    keys = np.array([f"img/{at}" for at in range(N)], object)

    for run, shift in ((filming.RUN, 0), (OTHER, 1)):  # relabelled between the runs
        writer = JournalWriter(opened.settings.journal, run)
        writer.commit(RunOpened("digits", run))
        labels = (filming.digits(N)[1] + shift) % 10
        writer.commit(Samples("val", keys, identity="key", labels=labels))
        writer.commit(filming.snapshot(0, N, ids=keys))
        writer.close()
    filming.take_in(opened)
    film = filming.ask(opened, "pca", axis="runs", runs=[filming.RUN, OTHER])
    _, (one, two) = draw(opened, film)
    assert gap(two, one) < 1e-3


def test_films_of_other_axes_are_refined_together_too(opened: Context) -> None:
    deep_run(opened).close()
    film = filming.ask(opened, "umap", None, axis="layers")
    first, _ = draw(opened, film)
    with opened.store.writing() as catalog:
        lifecycle.refine_film(catalog, film.id)
    same, _ = draw(opened, film)
    assert same.id == first.id  # its frames were drawn together already
    with opened.store.reading() as catalog:
        assert not catalog.session.get_one(tables.Film, film.id).refine


def test_a_film_goes_with_any_of_its_runs(opened: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    deep_run(opened, [0]).close()
    deep_run(opened, [0], OTHER).close()
    film = filming.ask(opened, "pca", axis="runs", runs=[filming.RUN, OTHER])
    draw(opened, film)
    write_note(opened, OTHER, Notes("delete"))
    with opened.store.reading() as catalog:
        assert lifecycle.active_film(catalog, film.id) is None
    monkeypatch.setattr(purge, "UNDO", -purge.UNDO)
    purge.purge_deleted(opened.store, opened.settings.journal)
    with opened.store.reading() as catalog:
        assert catalog.session.get(tables.Film, film.id) is None
        assert catalog.session.get(tables.Run, filming.RUN) is not None
    assert not opened.store.files.path(f"films/{film.id}").exists()


def test_a_layer_without_a_finite_vector_is_named(opened: Context) -> None:
    writer = JournalWriter(opened.settings.journal, filming.RUN)
    filming.begin(writer, N)
    writer.commit(filming.snapshot(0, N, vectors=np.full((N, 4), np.nan, np.float32)))
    filming.take_in(opened)
    writer.close()
    film = filming.ask(opened, "pca", None, axis="layers")
    with pytest.raises(JobError, match="no vector of the layers at step 0 in split 'val' is finite"):
        draw_film(opened.store, film.id, Quiet())


def test_a_run_without_snapshots_of_the_split_is_refused(opened: Context) -> None:
    deep_run(opened, [0]).close()
    writer = JournalWriter(opened.settings.journal, OTHER)
    filming.begin(writer, N)
    writer.commit(Snapshot("other", "val", 0, 0, np.arange(N), vectors("stem", 0), of=N))
    filming.take_in(opened)
    writer.close()
    with pytest.raises(ConfigError, match=r"it has no snapshot of layer 'encoder.fc1' in split 'val'"):
        filming.ask(opened, axis="runs", runs=[filming.RUN, OTHER])
