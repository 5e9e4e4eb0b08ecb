"""Coordinates that users worked out themselves: shown as given, beside computed films or alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chroma.errors import ConfigError, NotFoundError
from chroma.journal import JournalWriter
from chroma.records import Projection
from chroma.server.home.context import Context
from chroma.server.store import tables
from chroma.server.store.films import lifecycle
from chroma.server.store.films.logged_coordinates import LOGGED
from chroma.server.store.films.views import film_views
from tests.server import filming
from tests.server.axes import draw

N = 120


def turned(epoch: int, n: int = N) -> Any:
    """Coordinates that no method would give: samples on a spiral, turned further at each epoch."""
    at = np.linspace(0, 6, n) + epoch
    return np.stack([at * np.cos(at), 100 + at * np.sin(at)], 1).astype(np.float32)


def coordinates(epoch: int, n: int = N, layer: str = filming.LAYER) -> Projection:
    return Projection(layer, "val", epoch, epoch * 10, np.arange(n), turned(epoch, n))


def logged(context: Context, **more: Any) -> tables.Film:
    return filming.ask(context, LOGGED, **more)


def take(context: Context, writer: JournalWriter, *records: Any) -> None:
    for record in records:
        writer.commit(record)
    filming.take_in(context)


@pytest.fixture
def writer(opened: Context) -> JournalWriter:
    begun = JournalWriter(opened.settings.journal, filming.RUN)
    filming.begin(begun)
    return begun


def test_they_are_shown_as_they_were_given_and_rated_by_the_vectors(
    opened: Context, writer: JournalWriter
) -> None:
    take(opened, writer, *(filming.snapshot(epoch) for epoch in range(3)), coordinates(0), coordinates(2, 90))
    revision, frames = draw(opened, logged(opened))
    assert revision.method == LOGGED
    assert [frame.shape for frame in frames] == [(N, 2), (N, 2)]
    np.testing.assert_array_equal(frames[0], turned(0))
    np.testing.assert_array_equal(frames[1][:90], turned(2, 90))
    assert np.isnan(frames[1][90:]).all(), "samples without coordinates are missing, not somewhere"
    _, rows = filming.on_screen(opened, logged(opened))
    assert [row.epoch for row in rows] == [0, 2]
    assert [row.n for row in rows] == [N, 90]
    assert all(0 < (row.trustworthiness or 0) < 0.9 for row in rows), "a spiral keeps few neighbourhoods"
    with opened.store.reading() as catalog:
        view = film_views(catalog, [logged(opened).id])[logged(opened).id]
    assert view.snapshot_count == 2


def test_new_coordinates_lengthen_the_film_and_move_nothing(opened: Context, writer: JournalWriter) -> None:
    take(opened, writer, filming.snapshot(0), coordinates(0))
    film = logged(opened)
    draw(opened, film)
    with opened.store.reading() as catalog:
        before = lifecycle.published(catalog)
    take(opened, writer, coordinates(1))
    with opened.store.reading() as catalog:
        assert lifecycle.published(catalog) != before, "the watcher has to notice them"
        assert film.id in lifecycle.wanted_films(catalog, [filming.RUN]).films
    _, frames = draw(opened, film)
    np.testing.assert_array_equal(frames[0], turned(0))
    np.testing.assert_array_equal(frames[1], turned(1))


def test_a_run_of_coordinates_alone_is_a_film_by_itself(opened: Context, writer: JournalWriter) -> None:
    take(opened, writer, coordinates(0), coordinates(1))
    with opened.store.reading() as catalog:
        (wanted,) = lifecycle.wanted_films(catalog, [filming.RUN]).requests
    assert (wanted.method, wanted.layer, wanted.split) == (LOGGED, filming.LAYER, "val")
    film = logged(opened)
    _, frames = draw(opened, film)
    np.testing.assert_array_equal(frames[1], turned(1))
    _, rows = filming.on_screen(opened, film)
    assert [row.trustworthiness for row in rows] == [None, None], "there is nothing they could be true to"
    assert all(row.neighborhood_hit is not None for row in rows)
    # vectors that come later say how far the same coordinates can be trusted
    take(opened, writer, filming.snapshot(0), filming.snapshot(1))
    _, again = draw(opened, film)
    np.testing.assert_array_equal(again[1], turned(1))
    _, rows = filming.on_screen(opened, film)
    assert all(row.trustworthiness is not None for row in rows)


def test_what_there_is_not_is_refused(opened: Context, writer: JournalWriter) -> None:
    take(opened, writer, filming.snapshot(0))
    with pytest.raises(NotFoundError, match=r"no logged coordinates named 'encoder\.fc1 of val'"):
        logged(opened)
    take(opened, writer, coordinates(0))
    with pytest.raises(NotFoundError, match="no coordinates at step named '5'; there is 0"):
        logged(opened, steps=[5])
    with pytest.raises(ConfigError, match="logged coordinates runs over epochs, not over layers"):
        logged(opened, axis="layers")
