"""How far a frame can be trusted: what it keeps of the neighbourhoods it was drawn from.

Every measure looks at a fixed sample of query points, but always against all points (exact ranks), and says
how many.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chroma.projection.arrays import Matrix, all_equal, blocks, finite_rows, squared_lengths
from chroma.projection.extremes import centre
from chroma.projection.neighbors import Metric, NeighborGraph, comparable

Labels = npt.NDArray[np.integer[Any]]
Points = npt.NDArray[np.float64]

# Numbers per block of distances: 32 MiB of float64.
_BLOCK = 1 << 22


@dataclass(frozen=True, slots=True)
class Quality:
    """A measure and what it was taken on.

    Attributes:
        value: From 0 to 1, more is better; None where there are too few points to tell, all vectors are
            equal, or all points lie in one place.
        n: Query points looked at.
        of: Points they were drawn from, and are compared with.
        k: Size of the neighbourhood.
    """

    value: float | None
    n: int
    of: int
    k: int


def trustworthiness(
    vectors: Matrix,
    xy: Matrix,
    *,
    k: int = 15,
    n_queries: int = 1000,
    seed: int = 0,
    metric: Metric = "euclidean",
) -> Quality:
    """How many neighbours in the frame are neighbours in the full space.

    `T = 1 - 2 / (m k (2n - 3k - 1)) * sum_i sum_{j in U_k(i)} (r(i, j) - k)` over m queries i, where `U_k(i)`
    are the k nearest in the frame that are not among the k nearest in the full space, and `r(i, j)` is j's
    rank there. Equal distances share the better rank. Venna & Kaski 2001, "Neighborhood preservation in
    nonlinear projection methods".

    Args:
        vectors: `[n, d]`, any float; rows that are not finite here or in `xy` are left out.
        xy: `[n, 2]`.
        k: Size of the neighbourhood; made smaller where k >= n/2.
        n_queries: Queries, drawn once for a seed; all where there are no more points.
        seed: Picks the queries.
        metric: How the full space is measured.
    """
    full, frame = _spaces(vectors, xy, metric)
    if _no_ranks(full, frame):
        return Quality(None, 0, len(full), 0)
    return _rank_quality(ranked=full, drawn=frame, k=k, n_queries=n_queries, seed=seed)


def continuity(
    vectors: Matrix,
    xy: Matrix,
    *,
    k: int = 15,
    n_queries: int = 1000,
    seed: int = 0,
    metric: Metric = "euclidean",
) -> Quality:
    """How many neighbours in the full space stay neighbours in the frame.

    As `trustworthiness` with the two spaces exchanged (Venna & Kaski 2001); the arguments are the same.
    """
    full, frame = _spaces(vectors, xy, metric)
    if _no_ranks(full, frame):
        return Quality(None, 0, len(full), 0)
    return _rank_quality(ranked=frame, drawn=full, k=k, n_queries=n_queries, seed=seed)


def neighborhood_hit(
    xy: Matrix, labels: Labels, *, k: int = 15, n_queries: int = 1000, seed: int = 0
) -> Quality:
    """Mean share of a point's k nearest in the frame that carry its label.

    Paulovich et al. 2008, "Least square projection", doi:10.1109/TVCG.2007.70443.

    Args:
        xy: `[n, 2]`; rows that are not finite are left out.
        labels: int `[n]`; rows below 0 have no label and are left out.
        k: Size of the neighbourhood; at most n - 1.
        n_queries: Queries, drawn once for a seed; all where there are no more points.
        seed: Picks the queries.
    """
    kept = finite_rows(xy) & (labels >= 0)
    points, codes = xy[kept].astype(np.float64), labels[kept]
    n, k = len(points), min(k, len(points) - 1)
    if k < 1 or all_equal(points):
        return Quality(None, 0, n, max(k, 0))
    queries = _queries(n, n_queries, seed)
    hits = 0
    for rows in blocks(len(queries), n, _BLOCK):
        block = queries[rows]
        near = _near(_distances(points, block), k)
        hits += int((codes[near] == codes[block, None]).sum())
    return Quality(hits / (len(queries) * k), len(queries), n, k)


def knn_agreement(graph: NeighborGraph, labels: Labels) -> Quality:
    """Mean share of a sample's neighbours in the full space that carry its label.

    What `neighborhood_hit` can hope for.

    Args:
        graph: The snapshot's neighbor graph.
        labels: int `[n]`; samples below 0 have no label: they are not asked, and not counted as neighbours.
    """
    asked = graph.valid & (labels >= 0)
    near = labels[graph.indices[asked]]
    known = near >= 0
    counts = known.sum(axis=1)
    n = int((counts > 0).sum())
    if n == 0:
        return Quality(None, 0, int(asked.sum()), graph.k)
    same = ((near == labels[asked, None]) & known).sum(axis=1)
    return Quality(float((same[counts > 0] / counts[counts > 0]).mean()), n, int(asked.sum()), graph.k)


def explained_variance(vectors: Matrix, xy: Matrix) -> list[float] | None:
    """Share of the variance of the vectors along each axis of a linear view of them.

    `var(xy_a) / sum_j var(v_j)`, from 0 to 1, over the rows that are finite in both; for axes that are
    principal components, what is known as explained variance ratio (Jolliffe 2002, "Principal Component
    Analysis", section 6.1).

    Args:
        vectors: `[n, d]`, any float.
        xy: `[n, 2]`, coordinates along orthonormal directions, in the unit of the vectors.

    Returns:
        One share for each axis; None where the vectors do not vary.
    """
    kept = finite_rows(vectors) & finite_rows(xy)
    if not kept.any():
        return None
    points = vectors[kept].astype(np.float64)
    unit = float(np.abs(points).max()) or 1.0  # squares of what is large overflow
    total = float((points / unit).var(axis=0).sum())
    if total <= 0:
        return None
    return [float(share) for share in (xy[kept].astype(np.float64) / unit).var(axis=0) / total]


def _spaces(vectors: Matrix, xy: Matrix, metric: Metric) -> tuple[Points, Points]:
    kept = finite_rows(vectors) & finite_rows(xy)
    if not kept.any():
        return np.empty((0, 1)), np.empty((0, 2))
    points = vectors[kept]
    if metric == "cosine":
        full = comparable(points.astype(np.float32), metric)[0].astype(np.float64)
    else:  # about the median, so that one extreme row takes no digits from the others
        full = points.astype(np.float64) - centre(points)
    return full, xy[kept].astype(np.float64)


def _no_ranks(full: Points, frame: Points) -> bool:
    """Whether all vectors, or all points, are equal: none is nearer than another, so there are no ranks."""
    return len(full) > 0 and (all_equal(full) or all_equal(frame))


def _rank_quality(*, ranked: Points, drawn: Points, k: int, n_queries: int, seed: int) -> Quality:
    """What it costs, in ranks of one space, to take the nearest of the other."""
    n = len(ranked)
    k = min(k, (n - 1) // 2)
    if k < 1:
        return Quality(None, 0, n, max(k, 0))
    queries = _queries(n, n_queries, seed)
    penalty = 0
    for rows in blocks(len(queries), n, _BLOCK):
        block = queries[rows]
        near = _near(_distances(drawn, block), k)
        gaps = _distances(ranked, block)
        for neighbor in near.T:
            nearer = (gaps < np.take_along_axis(gaps, neighbor[:, None], axis=1)).sum(axis=1)
            penalty += int(np.maximum(nearer + 1 - k, 0).sum())
    return Quality(1 - 2 * penalty / (len(queries) * k * (2 * n - 3 * k - 1)), len(queries), n, k)


def _queries(n: int, n_queries: int, seed: int) -> npt.NDArray[np.int64]:
    if n <= n_queries:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, n_queries, replace=False))


def _distances(points: Points, queries: npt.NDArray[np.int64]) -> Points:
    """Squared distances `[queries, n]`, infinite from a query to itself."""
    squares = squared_lengths(points)
    gaps = squares - 2 * (points[queries] @ points.T) + squares[queries, None]
    gaps[np.arange(len(queries)), queries] = np.inf
    return gaps


def _near(gaps: Points, k: int) -> npt.NDArray[np.int64]:
    return np.argpartition(gaps, k - 1, axis=1)[:, :k]
