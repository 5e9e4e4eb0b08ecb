"""The vectors of a snapshot, merged from its segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sqlmodel import col, select

from chroma.records import Array, Ids
from chroma.server.store import tables
from chroma.server.store.catalog import Catalog
from chroma.server.store.samples.arrow import arrow_column, arrow_stream
from chroma.server.store.samples.load import split_samples


@dataclass(frozen=True, slots=True)
class Vectors:
    """The vectors of one snapshot in probe order, each sample (and part) once.

    Attributes:
        ids: `[n]` int64 or object of str.
        vectors: `[n, d]` float16 or float32, as captured.
        part: `[n]` int32: boxes, tokens or views of one sample; 0 where there are none.
    """

    ids: Ids
    vectors: Array
    part: npt.NDArray[np.int32]


def snapshot_segments(
    catalog: Catalog, run_id: str, layer: str, split: str, step: int
) -> Sequence[tables.Segment]:
    """The segments of all attempts at a snapshot, in the order they came."""
    return catalog.session.exec(
        select(tables.Segment)
        .where(
            tables.Segment.run_id == run_id,
            tables.Segment.kind == "snapshot",
            tables.Segment.split == split,
            tables.Segment.layer == layer,
            tables.Segment.step == step,
        )
        .order_by(col(tables.Segment.id))
    ).all()


def snapshot_vectors(catalog: Catalog, snapshot: tables.Snapshot) -> Vectors:
    """Read a snapshot: of its own attempt only, ordered as the split's samples, duplicates dropped.

    Raises:
        SegmentError: A stored file is damaged.
        FileNotFoundError: A stored file is gone.
    """
    found = _columns(catalog, snapshot, ("ids", "vectors", "part"))
    _, part, order = _ordered(catalog, snapshot, found)
    ids = np.concatenate([columns["ids"] for columns in found])
    vectors = np.concatenate([columns["vectors"] for columns in found])
    return Vectors(ids[order], vectors[order], part[order])


def check_files(catalog: Catalog, snapshot: tables.Snapshot) -> None:
    """Verify the files of a snapshot; one that this process has verified is not read again.

    Raises:
        SegmentError: One is damaged or gone.
    """
    for row in _rows(catalog, snapshot):
        catalog.files.open_segment(row.path)


def snapshot_rows(catalog: Catalog, snapshot: tables.Snapshot) -> npt.NDArray[np.int64]:
    """The positions in their split of a snapshot's rows, in the order of `snapshot_vectors`."""
    found = _columns(catalog, snapshot, ("ids", "part"))
    positions, _, order = _ordered(catalog, snapshot, found)
    return positions[order]


def snapshot_ids(catalog: Catalog, snapshot: tables.Snapshot) -> Ids:
    """The sample ids of a snapshot's rows, in the order of `snapshot_vectors`."""
    found = _columns(catalog, snapshot, ("ids", "part"))
    _, _, order = _ordered(catalog, snapshot, found)
    return np.concatenate([columns["ids"] for columns in found])[order]


def vectors_stream(catalog: Catalog, snapshot: tables.Snapshot) -> bytes:
    """A snapshot: columns id, part and vector (fixed-size lists, as captured)."""
    found = snapshot_vectors(catalog, snapshot)
    flat = pa.array(np.ascontiguousarray(found.vectors).reshape(-1))
    kind = pa.list_(flat.type, found.vectors.shape[1])
    vectors = pa.Array.from_buffers(kind, len(found.vectors), [None], children=[flat])
    return arrow_stream({"id": arrow_column(found.ids), "part": pa.array(found.part), "vector": vectors})


def _columns(catalog: Catalog, snapshot: tables.Snapshot, names: tuple[str, ...]) -> list[dict[str, Array]]:
    found = [catalog.files.open_segment(row.path).columns(names) for row in _rows(catalog, snapshot)]
    return [columns for columns in found if len(columns["ids"])] or found[:1]  # a rank may have had none


def _rows(catalog: Catalog, snapshot: tables.Snapshot) -> list[tables.Segment]:
    layer = catalog.session.get_one(tables.Layer, snapshot.layer_id)
    split = catalog.session.get_one(tables.Split, snapshot.split_id)
    rows = snapshot_segments(catalog, snapshot.run_id, layer.name, split.name, snapshot.step)
    return [row for row in rows if row.attempt_id == snapshot.attempt_id]


def _ordered(
    catalog: Catalog, snapshot: tables.Snapshot, found: list[dict[str, Array]]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.intp]]:
    """Position and part of each row, and the probe order of rows."""
    table = split_samples(catalog, catalog.session.get_one(tables.Split, snapshot.split_id))
    positions = np.concatenate([table.positions(columns["ids"]) for columns in found])
    zeros = np.zeros(len(positions), np.int32)
    part = np.concatenate([columns["part"] for columns in found]) if "part" in found[0] else zeros
    return positions, part, _probe_order(positions, part)


def _probe_order(positions: npt.NDArray[np.int64], part: npt.NDArray[np.int32]) -> npt.NDArray[np.intp]:
    """Rows sorted by (position, part), the first of equal ones kept."""
    if (np.diff(positions) > 0).all():  # as they mostly come: sorting a million takes a second
        return np.arange(len(positions))
    order = np.lexsort((part, positions))  # stable
    same = (np.diff(positions[order]) == 0) & (np.diff(part[order]) == 0)
    return order[np.concatenate([[True], ~same])] if len(order) else order
