"""Groups of samples on which the model fails more often than elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chroma.insight.clusters import layout_clusters
from chroma.insight.intervals import adjusted, wilson
from chroma.projection.arrays import Matrix, finite_rows

# Axes on which groups are looked for: density means little on many.
_AXES = 8


@dataclass(frozen=True, slots=True)
class Slice:
    """A group of samples with more errors than the others.

    Attributes:
        cluster: Its number.
        rows: int64, its samples.
        errors: Of them wrong.
        rate: Share of them that is wrong.
        low: Lower end of Wilson's 95 % interval of the share.
        high: Its upper end.
        elsewhere: Share of all other samples that is wrong.
        q: P-value of having so many of the errors by chance (hypergeometric), adjusted for the number of
            groups.
    """

    cluster: int
    rows: npt.NDArray[np.int64]
    errors: int
    rate: float
    low: float
    high: float
    elsewhere: float
    q: float


def density_clusters(vectors: Matrix) -> npt.NDArray[np.int32]:
    """Groups by density on the eight strongest principal axes of vectors brought to unit variance.

    HDBSCAN, as `layout_clusters` has it: Campello, Moulavi & Sander 2013. Use vectors, never a film, to draw
    conclusions: a layout tears and joins groups.

    Args:
        vectors: `[n, d]`, any float.

    Returns:
        int32 `[n]`, 0 for the largest; -1 for samples in none, or not finite.
    """
    found = np.full(len(vectors), -1, np.int32)
    rows = np.flatnonzero(finite_rows(vectors))
    points = vectors[rows].astype(np.float64)
    if len(rows) == 0:
        return found
    points = points - points.mean(axis=0)
    _, axes = np.linalg.eigh(points.T @ points / max(1.0, float(np.abs(points).max()) ** 2))
    found[rows] = layout_clusters((points @ axes[:, -_AXES:]).astype(np.float32))
    return found


def slices(
    clusters: npt.NDArray[np.integer[Any]],
    wrong: npt.NDArray[np.bool_],
    *,
    times: float = 2.0,
    plus: float = 0.02,
    q: float = 0.05,
) -> list[Slice]:
    """Groups whose error rate is surely above that of all other samples.

    A group is told where, after control of false discoveries at `q` over all groups, its errors are more than
    chance gives, and the lower end of its interval is above `times` the rate elsewhere and `plus` more.

    Args:
        clusters: `[n]`, as `density_clusters` gives them, or any column of yours; negative in none.
        wrong: bool `[n]`.
        times: Ratio to the rate elsewhere.
        plus: Difference from it.
        q: Share of false discoveries.

    Returns:
        The worst first.
    """
    from scipy.stats import hypergeom

    numbers = np.unique(clusters[clusters >= 0])
    sizes = np.array([(clusters == c).sum() for c in numbers], np.int64)
    errors = np.array([wrong[clusters == c].sum() for c in numbers], np.int64)
    n, all_errors = len(wrong), int(wrong.sum())
    p_values = adjusted(np.asarray(hypergeom.sf(errors - 1, n, all_errors, sizes), np.float64))
    low, high = wilson(errors, sizes)
    elsewhere = (all_errors - errors) / np.maximum(1, n - sizes)
    bad = (p_values < q) & (low > times * elsewhere) & (low > elsewhere + plus)
    found = [
        Slice(
            cluster=int(numbers[i]),
            rows=np.flatnonzero(clusters == numbers[i]),
            errors=int(errors[i]),
            rate=float(errors[i] / sizes[i]),
            low=float(low[i]),
            high=float(high[i]),
            elsewhere=float(elsewhere[i]),
            q=float(p_values[i]),
        )
        for i in np.flatnonzero(bad)
    ]
    return sorted(found, key=lambda each: -each.low)
