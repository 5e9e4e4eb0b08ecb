"""The methods that films are drawn by. `METHODS` is the one list: jobs, requests and messages read it.

Chroma's own are UMAP, all frames together (`chroma.projection.film`), and PCA. The others come from other
packages: each frame is drawn by itself, starting where the frame before ended, and aligned to it by an
orthogonal Procrustes fit.

To add one: write a function like `_tsne`, give it an entry in `METHODS`, and, if it needs a package, an extra
in pyproject.toml. Requests, jobs, messages and the dashboard follow.
"""

from __future__ import annotations

import importlib
import importlib.util
import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, cast

import numpy as np

from chroma.errors import ConfigError, MissingDependencyError
from chroma.projection.append import align, fill_missing
from chroma.projection.arrays import Frame, Matrix, finite_rows
from chroma.projection.equal import merge_equal
from chroma.projection.layout import apart, drawable, pca_start
from chroma.projection.neighbors import NeighborGraph, neighbor_graph
from chroma.projection.optimiser import LayoutParams
from chroma.projection.parameters import PACMAP, PCA, TSNE, UMAP, Parameter
from chroma.projection.umap_learn import umap_learn_layout


class Draw(Protocol):
    """Lays out one snapshot, none of whose samples is missing."""

    def __call__(
        self,
        vectors: Matrix,
        graph: NeighborGraph,
        start: Frame,
        *,
        again: bool,
        seed: int,
        params: Mapping[str, Any],
    ) -> Frame:
        """Draw a frame.

        Args:
            vectors: `[n, d]`, any float, finite.
            graph: Their neighbor graph.
            start: float32 `[n, 2]`, finite.
            again: Whether `start` is the frame before; else it is PCA.
            seed: Makes the result reproducible, on one thread.
            params: Of the method; those that are left out have their defaults.
        """
        ...


def _umap_learn(
    vectors: Matrix,
    graph: NeighborGraph,
    start: Frame,
    *,
    again: bool,
    seed: int,
    params: Mapping[str, Any],
) -> Frame:
    # umap-learn squeezes its start into a square, so it cannot continue a frame: PCA, aligned afterwards.
    begun = pca_start(vectors, seed) if again else start
    if not np.ptp(begun, axis=0).all():  # it divides by the extent of its start
        begun = apart(begun, seed)
    layout = LayoutParams(negative_sample_rate=5)
    if "min_dist" in params:
        layout = replace(layout, min_dist=params["min_dist"])
    return umap_learn_layout(graph, begun, layout, seed)


