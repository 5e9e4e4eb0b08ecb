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
# Principal axes of a shadow, the rows they are found from, and the candidates measured in full.
_AXES = 47
_AXES_ROWS = 1024
_CANDIDATES = 40
# Below so many rows, or so many columns, shadows cost more than they save.
_MANY = 2048
_WIDE = 96


@dataclass(frozen=True, slots=True)
class Shadow:
    """Rows on a few axes, whose distances are never more than those of the rows (the triangle inequality).

    Attributes:
        points: float32 `[n, axes]`.
        squares: float32 `[n]`: their squared lengths.
        slack: float32 `[n]`: what squared distances may be off by.
        basis: float32 `[d, axes - 1]`; the last axis is the length of what is left. None: these are the rows.
    """

    points: Floats
    squares: Floats
    slack: Floats
    basis: Floats | None

    def of(self, rows: Indices) -> Shadow:
        """Those of some rows."""
        return Shadow(self.points[rows], self.squares[rows], self.slack[rows], self.basis)

    def cast(self, others: Floats) -> Shadow:
        """The shadow of other rows, float32 `[m, d]`, on the same axes."""
        return themselves(others) if self.basis is None else _on(self.basis, others)

    def candidates(self, k: int) -> int:
        """How many must be measured to find `k`."""
        return k + SPARE if self.basis is None else max(_CANDIDATES, 2 * k)


def exact(points: Floats, queries: Indices, k: int, threads: int) -> tuple[Indices, Floats]:
    """Nearest `k` of all points for each query, nearest first, ties by row; exact.

    Many points of many columns are first compared on their 47 strongest principal axes and the length of what
    is left of them: distances there are never more than those in full (the triangle inequality). A query is
    done where its k-th neighbour is nearer than any point not measured can be; the others are compared in
    full.

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
            for part, rows, lengths, sure in _by_shadow(points, queries, k):
                near[part], distances[part], left[part] = rows, lengths, ~sure
        rest = np.flatnonzero(left)
        for part, rows, lengths, _ in _blocks(points, queries[rest], themselves(points), k):
            near[rest[part]], distances[rest[part]] = rows, lengths
    return near, distances


def shadow_of(points: Floats) -> Shadow:
    """The shadow of rows; the rows themselves where they have few columns."""
    if points.shape[1] < _WIDE:
        return themselves(points)
    rows = points[:: max(1, len(points) // _AXES_ROWS)][:_AXES_ROWS]
    tall = len(rows) >= points.shape[1]
    gram = rows.T @ rows if tall else rows @ rows.T
    axes = np.linalg.eigh(gram)[1][:, -_AXES:]
    basis = np.linalg.qr(axes if tall else rows.T @ axes)[0].astype(np.float32)
    return _on(basis, points)


def _on(basis: Floats, points: Floats) -> Shadow:
    low = points @ basis
    squares = squared_lengths(points)
    rest = np.sqrt(np.maximum(squares - squared_lengths(low), 0))
    shadow = np.column_stack([low, rest]).astype(np.float32)
    return Shadow(shadow, squared_lengths(shadow), _ROUNDED * (squares + squares.max(initial=0)), basis)


def themselves(points: Floats) -> Shadow:
    """Rows as a shadow of themselves."""
    return Shadow(points, squared_lengths(points), np.zeros(len(points), np.float32), None)


Nearest = tuple[Indices, Floats, npt.NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class Among:
    """Rows to look among.

    Attributes:
        points: float32 `[n, d]`: all rows there are.
        rows: int64 `[c]`: those looked at; None: all.
        shadow: Of those looked at.
    """

    points: Floats
    rows: Indices | None
    shadow: Shadow


def nearest_among(  # noqa: PLR0917
    queries: Floats, asked: Indices, mine: Shadow, among: Among, itself: Indices, k: int, products: Floats
) -> Nearest:
    """The `k` nearest rows of each query.

    Args:
        queries: float32 `[q, d]`.
        asked: int64 `[m]`: which of the queries.
        mine: The shadow of those.
        among: The rows to look among, at least k that are not the query.
        itself: int64 `[m]`: which of the rows looked at is the query, or -1; it is not found.
        k: Neighbours.
        products: float32 `[m, c]`, overwritten.

    Returns:
        int64 `[m, k]` rows, nearest first, ties by row, float32 `[m, k]` distances, and bool `[m]`: whether
        no other row looked at can be nearer.
    """
    from chroma.projection.kernels import measured, smallest

    np.matmul(mine.points, among.shadow.points.T, out=products)
    count = min(among.shadow.candidates(k), products.shape[1] - int(itself.max(initial=-1) >= 0))
    columns, gaps = smallest(products, among.shadow.squares, itself, count)
    # In full, the product only picks: all candidates are measured.
    bounds = np.zeros_like(gaps)
    if mine.basis is not None:
        np.add(gaps, (mine.squares - mine.slack)[:, None], out=bounds)
    candidates = columns if among.rows is None else among.rows[columns]
    near, distances = measured(queries, asked, among.points, candidates, bounds, k)
    # Ties across the border could go either way by row: strictly nearer, or compared in full.
    return near, distances, distances[:, -1] ** 2 < bounds.max(axis=1)


_Found = tuple[slice, Indices, Floats, npt.NDArray[np.bool_]]


def _by_shadow(points: Floats, queries: Indices, k: int) -> Generator[_Found]:
    """Blocks of queries, as long as shadows settle half of them or more."""
    for found in _blocks(points, queries, shadow_of(points), k):
        yield found
        if found[3].mean() < 0.5:
            return


def _blocks(points: Floats, queries: Indices, shadow: Shadow, k: int) -> Generator[_Found]:
    """Per block of queries: which they are, their `k` nearest of all rows, and who is settled."""
    n = len(points)
    products = np.empty((max(1, BLOCK // n), n), np.float32)
    everything = Among(points, None, shadow)
    for part in blocks(len(queries), n):
        block = queries[part]
        out = products[: len(block)]
        yield part, *nearest_among(points, block, shadow.of(block), everything, block, k, out)
