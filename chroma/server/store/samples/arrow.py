"""Arrow IPC streams for programs, and the samples of a split as one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from chroma.records import Array
from chroma.server.store import tables
from chroma.server.store.catalog import Catalog
from chroma.server.store.samples.load import split_samples
from chroma.server.store.samples.outputs import FIGURES, step_outputs


def samples_stream(catalog: Catalog, split: tables.Split) -> bytes:
    """The data of a split's samples, without images, as an Arrow stream.

    Columns: position, id; label and text where there are any; the metadata under their keys; prediction,
    confidence, margin and cross_entropy at the last step that has outputs. Missing values are null. A
    metadata key that is one of these names becomes `metadata:KEY`.
    """
    return arrow_stream(sample_columns(catalog, split, None))


def sample_columns(catalog: Catalog, split: tables.Split, step: int | None) -> dict[str, Any]:
    """The columns of `samples_stream` as Arrow arrays, with the outputs of a step (the last by default)."""
    table = split_samples(catalog, split)
    columns = {"position": pa.array(np.arange(len(table))), "id": arrow_column(table.ids)}
    if table.labels is not None:
        columns["label"] = arrow_column(table.labels, negative_is_missing=True)
    if table.texts is not None:
        columns["text"] = arrow_column(table.texts)
    outputs = step_outputs(catalog, split, step)
    said: dict[str, Any] = {}
    if outputs is not None:
        said["prediction"] = arrow_column(outputs.prediction, negative_is_missing=True)
        for name in FIGURES:
            said[name] = arrow_column(getattr(outputs, name))
    for key, values in table.metadata.items():
        columns[f"metadata:{key}" if key in columns or key in said else key] = arrow_column(values)
    return columns | said


def arrow_column(values: Array, *, negative_is_missing: bool = False) -> Any:
    if values.dtype == object:
        return pa.array(values.tolist(), pa.string())
    if values.dtype.kind == "f":
        return pa.array(values, mask=np.isnan(values))
    if negative_is_missing and (values < 0).any():
        return pa.array(values, mask=values < 0)
    return pa.array(values)


def arrow_stream(columns: dict[str, Any]) -> bytes:
    batch: Any = pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue().to_pybytes()
