"""umap-learn's own machinery, called so that a film stays in one frame of reference.

umap's entry point `simplicial_set_embedding` squeezes any start into a square from 0 to 10, which would make
jumps of a film; the steps inside it do not.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from chroma.projection.neighbors import NeighborGraph

Frame = npt.NDArray[np.float32]


def optimise(
    graph: NeighborGraph,
    start: Frame,
    *,
    n_epochs: int,
    learning_rate: float,
    min_dist: float,
    negative_sample_rate: int,
    seed: int,
) -> Frame:
    """Pull neighbours together and push others apart, from `start`.

    Args:
        graph: The snapshot's neighbor graph.
        start: float32 `[n_valid, 2]`, finite.
        n_epochs: Passes over the graph, at least 1.
        learning_rate: Step size at the first pass, falling to 0.
        min_dist: Distance under which neighbours are not drawn closer.
        negative_sample_rate: Pushes for every pull.
        seed: Seeds start noise and pushes.

    Returns:
        float32 `[n_valid, 2]`; the same bits for the same arguments.
    """
    umap = _umap()
    random = np.random.RandomState(seed)
    n = graph.n_valid
    dense = np.cumsum(graph.valid, dtype=np.int32) - 1
    # umap wants each sample first among its own neighbours, at distance 0.
    indices = np.column_stack([np.arange(n, dtype=np.int32), dense[graph.indices[graph.valid]]])
    distances = np.column_stack([np.zeros(n, np.float32), graph.distances[graph.valid]])
    xy = start + random.normal(scale=1e-4, size=start.shape).astype(np.float32)
    with _one_thread():
        fuzzy, _, _ = umap.umap_.fuzzy_simplicial_set(
            np.empty((n, 0), np.float32),
            indices.shape[1],
            random,
            graph.metric,
            knn_indices=indices,
            knn_dists=distances,
        )
        fuzzy = fuzzy.tocoo()
        fuzzy.sum_duplicates()
        # An edge so weak that it would never be pulled in all the passes.
        fuzzy.data[fuzzy.data < fuzzy.data.max() / n_epochs] = 0
        fuzzy.eliminate_zeros()
        a, b = umap.umap_.find_ab_params(1.0, min_dist)
        return umap.layouts.optimize_layout_euclidean(
            xy,
            xy,
            fuzzy.row,
            fuzzy.col,
            n_epochs,
            n,
            umap.umap_.make_epochs_per_sample(fuzzy.data, n_epochs),
            a,
            b,
            random.randint(-(2**31) + 2, 2**31 - 2, 3).astype(np.int64),
            initial_alpha=learning_rate,
            negative_sample_rate=float(negative_sample_rate),
            move_other=True,
        )


@contextmanager
def _one_thread() -> Generator[None]:
    numba: Any = importlib.import_module("numba")
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        yield
    finally:
        numba.set_num_threads(before)


@cache
def _umap() -> Any:
    """Import umap without tensorflow, and let numba keep on disk what it compiles for us.

    `umap/__init__` tries its `parametric_umap`, which imports tensorflow where it finds it (6 s, 1 GB) for a
    class not used here.
    """
    sys.modules["umap.parametric_umap"] = None  # pyright: ignore[reportArgumentType]
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Tensorflow not installed", ImportWarning)
            umap: Any = importlib.import_module("umap")
    finally:
        del sys.modules["umap.parametric_umap"]
    # Compiled at first use (5 s) and not kept on disk unless asked. A version of umap that names them
    # otherwise compiles them anew in every process.
    for module, name in (
        (umap.umap_, "smooth_knn_dist"),
        (umap.umap_, "compute_membership_strengths"),
        (umap.layouts, "_nb_optimize_layout_euclidean_single_epoch"),
    ):
        compiled = getattr(module, name, None)
        if compiled is not None:
            compiled.enable_caching()
    return umap
