"""Points of a film with any of its columns, as files that other programs read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from chroma.errors import ConfigError, NotFoundError
from chroma.records import Array
from chroma.server.store import tables
from chroma.server.store.catalog import Catalog
from chroma.server.store.films.columns import column_values, film_columns
from chroma.server.store.films.frames import read_frame
from chroma.server.store.films.points import points_of
from chroma.server.store.samples.arrow import arrow_column
from chroma.server.store.samples.export import check_once, table_file
from chroma.server.store.samples.table import SampleTable

_AXES = ("x", "y")


def export_points(
    catalog: Catalog,
    film: tables.Film,
    frame: tables.Frame | None,
    *,
    points: Sequence[int] | None,
    columns: Sequence[str] | None,
    format: Literal["csv", "json", "parquet"],
) -> tuple[bytes, int, int]:
    """Write points of a film in a given order, a row for each, to a file body.

    Args:
        catalog: Open for reading.
        film: Whose points.
        frame: Whose values and coordinates; None where nothing is drawn yet: what was said last.
        points: Which of them, by number, in this order; None for all.
        columns: Names of the film's columns, besides `id`, in this order; `x`, `y` are the coordinates,
            `text` the samples' texts. None for all of them, and the metadata that make no column.
        format: As in `table_file`.

    Returns:
        The body, how many rows it has, and how many points the film has.

    Raises:
        NotFoundError: The film has no such column or point.
        ConfigError: One is named twice.
    """
    of = points_of(catalog, film)
    table, n = of.table, film.n
    wanted = np.arange(n) if points is None else np.asarray(points, np.int64).reshape(-1)
    outside = wanted[(wanted < 0) | (wanted >= n)]
    if len(outside):
        raise NotFoundError("point", str(outside[0]), [f"0 to {n - 1}"])
    check_once(wanted, "point")
    if columns is not None and len(set(columns)) < len(columns):
        raise ConfigError("a column is named twice; name each column once")
    rows = of.positions[wanted]
    known = [column.name for column in film_columns(catalog, film)]
    texts = [] if table.texts is None else ["text"]
    axes = [] if frame is None else [*_AXES]
    offered = [*texts, *known, *(name for name in axes if name not in known)]
    if columns is None:
        columns = [*offered, *(name for name in table.metadata if name not in offered)]
    found: dict[str, Any] = {"id": arrow_column(table.ids[rows])}
    for name in columns:
        if name in known:
            column, values = column_values(catalog, film, name, frame)
            found[_free(name, found)] = _written(values[wanted], column.legend)
        elif name in axes and frame is not None:
            found[name] = arrow_column(read_frame(catalog.files, frame)[wanted, _AXES.index(name)])
        else:
            found[_free(name, found)] = arrow_column(_of_samples(table, name, offered)[rows])
    return table_file(pa.table(found), format), len(wanted), n


def _free(name: str, taken: dict[str, Any]) -> str:
    """The name of a column; one that is another's already says whose it is."""
    return f"metadata:{name}" if name in taken else name


def _of_samples(table: SampleTable, name: str, offered: Sequence[str]) -> Array:
    """What is known of the samples themselves but makes no column of a film."""
    if name == "text" and table.texts is not None:
        return table.texts
    if name not in table.metadata:
        raise NotFoundError("column", name, [*offered, *table.metadata])
    return table.metadata[name]


def _written(values: Array, legend: tuple[str, ...] | None) -> Any:
    """A column as it was sent to the page: names in place of codes, null where it is missing."""
    if legend is None:
        return arrow_column(values)
    dictionary: Any = pa.DictionaryArray.from_arrays(
        pa.array(values.astype(np.int32), mask=values >= len(legend)), pa.array(legend, pa.string())
    )
    return dictionary.cast(pa.string())
