"""The neighbor graph of a snapshot: computed once, read by layouts, neighbour lists and insights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from chroma.errors import ConfigError
from chroma.projection.arrays import Floats, Indices, Matrix, finite_rows
from chroma.projection.cells import build_cells, search_cells
from chroma.projection.extremes import add_extremes, extreme_rows
from chroma.projection.nearest import exact

Metric = Literal["euclidean", "cosine"]
_RECALL_QUERIES = 500


@dataclass(frozen=True, slots=True)
class NeighborGraph:
    """The k nearest neighbours of every sample of one snapshot, in the full-dimensional space.

    Attributes:
        indices: int32 `[n, k]`, nearest first, never the sample itself; -1 in rows that are not valid.
        distances: float32 `[n, k]`; NaN in rows that are not valid. Cosine distance is `1 - cos`.
        metric: How distances were measured.
        k: Neighbours per sample; less than `k_requested` where the snapshot has too few samples.
        k_requested: Neighbours asked for.
        recall: Share of true neighbours found, measured on a fixed sample of queries; None when exact.
        valid: bool `[n]`: rows whose values are all finite. Others take no part.
        n_valid: How many rows are valid.
    """

    indices: npt.NDArray[np.int32]
    distances: Floats
    metric: Metric
    k: int
    k_requested: int
    recall: float | None
    valid: npt.NDArray[np.bool_]
    n_valid: int


def neighbor_graph(
    vectors: Matrix,
    *,
    k: int = 15,
    metric: Metric = "euclidean",
    seed: int = 0,
    threads: int = 1,
    exact_below: int = 20_000,
) -> NeighborGraph:
    """Find the k nearest neighbours of every row.

    Exact up to `exact_below` rows; beyond, each row is compared with those in the cells of space near it, and
    the recall is measured on 500 queries. The same graph bit for bit for any number of threads.

    Args:
        vectors: `[n, d]`, float16 or float32; rows with NaN or infinity are left out.
        k: Neighbours per sample.
        metric: `euclidean` or `cosine`; a zero vector has cosine distance 0 to other
            zero vectors and 1 to all else.
        seed: Picks the queries on which recall is measured.
        threads: Threads for the search.
        exact_below: Largest number of valid rows searched exactly.

    Returns:
        The graph; `k` in it is reduced where there are not enough samples.

    Raises:
        ConfigError: Where `vectors` is not a matrix with rows, `k` is below 1 or no row is finite.
    """
    if vectors.ndim != 2 or 0 in vectors.shape:
        raise ConfigError(
            f"Neighbours need vectors of shape [n, d], not {list(vectors.shape)}: pass a row per sample."
        )
    if k < 1:
        raise ConfigError(f"A neighbor graph needs k of at least 1, not {k}: ask for 1 or more neighbours.")
    valid = finite_rows(vectors)
    n_valid = int(valid.sum())
    if n_valid == 0:
        raise ConfigError(
            f"None of the {len(vectors)} vectors is finite, so none has neighbours: check the layer for NaN."
        )
    points = vectors[valid].astype(np.float32, order="C")
    kept = min(k, n_valid - 1)
    extreme = extreme_rows(points) if metric == "euclidean" else np.zeros(n_valid, np.bool_)
    others = np.flatnonzero(~extreme)
    near, distances, recall = _search(
        points[others] if extreme.any() else points,
        kept, metric, seed=seed, threads=threads, exact_below=exact_below,
    )  # fmt: skip
    if extreme.any():
        among, lengths, width = near, distances, near.shape[1]
        near = np.zeros((n_valid, kept), np.int64)
        distances = np.full((n_valid, kept), np.inf, np.float32)
        near[others, :width], distances[others, :width] = others[among], lengths
        add_extremes(points, np.flatnonzero(extreme), near, distances)
    rows = np.flatnonzero(valid)
    indices = np.full((len(vectors), kept), -1, np.int32)
    indices[rows] = rows[near]
    lengths = np.full((len(vectors), kept), np.nan, np.float32)
    lengths[rows] = distances
    return NeighborGraph(indices, lengths, metric, kept, k, recall, valid, n_valid)


def _search(
    points: Floats, k: int, metric: Metric, *, seed: int, threads: int, exact_below: int
) -> tuple[Indices, Floats, float | None]:
    """The `k` nearest of each row, or as many as there are, their distances, and the recall."""
    n = len(points)
    k = min(k, n - 1)
    points, unit = comparable(points, metric)
    recall = None
    if n <= exact_below or k == 0:
        near, distances = exact(points, np.arange(n), k, threads)
    else:
        asked = np.random.default_rng(seed).choice(n, min(_RECALL_QUERIES, n), replace=False)
        near, distances = search_cells(build_cells(points, k, seed), k, threads=threads)
        recall = _recall(distances[asked], exact(points, asked, k, threads)[1])
    # On unit vectors half the squared distance is 1 - cos.
    return near, distances**2 / 2 if metric == "cosine" else distances * unit, recall


def comparable(points: Floats, metric: Metric) -> tuple[Floats, np.float32]:
    """Rows whose Euclidean distances order the neighbours under `metric`, and the unit they were divided by.

    Dividing keeps squares from overflowing; centring keeps the matrix product from losing small distances.
    """
    axis = 1 if metric == "cosine" else None
    largest = np.abs(points).max(axis=axis, keepdims=True)
    unit = np.where(largest > 0, largest, np.float32(1))
    points = np.divide(points, unit, dtype=np.float32)
    if metric == "cosine":
        length = np.linalg.norm(points, axis=1, keepdims=True)
        empty = length == 0
        points = np.divide(points, np.where(empty, np.float32(1), length), dtype=np.float32)
        if empty.any():  # a direction of their own, at right angles to all others
            points = np.hstack([points, empty.astype(np.float32)])
    # Rounded, so that the order in which rows are summed does not show in the distances.
    middle = np.rint(points.mean(axis=0) * 4096) / np.float32(4096)
    return points - middle, np.float32(unit.flat[0])


def _recall(found: Floats, true: Floats) -> float:
    """Share of found neighbours no farther than the true k-th: ties count as found."""
    if true.size == 0:
        return 1.0
    return float((found <= true[:, -1:]).mean())
