"""Searches for the nearest rows: exact by blocks of the distance matrix, or HNSW."""

from __future__ import annotations

import importlib
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

# Numbers per block of the distance matrix: 8 MiB of float32.
_BLOCK = 1 << 21
# The matrix product loses the last digits of small distances: a few more candidates are measured exactly.
_SPARE = 8
# Squared distances from the product are off by less than this share of the squared lengths.
_ROUNDED = np.float32(1e-5)
# Principal axes of a shadow, the rows they are found from, and the candidates measured in full.
_AXES = 47
_AXES_ROWS = 1024
_CANDIDATES = 40
# Below so many rows, or so many columns, shadows cost more than they save.
_MANY = 2048
_WIDE = 96
# HNSW's breadth while building and searching; 128 finds above .99 among 25,000 digits-like vectors.
_EXPANSION = 128


@dataclass(frozen=True, slots=True)
class _Shadow:
    """Rows on a few axes, whose distances are never more than those of the rows; and what they are off by."""

    points: Floats
    slack: Floats


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
        everything = _Shadow(points, np.zeros(len(points), np.float32))
        for part, rows, lengths, _ in _blocks(points, queries[rest], everything, k, k + _SPARE):
            near[rest[part]], distances[rest[part]] = rows, lengths
    return near, distances


def hnsw(points: Floats, k: int, threads: int) -> tuple[Indices, Floats]:
    """Nearest `k` of all points for each, nearly all of them; arguments and result as in `exact`.

    Malkov & Yashunin 2018, arXiv:1603.09320, by usearch. The same bits every time on one thread only.
    """
    from chroma.projection.kernels import measured

    index_class: Any = importlib.import_module("usearch.index").Index
    everyone = np.arange(len(points))
    index = index_class(
        ndim=points.shape[1],
        metric="l2sq",
        dtype="f32",
        expansion_add=_EXPANSION,
        expansion_search=_EXPANSION,
    )
    index.add(everyone, points, threads=threads, copy=False)
    found = index.search(points, k + 1, threads=threads).keys.astype(np.int64)
    # The sample itself is nearly always found; where duplicates crowd it out, the last goes instead.
    itself = found == everyone[:, None]
    itself[~itself.any(axis=1), -1] = True
    candidates = found[~itself].reshape(len(points), k)
    return measured(points, everyone, candidates, np.zeros(candidates.shape, np.float32), k)


_Found = tuple[slice, Indices, Floats, npt.NDArray[np.bool_]]


def _by_shadow(points: Floats, queries: Indices, k: int) -> Generator[_Found]:
    """Blocks of queries, as long as shadows settle half of them or more."""
    shadow = _shadow(points)
    for found in _blocks(points, queries, shadow, k, max(_CANDIDATES, 2 * k)):
        yield found
        if found[3].mean() < 0.5:
            return


def _shadow(points: Floats) -> _Shadow:
    rows = points[:: max(1, len(points) // _AXES_ROWS)][:_AXES_ROWS]
    tall = len(rows) >= points.shape[1]
    gram = rows.T @ rows if tall else rows @ rows.T
    axes = np.linalg.eigh(gram)[1][:, -_AXES:]
    basis = np.linalg.qr(axes if tall else rows.T @ axes)[0].astype(np.float32)
    low = points @ basis
    squares = np.einsum("ij,ij->i", points, points)
    rest = np.sqrt(np.maximum(squares - np.einsum("ij,ij->i", low, low), 0))
    return _Shadow(np.column_stack([low, rest]).astype(np.float32), _ROUNDED * (squares + squares.max()))


def _blocks(points: Floats, queries: Indices, shadow: _Shadow, k: int, count: int) -> Generator[_Found]:
    """Per block of queries: which they are, their `k` nearest of `count` candidates, and who is settled."""
    from chroma.projection.kernels import measured, smallest

    n = len(points)
    count = min(count, n - 1)
    low, slack = shadow.points, shadow.slack
    squares = np.einsum("ij,ij->i", low, low)
    rows = max(1, _BLOCK // n)
    products = np.empty((rows, n), np.float32)
    full = low is points
    for first in range(0, len(queries), rows):
        block = queries[first : first + rows]
        product = products[: len(block)]
        np.matmul(low[block], low.T, out=product)
        candidates, gaps = smallest(product, squares, block, count)
        # In full, the product only picks: all candidates are measured.
        bounds = np.zeros_like(gaps) if full else gaps + (squares[block] - slack[block])[:, None]
        near, distances = measured(points, block, candidates, bounds, k)
        # Ties across the border could go either way by row: strictly nearer, or compared in full.
        sure = distances[:, -1] ** 2 < bounds.max(axis=1)
        yield slice(first, first + len(block)), near, distances, sure
