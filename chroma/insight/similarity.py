"""How alike two layers, epochs or runs represent the same samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chroma.projection.arrays import Floats, Matrix, finite_rows


@dataclass(frozen=True, slots=True)
class _Side:
    """One set of vectors: centred and scaled rows, their squared lengths, and HSIC with itself."""

    points: Floats
    squares: npt.NDArray[np.float64]
    own: float


def cka(first: Matrix, second: Matrix) -> float:
    """Debiased linear CKA of two representations of the same samples.

    `CKA = HSIC(K, L) / sqrt(HSIC(K, K) HSIC(L, L))` with K, L the Gram matrices of the rows and the unbiased
    estimator of HSIC (Song et al. 2012, "Feature selection via dependence maximization"): Kornblith et al.
    2019 (arXiv 1905.00414), debiased by Nguyen, Raghu & Kornblith 2020 (arXiv 2010.15327). The usual, biased
    CKA of two unrelated sets is far above 0 where n is not far above d. Computed in feature space, in O(n
    d^2): no n x n matrix is made.

    Never compare sets that are not of the same samples: for those see `drift`.

    Args:
        first: `[n, d]`, any float.
        second: `[n, e]`, the same samples in the same order; rows not finite in either are left out.

    Returns:
        At most 1; about 0, and as often below as above, for unrelated ones. NaN for fewer than 4 samples, or
        where all vectors of a side are equal.

    Example:
        >>> cka(vectors, 3 * vectors @ rotation + 1)
        1.0
    """
    return float(cka_matrix([first, second])[0, 1])


def cka_matrix(representations: Sequence[Matrix], others: Sequence[Matrix] | None = None) -> Floats:
    """`cka` of each pair: layer by layer, epoch by epoch, or of one run with another.

    Args:
        representations: Matrices `[n, d_i]` of the same samples in the same order; rows that are not finite
            in any of all matrices are left out.
        others: The columns, as the rows by default.

    Returns:
        float32 `[len(representations), len(others)]`.
    """
    every = [*representations, *(others or [])]
    kept = np.logical_and.reduce([finite_rows(matrix) for matrix in every])
    sides = [_side(matrix[kept]) for matrix in every]
    rows, columns = sides[: len(representations)], sides[len(representations) :] if others else sides
    found = np.full((len(rows), len(columns)), np.nan, np.float32)
    for i, one in enumerate(rows):
        for j, two in enumerate(columns):
            if others is None and j < i:
                found[i, j] = found[j, i]
            elif one.own > 0 and two.own > 0:
                found[i, j] = 1 if one is two else _hsic(one, two) / np.sqrt(one.own * two.own)
    return found


def procrustes(first: Matrix, second: Matrix) -> float:
    """Distance of two representations of the same samples after the best rotation and scale.

    `1 - |X^T Y|_* / (|X|_F |Y|_F)`, columns centred, the numerator the sum of singular values (Schönemann
    1966; for networks Ding, Denain & Steinhardt 2021, arXiv 2108.01661).

    Args:
        first: `[n, d]`, any float.
        second: `[n, e]`, the same samples in the same order; rows not finite in either are left out.

    Returns:
        From 0 (equal up to rotation, reflection, scale and shift) to 1; NaN where all vectors of a side are
        equal.
    """
    kept = finite_rows(first) & finite_rows(second)
    if not kept.any():
        return float("nan")
    one, two = _centred(first[kept]).astype(np.float64), _centred(second[kept]).astype(np.float64)
    size = np.linalg.norm(one) * np.linalg.norm(two)
    return float(1 - np.linalg.norm(one.T @ two, "nuc") / size) if size > 0 else float("nan")


def _centred(matrix: Matrix) -> Floats:
    """Rows less their mean, in a unit in which no square overflows."""
    largest = float(np.abs(matrix).max(initial=0)) or 1.0
    wide = np.float64 if matrix.dtype == np.float64 else np.float32
    points = np.divide(matrix, largest, dtype=wide).astype(np.float32)
    return points - points.mean(axis=0, dtype=np.float64).astype(np.float32)


def _side(matrix: Matrix) -> _Side:
    points = _centred(matrix)
    squares = np.einsum("ij,ij->i", points, points, dtype=np.float64)
    side = _Side(points, squares, 0.0)
    return _Side(points, squares, _hsic(side, side) if len(points) > 3 else 0.0)


def _hsic(one: _Side, two: _Side) -> float:
    """Unbiased HSIC of centred rows, but for its factor 1 / (n (n - 3)).

    With K and L without their diagonals and k, l those diagonals, `K 1 = -k`, for centred rows add up to 0.
    """
    n = len(one.squares)
    product = (one.points.T @ two.points).astype(np.float64)
    together = float(np.einsum("ij,ij->", product, product) - one.squares @ two.squares)
    sums = float(one.squares.sum() * two.squares.sum())
    return together + sums / ((n - 1) * (n - 2)) - 2 / (n - 2) * float(one.squares @ two.squares)
