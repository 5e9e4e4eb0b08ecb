"""What is measured of one snapshot while a model trains: on few rows, in milliseconds, with NumPy alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

MOST_ROWS = 2_000
LEAST_ROWS = 20  # fewer say nothing
K = 15  # neighbours, as of kNN agreement elsewhere
_MOST_VALUES = 1_000_000  # of the rows that are looked at, so that few are where they are wide
_NEAR_ROWS = 500  # among which neighbours are looked for: some 5 ms
_RANK_ROWS = 384  # the eigenvalues of their Gram matrix take some 20 ms


@dataclass(frozen=True, slots=True)
class VectorSignals:
    """Signals of the vectors of one layer at one step; None where something is missing to measure it.

    Attributes:
        epoch: 0-based, or None.
        step: Global optimizer step.
        n: Rows looked at.
        broken: Share of rows with NaN or infinite values. All that follows is of the other rows.
        equal: Share of rows in the largest group of equal ones.
        dead: Share of units that give the same value for every row.
        norm: Root of the mean squared norm of the rows, `sqrt(mean |x|²)`.
        spread: Relative spread, 0..1: `sqrt(mean |x − m|²) / norm`, m the mean; 0 where all rows are equal.
        rank: Effective rank, `exp(−Σ p ln p)`, `p = s / Σ s`, s the singular values of the centred rows (Roy
            & Vetterli 2007).
        cosine: Mean cosine of all pairs of rows, −1..1.
        separation: Share of the variance that lies between the classes, 0..1.
        agreement: Mean share of the 15 nearest rows by cosine that carry a row's label, 0..1.
        turnover: Mean share of the 15 nearest rows that were not among them in the snapshot before, 0..1.
    """

    epoch: int | None
    step: int
    n: int
    broken: float
    equal: float | None = None
    dead: float | None = None
    norm: float | None = None
    spread: float | None = None
    rank: float | None = None
    cosine: float | None = None
    separation: float | None = None
    agreement: float | None = None
    turnover: float | None = None


def rows_for(n: int, d: int) -> npt.NDArray[np.int64]:
    """Which of n rows are looked at: at most 2,000, evenly spaced, fewer where they are very wide."""
    most = min(MOST_ROWS, max(200, _MOST_VALUES // max(d, 1)))
    return spaced(n, most)


def spaced(n: int, most: int) -> npt.NDArray[np.int64]:
    """At most so many of n rows, evenly spaced."""
    return np.arange(n) if n <= most else np.linspace(0, n - 1, most).astype(np.int64)


def vector_signals(
    vectors: Array,
    labels: Array | None = None,
    before: Array | None = None,
    *,
    epoch: int | None = None,
    step: int = 0,
) -> tuple[VectorSignals, Array | None]:
    """Measure the rows of a snapshot.

    Args:
        vectors: `[n, d]`, any float; n as `rows_for` gives it.
        labels: `[n]` class codes from 0; -1 where unknown. None without classes.
        before: `[m, K]`, what the call for the snapshot before gave as neighbours; None without.
        epoch: 0-based.
        step: Global optimizer step.

    Returns:
        The signals, and for the next call the neighbours `[m, K]` of at most 500 of the rows among these;
        None where a row is broken or there are too few.
    """
    n = len(vectors)
    finite = np.isfinite(vectors).all(axis=1)
    broken = 1.0 - float(finite.mean()) if n else 0.0
    kept = vectors[finite]
    if len(kept) < LEAST_ROWS:
        return VectorSignals(epoch, step, n, broken), None
    scale = float(np.abs(kept).max()) or 1.0
    points = kept.astype(np.float32) / np.float32(scale)
    mean = points.mean(axis=0)
    centred = points - mean
    squares = float(np.einsum("ij,ij->", centred, centred)) / len(points)
    norm = float(np.sqrt(squares + float(mean @ mean)))
    length = np.linalg.norm(points, axis=1, keepdims=True)
    unit = points / np.maximum(length, np.float32(1e-12))
    total = unit.sum(axis=0, dtype=np.float64)
    pairs = len(unit) * (len(unit) - 1)
    classes = None if labels is None else labels[finite]
    few = spaced(len(kept), _NEAR_ROWS)
    near = _nearest(unit[few]) if points.shape[1] > 1 else None
    whole = near is not None and len(kept) == n
    signals = VectorSignals(
        epoch,
        step,
        n,
        broken,
        equal=largest_group(kept) / len(kept),
        dead=float((np.ptp(kept, axis=0) == 0).mean()),
        norm=norm * scale,
        spread=float(np.sqrt(squares)) / norm if norm > 0 else 0.0,
        rank=effective_rank(centred),
        cosine=float(total @ total - float((unit * unit).sum())) / pairs,
        separation=None if classes is None else _separation(points, classes, squares),
        agreement=None if classes is None or near is None else _agreement(near, classes[few]),
        turnover=_turnover(near, before) if whole and near is not None and before is not None else None,
    )
    return signals, near if whole else None


def largest_group(rows: Array) -> int:
    """Rows of `[n, d]` in the largest group of equal ones."""
    plain = np.ascontiguousarray(rows + rows.dtype.type(0))  # -0 becomes 0
    as_bytes = plain.view(np.dtype((np.void, plain.dtype.itemsize * plain.shape[1]))).ravel()
    return int(np.unique(as_bytes, return_counts=True)[1].max())


def effective_rank(centred: Array) -> float:
    """Of centred rows `[n, d]`: 1 where they lie on a line, or are all equal; at most d."""
    rows = centred[:: -(-len(centred) // _RANK_ROWS)] if centred.shape[1] > _RANK_ROWS else centred
    rows = rows.astype(np.float64)
    gram = rows @ rows.T if len(rows) < rows.shape[1] else rows.T @ rows
    powers = np.maximum(np.linalg.eigvalsh(gram), 0.0)
    powers = powers[powers > powers[-1] * len(powers) * np.finfo(np.float32).eps]
    if not len(powers):
        return 1.0
    share = np.sqrt(powers) / np.sqrt(powers).sum()
    return float(np.exp(-(share * np.log(share)).sum()))


def _nearest(unit: Array) -> Array:
    """`[n, K]`: the rows nearest to each of `[n, d]` rows of length 1, itself left out, in no order."""
    k = min(K, len(unit) - 1)
    found = np.empty((len(unit), k), np.int32)
    for start in range(0, len(unit), 256):
        cosines = unit[start : start + 256] @ unit.T
        cosines[np.arange(len(cosines)), start + np.arange(len(cosines))] = -2.0
        found[start : start + 256] = np.argpartition(-cosines, k - 1, axis=1)[:, :k]
    return found


def _separation(points: Array, labels: Array, squares: float) -> float | None:
    known = labels >= 0
    counts = np.bincount(labels[known])
    present = counts > 0
    if present.sum() < 2 or squares <= 0:
        return None
    sums = np.zeros((len(counts), points.shape[1]))
    np.add.at(sums, labels[known], points[known])
    means = sums[present] / counts[present, None]
    overall = sums.sum(axis=0) / counts.sum()
    between = float((counts[present, None] * (means - overall) ** 2).sum()) / counts.sum()
    return min(1.0, between / squares)


def _agreement(near: Array, labels: Array) -> float | None:
    known = labels >= 0
    if int(known.sum()) < LEAST_ROWS:
        return None
    return float((labels[near[known]] == labels[known, None]).mean())


def _turnover(near: Array, before: Array) -> float | None:
    if near.shape != before.shape:
        return None
    joined = np.sort(np.concatenate([near, before], axis=1), axis=1)
    shared = (joined[:, 1:] == joined[:, :-1]).sum(axis=1)
    return float(1.0 - shared.mean() / near.shape[1])
