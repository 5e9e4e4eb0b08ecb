"""Columns that follow from graphs and layouts, columns users logged, and one sample through time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chroma.journal import JournalWriter
from chroma.records import Columns, RunOpened, Samples
from chroma.server.home.context import Context
from chroma.server.jobs.film import draw_film
from chroma.server.store import lookups, tables
from chroma.server.store.films.agreement import forget_agreement, work_out_agreement
from chroma.server.store.films.columns import MISSING, column_values, film_columns
from chroma.server.store.films.lookups import frame_at
from chroma.server.store.samples.column_names import GROUPS
from chroma.server.store.samples.user_columns import Column
from chroma.server.store.snapshots.history import sample_history, top_classes
from chroma.server.store.snapshots.neighbors import nearest
from chroma.server.store.snapshots.vectors import snapshot_vectors
from tests.server import filming
from tests.server.filming import Turns


def drawn(context: Context, method: str = "umap") -> tables.Film:
    film = filming.ask(context, method)
    draw_film(context.store, film.id, Turns(context, film))
    return film


def listed(context: Context, film: tables.Film) -> dict[str, Column]:
    with context.store.reading() as catalog:
        found = film_columns(catalog, catalog.session.get_one(tables.Film, film.id))
        return {column.name: column for column in found}


def values_of(context: Context, film: tables.Film, name: str, index: int | None = None) -> Any:
    with context.store.reading() as catalog:
        row = catalog.session.get_one(tables.Film, film.id)
        return column_values(catalog, row, name, frame_at(catalog, row, index))[1]


def test_neighbours_movement_and_clusters_are_columns(opened: Context) -> None:
    filming.finish(opened, filming.whole_run(opened, 3))
    film = drawn(opened)
    known = listed(opened, film)
    assert [known[name].per_frame for name in ("agreement", "kept", "movement", "cluster")] == [1, 1, 1, 0]
    assert [known[name].drawn for name in ("agreement", "kept", "movement", "cluster")] == [0, 0, 1, 1]
    assert (known["kept"].title, known["kept"].group) == ("Neighbours kept", "Neighbours and layout")
    assert [column.group for column in known.values()] == sorted(
        [column.group for column in known.values()], key=GROUPS.index
    )
    labels = filming.digits(120)[1]
    with opened.store.reading() as catalog:
        split = lookups.split_by(catalog, filming.RUN, "val")
        layer = lookups.layer_by(catalog, filming.RUN, filming.LAYER)
        near = [
            {n.position for n in nearest(catalog, snapshot, 7, 15)}
            for step in (10, 20)
            for snapshot in [lookups.snapshot_at(catalog, layer, split, step)]
        ]
    # sample 0 has no label, so it is no neighbour that counts
    counted = sorted(near[1] - {0})
    agreement = values_of(opened, film, "agreement", 2)
    assert agreement[7] == pytest.approx((labels[counted] == labels[7]).mean())
    assert np.isnan(agreement[0])
    assert values_of(opened, film, "kept", 2)[7] == pytest.approx(len(near[0] & near[1]) / 15)
    assert np.isnan(values_of(opened, film, "kept", 0)).all()
    _, frames = filming.on_screen(opened, film)
    assert all(frame.knn_agreement is not None for frame in frames)  # the job has left it there
    with opened.store.writing() as catalog:
        forget_agreement(catalog, film.split_id)
    _, forgotten = filming.on_screen(opened, film)
    assert [frame.knn_agreement for frame in forgotten] == [None] * 3
    mean = work_out_agreement(opened.store, film.id, forgotten)
    assert mean == work_out_agreement(opened.store, film.id, frames)
    assert mean[2] == pytest.approx(np.nanmean(agreement))
    assert mean[0] == pytest.approx(np.nanmean(values_of(opened, film, "agreement", 0)))
    from chroma.server.store.films.frames import read_frame

    before, after = (read_frame(opened.store.files, frames[at]).astype(np.float64) for at in (1, 2))
    radius = np.sqrt(((before - before.mean(axis=0)) ** 2).sum(axis=1).mean())
    moved = np.linalg.norm(after - before, axis=1) / radius
    np.testing.assert_allclose(values_of(opened, film, "movement", 2), moved, rtol=1e-4)
    clusters = values_of(opened, film, "cluster")
    legend = known["cluster"].legend
    assert legend is not None
    assert legend[0] == "cluster 1"
    assert set(clusters.tolist()) - {MISSING} == set(range(len(legend)))
    assert known["split"].legend == ("val",)


def test_several_labels_are_a_column_each(opened: Context) -> None:
    writer = JournalWriter(opened.settings.journal, filming.RUN)
    writer.commit(RunOpened("digits", "swift otter", task="multilabel"))
    labels = np.array(["even, large", "even", "", None] * 30, dtype=object)
    writer.commit(Samples("val", np.arange(120), labels=labels))
    writer.commit(filming.snapshot(0))
    filming.finish(opened, writer)
    film = drawn(opened, "pca")
    known = listed(opened, film)
    assert {name for name in known if name.startswith("label")} == {"label", "label:even", "label:large"}
    assert known["label:even"].legend == ("no", "yes")
    assert values_of(opened, film, "label:even")[:4].tolist() == [1, 1, 0, MISSING]
    assert values_of(opened, film, "label:large")[:4].tolist() == [1, 0, 0, MISSING]


def test_logged_columns_hold_until_the_next(opened: Context) -> None:
    writer = JournalWriter(opened.settings.journal, filming.RUN)
    filming.begin(writer)
    filming.train(writer, range(3))
    few = np.array([4, 2])
    writer.commit(Columns("val", 0, 0, few, {"iou": np.array([0.5, 0.25]), "kind": texts("day", "night")}))
    writer.commit(Columns("val", 2, 20, few, {"iou": np.array([0.75, 1.0])}))
    filming.finish(opened, writer)
    film = drawn(opened, "pca")
    known = listed(opened, film)
    assert known["iou"].per_frame
    assert known["kind"].legend == ("day", "night")
    assert not known["kind"].per_frame
    assert values_of(opened, film, "iou", 1)[[4, 2]].tolist() == [0.5, 0.25]
    assert values_of(opened, film, "iou", 2)[[4, 2]].tolist() == [0.75, 1.0]
    assert np.isnan(values_of(opened, film, "iou", 2)[0])
    assert values_of(opened, film, "kind", 2)[[4, 2, 0]].tolist() == [0, 1, MISSING]


def texts(*values: str) -> Any:
    found = np.empty(len(values), object)
    found[:] = values
    return found


def test_a_sample_has_a_sample_history(opened: Context) -> None:
    filming.finish(opened, filming.whole_run(opened, 3))
    film = drawn(opened)
    with opened.store.reading() as catalog:
        split = lookups.split_by(catalog, filming.RUN, "val")
        layer = lookups.layer_by(catalog, filming.RUN, filming.LAYER)
        moments = sample_history(catalog, split, layer, 2)
        assert len(snapshot_vectors(catalog, lookups.snapshot_at(catalog, layer, split, 0)).ids)
        # scores were not kept in this run
        assert top_classes(catalog, split, 2, step=None, most=3) == []
    label = filming.digits(120)[1][2]
    assert [moment.epoch for moment in moments] == [0, 1, 2]
    # the third sample is taken for another digit at epoch 2
    assert [m.prediction for m in moments] == [f"digit {label}"] * 2 + [f"digit {(label + 1) % 10}"]
    assert moments[1].confidence == pytest.approx(2 / 119 + 1)
    assert moments[0].kept is None
    for at, moment in enumerate(moments):
        assert moment.agreement == pytest.approx(values_of(opened, film, "agreement", at)[2])
        if at:
            assert moment.kept == pytest.approx(values_of(opened, film, "kept", at)[2])


def test_the_likeliest_classes_of_a_sample(opened: Context) -> None:
    from chroma.run.outputs import outputs_of

    writer = JournalWriter(opened.settings.journal, filming.RUN)
    filming.begin(writer)
    writer.commit(filming.snapshot(0))
    scores = np.zeros((120, 10), np.float32)
    scores[5, [3, 8]] = np.log([6, 3])
    writer.commit(outputs_of(scores, None, split="val", epoch=0, step=0, ids=np.arange(120)))
    filming.finish(opened, writer)
    with opened.store.reading() as catalog:
        split = lookups.split_by(catalog, filming.RUN, "val")
        found = top_classes(catalog, split, 5, step=0, most=3)
    assert [name for name, _ in found] == ["digit 3", "digit 8", "digit 0"]
    assert [p for _, p in found] == pytest.approx([6 / 17, 3 / 17, 1 / 17])
