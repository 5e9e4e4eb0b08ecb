"""Rows so far from all others that float32 cannot hold both: they are measured in float64, one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chroma.projection.arrays import Floats, Indices, Matrix

# A row is extreme if it is so many times farther from the centre than the median row: below that, squared
# distances of the others keep 4 digits in float32.
_TIMES = 64
# Rows, and numbers at most, from which the centre is found.
_ROWS = 512
_NUMBERS = 1 << 22
_LARGEST = np.finfo(np.float32).max


def centre(points: Matrix) -> npt.NDArray[np.float64]:
    """The median of each column, float64 `[d]`, from up to 512 rows: no single row can move it."""
    count = max(32, min(_ROWS, _NUMBERS // max(1, points.shape[1])))
    return np.median(points[:: max(1, len(points) // count)], axis=0).astype(np.float64)


def extreme_rows(points: Floats) -> npt.NDArray[np.bool_]:
    """Which rows are extreme: bool `[n]`."""
    middle = centre(points).astype(np.float32)
    with np.errstate(over="ignore"):
        return is_extreme(np.abs(points - middle).max(axis=1))


def is_extreme(reach: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.bool_]:
    """Which rows are extreme, by how far each reaches from the centre: bool `[n]`."""
    known = reach[reach > 0]
    return reach / _TIMES > np.median(known) if len(known) else np.zeros(len(reach), np.bool_)


def add_extremes(points: Floats, extreme: Indices, near: Indices, distances: Floats) -> None:
    """Search among the extreme rows, and write what is nearer into the results of the others.

    Args:
        points: float32 `[n, d]`, as captured.
        extreme: int64 `[e]`: the extreme rows.
        near: int64 `[n, k]`: neighbours found among the other rows, in place; rows of `extreme` are written.
        distances: float32 `[n, k]`: theirs, ascending; infinite where fewer were found.
    """
    k = near.shape[1]
    others = np.ones(len(points), np.bool_)
    others[extreme] = False
    for row in extreme.tolist():
        lengths = np.linalg.norm(np.subtract(points, points[row], dtype=np.float64), axis=1)
        lengths[row] = np.inf
        order = np.argsort(lengths, kind="stable")[:k]
        near[row], distances[row] = order, np.minimum(lengths[order], _LARGEST)
        for other in np.flatnonzero(others & (lengths < distances[:, -1])).tolist():
            at = int(np.searchsorted(distances[other], lengths[other], side="right"))
            near[other, at + 1 :], distances[other, at + 1 :] = near[other, at:-1], distances[other, at:-1]
            near[other, at], distances[other, at] = row, min(lengths[other], _LARGEST)
