"""The array types of `chroma.projection` and `chroma.insight`, and operations on rows that they share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.floating[Any]]  # vectors `[n, d]`, any float
Frame = npt.NDArray[np.float32]  # coordinates `[n, 2]`, NaN for missing samples
Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

# Numbers per block of a distance matrix: 8 MiB of float32.
BLOCK = 1 << 21


def blocks(rows: int, columns: int, most: int = BLOCK) -> Iterator[slice]:
    """Cut the rows of a `[rows, columns]` array into slices of at most `most` numbers, or of one row."""
    step = max(1, most // max(1, columns))
    for first in range(0, rows, step):
        yield slice(first, min(first + step, rows))


def finite_rows(matrix: Matrix) -> npt.NDArray[np.bool_]:
    """Which rows have no NaN and no infinity: bool `[n]`."""
    return np.logical_and.reduce(np.isfinite(matrix), axis=1)


def has_finite_row(matrix: Matrix) -> bool:
    """Whether any row has neither NaN nor infinity; looks no further than the first."""
    return any(finite_rows(matrix[rows]).any() for rows in blocks(len(matrix), 1, 1024))


def all_equal(matrix: Matrix) -> bool:
    """Whether all finite rows are equal; looks no further than the first that differs."""
    first: npt.NDArray[Any] | None = None
    for rows in blocks(len(matrix), matrix.shape[1]):
        part = matrix[rows][finite_rows(matrix[rows])]
        if len(part) and first is None:
            first = part[0]
        if first is not None and (part != first).any():
            return False
    return True


def squared_lengths(matrix: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Squared Euclidean length of each row: `[n]`, in the type of the matrix."""
    return np.einsum("ij,ij->i", matrix, matrix)
