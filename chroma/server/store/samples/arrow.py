"""Arrow IPC streams for programs, and the samples of a split as one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from chroma.records import Array
from chroma.server.store import tables
from chroma.server.store.catalog import Catalog
from chroma.server.store.samples.fit_outputs import FitOutputs
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


def training_stream(found: FitOutputs | None) -> bytes:
    """Training outputs as an Arrow stream: a row for each sample that an epoch has, epoch by epoch.

    Columns: epoch, step, id, label, prediction, p_label, other, p_other; null where the label is not known.
    """
    if found is None:
        nothing = np.empty((0, 0), np.int32), np.empty((0, 0), np.float32)
        no_ids = np.empty(0, np.int64)
        found = FitOutputs(no_ids, no_ids, no_ids, nothing[0], nothing[1], nothing[0], nothing[1], 0)
    epoch, sample = np.nonzero(found.other >= 0)
    return arrow_stream(
        {
            "epoch": pa.array(found.epochs[epoch]),
            "step": pa.array(found.steps[epoch]),
            "id": arrow_column(found.ids[sample]),
            "label": arrow_column(found.labels[epoch, sample], negative_is_missing=True),
            "prediction": pa.array(found.prediction[epoch, sample]),
            "p_label": arrow_column(found.p_label[epoch, sample]),
            "other": pa.array(found.other[epoch, sample]),
            "p_other": arrow_column(found.p_other[epoch, sample]),
        }
    )


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
