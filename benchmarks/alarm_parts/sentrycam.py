"""The alert of SentryCam (Yang & Dong 2025, arXiv 2405.15135), written anew from its description.

The paper describes an alert by geometry; the authors' code (github.com/xianglinyang/SentryCam, `audit/`) has
the numbers. Two series: the mean squared distance of samples from the mean of their class, where more is bad,
and the mean distance between the means of classes, where less is bad. One rings, after five epochs, where it
moved the bad way twice in a row, and the last time by more than a fifth of the standard deviation of the ten
values before. The authors measure their 2-D map and, for comparison, the layer's own space; here it is the
latter.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_BURN_IN, _IN_A_ROW, _WINDOW, _MARGIN = 5, 2, 10, 0.2


def geometry(vectors: npt.NDArray[np.float32], labels: npt.NDArray[np.int64]) -> tuple[float, float]:
    """Mean variance within classes, and mean distance between their means."""
    present = np.unique(labels)
    means = np.stack([vectors[labels == each].mean(axis=0) for each in present])
    within = [
        np.square(vectors[labels == each] - mean).sum(axis=1).mean()
        for each, mean in zip(present, means, strict=True)
    ]
    distances = np.sqrt(np.square(means[:, None] - means[None]).sum(axis=2))
    return float(np.mean(within)), float(distances[np.triu_indices(len(means), 1)].mean())


def rings(series: Sequence[float], *, bad: int) -> int | None:
    """Index of the first value at which a series rings.

    Args:
        series: One value an epoch.
        bad: 1 where growing is bad, -1 where shrinking is.
    """
    values = np.array(series, np.float64)
    moves = bad * np.diff(values)
    for at in range(max(_BURN_IN, _IN_A_ROW), len(values)):
        usual = values[max(0, at - _WINDOW) : at].std()
        if (moves[at - _IN_A_ROW : at] > 0).all() and moves[at - 1] > _MARGIN * usual:
            return at
    return None


def first_alert(pairs: Sequence[tuple[float, float]]) -> int | None:
    """Index of the first snapshot at which either series rings; a value that is not finite rings too."""
    broken = [at for at, pair in enumerate(pairs) if not np.isfinite(pair).all()]
    finite = pairs[: broken[0]] if broken else pairs
    found = [
        rings([within for within, _ in finite], bad=1),
        rings([between for _, between in finite], bad=-1),
        broken[0] if broken else None,
    ]
    return min((at for at in found if at is not None), default=None)
