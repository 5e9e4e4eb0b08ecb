"""Whether a layer collapses: how wide its vectors spread, in how many dimensions, and how many are equal."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chroma.projection.arrays import Matrix, blocks, finite_rows
from chroma.projection.extremes import centre, is_extreme

# Rows of which the singular values are found: their Gram matrix takes 8 MB of float64.
_ROWS = 1000


@dataclass(frozen=True, slots=True)
class Collapse:
    """How much the vectors of a snapshot differ.

    Attributes:
        spread: Root of the mean squared distance of the vectors from their mean.
        effective_rank: From 1 to d; None where all vectors are equal.
        equal: Vectors in the largest group of equal ones; 1 where all differ.
        of: Vectors looked at.
    """

    spread: float
    effective_rank: float | None
    equal: int
    of: int


def collapse(vectors: Matrix, *, seed: int = 0) -> Collapse | None:
    """Measure how much the vectors of a snapshot differ.

    The spread is `sqrt(1/n sum_i |x_i - m|^2)`, m the mean of the vectors: the root of the trace of their
    covariance. The effective rank is `exp(-sum_j p_j ln p_j)`, `p_j = s_j / sum_i s_i`, s the singular values
    of the vectors less their mean: d where all directions vary alike, 1 where the vectors lie on a line. Roy
    & Vetterli 2007, "The effective rank: a measure of effective dimensionality".

    Both leave out vectors more than 64 times as far from the centre as the median one: a single exploded
    sample would make any layer look collapsed.

    Args:
        vectors: `[n, d]`, any float; rows that are not finite are left out.
        seed: Picks the 1,000 rows that the effective rank is measured on where there are more. It is below
            their number, and close to d only where there are many more rows than d.

    Returns:
        None where no row is finite.
    """
    rows = np.flatnonzero(finite_rows(vectors))
    if len(rows) == 0:
        return None
    equal = _largest_group(vectors, rows)
    if equal == len(rows):
        return Collapse(0.0, None, equal, len(rows))
    middle = centre(vectors[rows[:: max(1, len(rows) // _ROWS)]])
    parts = [rows[part] for part in blocks(len(rows), vectors.shape[1])]
    reach = np.concatenate([np.abs(vectors[part] - middle).max(axis=1) for part in parts])
    usual, unit = rows[~is_extreme(reach)], float(reach[~is_extreme(reach)].max()) or 1.0
    total, squares = np.zeros(vectors.shape[1]), 0.0
    for part in blocks(len(usual), vectors.shape[1]):
        block = (vectors[usual[part]] - middle) / unit
        total += block.sum(axis=0)
        squares += float(np.einsum("ij,ij->", block, block))
    mean = total / len(usual)
    spread = float(np.sqrt(max(0.0, squares / len(usual) - mean @ mean))) * unit
    if len(usual) > _ROWS:
        usual = np.sort(np.random.default_rng(seed).choice(usual, _ROWS, replace=False))
    return Collapse(spread, _effective_rank((vectors[usual] - middle) / unit), equal, len(rows))


def _effective_rank(points: npt.NDArray[np.float64]) -> float | None:
    """Of float64 `[n, d]` with values of at most 1; None where all rows are equal."""
    points = points - points.mean(axis=0)
    gram = points @ points.T if len(points) < points.shape[1] else points.T @ points
    powers = np.linalg.eigvalsh(gram)
    # Below the rounding of the largest, the squares of the singular values are noise.
    powers = powers[powers > powers[-1] * len(powers) * np.finfo(np.float64).eps]
    if len(powers) == 0 or powers[-1] <= 0:
        return None
    share = np.sqrt(powers) / np.sqrt(powers).sum()
    return float(np.exp(-(share * np.log(share)).sum()))


def _largest_group(vectors: Matrix, rows: npt.NDArray[np.int64]) -> int:
    """Rows in the largest group of equal ones; they are known by the 64-bit hash of their bytes."""
    counts: Counter[int] = Counter()
    for part in blocks(len(rows), vectors.shape[1]):
        block = np.ascontiguousarray(vectors[rows[part]] + vectors.dtype.type(0))  # -0 becomes 0
        counts.update(hash(row.tobytes()) for row in block)
    return max(counts.values())
