"""Other evidence about labels: neighbours' votes, and scores for regression and several labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chroma.projection.arrays import blocks

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]
_LEAST = 1e-12


@dataclass(frozen=True, slots=True)
class NeighborVotes:
    """What a sample's neighbours say of its label.

    Attributes:
        agreement: float32 `[n]` in [0, 1]: the share of labelled neighbours that carry its label; NaN where
            there is no label, or no labelled neighbour.
        suggested: int32 `[n]`, the label most of them carry (of equally frequent ones the nearest
            neighbour's); -1 where there is none.
        share: float32 `[n]`, the share of them that carry it.
    """

    agreement: Floats
    suggested: Ints
    share: Floats


def neighbor_votes(
    ids: npt.NDArray[np.integer[Any]],
    labels: npt.NDArray[np.integer[Any]],
    own: npt.NDArray[np.integer[Any]] | None = None,
) -> NeighborVotes:
    """Let the k nearest neighbours vote on each label.

    `agreement = 1/k sum_j [y_j == y_i]`: 1 - k-disagreeing neighbours, Smith, Martinez & Giraud-Carrier 2014,
    "An instance level analysis of data complexity". k=50 by cosine distance was best for label errors here.

    Args:
        ids: int `[n, k]`, neighbours as rows of `labels`, nearest first; -1 where there is none.
        labels: int `[m]`, of the samples that vote; negative where unknown.
        own: int `[n]`, labels of the samples voted on; `labels` by default (a graph of samples on itself).
    """
    own = labels if own is None else own
    n, k = ids.shape
    agreement, share = np.full(n, np.nan, np.float32), np.full(n, np.nan, np.float32)
    suggested = np.full(n, -1, np.int32)
    for rows in blocks(n, k * k):
        said = np.where(ids[rows] >= 0, labels[np.maximum(ids[rows], 0)], -1)
        known = said >= 0
        total = known.sum(axis=1)
        votes = ((said[:, :, None] == said[:, None, :]) & known[:, None, :]).sum(axis=2)
        votes[~known] = 0
        best = votes.argmax(axis=1)
        has = total > 0
        suggested[rows][has] = said[np.arange(len(said)), best][has]
        share[rows][has] = votes.max(axis=1)[has] / total[has]
        judged = has & (own[rows] >= 0)
        same = (said == own[rows, None]).sum(axis=1)
        agreement[rows][judged] = same[judged] / total[judged]
    return NeighborVotes(agreement, suggested, share)


def multilabel_scores(probabilities: npt.NDArray[np.floating[Any]], labels: npt.NDArray[Any]) -> Floats:
    """Score each label of each sample where several may hold at once.

    `score = ln P - ln(1 - P)`, P the mean over the epochs of the probability of what the label says (p where
    it is 1, 1 - p where it is 0): `label_scores` with two classes.

    Args:
        probabilities: `[e, n, L]`, from 0 to 1; NaN where a sample was not seen.
        labels: `[n, L]` of 0 and 1; negative where unknown.

    Returns:
        float32 `[n, L]`; below 0 the model disagrees; NaN where unknown.
    """
    seen = np.isfinite(probabilities)
    count = seen.sum(axis=0)
    total = np.where(seen, probabilities, 0).sum(axis=0, dtype=np.float64)
    mean = np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)
    own = np.where(labels > 0, mean, 1 - mean)
    score = np.log(np.maximum(own, _LEAST)) - np.log(np.maximum(1 - own, _LEAST))
    return np.where(labels >= 0, score, np.nan).astype(np.float32)


def residual_scores(predictions: npt.NDArray[np.floating[Any]], targets: npt.NDArray[Any]) -> Floats:
    """Score the targets of a regression by how far they are from what the model says.

    `score = -|y - m| / s`, m the mean prediction over the epochs, s = 1.4826 times the median of |y - m| (the
    standard deviation where residuals are normal).

    Args:
        predictions: `[e, n]`; NaN where a sample was not seen.
        targets: `[n]`; NaN where unknown.

    Returns:
        float32 `[n]`, at most 0, in standard deviations; NaN where unknown.
    """
    seen = np.isfinite(predictions)
    count = seen.sum(axis=0)
    total = np.where(seen, predictions, 0).sum(axis=0, dtype=np.float64)
    mean = np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)
    gap = np.abs(targets - mean)
    known = np.isfinite(gap)
    if not known.any():
        return np.full(len(gap), np.nan, np.float32)
    unit = 1.4826 * float(np.median(gap[known]))
    return (-gap / (unit or 1.0)).astype(np.float32)
