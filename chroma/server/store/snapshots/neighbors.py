"""Nearest neighbours of one sample: from the stored graph, else one row computed exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chroma.server.store.catalog import Catalog
from chroma.server.store.snapshots.neighbor_graphs import find_graph
from chroma.server.store.snapshots.vectors import snapshot_rows, snapshot_vectors
from chroma.server.store.tables import Snapshot


@dataclass(frozen=True, slots=True)
class Near:
    """A neighbour: its position in the split and its Euclidean distance."""

    position: int
    distance: float


def nearest(catalog: Catalog, snapshot: Snapshot, position: int, k: int) -> list[Near]:
    """The k nearest neighbours of a sample in a snapshot, nearest first; none if it is not in it."""
    positions = snapshot_rows(catalog, snapshot)
    rows = np.flatnonzero(positions == position)
    if len(rows) == 0:
        return []
    row = int(rows[0])
    graph = find_graph(catalog, snapshot)
    if graph is not None and graph.k >= min(k, graph.n_valid - 1):
        if not graph.valid[row]:
            return []
        near, distances = graph.indices[row, :k], graph.distances[row, :k]
    else:
        vectors = snapshot_vectors(catalog, snapshot).vectors.astype(np.float32)
        with np.errstate(invalid="ignore", over="ignore"):
            gaps = np.linalg.norm(vectors - vectors[row], axis=1)
        gaps[row] = np.nan
        order = np.argsort(gaps, kind="stable")[:k]
        near = order[np.isfinite(gaps[order])]
        distances = gaps[near]
    return [
        Near(int(positions[at]), float(distance))
        for at, distance in zip(near.tolist(), distances.tolist(), strict=True)
    ]
