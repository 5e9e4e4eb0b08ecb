"""Films of several splits in one space, and films by other parameters of a method."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from chroma.errors import ConfigError, NotFoundError
from chroma.journal import JournalWriter
from chroma.records import Samples
from chroma.server.home.context import Context
from chroma.server.store import tables
from chroma.server.store.films import frames as stored
from chroma.server.store.films.columns import column_values, film_columns
from chroma.server.store.films.film_request import FilmRequest
from chroma.server.store.films.lookups import frame_at
from chroma.server.store.films.points import film_ids
from chroma.server.store.films.requests import request_film
from chroma.server.store.films.sources import is_refinable, is_up_to_date
from chroma.server.store.films.views import film_views
from tests.server import filming

N, TRAIN = 120, 90


def run_of_two_splits(context: Context) -> JournalWriter:
    """Epochs 0 to 2 of `val`, 1 to 3 of `train`, whose ids and classes overlap."""
    writer = filming.whole_run(context, 3, N)
    labels = filming.digits(TRAIN)[1]
    writer.commit(Samples("train", np.arange(TRAIN), labels=labels, of=TRAIN, class_names=names()))
    for epoch in (1, 2, 3):
        train(writer, epoch)
    filming.take_in(context)
    return writer


def train(writer: JournalWriter, epoch: int) -> None:
    vectors = filming.vectors_at(epoch, N + TRAIN)[N:] + np.float16(0.25)
    writer.commit(replace(filming.snapshot(epoch, TRAIN), split="train", vectors=vectors))


def names() -> Sequence[str]:
    return [f"digit {value}" for value in range(10)]


def ask(context: Context, split: str = "train+val", method: str = "umap", **more: Any) -> tables.Film:
    with context.store.writing() as catalog:
        return request_film(catalog, FilmRequest(filming.RUN, split, filming.LAYER, method, **more))


def column(context: Context, film: tables.Film, name: str, index: int | None = None) -> Any:
    with context.store.reading() as catalog:
        row = catalog.session.get_one(tables.Film, film.id)
        about, values = column_values(catalog, row, name, frame_at(catalog, row, index))
    if about.legend is None:
        return values
    return np.array([*about.legend, "missing"])[np.minimum(values, len(about.legend))]


def xy(context: Context, film: tables.Film) -> list[Any]:
    return [stored.read_frame(context.store.files, frame) for frame in filming.on_screen(context, film)[1]]


@pytest.fixture
def both(opened: Context) -> tables.Film:
    run_of_two_splits(opened).close()
    film = ask(opened)
    filming.draw(opened, film)
    return film


def test_train_and_val_are_placed_together_at_the_epochs_that_both_have(
    opened: Context, both: tables.Film
) -> None:
    assert ask(opened, "val + train").id == ask(opened, "all").id == both.id
    revision, frames = filming.on_screen(opened, both)
    assert revision is not None
    assert [(frame.step, frame.n, frame.of) for frame in frames] == [(10, 210, 210), (20, 210, 210)]
    assert all((frame.trustworthiness or 0) > 0.6 for frame in frames)
    with opened.store.reading() as catalog:
        view = film_views(catalog, [both.id])[both.id]
        row = catalog.session.get_one(tables.Film, both.id)
        ids = pa.ipc.open_stream(io.BytesIO(film_ids(catalog, row))).read_all()
        assert not is_refinable(catalog, row, revision, frames)
        catalog.session.get_one(tables.Job, view.job.id if view.job else "").status = "ready"
        assert is_up_to_date(catalog, row)
    assert (view.split, view.followed, view.of, view.snapshot_count) == ("train+val", 210, 210, 2)
    assert view.together == "2 of 4 epochs have both"
    assert ids["id"].to_pylist()[:2] + ids["id"].to_pylist()[-1:] == ["train:0", "train:1", "val:119"]
    assert ids["split"].to_pylist() == ["train"] * TRAIN + ["val"] * N


def test_columns_say_of_each_point_what_its_own_split_knows(opened: Context, both: tables.Film) -> None:
    split, position, label = (column(opened, both, name) for name in ("split", "position", "label"))
    assert split.tolist() == ["train"] * TRAIN + ["val"] * N
    assert position.tolist() == [*range(TRAIN), *range(N)]
    assert label[:TRAIN].tolist() == [f"digit {value}" for value in filming.digits(TRAIN)[1]]
    assert label[TRAIN] == "missing"  # the first of val has no label
    assert label[TRAIN + 1 :].tolist() == [f"digit {value}" for value in filming.digits(N)[1][1:]]
    # Only val has outputs and metadata.
    assert set(column(opened, both, "prediction", 1)[:TRAIN].tolist()) == {"missing"}
    brightness = column(opened, both, "brightness")
    assert np.isnan(brightness[:TRAIN]).all()
    np.testing.assert_allclose(brightness[TRAIN:], filming.digits(N)[0].mean(axis=1), rtol=1e-6)
    with opened.store.reading() as catalog:
        row = catalog.session.get_one(tables.Film, both.id)
        listed = {each.name for each in film_columns(catalog, row)}
    assert {"agreement", "kept", "in_picture", "movement", "nearest_train"} <= listed


@pytest.mark.parametrize("index", [0, 1])
def test_the_nearest_training_sample_and_the_neighbours_in_the_picture(
    opened: Context, both: tables.Film, index: int
) -> None:
    epoch = index + 1
    rows = np.vstack([filming.vectors_at(epoch, N + TRAIN)[N:] + np.float16(0.25), filming.vectors_at(epoch)])
    gaps = np.linalg.norm(rows[:, None].astype(np.float64) - rows[None], axis=2)
    np.fill_diagonal(gaps, np.inf)
    nearest = column(opened, both, "nearest_train", index)
    np.testing.assert_allclose(nearest, gaps[:, :TRAIN].min(axis=1), rtol=1e-4)
    np.testing.assert_array_equal(nearest, column(opened, both, "nearest_train", index))  # from its file
    drawn = xy(opened, both)[index].astype(np.float64)
    flat = np.linalg.norm(drawn[:, None] - drawn[None], axis=2)
    np.fill_diagonal(flat, np.inf)
    full, near = np.argsort(gaps, axis=1)[:, :15], np.argsort(flat, axis=1)[:, :15]
    kept = [len(set(one) & set(other)) / 15 for one, other in zip(full.tolist(), near.tolist(), strict=True)]
    found = column(opened, both, "in_picture", index)
    assert np.abs(found - kept).max() < 0.14  # ties in half precision
    assert np.abs(found - kept).mean() < 0.01


def test_a_joint_film_grows_when_both_splits_have_come(opened: Context) -> None:
    writer = run_of_two_splits(opened)
    film = ask(opened, method="pca")
    filming.draw(opened, film)
    before = xy(opened, film)
    filming.train(writer, [3], N)
    filming.take_in(opened)
    assert ask(opened, method="pca").id == film.id
    filming.draw(opened, film)
    after = xy(opened, film)
    assert (len(before), len(after)) == (2, 3)
    np.testing.assert_array_equal(before, after[:2])
    writer.close()


def test_what_cannot_be_placed_together_is_refused(opened: Context) -> None:
    run_of_two_splits(opened).close()
    with pytest.raises(NotFoundError, match="no split named 'test'"):
        ask(opened, "train+test")
    with pytest.raises(ConfigError, match="name one twice"):
        ask(opened, "val+val")
    with pytest.raises(ConfigError, match="runs over epochs"):
        ask(opened, axis="layers")
    with pytest.raises(ConfigError, match="samples cannot be picked"):
        ask(opened, sample_ids=["1"])
    with pytest.raises(NotFoundError, match="step"):
        ask(opened, steps=[0])


def test_each_choice_of_parameters_is_a_film_of_its_own(opened: Context) -> None:
    filming.whole_run(opened, 2).close()
    plain = filming.ask(opened)
    assert filming.ask(opened, params={"n_neighbors": 15, "min_dist": 0.1}).id == plain.id
    few, apart = {"n_neighbors": 5}, {"min_dist": 0.5}
    films = [plain, *(filming.ask(opened, params=params) for params in (few, apart))]
    assert len({film.id for film in films}) == 3
    for film in films:
        filming.draw(opened, film)
    drawn = [xy(opened, film)[-1] for film in films]
    spread = [np.median(np.sort(np.linalg.norm(a[:, None] - a[None], axis=2), axis=1)[:, 1]) for a in drawn]
    assert spread[2] > spread[0]
    assert not np.allclose(drawn[0], drawn[1])
    with opened.store.reading() as catalog:
        for film in films:
            revision, frames = filming.on_screen(opened, film)
            assert not is_refinable(catalog, film, revision, frames)


def test_pca_on_other_components_says_what_they_explain(opened: Context) -> None:
    filming.whole_run(opened, 2).close()
    plain, other = filming.ask(opened, "pca"), filming.ask(opened, "pca", params={"first": 3, "second": 2})
    for film in (plain, other):
        filming.draw(opened, film)
    np.testing.assert_allclose(xy(opened, plain)[-1][:, 1], xy(opened, other)[-1][:, 1], atol=1e-3)
    shares = [filming.on_screen(opened, film)[1][-1].explained or [] for film in (plain, other)]
    vectors = filming.vectors_at(1).astype(np.float64)
    values = np.linalg.svd(vectors - vectors.mean(axis=0), compute_uv=False) ** 2
    np.testing.assert_allclose([shares[0], shares[1]], (values / values.sum())[[[0, 1], [2, 1]]], rtol=1e-3)


@pytest.mark.parametrize(
    ("method", "params", "said"),
    [
        ("umap", {"perplexity": 5}, "takes n_neighbors, min_dist"),
        ("umap", {"n_neighbors": 1}, "a whole number from 2 to 200"),
        ("umap", {"n_neighbors": 2.5}, "a whole number"),
        ("umap", {"min_dist": float("nan")}, "a number from 0 to 0.99"),
        ("tsne", {"perplexity": 1e9}, "from 2 to 100"),
        ("pca", {"first": 2}, "both component 2"),
        ("pca", {"second": 65}, "from 1 to 50"),
        ("umap", {"n_neighbors": 150}, "120 samples"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(
    opened: Context, method: str, params: dict[str, Any], said: str
) -> None:
    filming.whole_run(opened, 1).close()
    with pytest.raises(ConfigError, match=said):
        filming.ask(opened, method, params=params)
