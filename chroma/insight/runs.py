"""One run against another on the same samples: what was mended, what broke."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]
Ints = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed from one run to the next.

    Attributes:
        mended: int64, rows wrong before and right after.
        broken: int64, rows right before and wrong after.
        both_wrong: int64, rows wrong in both.
        of: Samples with a label and a prediction in both.
        difference: Accuracy after less that before, from -1 to 1.
        low: Lower end of its 95 % interval.
        high: Its upper end.
        p: Exact p-value of McNemar's test: that mending and breaking are equally likely.
        per_class: int64 `[C, 4]`: of each class mended, broken, both wrong, and samples.
    """

    mended: Rows
    broken: Rows
    both_wrong: Rows
    of: int
    difference: float
    low: float
    high: float
    p: float
    per_class: npt.NDArray[np.int64]


def compare(labels: Ints, before: Ints, after: Ints, *, classes: int | None = None) -> Comparison:
    """Compare the predictions of two runs on the same samples.

    Of the samples that changed sides, b were mended and c broken. The p-value is that of the binomial test of
    b out of b + c at 1/2 (McNemar 1947, exact), the interval of the difference `(b - c) / n` that of Clopper
    & Pearson 1934 for `b / (b + c)`, given that b + c changed: `(2 share - 1) (b + c) / n`.

    Args:
        labels: `[n]`; negative where unknown: such samples are left out.
        before: `[n]`, predictions of the first run; negative where unknown.
        after: `[n]`, of the second.
        classes: C of `per_class`; as many as there are labels by default.

    Example:
        >>> compare(labels, before, after).difference
        0.021
    """
    from scipy.stats import binomtest

    known = (labels >= 0) & (before >= 0) & (after >= 0)
    was, now = before == labels, after == labels
    groups = [known & ~was & now, known & was & ~now, known & ~was & ~now, known]
    counts = [int(group.sum()) for group in groups]
    changed, n = counts[0] + counts[1], counts[3]
    low, high, p = 0.0, 0.0, 1.0
    if changed:
        test = binomtest(counts[0], changed, 0.5)
        ends = test.proportion_ci(0.95, method="exact")
        low, high = ((2 * float(end) - 1) * changed / n for end in (ends.low, ends.high))
        p = float(test.pvalue)
    size = int(labels.max(initial=-1)) + 1 if classes is None else classes
    per_class = np.stack([np.bincount(labels[group], minlength=size) for group in groups], axis=1)
    mended, broken, both_wrong = (np.flatnonzero(group) for group in groups[:3])
    difference = (counts[0] - counts[1]) / n if n else 0.0
    return Comparison(mended, broken, both_wrong, n, difference, low, high, p, per_class.astype(np.int64))
