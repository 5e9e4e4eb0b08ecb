"""Classes that are confused, that are two in one, or that are rare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chroma.insight.intervals import wilson
from chroma.projection.arrays import Matrix, finite_rows

Ints = npt.NDArray[np.integer[Any]]
Counts = npt.NDArray[np.int64]
# The share of the variance along a line that two halves explain is 2/3.14 of a normal, and 3/4 of an even
# spread, the most of any symmetric distribution with one peak; of digits written in two ways it is up to .86.
SPLIT = 0.87
# Members a class needs before it is said to be two, and the least share of the smaller part.
_MEMBERS, _PART = 40, 0.1


@dataclass(frozen=True, slots=True)
class ConfusedPair:
    """Two classes that are taken for one another.

    Attributes:
        label: The class given.
        taken_for: The class said instead.
        count: Samples of `label` so taken.
        of: Samples of `label`.
        low: Lower end of Wilson's 95 % interval of count / of.
        high: Its upper end.
    """

    label: int
    taken_for: int
    count: int
    of: int
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class SplitClass:
    """A class whose samples lie in two groups.

    Attributes:
        label: The class.
        score: Share of the variance along the line between the groups that they explain, from 0 to 1.
        parts: int8 `[n]`, 0 for the larger group, 1 for the smaller; -1 for samples of other classes.
        sizes: Samples in both.
    """

    label: int
    score: float
    parts: npt.NDArray[np.int8]
    sizes: tuple[int, int]


@dataclass(frozen=True, slots=True)
class RareClass:
    """A class with few samples.

    Attributes:
        label: The class.
        count: Its samples.
        usual: The median count of a class.
    """

    label: int
    count: int
    usual: float


def confusion(labels: Ints, predicted: Ints, classes: int) -> Counts:
    """Count how often each class is taken for each: int64 `[C, C]`, rows are labels.

    Args:
        labels: `[n]`; negative where unknown.
        predicted: `[n]`, predictions, or the label most of the neighbours carry; negative where unknown.
        classes: C.
    """
    known = (labels >= 0) & (predicted >= 0)
    at = labels[known].astype(np.int64) * classes + predicted[known]
    return np.bincount(at, minlength=classes * classes).reshape(classes, classes)


def confusion_in_space(ids: Ints, labels: Ints, classes: int) -> Counts:
    """Count the labels of the neighbours of each class: int64 `[C, C]`, rows are the samples' labels.

    Args:
        ids: `[n, k]`, neighbours; -1 where there is none.
        labels: `[n]`; negative where unknown.
        classes: C.
    """
    near = np.where(ids >= 0, labels[np.maximum(ids, 0)], -1)
    own = np.broadcast_to(labels[:, None], near.shape)
    return confusion(own.ravel(), near.ravel(), classes)


def confused_pairs(counts: Counts, *, above: float = 0.05, at_least: int = 5) -> list[ConfusedPair]:
    """The pairs most confused, the most frequent share first.

    Args:
        counts: int `[C, C]`, as `confusion` gives it.
        above: What the lower end of the interval of the share exceeds.
        at_least: Samples so taken.
    """
    of = counts.sum(axis=1)
    low, high = wilson(counts, of[:, None])
    found = [
        ConfusedPair(a, b, int(counts[a, b]), int(of[a]), float(low[a, b]), float(high[a, b]))
        for a, b in zip(*np.nonzero((low > above) & (counts >= at_least)), strict=True)
        if a != b
    ]
    return sorted(found, key=lambda pair: -pair.low)


def separated_since(counts: Counts, *, below: float = 0.05) -> npt.NDArray[np.int32]:
    """The epoch from which on two classes are no longer confused.

    Two classes are confused where more than the share `below` of the samples of both that are taken for
    either is taken for the wrong one.

    Args:
        counts: int `[e, C, C]`, a confusion for each epoch.
        below: Share.

    Returns:
        int32 `[C, C]`, symmetric: the first row of the epochs from which on they are apart; -1 if they are
        confused at the end.
    """
    across = counts + counts.swapaxes(1, 2)
    own = np.einsum("eii->ei", counts)
    total = across + own[:, :, None] + own[:, None, :]
    apart = across <= below * total
    since = len(counts) - np.where(apart.all(axis=0), len(counts), apart[::-1].argmin(axis=0))
    return np.where(since < len(counts), since, -1).astype(np.int32)


def split_classes(vectors: Matrix, labels: Ints, *, above: float = SPLIT, seed: int = 0) -> list[SplitClass]:
    """Classes that are two groups: a label that means two things, or two ways to look.

    Two means are found among half of a class's samples (k-means). The other half is measured on the line
    between them: the score is the share of its variance that its two groups explain, `1 - W / T`. It is .64
    of a normal and at most .75 of any symmetric distribution with one peak. Both halves are exchanged, the
    smaller score counts. Take a layer before classes collapse.

    Args:
        vectors: `[n, d]`; rows that are not finite are left out.
        labels: `[n]`; negative where unknown.
        above: Score from which on a class counts as split.
        seed: Cuts the halves.

    Returns:
        The split ones, the clearest first; classes of fewer than 40 samples are never split.
    """
    known, found = finite_rows(vectors) & (labels >= 0), []
    for label in np.unique(labels[known]):
        rows = np.flatnonzero(known & (labels == label))
        if len(rows) < _MEMBERS:
            continue
        points = vectors[rows].astype(np.float64)
        halves = np.random.default_rng(seed).permutation(len(rows)) % 2 == 0
        first, second = _explained(points, halves, seed), _explained(points, ~halves, seed)
        score, along = min((first, second), key=lambda each: each[0])
        smaller = int(min((along > 0).sum(), (along <= 0).sum()))
        if score < above or smaller < _PART * len(rows):
            continue
        parts = np.full(len(labels), -1, np.int8)
        parts[rows] = (along > 0) if (along > 0).sum() == smaller else (along <= 0)
        found.append(SplitClass(int(label), score, parts, (len(rows) - smaller, smaller)))
    return sorted(found, key=lambda each: -each.score)


def rare_classes(labels: Ints, classes: int, *, below: float = 0.2) -> list[RareClass]:
    """Classes with fewer samples than a share of the median class, the rarest first; also those with none.

    Args:
        labels: `[n]`; negative where unknown.
        classes: C.
        below: Share of the median count.
    """
    counts = np.bincount(labels[labels >= 0], minlength=classes)
    usual = float(np.median(counts)) if classes else 0.0
    rare = np.flatnonzero(counts < below * usual)
    return [RareClass(int(c), int(counts[c]), usual) for c in rare[np.argsort(counts[rare], kind="stable")]]


def _explained(
    points: npt.NDArray[np.float64], half: npt.NDArray[np.bool_], seed: int
) -> tuple[float, npt.NDArray[np.float64]]:
    """Share of the variance on the line between two means of one half, of the other; and all places on it."""
    from sklearn.cluster import KMeans

    make: Any = KMeans  # its types take n_init for text
    means = make(2, n_init=4, random_state=seed).fit(points[half]).cluster_centers_
    along = (points - means.mean(axis=0)) @ (means[1] - means[0])
    seen = along[~half]
    total = float(seen.var())
    if total <= 0:
        return 0.0, along
    high, low = seen[seen > 0], seen[seen <= 0]
    within = sum(float(part.var()) * len(part) for part in (high, low) if len(part)) / len(seen)
    return 1 - within / total, along
