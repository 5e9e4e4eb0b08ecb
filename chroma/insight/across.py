"""Neighbours of one set's samples in another set: for leaks and coverage."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from chroma.projection.arrays import Floats, Matrix, blocks, finite_rows, squared_lengths


def nearest_across(
    queries: Matrix, reference: Matrix, *, k: int = 10, normalised: bool = True, threads: int = 1
) -> tuple[npt.NDArray[np.int32], Floats]:
    """The k nearest rows of `reference` to each query; exact.

    Args:
        queries: `[m, d]`, any float; rows that are not finite get no neighbours.
        reference: `[n, d]`; rows that are not finite are nobody's neighbours.
        k: At most the number of finite reference rows.
        normalised: Bring all rows to length 1 first, so that direction alone counts.
        threads: For matrix products.

    Returns:
        int32 `[m, k]` rows of `reference`, nearest first, -1 where there are none, and float32 `[m, k]`
        Euclidean distances, NaN where there are none.
    """
    from threadpoolctl import threadpool_limits

    rows, asked = np.flatnonzero(finite_rows(reference)), np.flatnonzero(finite_rows(queries))
    k = min(k, len(rows))
    ids, distances = np.full((len(queries), k), -1, np.int32), np.full((len(queries), k), np.nan, np.float32)
    if k == 0 or len(asked) == 0:
        return ids, distances
    points, others = reference[rows].astype(np.float32), queries[asked].astype(np.float32)
    if normalised:
        points, others = unit_rows(points), unit_rows(others)
    middle = points.mean(axis=0)  # less rounding in the product
    points, others = points - middle, others - middle
    squares = squared_lengths(points)
    with threadpool_limits(threads):
        for part in blocks(len(others), max(len(points), k * points.shape[1])):
            gaps = squares - 2 * (others[part] @ points.T)
            near = np.argpartition(gaps, k - 1, axis=1)[:, :k]
            exact = np.linalg.norm(points[near] - others[part, None], axis=2)
            order = np.argsort(exact, axis=1, kind="stable")
            ids[asked[part]] = rows[np.take_along_axis(near, order, axis=1)]
            distances[asked[part]] = np.take_along_axis(exact, order, axis=1)
    return ids, distances


def unit_rows(matrix: Matrix) -> Floats:
    """Rows brought to length 1, float32 `[n, d]`; rows of zeros stay as they are."""
    points = matrix.astype(np.float32)
    largest = np.abs(points).max(axis=1, keepdims=True, initial=0)  # so that no square overflows
    points = points / np.where(largest > 0, largest, np.float32(1))
    length = np.linalg.norm(points, axis=1, keepdims=True)
    return np.divide(points, np.where(length > 0, length, np.float32(1)), dtype=np.float32)
