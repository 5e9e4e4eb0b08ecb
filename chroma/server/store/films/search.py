"""Searches the samples of a film, with what is known of them at a frame."""

from __future__ import annotations

from functools import lru_cache, partial

import numpy as np

from chroma.server.store import tables
from chroma.server.store.catalog import Catalog
from chroma.server.store.films.columns import column_values, film_columns
from chroma.server.store.films.points import points_of
from chroma.server.store.samples.search import Found, Searched, search
from chroma.server.store.snapshots.neighbors import nearest

LIKE = 50  # nearest samples that `like:` finds


def search_film(
    catalog: Catalog, film: tables.Film, frame: tables.Frame | None, query: str, limit: int = 0
) -> Found:
    """The points of a film that a search finds, in film order.

    Here, not in the browser: it has neither ids nor texts, and of the columns only those on the screen.

    Args:
        catalog: Open for reading.
        film: Whose points.
        frame: For columns that differ from frame to frame; None for what was said last.
        query: As `samples.query` describes.
        limit: Of hits.

    Raises:
        ConfigError: The search cannot be read, or names what does not exist.
    """
    points = points_of(catalog, film)
    snapshot = catalog.session.get(tables.Snapshot, frame.snapshot_id) if frame else None
    theirs = (
        snapshot is not None
        and snapshot.split_id == film.split_id
        and film.method != "logged"
        and not points.parts
    )

    def near(position: int) -> list[int]:
        assert snapshot
        return [position, *(found.position for found in nearest(catalog, snapshot, position, LIKE))]

    searched = Searched(
        points.table,
        points.positions[: film.n],
        {column.name: column for column in film_columns(catalog, film)},
        lru_cache(maxsize=None)(partial(_values, catalog, film, frame)),
        partial(points.sample, catalog.session.get_one(tables.Split, film.split_id).name),
        near if theirs else None,
    )
    return search(searched, query, limit)


def _values(
    catalog: Catalog, film: tables.Film, frame: tables.Frame | None, name: str
) -> np.ndarray[tuple[int], np.dtype[np.generic]]:
    return column_values(catalog, film, name, frame)[1]
