"""Chosen samples of a split, as files that other programs read."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from sqlmodel import col, select

from chroma.errors import ConfigError
from chroma.server.store import tables
from chroma.server.store.catalog import Catalog
from chroma.server.store.samples.arrow import sample_columns
from chroma.server.store.samples.classes import label_texts, prediction_texts
from chroma.server.store.samples.load import split_samples
from chroma.server.store.samples.outputs import step_outputs

_AT_ONCE = 10_000  # rows
_FORMULA = "^[=+\\-@\t\r]"

Format = Literal["csv", "json", "parquet", "ids"]


def export_samples(
    catalog: Catalog,
    split: tables.Split,
    *,
    positions: Sequence[int] | None,
    step: int | None,
    format: Format,
) -> bytes:
    """Write the data of samples, without images and vectors, to a file body.

    Args:
        catalog: Open for reading.
        split: Whose samples.
        positions: Which of them, in this order; None for all.
        step: Whose outputs; None for the last ones.
        format: csv (texts that begin like a formula get a quote in front), parquet, json (a list of objects
            without what is missing), or ids (a JSON list of texts).

    Raises:
        NotFoundError: A position is not in the split.
        ConfigError: One is named twice.
    """
    table = split_samples(catalog, split)
    wanted = np.arange(len(table)) if positions is None else np.asarray(positions, np.int64).reshape(-1)
    table.check_positions(wanted)
    check_once(wanted, "position")
    columns = _named_columns(catalog, split, step)
    chosen: Any = pa.table(columns).take(pa.array(wanted))
    return table_file(chosen, format)


def table_file(table: Any, format: Format) -> bytes:
    """An Arrow table as a file body, in the formats of `export_samples`."""
    if format == "ids":
        return json.dumps([str(id_) for id_ in table["id"].to_pylist()]).encode()
    if format == "json":
        return _json(table)
    sink = pa.BufferOutputStream()
    if format == "csv":
        pa_csv.write_csv(_without_formulas(table), sink)
    else:
        pq.write_table(table, sink)
    return sink.getvalue().to_pybytes()


def _json(table: Any) -> bytes:
    """A list of objects, one batch of rows after the other: all at once would take 20 times the memory."""
    body = bytearray(b"[")
    for batch in table.to_batches(max_chunksize=_AT_ONCE):
        for row in batch.to_pylist():
            said = {key: _finite(value) for key, value in row.items() if value is not None}
            body += b"\n " if len(body) == 1 else b",\n "
            body += json.dumps(said, ensure_ascii=False).encode()
    return bytes(body + b"\n]")


def _finite(value: Any) -> Any:
    """The value; JSON has no infinities, which stand as text."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def check_once(rows: npt.NDArray[np.int64], what: str) -> None:
    """Check that each row is asked for once: a file then has no more rows than there are.

    Raises:
        ConfigError: One is asked for again.
    """
    if len(np.unique(rows)) < len(rows):
        raise ConfigError(f"a {what} is named twice; name each {what} once")


def _without_formulas(table: Any) -> Any:
    """The table with a quote before each text that a spreadsheet would compute (OWASP, CSV injection)."""
    functions: Any = pc
    columns = [
        functions.if_else(
            functions.match_substring_regex(column, _FORMULA),
            functions.binary_join_element_wise("'", column, ""),
            column,
        )
        if pa.types.is_string(column.type)
        else column
        for column in table.columns
    ]
    names = [f"'{name}" if re.match(_FORMULA, name) else name for name in table.column_names]
    return pa.table(columns, names=names)


def _named_columns(catalog: Catalog, split: tables.Split, step: int | None) -> dict[str, Any]:
    """The columns of `samples_stream`, classes by their names, with the step and the tags."""
    columns = sample_columns(catalog, split, step)
    outputs = step_outputs(catalog, split, step)
    if "label" in columns and not pa.types.is_floating(columns["label"].type):
        columns["label"] = pa.array(label_texts(split_samples(catalog, split)), pa.string())
    if outputs is not None:
        said = prediction_texts(catalog, split, outputs.prediction)
        columns["prediction"] = pa.array(said, pa.string())
        columns["step"] = pa.array(np.full(len(said), outputs.step))
    columns["tags"] = _tags(catalog, split, columns["id"])
    return columns


def _tags(catalog: Catalog, split: tables.Split, ids: Any) -> Any:
    """The tags of each sample, separated by semicolons."""
    query = (
        select(tables.TaggedSample.sample_id, tables.Tag.name)
        .join(tables.Tag, col(tables.Tag.id) == tables.TaggedSample.tag_id)
        .where(tables.Tag.run_id == split.run_id, tables.Tag.split == split.name)
        .order_by(col(tables.Tag.name))
    )
    carried: dict[str, list[str]] = {}
    for sample_id, name in catalog.session.exec(query).all():
        carried.setdefault(sample_id, []).append(name)
    keys = pc.cast(ids, pa.string()).to_pylist()
    return pa.array([";".join(carried[key]) if key in carried else None for key in keys], pa.string())