def _tsne(
    vectors: Matrix,
    graph: NeighborGraph,
    start: Frame,
    *,
    again: bool,
    seed: int,
    params: Mapping[str, Any],
) -> Frame:
    """Van der Maaten & Hinton 2008, by openTSNE; exact neighbours of our own."""
    perplexity = float(params.get("perplexity", TSNE[0].default))
    # Neighbours that it needs for its perplexity (van der Maaten 2014).
    k = min(math.ceil(3 * perplexity), len(vectors) - 1)
    tsne = importlib.import_module("openTSNE")
    near = neighbor_graph(vectors, k=k, metric=graph.metric, seed=seed)
    # Affinities do not depend on the unit of a row's distances, but the search for the width of its Gaussian
    # ends after 200 halvings of 1: squares of distances near 1e30 are not reached.
    distances = near.distances.astype(np.float64)
    middle = np.median(distances, axis=1, keepdims=True)
    distances /= np.where(middle > 0, middle, np.maximum(distances.max(axis=1, keepdims=True), 1e-300))
    affinities = tsne.affinity.PerplexityBasedNN(
        perplexity=min(perplexity, near.k / 3),
        knn_index=tsne.nearest_neighbors.PrecomputedNeighbors(near.indices.astype(np.int64), distances),
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
    def draw(
        vectors: Matrix,
        graph: NeighborGraph,
        start: Frame,
        *,
        again: bool,
        seed: int,
        params: Mapping[str, Any],
    ) -> Frame:
        """Wang et al. 2021, arXiv:2012.04456; LocalMAP: Wang et al. 2024, arXiv:2412.15426."""
        points = vectors.astype(np.float32)
        if points.shape[1] == 1:  # its own PCA wants two columns
            points = np.pad(points, ((0, 0), (0, 1)))
        distance = "angular" if graph.metric == "cosine" else "euclidean"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a seed is set
            reducer: Any = getattr(importlib.import_module("pacmap"), name)
            made = reducer(random_state=seed, distance=distance, **_pacmap_names(params))
            return made.fit_transform(points, init=start.astype(np.float32))

    return cast("Draw", draw)


def _pacmap_names(params: Mapping[str, Any]) -> dict[str, Any]:
    own = {"mn_ratio": "MN_ratio", "fp_ratio": "FP_ratio"}
    return {own.get(name, name): value for name, value in params.items()}


@dataclass(frozen=True, slots=True)
class Method:
    """A method that films are drawn by.

    Attributes:
        title: Its name for people.
        description: What it shows, for people, in one phrase.
        draw: Lays out one snapshot; None: built into Chroma.
        package: What is imported; empty for none but ours.
        extra: The extra of this distribution that installs it; empty: it comes with Chroma.
        offered: Whether the dashboard offers it for every layer.
        parameters: What it takes.
        spatial: Whether one frame can be drawn in three dimensions by it.
    """

    title: str
    description: str
    draw: Draw | None = None
    package: str = ""
    extra: str = ""
    offered: bool = False
    parameters: tuple[Parameter, ...] = ()
    spatial: bool = False


METHODS: Mapping[str, Method] = {
    "pca": Method(
        "PCA",
        "Principal components: a linear view, ready at once",
        offered=True,
        parameters=PCA,
        spatial=True,
    ),
    "umap": Method(
        "UMAP",
        "Shows neighbourhoods; frames are aligned with each other",
        offered=True,
        parameters=UMAP,
        spatial=True,
    ),
    "umap-learn": Method(
        "umap-learn", "Shows neighbourhoods, as umap-learn draws them", _umap_learn, "umap", parameters=UMAP
    ),
    "tsne": Method(
        "t-SNE", "Shows neighbourhoods, by openTSNE", _tsne, "openTSNE", "tsne", offered=True, parameters=TSNE
    ),
    "pacmap": Method(
        "PaCMAP",
        "Keeps near and far pairs",
        _pacmap("PaCMAP"),
        "pacmap",
        "pacmap",
        offered=True,
        parameters=PACMAP,
    ),
    "localmap": Method(
        "LocalMAP",
        "PaCMAP with clearer clusters",
        _pacmap("LocalMAP"),
        "pacmap",
        "pacmap",
        offered=True,
        parameters=PACMAP,
    ),
}


def is_installed(method: str) -> bool:
    """Whether the package of a method is installed.

    Args:
        method: A key of `METHODS`.
    """
    package = METHODS[method].package
    return not package or importlib.util.find_spec(package) is not None


def check_installed(method: str) -> None:
    """Check that the package of a method is installed.

    Args:
        method: A key of `METHODS`.

    Raises:
        MissingDependencyError: It names the extra to install.
    """
    needed = METHODS[method]
    if not is_installed(method):
        raise MissingDependencyError(needed.package, needed.extra)


def drawn_by(
    method: str,
    vectors: Matrix,
    graph: NeighborGraph,
    previous_xy: Frame | None = None,
    *,
    seed: int = 0,
    params: Mapping[str, Any] | None = None,
) -> Frame:
    """Draw one more frame of a film by another package.

    Args:
        method: A key of `METHODS` that has a `draw` function.
        vectors: `[n, d]`, any float; rows of missing samples are NaN.
        graph: Their neighbor graph.
        previous_xy: float32 `[n, 2]`, the frame before: where to start, and what the result is aligned to.
            None: start from PCA.
        seed: Makes the result reproducible.
        params: Of the method, as `chroma.projection.parameters.checked` gives them.

    Returns:
        float32 `[n, 2]`, NaN for missing samples. Too few samples for neighbourhoods: PCA.

    Raises:
        MissingDependencyError: The method's package is not installed.
        ConfigError: The method is built into Chroma.
    """
    check_installed(method)
    draw = METHODS[method].draw
    if draw is None:
        raise ConfigError(f"{method!r} is drawn by chroma.projection.film, not by another package")
    again = previous_xy is not None and bool(finite_rows(previous_xy).any())
    pca = pca_start(vectors, seed)
    xy = np.full((len(vectors), 2), np.nan, np.float32)
    # Of vectors that are all equal there is nothing to draw, and the packages fail.
    here = graph.valid
    if drawable(graph) and (graph.distances[here] > 0).any():
        start = fill_missing(graph, cast("Frame", previous_xy), seed) if again else pca
        xy[here] = draw(
            vectors[here], _among(graph), start[here], again=again, seed=seed, params=params or {}
        )
    else:
        xy[:] = pca
    return merge_equal(graph, align(xy, cast("Frame", previous_xy)) if again else xy)


def _among(graph: NeighborGraph) -> NeighborGraph:
    """The graph of the valid samples alone."""
    place = np.cumsum(graph.valid, dtype=np.int32) - 1
    return NeighborGraph(
        place[graph.indices[graph.valid]], graph.distances[graph.valid], graph.metric, graph.k,
        graph.k_requested, graph.recall, np.ones(graph.n_valid, np.bool_), graph.n_valid,
    )  # fmt: skip
