"""Stored neighbor graphs: one Arrow file and one catalog row for each, computed once, read by all."""

from __future__ import annotations

import io
from typing import Any, cast

import numpy as np
import pyarrow as pa
from sqlmodel import col, select, update

from chroma.checksum import ChecksumWriter, is_intact
from chroma.projection.neighbors import Metric, NeighborGraph
from chroma.server.store.catalog import Catalog
from chroma.server.store.files import Files
from chroma.server.store.tables import Frame, Graph, Snapshot
from chroma.untrusted import read_stamped

K = 15  # neighbours kept: what layouts and lists ask for
METRIC: Metric = "euclidean"
_LARGEST = 2**36  # bytes of a graph's file: 500 million samples


def find_graph(catalog: Catalog, snapshot: Snapshot, subset: str = "", k: int = K) -> NeighborGraph | None:
    """The stored graph of a snapshot in itself; None if there is none, or the snapshot has changed since.

    Args:
        catalog: Open for reading.
        snapshot: Whose vectors.
        subset: Which of its samples are in the graph; empty: all.
        k: Neighbours of each.
    """
    row = _row(catalog, snapshot, subset, k)
    if row is None or row.digest != snapshot.digest:
        return None
    return read_graph(catalog.files, row)


def read_graph(files: Files, row: Graph) -> NeighborGraph | None:
    """A stored graph; None where its file is missing or damaged, so that it is made anew."""
    try:
        return _decode(files, row)
    except (pa.ArrowException, OSError, ValueError, LookupError):
        return None


def save_graph(catalog: Catalog, snapshot: Snapshot, graph: NeighborGraph, subset: str = "") -> None:
    """Store a snapshot's graph, or that of a subset of its samples; rows are in the order of its vectors."""
    part = f"-{subset}" if subset else ""
    path = f"graphs/{snapshot.run_id}/{snapshot.digest}-{graph.metric}-{graph.k_requested}{part}.arrow"
    catalog.files.write(path, _encode(graph))
    row = _row(catalog, snapshot, subset, graph.k_requested) or Graph(
        query_id=snapshot.id,
        reference_id=snapshot.id,
        digest="",
        subset=subset,
        metric=graph.metric,
        k=graph.k_requested,
        path=path,
    )
    row.digest, row.path = snapshot.digest or "", path
    row.n, row.recall = graph.n_valid, graph.recall
    catalog.session.add(row)
    catalog.session.flush()
    # Its frames have another kNN agreement now; not through `films`, which builds on this module.
    catalog.session.exec(
        update(Frame).where(col(Frame.snapshot_id) == snapshot.id).values(knn_agreement=None)
    )


def place_rows(graph: NeighborGraph, rows: np.ndarray[Any, np.dtype[np.int64]], n: int) -> NeighborGraph:
    """The same graph among n samples: its row i becomes row `rows[i]`, all others are missing."""
    if n == len(graph.valid) and np.array_equal(rows, np.arange(n)):
        return graph
    indices = np.full((n, graph.k), -1, np.int32)
    distances = np.full((n, graph.k), np.nan, np.float32)
    valid = np.zeros(n, bool)
    here = np.flatnonzero(graph.valid)
    indices[rows[here]] = rows[graph.indices[here]]
    distances[rows] = graph.distances
    valid[rows] = graph.valid
    return NeighborGraph(
        indices, distances, graph.metric, graph.k, graph.k_requested, graph.recall, valid, graph.n_valid
    )


def _row(catalog: Catalog, snapshot: Snapshot, subset: str, k: int) -> Graph | None:
    return catalog.session.exec(
        select(Graph).where(
            Graph.query_id == snapshot.id,
            Graph.reference_id == snapshot.id,
            Graph.subset == subset,
            Graph.metric == METRIC,
            Graph.k == k,
        )
    ).first()


def _encode(graph: NeighborGraph) -> bytes:
    columns = {"indices": _lists(graph.indices), "distances": _lists(graph.distances)}
    columns["valid"] = pa.array(graph.valid)
    file = io.BytesIO()
    checked = ChecksumWriter(file)
    batch = pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))
    with pa.ipc.new_file(checked, batch.schema) as writer:
        writer.write_batch(batch)
        checked.data_is_written()
    checked.finish()
    return file.getvalue()


def _decode(files: Files, row: Graph) -> NeighborGraph:
    read, _ = read_stamped(files.path(row.path), _LARGEST)
    body: Any = pa.py_buffer(read)
    if not is_intact(memoryview(body)):  # one without a checksum is made anew too
        raise ValueError("its bytes do not match its checksum")
    batch: Any = pa.ipc.open_file(body).get_batch(0)
    batch.validate(full=True)
    k = int(batch.schema.field("indices").type.list_size)
    valid: Any = batch.column("valid").to_numpy(zero_copy_only=False)
    return NeighborGraph(
        indices=_matrix(batch.column("indices"), k),
        distances=_matrix(batch.column("distances"), k),
        metric=cast("Metric", row.metric),
        k=k,
        k_requested=row.k,
        recall=row.recall,
        valid=valid,
        n_valid=int(valid.sum()),
    )


def _lists(matrix: np.ndarray[Any, Any]) -> Any:
    values = pa.array(np.ascontiguousarray(matrix).reshape(-1))
    kind = pa.list_(values.type, matrix.shape[1])
    return pa.Array.from_buffers(kind, len(matrix), [None], children=[values])


def _matrix(column: Any, k: int) -> Any:
    return column.flatten().to_numpy().reshape(len(column), k)
