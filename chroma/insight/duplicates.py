"""Samples that are there twice, within a split or in two: training data that leaked into the test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chroma.projection.arrays import Floats, Matrix, blocks, finite_rows

Rows = npt.NDArray[np.int64]
# Of the median nearest distance: cleanlab's threshold for near duplicates.
NEAR = 0.13


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of samples that are the same, or nearly.

    Attributes:
        first: int64 `[p]`, rows of the first set.
        second: int64 `[p]`, rows of the second; of the same one, `first < second`.
        distance: float32 `[p]`, in units of the usual distance of a sample to its nearest, ascending.
        exact: bool `[p]`: the two are equal.
    """

    first: Rows
    second: Rows
    distance: Floats
    exact: npt.NDArray[np.bool_]

    def take(self, which: npt.NDArray[Any]) -> Pairs:
        """Some of the pairs, by a mask or rows."""
        return Pairs(self.first[which], self.second[which], self.distance[which], self.exact[which])


def usual_distance(distances: Floats) -> float:
    """The median distance of a sample to its nearest neighbour, of those above 0; NaN where there is none.

    Args:
        distances: `[n, >= 1]`, nearest first.
    """
    nearest = distances[:, 0] if distances.shape[1] else np.empty(0, np.float32)
    nearest = nearest[np.isfinite(nearest) & (nearest > 0)]
    return float(np.median(nearest)) if len(nearest) else float("nan")


def near_pairs(
    ids: npt.NDArray[np.integer[Any]],
    distances: Floats,
    *,
    usual: float | None = None,
    near: float = NEAR,
) -> Pairs:
    """Pairs nearer than a share of the usual distance of nearest neighbours.

    `d < near * median_i d_i1`, as cleanlab finds near duplicates. Late layers make classes into duplicates:
    `confirmed` asks an earlier layer.

    Args:
        ids: int `[n, k]`, neighbours, -1 where there are none.
        distances: `[n, k]`.
        usual: Of a graph across sets, `usual_distance` of the training set in itself (where many samples
            leaked, that of the graph is too small). Without it the graph is one of a set in itself.
        near: Share of the usual distance.
    """
    unit = usual_distance(distances) if usual is None else usual
    unit = unit if np.isfinite(unit) and unit > 0 else 1.0
    with np.errstate(invalid="ignore"):
        first, column = np.nonzero((distances < near * unit) & (ids >= 0))
    second = ids[first, column].astype(np.int64)
    length = distances[first, column] / np.float32(unit)
    if usual is None:
        ordered = np.stack([np.minimum(first, second), np.maximum(first, second)])
        (first, second), at = np.unique(ordered, axis=1, return_index=True)
        length = length[at]
    order = np.argsort(length, kind="stable")
    return Pairs(first[order], second[order], length[order], length[order] == 0)


def equal_pairs(first: Matrix, second: Matrix | None = None) -> Pairs:
    """Pairs of equal rows, of one set or across two: each row with the first one equal to it.

    Args:
        first: `[n, d]`; rows that are not finite are left out.
        second: `[m, d]` of the same type.
    """
    seen: dict[bytes, int] = {}
    pairs: list[tuple[int, int]] = []
    if second is not None:
        for row, key in _keys(first):
            seen.setdefault(key, row)
        pairs = [(seen[key], row) for row, key in _keys(second) if key in seen]
    else:
        for row, key in _keys(first):
            if key in seen:
                pairs.append((seen[key], row))
            seen.setdefault(key, row)
    rows = np.array(pairs, np.int64).reshape(-1, 2)
    return Pairs(rows[:, 0], rows[:, 1], np.zeros(len(rows), np.float32), np.ones(len(rows), np.bool_))


def confirmed(
    pairs: Pairs, first: Matrix, second: Matrix, usual: float, *, near: float = NEAR
) -> npt.NDArray[np.bool_]:
    """Which pairs are near in another layer, too: ask one before classes collapse.

    Args:
        pairs: As `near_pairs` found them.
        first: `[n, d]`, vectors of the first set in the other layer, Euclidean.
        second: `[m, d]`, of the second; the same matrix where there is one set.
        usual: `usual_distance` of that layer.
        near: Share of the usual distance.

    Returns:
        bool `[p]`; False where a vector is not finite.
    """
    close = np.zeros(len(pairs.first), np.bool_)
    for part in blocks(len(close), first.shape[1]):
        gap = first[pairs.first[part]].astype(np.float64) - second[pairs.second[part]].astype(np.float64)
        with np.errstate(invalid="ignore"):
            close[part] = np.linalg.norm(gap, axis=1) <= near * usual
    return close


def _keys(matrix: Matrix) -> list[tuple[int, bytes]]:
    rows = np.flatnonzero(finite_rows(matrix))
    return [(int(row), np.ascontiguousarray(matrix[row] + matrix.dtype.type(0)).tobytes()) for row in rows]
