"""Which samples deserve a look: outliers, gaps in the training data, typical, hard and deep ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chroma.insight.across import unit_rows
from chroma.insight.labels import Probabilities
from chroma.projection.arrays import Floats, Matrix, finite_rows

Rows = npt.NDArray[np.int64]
# Fences of the quartiles: Tukey's outer one, of logarithms, for distances have a long tail above.
FAR = 3.0


@dataclass(frozen=True, slots=True)
class Distant:
    """Samples far from others.

    Attributes:
        score: float32 `[n]`, mean distance to the nearest ones; the largest is the farthest. NaN where a
            sample has no vector.
        threshold: Score above which a sample counts as far.
        rows: int64, samples above it, the farthest first.
    """

    score: Floats
    threshold: float
    rows: Rows


def outliers(distances: Floats, *, k: int = 10, far: float = FAR) -> Distant:
    """Samples far from all others, by the mean distance to their k nearest neighbours.

    Take a layer before classes collapse: the last one hides outliers. `s = 1/k sum_j d_j` on rows of length
    1 (deep nearest neighbours, Sun et al. 2022, arXiv 2204.06507; Kuan & Mueller 2022, arXiv 2207.03061). Far
    is `ln s > Q3 + far * IQR`, quartiles of `ln s` over all samples (Tukey 1977, "Exploratory data
    analysis").

    Args:
        distances: `[n, >= 1]`, Euclidean between rows of length 1, nearest first, NaN where there is no
            vector. From a graph by cosine, `sqrt(2 d)`.
        k: Neighbours of which the mean is taken; fewer where there are not so many.
        far: Fences beyond the third quartile.

    Example:
        >>> graph = neighbor_graph(vectors, k=10, metric="cosine")
        >>> outliers(np.sqrt(2 * graph.distances)).rows
    """
    score = distances[:, :k].mean(axis=1)
    threshold = fence(score, far)
    return Distant(score, threshold, _above(score, threshold))


def coverage(to_reference: Floats, within_reference: Floats, *, k: int = 10, far: float = FAR) -> Distant:
    """Samples of one split that are far from every training sample: the training data do not cover them.

    The score is the mean distance to the k nearest training samples. Far is what lies beyond the fence of the
    training samples among themselves, and beyond that of the split itself, since a model is nearer to what it
    was trained on.

    Args:
        to_reference: `[m, >= 1]`, of each sample to the training samples (`nearest_across`), nearest first.
        within_reference: `[n, >= 1]`, of the training samples to one another, measured alike.
        k: Neighbours of which the mean is taken.
        far: As in `outliers`.
    """
    score = to_reference[:, :k].mean(axis=1)
    threshold = max(fence(within_reference[:, :k].mean(axis=1), far), fence(score, far))
    return Distant(score, threshold, _above(score, threshold))


def fence(score: Floats, far: float = FAR) -> float:
    """`exp(Q3 + far * (Q3 - Q1))` of the logarithms of what is above 0; infinite where there is nothing."""
    known = score[np.isfinite(score) & (score > 0)].astype(np.float64)
    if len(known) == 0:
        return float("inf")
    low, high = np.quantile(np.log(known), (0.25, 0.75))
    return float(np.exp(high + far * (high - low)))


def _above(score: Floats, threshold: float) -> Rows:
    rows = np.flatnonzero(score > threshold)
    return rows[np.argsort(-score[rows], kind="stable")]


def typicality(vectors: Matrix, labels: npt.NDArray[np.integer[Any]]) -> Floats:
    """How like a sample is to its class: the cosine to the mean of the class's rows, brought to length 1.

    Args:
        vectors: `[n, d]`.
        labels: `[n]`; negative where unknown.

    Returns:
        float32 `[n]` from -1 to 1; NaN for rows that are not finite or have no label.
    """
    known = np.flatnonzero(finite_rows(vectors) & (labels >= 0))
    units = unit_rows(vectors[known])
    found = np.full(len(vectors), np.nan, np.float32)
    for label in np.unique(labels[known]):
        own = np.flatnonzero(labels[known] == label)
        mean = units[own].mean(axis=0)
        found[known[own]] = units[own] @ mean / max(float(np.linalg.norm(mean)), 1e-12)
    return found


def prototypes(vectors: Matrix, labels: npt.NDArray[np.integer[Any]], *, count: int = 5) -> dict[int, Rows]:
    """The most typical samples of each class, by `typicality`.

    Args:
        vectors: `[n, d]`; rows that are not finite are left out.
        labels: `[n]`; negative where unknown.
        count: Samples for each class, fewer where it has not so many.

    Returns:
        Rows for each class that has any, the most typical first.
    """
    like = typicality(vectors, labels)
    known = np.flatnonzero(np.isfinite(like))
    order = known[np.argsort(-like[known], kind="stable")]
    return {int(label): order[labels[order] == label][:count] for label in np.unique(labels[known])}


def hardness(outputs: Probabilities) -> Floats:
    """How far the model was from each label while it learned: mean over the epochs of `1 - p_y`.

    This is half the L1 distance of the probabilities from the label, `|p - y|_1 / 2`: EL2N of Paul et al.
    2021 ("Deep learning on a data diet", arXiv 2107.07075) in the norm that needs `p_y` only.

    Returns:
        float32 `[n]` from 0 (always right and certain) to 1; NaN where a sample was never seen.
    """
    seen = np.isfinite(outputs.label)
    count = seen.sum(axis=0)
    total = np.where(seen, 1 - outputs.label, 0).sum(axis=0, dtype=np.float64)
    return np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0).astype(np.float32)


def prediction_depth(
    votes: npt.NDArray[np.integer[Any]], predictions: npt.NDArray[np.integer[Any]]
) -> npt.NDArray[np.int32]:
    """The first layer from which on the neighbours say what the model says in the end.

    Baldock, Maennel & Neyshabur 2021, "Deep learning through the lens of example difficulty" (arXiv
    2106.09647): samples decided late are hard, ambiguous or mislabelled.

    Args:
        votes: `[layers, n]`, the label most of the neighbours carry, from the input on
            (`neighbor_votes(...).suggested`); negative where unknown.
        predictions: `[n]`, what the model predicts; negative where unknown.

    Returns:
        int32 `[n]` from 0 to `layers`, which stands for "in no layer"; -1 where there is no prediction.
    """
    agree = (votes == predictions) & (votes >= 0)
    last = agree[::-1].argmin(axis=0)  # layers from the end on that agree, where one does not
    depth = len(votes) - np.where(agree.all(axis=0), len(votes), last)
    return np.where(predictions >= 0, depth, -1).astype(np.int32)
