"""Samples whose vectors are equal lie in one place of a frame."""

from __future__ import annotations

import numpy as np

from chroma.projection.arrays import Frame
from chroma.projection.neighbors import NeighborGraph


def merge_equal(graph: NeighborGraph, xy: Frame) -> Frame:
    """Put samples with equal vectors in one place: the mean of their coordinates.

    Args:
        graph: Of the snapshot; equal vectors have distance 0.
        xy: float32 `[n, 2]`, finite wherever the graph's rows are valid; not changed.

    Returns:
        float32 `[n, 2]`; `xy` itself where no two vectors are equal.
    """
    rows, columns = np.nonzero(graph.distances == 0)
    if len(rows) == 0:
        return xy
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(xy)
    edges = coo_array((np.ones(len(rows), np.bool_), (rows, graph.indices[rows, columns])), shape=(n, n))
    group = connected_components(edges, directed=False)[1]
    sizes = np.bincount(group)
    means = np.stack([np.bincount(group, weights=axis) / sizes for axis in xy.T], axis=1)
    return np.where((sizes > 1)[group, None], means[group], xy).astype(np.float32)
