"""Nearest neighbours of one sample: from the stored graph, else one row computed exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chroma.errors import ConfigError
from chroma.server.store.catalog import Catalog
from chroma.server.store.lookups import only_coordinates, snapshot_at
from chroma.server.store.samples.classes import label_texts
from chroma.server.store.samples.load import split_samples
from chroma.server.store.snapshots.neighbor_graphs import find_graph
from chroma.server.store.snapshots.vectors import snapshot_rows, snapshot_vectors
from chroma.server.store.tables import Layer, Snapshot, Split

_MOST = 1000  # neighbours of one request


@dataclass(frozen=True, slots=True)
class Near:
    """A neighbour: its position in the split and its Euclidean distance."""

    position: int
    distance: float


@dataclass(frozen=True, slots=True)
class Neighbor:
    """A neighbour as people read it.

    Attributes:
        sample_id: Its id, as text.
        position: In the split.
        distance: Euclidean, in the full-dimensional space.
        label: Name of its class, if it has one.
    """

    sample_id: str
    position: int
    distance: float
    label: str | None


def sample_neighbors(  # noqa: PLR0917 - they name one sample at one moment
    catalog: Catalog, layer: Layer, split: Split, position: int, step: int | None, k: int
) -> list[Neighbor]:
    """The k nearest neighbours of a sample in a layer at a step, the last one by default, nearest first.

    None where only coordinates were logged, or the sample is not in the snapshot.

    Raises:
        ConfigError: k is not from 1 to 1,000.
        NotFoundError: No such step.
    """
    if not 1 <= k <= _MOST:
        raise ConfigError(f"k is {k}; ask for 1 to {_MOST} neighbours")
    if only_coordinates(catalog, layer, split, step):
        return []
    table = split_samples(catalog, split)
    found = nearest(catalog, snapshot_at(catalog, layer, split, step), position, k)
    labels = label_texts(table, [near.position for near in found])
    return [
        Neighbor(str(table.ids[near.position]), near.position, near.distance, label)
        for near, label in zip(found, labels, strict=True)
    ]


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
