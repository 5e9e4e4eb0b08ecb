"""Layouts by the package umap-learn: the reference that our own UMAP is measured against."""

from __future__ import annotations

import importlib
import sys
import warnings
from functools import cache
from typing import Any

import numpy as np

from chroma.projection.arrays import Frame
from chroma.projection.neighbors import NeighborGraph
from chroma.projection.optimiser import LayoutParams


def umap_learn_layout(
    graph: NeighborGraph, start: Frame, params: LayoutParams | None = None, seed: int = 0
) -> Frame:
    """Lay out a snapshot by umap-learn's own graph weights and optimiser, on our neighbor graph.

    The reference that our own UMAP is measured against.

    Args:
        graph: The snapshot's neighbor graph.
        start: float32 `[n, 2]`, or `[n, 3]` for three dimensions, finite wherever the graph's rows are valid.
            umap-learn squeezes it into a square from 0 to 10, so its frames cannot continue a film.
        params: How to draw.
        seed: Makes the result reproducible, on one thread.

    Returns:
        float32 `[n, 2]`; NaN for missing samples.
    """
    params = params or LayoutParams(negative_sample_rate=5)
    umap = _umap()
    random = np.random.RandomState(seed)
    n = graph.n_valid
    dense = np.cumsum(graph.valid, dtype=np.int32) - 1
    # umap wants each sample first among its own neighbours, at distance 0.
    indices = np.column_stack([np.arange(n, dtype=np.int32), dense[graph.indices[graph.valid]]])
    distances = np.column_stack([np.zeros(n, np.float32), graph.distances[graph.valid]])
    unused = np.empty((n, 1), np.float32)
    fuzzy, _, _ = umap.umap_.fuzzy_simplicial_set(
        unused, indices.shape[1], random, graph.metric, knn_indices=indices, knn_dists=distances
    )
    a, b = umap.umap_.find_ab_params(1.0, params.min_dist)
    placed, _ = umap.umap_.simplicial_set_embedding(
        unused, fuzzy, start.shape[1], params.learning_rate, a, b, 1.0, params.negative_sample_rate,
        params.epochs(n), start[graph.valid], random, graph.metric, {}, False, {}, False,
    )  # fmt: skip
    xy = np.full(start.shape, np.nan, np.float32)
    xy[graph.valid] = placed
    return xy


@cache
def _umap() -> Any:
    """Import umap without tensorflow.

    `umap/__init__` tries its `parametric_umap`, which imports tensorflow where it finds it (6 s, 1 GB) for a
    class not used here.
    """
    sys.modules["umap.parametric_umap"] = None  # pyright: ignore[reportArgumentType]
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Tensorflow not installed", ImportWarning)
            return importlib.import_module("umap")
    finally:
        del sys.modules["umap.parametric_umap"]
