"""Two-dimensional layouts of one snapshot.

PCA at once; UMAP (McInnes et al. 2018, arXiv:1802.03426) from a start.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from chroma.errors import ConfigError
from chroma.projection.arrays import Frame, Matrix, finite_rows
from chroma.projection.neighbors import NeighborGraph
from chroma.projection.optimiser import LayoutParams, fuzzy_edges, optimise

Method = Literal["pca", "umap"]

# A start this wide (largest absolute coordinate) is what UMAP's step sizes are made for.
START_SIZE = 10.0
# Fewer samples than this have no neighbourhoods to draw.
_FEWEST = 4
# Rows and columns of the matrix decomposed for a wide layer: its time grows with the cube.
_WIDEST = 2048


@dataclass(frozen=True, slots=True)
class Basis:
    """A plane, or a space, of great variance: `mean` float64 `[d]`, `components` float64 `[2, d]` or more."""

    mean: npt.NDArray[np.float64]
    components: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Layout:
    """One frame and what drew it.

    Attributes:
        xy: float32 `[n, 2]`; NaN for missing samples.
        method: `umap`, or `pca` where there are too few samples for neighbourhoods.
        n_epochs: Passes over the graph; 0 when nothing was optimised.
    """

    xy: Frame
    method: Method
    n_epochs: int


def pca_basis(
    vectors: Matrix, seed: int = 0, max_rows: int = 10_000, components: tuple[int, ...] = (0, 1)
) -> Basis:
    """Find the two directions of greatest variance, or others, from a sample of the rows.

    Signs are fixed: the loading of largest magnitude is positive. Directions without variance are zero. A
    layer wider than 2,048 uses at most 2,048 rows, so that the matrix to decompose is never wider.

    Args:
        vectors: `[n, d]`, any float; rows that are not finite are left out.
        seed: Picks the rows.
        max_rows: Rows used.
        components: Which directions, counted from 0, that of greatest variance.

    Raises:
        ConfigError: Where no row is finite.
    """
    most = min(max_rows, _WIDEST) if vectors.shape[1] > _WIDEST else max_rows
    points = _some_rows(vectors, most, seed)
    if points.size == 0:
        raise ConfigError("PCA needs at least one finite vector and there is none: check the layer for NaN.")
    # Squares of what is near 1 in size fit float32, which is precise enough and twice as fast.
    unit = np.abs(points).max() or np.float32(1)
    points /= unit
    mean = points.mean(axis=0, dtype=np.float64)
    points -= mean.astype(np.float32)
    axes = np.zeros((len(components), points.shape[1]))
    for at, direction in enumerate(_directions(points, max(components) + 1)):
        if at in components:
            axes[components.index(at)] = direction * np.sign(direction[np.argmax(np.abs(direction))])
    return Basis(mean * np.float64(unit), axes)


def _some_rows(vectors: Matrix, most: int, seed: int) -> npt.NDArray[np.float32]:
    """Finite rows as float32, at most so many; the other rows are read only if too few are found."""
    n = len(vectors)
    if n > most:
        points = vectors[np.sort(np.random.default_rng(seed).choice(n, most, replace=False))]
        points = points[finite_rows(points)]
        if len(points) >= most // 2:
            return points.astype(np.float32)
    rows = np.flatnonzero(finite_rows(vectors))
    if len(rows) > most:
        rows = np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
    return vectors[rows].astype(np.float32)


def _directions(points: npt.NDArray[np.float32], count: int = 2) -> Iterator[npt.NDArray[np.float64]]:
    from scipy.linalg import eigh
    from threadpoolctl import threadpool_limits

    tall = points.shape[0] >= points.shape[1]
    with threadpool_limits(1):  # the order of a sum would depend on how many threads share it
        gram = (points.T @ points if tall else points @ points.T).astype(np.float64)
        last = len(gram) - 1
        values, axes = eigh(gram, subset_by_index=(max(0, last + 1 - count), last))
    for value, axis in zip(values[::-1], axes.T[::-1], strict=True):
        if value <= 16 * np.finfo(np.float32).eps * values[-1] or value <= 0:  # rounding, no direction
            return
        yield axis if tall else points.T.astype(np.float64) @ axis / np.sqrt(value)


def pca_project(basis: Basis, vectors: Matrix) -> Frame:
    """Project rows on a basis.

    Args:
        basis: From `pca_basis`.
        vectors: `[n, d]`, any float.

    Returns:
        float32 `[n, 2]`; NaN for rows that are not finite.
    """
    from chroma.projection import kernels

    xy = np.empty((len(vectors), 2), np.float32)
    mean, components = basis.mean.astype(np.float32), basis.components.astype(np.float32)
    if vectors.dtype == np.float16:
        kernels.project_half(np.ascontiguousarray(vectors).view(np.uint16), mean, components, xy)
    else:
        kernels.project(np.ascontiguousarray(vectors, np.float32), mean, components, xy)
    xy[~finite_rows(xy)] = np.nan
    return xy


def pca_start(vectors: Matrix, seed: int = 0) -> Frame:
    """The PCA frame of a snapshot, sized as a start for `umap_layout`: `[n, 2]`, largest coordinate 10."""
    xy = pca_project(pca_basis(vectors, seed), vectors)
    size = np.nanmax(np.abs(xy))
    return xy * np.float32(START_SIZE / size) if size > 0 else xy


def umap_layout(
    graph: NeighborGraph, start: Frame, params: LayoutParams | None = None, seed: int = 0, threads: int = 1
) -> Layout:
    """Draw a snapshot with UMAP, from its neighbor graph and a start.

    The start's frame of reference is kept: it is neither centred nor scaled. The same arguments give the same
    bits, whatever the number of threads.

    Args:
        graph: The snapshot's neighbor graph.
        start: float32 `[n, 2]`, finite wherever the graph's rows are valid.
        params: How to draw.
        seed: Seeds the optimiser.
        threads: Threads it may use.

    Returns:
        The layout; the start itself, called `pca`, with fewer than 4 valid samples or no more than k.
    """
    params = params or LayoutParams()
    xy = np.where(graph.valid[:, None], start, np.float32(np.nan)).astype(np.float32)
    if not drawable(graph):
        return Layout(xy, "pca", 0)
    if not np.isfinite(xy[graph.valid]).all():
        raise ConfigError(
            "The start of a layout has missing coordinates for samples that are present: fill them."
        )
    n_epochs = params.epochs(len(xy))
    if n_epochs > 0:
        xy = optimise(apart(xy, seed)[None], [fuzzy_edges(graph)], params, seed=seed, threads=threads)[0]
    return Layout(xy, "umap", n_epochs)


def apart(xy: Frame, seed: int = 0) -> Frame:
    """A start with a little noise: no force could separate two samples on one spot."""
    noise = np.random.default_rng(seed).normal(scale=1e-4, size=xy.shape)
    return (xy + noise).astype(np.float32)


def drawable(graph: NeighborGraph) -> bool:
    """Whether the graph has enough samples for neighbourhoods: at least 4, and more than k."""
    return graph.n_valid >= _FEWEST and graph.n_valid > graph.k_requested
