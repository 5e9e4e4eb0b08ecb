"""Columns of a film: those of its split at its points, over runs what each run said, and its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from chroma.errors import NotFoundError
from chroma.records import Array
from chroma.server.store import tables
from chroma.server.store.catalog import Catalog
from chroma.server.store.films.derived_columns import derived_columns
from chroma.server.store.films.joint_columns import joint_columns
from chroma.server.store.films.points import Points, points_of
from chroma.server.store.findings.columns import finding_columns
from chroma.server.store.samples.column_names import GROUPS
from chroma.server.store.samples.columns import split_columns
from chroma.server.store.samples.load import split_samples
from chroma.server.store.samples.user_columns import Column, Known

MISSING = 65_535  # code of a missing category


def film_columns(catalog: Catalog, film: tables.Film) -> list[Column]:
    """The columns a film can be coloured by, as they are listed."""
    points = points_of(catalog, film)
    derived = derived_columns(catalog, film, points)
    known = _known_columns(catalog, film, points).values()
    found = [*(_in_film(film, entry) for entry in known), *(entry.column for entry in derived)]
    return sorted(found, key=lambda column: GROUPS.index(column.group))


def column_values(
    catalog: Catalog, film: tables.Film, name: str, frame: tables.Frame | None
) -> tuple[Column, Array]:
    """A column in film order.

    Args:
        catalog: Open for reading.
        film: Whose points.
        name: Of the column.
        frame: For columns that differ from frame to frame; None for what was said last.

    Returns:
        The column, and uint16 codes (65535 missing) where it has a legend, else float32 (NaN missing).

    Raises:
        NotFoundError: No such column.
    """
    split = catalog.session.get_one(tables.Split, film.split_id)
    points = points_of(catalog, film)
    derived = {entry.column.name: entry for entry in derived_columns(catalog, film, points)}
    if name in derived:
        return _as_sent(derived[name].column, derived[name].values(frame)[: film.n])
    known = _known_columns(catalog, film, points)
    if name not in known:
        raise NotFoundError("column", name, [*known, *derived])
    step = frame.step if frame else None
    theirs = catalog.session.get_one(tables.Snapshot, frame.snapshot_id).split_id if frame else split.id
    if known[name].said and theirs != split.id and not points.parts:
        other = catalog.session.get_one(tables.Split, theirs)
        values = _of_another_run(catalog, other, known[name].column, points, step)
    else:
        values = known[name].values(step)[points.positions]
    return _as_sent(_in_film(film, known[name]), values[: film.n])


def _known_columns(catalog: Catalog, film: tables.Film, points: Points) -> Mapping[str, Known]:
    if points.parts:
        return joint_columns(catalog, points, _split_columns)
    return _split_columns(catalog, catalog.session.get_one(tables.Split, film.split_id))


def _split_columns(catalog: Catalog, split: tables.Split) -> dict[str, Known]:
    """Those of a split, and those that its run's report has."""
    found = {entry.column.name: entry for entry in finding_columns(catalog, split)}
    return split_columns(catalog, split) | found


def _as_sent(column: Column, values: Array) -> tuple[Column, Array]:
    if column.legend is None:
        return column, values.astype("<f4")
    return column, np.where(values < 0, MISSING, values).astype("<u2")


def _in_film(film: tables.Film, known: Known) -> Column:
    """A column as the film's frames show it: over layers all are of one step, over runs each says its own."""
    if film.axis == "epochs":
        return known.column
    return replace(known.column, per_frame=film.axis == "runs" and known.said)


def _of_another_run(
    catalog: Catalog, split: tables.Split, column: Column, points: Points, step: int | None
) -> Array:
    """What another run said of a film's points, in the codes of the film's own legend."""
    missing: Any = np.nan if column.legend is None else -1
    values = np.full(len(points), missing, np.float64 if column.legend is None else np.int64)
    known = split_columns(catalog, split).get(column.name)
    if known is None or (known.column.legend is None) != (column.legend is None):
        return values
    places = split_samples(catalog, split).positions(points.table.ids[points.positions])
    here = np.flatnonzero(places >= 0)
    said = known.values(step)[places[here]]
    if column.legend is not None:
        codes = {text: code for code, text in enumerate(column.legend)}
        translated = np.array([codes.get(text, -1) for text in known.column.legend or ()] + [-1], np.int64)
        said = translated[said]  # -1, missing, is the last one
    values[here] = said
    return values
