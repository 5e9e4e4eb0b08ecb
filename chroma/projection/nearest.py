"""The nearest rows by blocks of the distance matrix: exact among the rows that are compared."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chroma.projection.arrays import BLOCK, Floats, Indices, blocks, squared_lengths

# The matrix product loses the last digits of small distances: a few more candidates are measured exactly.
SPARE = 8
# Squared distances from the product are off by less than this share of the squared lengths.
_ROUNDED = np.float32(1e-5)
# A float32 product of two rows is off by less than this share of their squared lengths (observed: 5e-7).
_PRODUCT = np.float32(1e-6)
# Principal axes of reduced rows, the rows they are found from, and the candidates measured on all columns.
_AXES = 47
_AXES_ROWS = 1024
_CANDIDATES = 40
# Below so many rows, or so many columns, reducing costs more than it saves.
_MANY = 2048
_WIDE = 96


@dataclass(frozen=True, slots=True)
class Reduced:
    """Rows on a few axes, where distances are lower bounds of the true ones (triangle inequality).

    Attributes:
        points: float32 `[n, axes]`.
        squares: float32 `[n]`: their squared lengths.
        slack: float32 `[n]`: upper bound of the rounding error of squared distances.
        basis: float32 `[d, axes - 1]`; the last axis is the length of the remainder. None: the rows are not
            reduced.
    """

    points: Floats
    squares: Floats
    slack: Floats
    basis: Floats | None

    def take(self, rows: Indices) -> Reduced:
        """Some of the rows."""
        return Reduced(self.points[rows], self.squares[rows], self.slack[rows], self.basis)

    def reduce_more(self, others: Floats) -> Reduced:
        """Other rows, float32 `[m, d]`, on the same axes."""
        return unreduced(others) if self.basis is None else _reduce(self.basis, others)

    def candidates(self, k: int) -> int:
        """How many candidates are measured on all columns to find `k` neighbours."""
        return k + SPARE if self.basis is None else max(_CANDIDATES, 2 * k)


def exact(points: Floats, queries: Indices, k: int, threads: int) -> tuple[Indices, Floats]:
    """Nearest `k` of all points for each query, nearest first, ties by row; exact.

    Many points of many columns are first compared on their 47 strongest principal axes and the length of the
    remainder: distances there are never more than the true ones (triangle inequality). A query is decided if
    its k-th neighbour is nearer than the lower bound of every point not measured; the others are compared on
    all columns.

    Args:
        points: float32 `[n, d]`, near 1 in size and centred.
        queries: int64 `[m]`, rows of `points`.
        k: Less than n.
        threads: Threads for matrix products; they do not change the result.

    Returns:
        int64 `[m, k]` rows and float32 `[m, k]` distances.
    """
    from threadpoolctl import threadpool_limits

    near = np.empty((len(queries), k), np.int64)
    distances = np.empty((len(queries), k), np.float32)
    if k == 0:
        return near, distances
    left = np.ones(len(queries), np.bool_)
    with threadpool_limits(threads):
        if len(points) >= _MANY and points.shape[1] >= _WIDE and len(queries) >= _MANY:
            for part, rows, lengths, sure in _by_reduced(points, queries, k):
                near[part], distances[part], left[part] = rows, lengths, ~sure
        rest = np.flatnonzero(left)
        for part, rows, lengths, sure in _blocks(points, queries[rest], unreduced(points), k):
            near[rest[part]], distances[rest[part]] = rows, lengths
            left[rest[part]] = ~sure
        rest = np.flatnonzero(left)
        if len(rest):
            near[rest], distances[rest] = _in_float64(points, queries[rest], k)
    return near, distances


def reduce_rows(points: Floats) -> Reduced:
    """Reduce rows to their principal axes; rows with few columns stay as they are."""
    if points.shape[1] < _WIDE:
        return unreduced(points)
    rows = points[:: max(1, len(points) // _AXES_ROWS)][:_AXES_ROWS]
    tall = len(rows) >= points.shape[1]
    gram = rows.T @ rows if tall else rows @ rows.T
    axes = np.linalg.eigh(gram)[1][:, -_AXES:]
    basis = np.linalg.qr(axes if tall else rows.T @ axes)[0].astype(np.float32)
    return _reduce(basis, points)


def _reduce(basis: Floats, points: Floats) -> Reduced:
    low = points @ basis
    squares = squared_lengths(points)
    rest = np.sqrt(np.maximum(squares - squared_lengths(low), 0))
    reduced = np.column_stack([low, rest]).astype(np.float32)
    return Reduced(reduced, squared_lengths(reduced), _ROUNDED * (squares + squares.max(initial=0)), basis)


def unreduced(points: Floats) -> Reduced:
    """Rows on all their columns."""
    return Reduced(points, squared_lengths(points), np.zeros(len(points), np.float32), None)


Nearest = tuple[Indices, Floats, npt.NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class Among:
    """Rows that are compared with a query.

    Attributes:
        points: float32 `[n, d]`: all rows there are.
        rows: int64 `[c]`: the ones compared; None: all.
        reduced: The ones compared, on fewer axes.
    """

    points: Floats
    rows: Indices | None
    reduced: Reduced


def nearest_among(  # noqa: PLR0917
    queries: Floats, asked: Indices, low: Reduced, among: Among, itself: Indices, k: int, products: Floats
) -> Nearest:
    """The `k` nearest rows of each query.

    Args:
        queries: float32 `[q, d]`.
        asked: int64 `[m]`: which of the queries.
        low: These, on fewer axes.
        among: The rows compared, at least k besides the query.
        itself: int64 `[m]`: which of the rows compared is the query, or -1; it is never a result.
        k: Neighbours.
        products: float32 `[m, c]`, overwritten.

    Returns:
        int64 `[m, k]` rows, nearest first, ties by row, float32 `[m, k]` distances, and bool `[m]`: whether
        no other row compared can be nearer.
    """
    from chroma.projection.kernels import measured, smallest

    np.matmul(low.points, among.reduced.points.T, out=products)
    count = min(among.reduced.candidates(k), products.shape[1] - int(itself.max(initial=-1) >= 0))
    columns, gaps = smallest(products, among.reduced.squares, itself, count)
    # Without reduction there are no bounds: every candidate is measured.
    bounds = np.zeros_like(gaps)
    if low.basis is not None:
        np.add(gaps, (low.squares - low.slack)[:, None], out=bounds)
    candidates = columns if among.rows is None else among.rows[columns]
    near, distances = measured(queries, asked, among.points, candidates, bounds, k)
    if low.basis is None:
        if count == products.shape[1] - int(itself.max(initial=-1) >= 0):
            return near, distances, np.ones(len(near), np.bool_)
        # A row nearer than the k-th is longer than the query by less than that distance.
        kth = distances[:, -1]
        off = _PRODUCT * (low.squares + (np.sqrt(low.squares) + kth) ** 2)
        return near, distances, (kth == 0) | (kth**2 + off < gaps.max(axis=1) + low.squares)
    # A tie with a row that was not measured is decided by row number, so the bound must be strictly larger.
    return near, distances, distances[:, -1] ** 2 < bounds.max(axis=1)


def _in_float64(points: Floats, queries: Indices, k: int) -> tuple[Indices, Floats]:
    """As `exact`, for queries whose neighbours differ by less than float32 products can tell."""
    n, d = points.shape
    squares = np.einsum("ij,ij->i", points, points, dtype=np.float64)
    near = np.empty((len(queries), k), np.int64)
    distances = np.empty((len(queries), k), np.float32)
    count = min(k + SPARE, n - 1)
    for part in blocks(len(queries), n):
        block = queries[part]
        gaps = np.repeat(squares[None], len(block), axis=0)
        for columns in blocks(d, n):
            gaps -= 2 * (points[block, columns].astype(np.float64) @ points[:, columns].T.astype(np.float64))
        gaps[np.arange(len(block)), block] = np.inf
        for at, candidates in enumerate(np.sort(np.argpartition(gaps, count - 1, axis=1)[:, :count])):
            away = np.subtract(points[candidates], points[block[at]], dtype=np.float64)
            lengths = np.linalg.norm(away, axis=1)
            order = np.argsort(lengths, kind="stable")[:k]
            near[part.start + at], distances[part.start + at] = candidates[order], lengths[order]
    return near, distances


_Found = tuple[slice, Indices, Floats, npt.NDArray[np.bool_]]


def _by_reduced(points: Floats, queries: Indices, k: int) -> Generator[_Found]:
    """Blocks of queries on reduced rows, as long as that decides at least half of a block."""
    for found in _blocks(points, queries, reduce_rows(points), k):
        yield found
        if found[3].mean() < 0.5:
            return


def _blocks(points: Floats, queries: Indices, low: Reduced, k: int) -> Generator[_Found]:
    """Per block of queries: which they are, their `k` nearest of all rows, and which are decided."""
    n = len(points)
    products = np.empty((max(1, BLOCK // n), n), np.float32)
    everything = Among(points, None, low)
    for part in blocks(len(queries), n):
        block = queries[part]
        out = products[: len(block)]
        yield part, *nearest_among(points, block, low.take(block), everything, block, k, out)
