"""Whether two splits come from the same distribution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chroma.insight.intervals import Z
from chroma.projection.arrays import Floats, Matrix, finite_rows

# Samples of each split looked at, principal axes they are put on, and folds.
_MOST, _AXES, _FOLDS = 2000, 32, 5


@dataclass(frozen=True, slots=True)
class Drift:
    """How well a classifier tells two splits apart.

    Attributes:
        auc: Area under the ROC curve on samples it was not trained on: .5 is by chance, 1 is always.
        low: Lower end of its 95 % interval.
        high: Its upper end.
        score: float32 `[m]`, of each sample of the second split that was looked at: how unlike the first
            split it is, in log odds; NaN for the others.
        n: Samples of each split looked at.
        of: Samples of both that could be.
    """

    auc: float
    low: float
    high: float
    score: Floats
    n: int
    of: int


def drift(first: Matrix, second: Matrix, *, seed: int = 0) -> Drift | None:
    """Classifier two-sample test: can a classifier tell from which split a sample is?

    Logistic regression on the 32 strongest principal axes at unit variance, as many samples of each, five
    folds; the area under the curve is the mean over the folds. Lopez-Paz & Oquab 2017, "Revisiting classifier
    two-sample tests" (arXiv 1610.06545); the interval is DeLong's (DeLong, DeLong & Clarke-Pearson 1988). A
    model separates what it was trained on from the rest: features of a layer that has memorised drift a
    little by themselves.

    Args:
        first: `[n, d]`, any float; rows that are not finite are left out.
        second: `[m, d]`, other samples. Not CKA: that compares the same samples.
        seed: Draws the samples and the folds.

    Returns:
        None for fewer than 20 samples of a split.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold

    rng = np.random.default_rng(seed)
    one, two = np.flatnonzero(finite_rows(first)), np.flatnonzero(finite_rows(second))
    n = min(len(one), len(two), _MOST)
    if n < 4 * _FOLDS:
        return None
    ours, theirs = rng.choice(one, n, replace=False), rng.choice(two, n, replace=False)
    points = _axes(np.concatenate([first[ours], second[theirs]]).astype(np.float64))
    which = np.repeat([0, 1], n)
    said, areas, variances = np.empty(2 * n), [], []
    for train, test in StratifiedKFold(_FOLDS, shuffle=True, random_state=seed).split(points, which):
        model = LogisticRegression(C=0.1, max_iter=1000).fit(points[train], which[train])
        said[test] = model.decision_function(points[test])
        area, variance = _delong(said[test][which[test] == 1], said[test][which[test] == 0])
        areas.append(area)
        variances.append(variance)
    auc, half = float(np.mean(areas)), Z * float(np.sqrt(np.sum(variances))) / _FOLDS
    score = np.full(len(second), np.nan, np.float32)
    score[theirs] = said[n:]
    return Drift(auc, max(0.0, auc - half), min(1.0, auc + half), score, n, len(one) + len(two))


def _axes(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """On the strongest principal axes, at unit variance; those without variance are left out."""
    points = points / (np.abs(points).max() or 1.0)
    points = points - points.mean(axis=0)
    powers, axes = np.linalg.eigh(points.T @ points / len(points))
    kept = np.flatnonzero(powers > max(powers[-1], 0) * 1e-10)[-_AXES:]
    if len(kept) == 0:
        return np.zeros((len(points), 1))
    return points @ axes[:, kept] / np.sqrt(powers[kept])


def _delong(positive: npt.NDArray[Any], negative: npt.NDArray[Any]) -> tuple[float, float]:
    """Area under the curve and its variance."""
    from scipy.stats import rankdata

    m, n = len(positive), len(negative)
    ranks = rankdata(np.concatenate([positive, negative]))
    above = (ranks[:m] - rankdata(positive)) / n
    below = 1 - (ranks[m:] - rankdata(negative)) / m
    return float(above.mean()), float(above.var(ddof=1) / m + below.var(ddof=1) / n)
