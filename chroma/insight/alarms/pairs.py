"""What two splits at one step say of each other: samples that are in both, and data of another kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chroma.insight.alarms.signals import LEAST_ROWS, K, spaced

Array = npt.NDArray[Any]

_MOST = 500  # rows of each split
_SAME = 1e-3  # of the median distance to the nearest neighbour: float16 keeps three digits


@dataclass(frozen=True, slots=True)
class PairSignals:
    """Signals of one layer for train and another split at one step.

    Attributes:
        leaked: Share of the split's rows that have a training row at the same place.
        own: Share of them that have another row of their own split there: data with natural duplicates.
        n: Rows of the split that were looked at.
        of: Training rows that were.
        mixing: How much of the 15 nearest rows of training rows is of train, beyond what chance gives: 0
            where the splits are alike, 1 where they lie apart. `(share − chance) / (1 − chance)`.
    """

    leaked: float
    own: float
    n: int
    of: int
    mixing: float


def pair_signals(train: Array, other: Array) -> PairSignals | None:
    """Compare the rows of two splits.

    Args:
        train: `[n, d]` finite rows.
        other: `[m, d]` likewise.

    Returns:
        None where there are too few rows, or all are equal.
    """
    train, other = train[spaced(len(train), _MOST)], other[spaced(len(other), _MOST)]
    if len(train) < LEAST_ROWS or len(other) < LEAST_ROWS:
        return None
    both = np.concatenate([train, other]).astype(np.float32)
    both -= both.mean(axis=0)
    scale = float(np.abs(both).max())
    if not np.isfinite(scale) or scale == 0:
        return None
    both /= np.float32(scale)
    squares = np.einsum("ij,ij->i", both, both)
    distances = squares[:, None] + squares[None] - 2 * (both @ both.T)
    np.fill_diagonal(distances, np.inf)
    np.maximum(distances, 0, out=distances)
    cut = len(train)
    usual = float(np.median(np.sqrt(distances.min(axis=1))))
    if usual <= 0:
        return None
    here = distances[cut:]
    least = (_SAME * usual) ** 2 + 8 * np.finfo(np.float32).eps * float(np.median(squares))
    near = np.argpartition(distances[:cut], K - 1, axis=1)[:, :K]
    share, chance = float((near < cut).mean()), (cut - 1) / (len(both) - 1)
    return PairSignals(
        leaked=float((here[:, :cut].min(axis=1) <= least).mean()),
        own=float((here[:, cut:].min(axis=1) <= least).mean()),
        n=len(other),
        of=cut,
        mixing=(share - chance) / (1 - chance),
    )
