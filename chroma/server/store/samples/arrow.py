"""Arrow IPC streams of what programs read back: ids, samples, vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from sqlmodel import Session

from chroma.records import Array
from chroma.server.store import tables
from chroma.server.store.files import Store
from chroma.server.store.films.points import points_of
from chroma.server.store.samples.load import split_samples, step_outputs
from chroma.server.store.snapshots.vectors import snapshot_vectors


def film_ids(session: Session, store: Store, film: tables.Film) -> bytes:
    """The ids of a film's points, in film order: column `id`, int64 or string."""
    return _stream({"id": _column(point_ids(session, store, film))})


def point_ids(session: Session, store: Store, film: tables.Film) -> Array:
    """The ids of a film's points, in film order: int64, or object of str."""
    points = points_of(session, store, film)
    return points.table.ids[points.positions[: film.n]]


def samples_stream(session: Session, store: Store, split: tables.Split) -> bytes:
    """All that is known of a split's samples but their images.

    Columns: position, id; label and text where there are any; the metadata under their keys; prediction,
    confidence, margin and cross_entropy at the last step that has outputs. Missing values are null. A
    metadata key that is one of these names becomes `metadata:KEY`.
    """
    return _stream(sample_columns(session, store, split, None))


def sample_columns(session: Session, store: Store, split: tables.Split, step: int | None) -> dict[str, Any]:
    """The columns of `samples_stream` as Arrow arrays, with the outputs of a step (the last by default)."""
    table = split_samples(session, store, split)
    columns = {"position": pa.array(np.arange(len(table))), "id": _column(table.ids)}
    if table.labels is not None:
        columns["label"] = _column(table.labels, negative_is_missing=True)
    if table.texts is not None:
        columns["text"] = _column(table.texts)
    outputs = step_outputs(session, store, split, step)
    said: dict[str, Any] = {}
    if outputs is not None:
        said["prediction"] = _column(outputs.prediction, negative_is_missing=True)
        for name in ("confidence", "margin", "cross_entropy"):
            said[name] = _column(getattr(outputs, name))
    for key, values in table.metadata.items():
        columns[f"metadata:{key}" if key in columns or key in said else key] = _column(values)
    return columns | said


def vectors_stream(session: Session, store: Store, snapshot: tables.Snapshot) -> bytes:
    """A snapshot: columns id, part and vector (fixed-size lists, as captured)."""
    found = snapshot_vectors(session, store, snapshot)
    flat = pa.array(np.ascontiguousarray(found.vectors).reshape(-1))
    kind = pa.list_(flat.type, found.vectors.shape[1])
    vectors = pa.Array.from_buffers(kind, len(found.vectors), [None], children=[flat])
    return _stream({"id": _column(found.ids), "part": pa.array(found.part), "vector": vectors})


def _column(values: Array, *, negative_is_missing: bool = False) -> Any:
    if values.dtype == object:
        return pa.array(values.tolist(), pa.string())
    if values.dtype.kind == "f":
        return pa.array(values, mask=np.isnan(values))
    if negative_is_missing and (values < 0).any():
        return pa.array(values, mask=values < 0)
    return pa.array(values)


def _stream(columns: dict[str, Any]) -> bytes:
    batch: Any = pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue().to_pybytes()
