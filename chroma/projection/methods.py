"""Frames by other packages, behind one protocol: umap-learn, openTSNE, PaCMAP and LocalMAP.

Each frame is drawn on its own, from where the one before ended, and turned onto it.
"""

from __future__ import annotations

import importlib
import importlib.util
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np

from chroma.errors import MissingDependencyError
from chroma.projection.append import filled, turned
from chroma.projection.layout import Frame, Matrix, drawable, pca_start
from chroma.projection.neighbors import NeighborGraph, finite_rows, neighbor_graph
from chroma.projection.umap_learn import umap_learn_layout

# t-SNE's perplexity, and the neighbours that it needs for it (van der Maaten 2014).
_PERPLEXITY = 30
_TSNE_K = 3 * _PERPLEXITY


class Draw(Protocol):
    """Draws one frame of samples that are all there."""

    def __call__(
        self, vectors: Matrix, graph: NeighborGraph, start: Frame, *, again: bool, seed: int
    ) -> Frame:
        """Draw a frame.

        Args:
            vectors: `[n, d]`, any float, finite.
            graph: Their neighbor graph.
            start: float32 `[n, 2]`, finite.
            again: Whether the start is the frame before, and not PCA.
            seed: Makes it repeat, on one thread.
        """
        ...


def _umap_learn(vectors: Matrix, graph: NeighborGraph, start: Frame, *, again: bool, seed: int) -> Frame:
    # umap-learn squeezes its start into a square, so a frame before would not be continued: PCA, then turned.
    return umap_learn_layout(graph, pca_start(vectors, seed) if again else start, seed=seed)


def _tsne(vectors: Matrix, graph: NeighborGraph, start: Frame, *, again: bool, seed: int) -> Frame:
    """Van der Maaten & Hinton 2008, by openTSNE; exact neighbours of our own, perplexity 30."""
    tsne = importlib.import_module("openTSNE")
    near = neighbor_graph(vectors, k=min(_TSNE_K, len(vectors) - 1), metric=graph.metric, seed=seed)
    affinities = tsne.affinity.PerplexityBasedNN(
        perplexity=min(_PERPLEXITY, near.k / 3),
        knn_index=tsne.nearest_neighbors.PrecomputedNeighbors(
            near.indices.astype(np.int64), near.distances.astype(np.float64)
        ),
        n_jobs=1,
    )
    begun = start.astype(np.float64)
    if not again:  # small, as t-SNE wants to begin
        begun *= 1e-4 / max(float(begun[:, 0].std()), 1e-12)
    drawn = tsne.TSNEEmbedding(begun, affinities, n_jobs=1, random_state=seed)
    if not again:
        drawn = drawn.optimize(250, exaggeration=12, momentum=0.5)
    return np.asarray(drawn.optimize(250 if again else 500, momentum=0.8), np.float32)


def _pacmap(name: str) -> Draw:
    def draw(vectors: Matrix, graph: NeighborGraph, start: Frame, *, again: bool, seed: int) -> Frame:
        """Wang et al. 2021, arXiv:2012.04456; LocalMAP: Wang et al. 2024, arXiv:2412.15426."""
        points = vectors.astype(np.float32)
        distance = "angular" if graph.metric == "cosine" else "euclidean"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a seed is set
            reducer: Any = getattr(importlib.import_module("pacmap"), name)
            made = reducer(random_state=seed, distance=distance)
            return made.fit_transform(points, init=start.astype(np.float32))

    return cast("Draw", draw)


@dataclass(frozen=True, slots=True)
class Method:
    """A method by another package: what draws, what is imported, and the extra that brings it."""

    draw: Draw
    package: str
    extra: str


_METHODS: Mapping[str, Method] = {
    "umap-learn": Method(_umap_learn, "umap", ""),
    "tsne": Method(_tsne, "openTSNE", "tsne"),
    "pacmap": Method(_pacmap("PaCMAP"), "pacmap", "pacmap"),
    "localmap": Method(_pacmap("LocalMAP"), "pacmap", "pacmap"),
}
OTHERS = tuple(_METHODS)


def check_installed(method: str) -> None:
    """Say so where a method's package is missing.

    Args:
        method: One of `OTHERS`.

    Raises:
        MissingDependencyError: It names the extra to install.
    """
    needed = _METHODS[method]
    if importlib.util.find_spec(needed.package) is None:
        raise MissingDependencyError(needed.package, needed.extra)


def drawn_by(
    method: str, vectors: Matrix, graph: NeighborGraph, previous_xy: Frame | None = None, *, seed: int = 0
) -> Frame:
    """One more frame of a film by another package.

    Args:
        method: One of `OTHERS`: `umap-learn`, `tsne`, `pacmap`, `localmap`.
        vectors: `[n, d]`, any float; rows of missing samples are NaN.
        graph: Their neighbor graph.
        previous_xy: float32 `[n, 2]`, the frame before: the start, and what the frame is turned onto. None:
            from PCA.
        seed: Makes it repeat.

    Returns:
        float32 `[n, 2]`, NaN for missing samples. Too few samples for neighbourhoods: PCA.

    Raises:
        MissingDependencyError: The method's package is not installed.
    """
    check_installed(method)
    again = previous_xy is not None and bool(finite_rows(previous_xy).any())
    pca = pca_start(vectors, seed)
    xy = np.full((len(vectors), 2), np.nan, np.float32)
    if drawable(graph):
        start = filled(graph, cast("Frame", previous_xy), seed) if again else pca
        here = graph.valid
        xy[here] = _METHODS[method].draw(vectors[here], _among(graph), start[here], again=again, seed=seed)
    else:
        xy[:] = pca
    return turned(xy, cast("Frame", previous_xy)) if again else xy


def _among(graph: NeighborGraph) -> NeighborGraph:
    """The graph of the valid samples alone."""
    place = np.cumsum(graph.valid, dtype=np.int32) - 1
    return NeighborGraph(
        place[graph.indices[graph.valid]], graph.distances[graph.valid], graph.metric, graph.k,
        graph.k_requested, graph.recall, np.ones(graph.n_valid, np.bool_), graph.n_valid,
    )  # fmt: skip
