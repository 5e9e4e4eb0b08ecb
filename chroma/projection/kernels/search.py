"""Kernels that select the nearest rows."""

from __future__ import annotations

import numpy as np

from chroma.projection.kernels.compiled import (
    ANY_ORDER,
    F1,
    F2,
    INT,
    L1,
    L2,
    ROWS,
    TWO,
    Floats,
    Ints,
    Longs,
    compiled,
    part,
)


@part
def _largest(values: Floats) -> int:
    at = 0
    for s in range(len(values)):
        if values[s] > values[at]:
            at = s
    return at


@part
def _fold(least: Floats, product: Floats, squares: Floats) -> None:
    for j in range(len(product)):  # without branches: eight at a time
        gap = squares[j] - TWO * product[j]
        least[j] = gap if gap < least[j] else least[j]


@compiled(ROWS, F1, L1, INT)
def smallest(products: Floats, squares: Floats, itself: Ints, k: int) -> tuple[Longs, Floats]:
    """The `k` smallest `squares - 2 products` of each row, in no order.

    Column `itself[row]` is skipped (-1: none). Returns their columns, int64 `[rows, k]`, and the
    values; k is at most the number of the other columns.
    """
    rows, n = products.shape
    found = np.empty((rows, k), np.int64)
    gaps = np.empty((rows, k), np.float32)
    # Minima over columns that are `width` apart: at least k values of the row are no more than the k-th least
    # of these minima, so all others can be skipped.
    width = max(k, -(-n // 16))
    least = np.empty(width, np.float32)
    for r in range(rows):
        product, best, columns = products[r], gaps[r], found[r]
        if itself[r] >= 0:
            product[itself[r]] = -np.inf
        least[:] = np.inf
        for start in range(0, n, width):
            _fold(least, product[start : start + width], squares[start : start + width])
        best[:] = np.inf
        worst = 0
        for j in range(width):
            if least[j] < best[worst]:
                best[worst] = least[j]
                worst = _largest(best)
        limit = best[worst]
        best[:] = np.inf
        filled, worst = 0, 0
        for j in range(width):
            if least[j] > limit:
                continue
            for at in range(j, n, width):
                gap = squares[at] - TWO * product[at]
                if gap > limit or at == itself[r]:
                    continue
                if filled < k:
                    best[filled], columns[filled] = gap, at
                    filled += 1
                    worst = _largest(best) if filled == k else 0
                elif gap < best[worst]:
                    best[worst], columns[worst] = gap, at
                    worst = _largest(best)
    return found, gaps


@compiled(F2, L1, F2, L2, F2, INT, fast=ANY_ORDER)
def measured(
    queries: Floats, asked: Ints, points: Floats, near: Ints, bounds: Floats, k: int
) -> tuple[Longs, Floats]:
    """The `k` nearest of each query's candidates `near`, nearest first, ties by row: rows and distances.

    No candidate is nearer than the root of its bound: those that cannot be among the nearest are not
    measured.
    """
    rows, count = near.shape
    d = points.shape[1]
    found = np.empty((rows, k), np.int64)
    lengths = np.empty((rows, k), np.float32)
    order = np.empty(count, np.int64)
    for r in range(rows):
        for c in range(count):  # by bound: count is small
            at = c
            while at > 0 and bounds[r, order[at - 1]] > bounds[r, c]:
                order[at] = order[at - 1]
                at -= 1
            order[at] = c
        filled = 0
        i = asked[r]
        for c in order:
            if filled == k and bounds[r, c] > lengths[r, k - 1]:
                break
            j = near[r, c]
            total = np.float32(0)
            for axis in range(d):
                gap = queries[i, axis] - points[j, axis]
                total += gap * gap
            at = filled
            if filled == k:
                if total > lengths[r, k - 1] or (total == lengths[r, k - 1] and j > found[r, k - 1]):
                    continue
                at = k - 1
            else:
                filled += 1
            while at > 0 and (
                lengths[r, at - 1] > total or (lengths[r, at - 1] == total and found[r, at - 1] > j)
            ):
                lengths[r, at], found[r, at] = lengths[r, at - 1], found[r, at - 1]
                at -= 1
            lengths[r, at], found[r, at] = total, j
    return found, np.sqrt(lengths)
