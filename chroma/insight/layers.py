"""How a layer uses its space: dimension, rank, collapse of classes, hubs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chroma.insight.across import unit_rows
from chroma.insight.collapse import collapse
from chroma.insight.label_evidence import neighbor_votes
from chroma.projection.arrays import Floats, Matrix, finite_rows

Ints = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True)
class NeuralCollapse:
    """How far the classes of a layer have collapsed to points at equal distances.

    Attributes:
        nc1: `tr(S_W S_B^+) / C`: spread within classes against that between them; 0 is collapsed.
        trace_ratio: `tr S_W / tr S_B`, simpler; not the same number.
        equinorm: Deviation of the lengths of the class means over their mean; 0 where all are as long.
        equiangle: Mean of `|cos + 1 / (C - 1)|` over pairs of class means; 0 where they form a simplex.
    """

    nc1: float
    trace_ratio: float
    equinorm: float
    equiangle: float


def effective_rank(vectors: Matrix) -> float | None:
    """How many directions the vectors fill: `exp` of the entropy of `s / sum s`, s of the centred vectors.

    As `chroma.insight.collapse.collapse` measures it; it is not RankMe, which does not centre.
    """
    found = collapse(vectors)
    return None if found is None else found.effective_rank


def equal_share(vectors: Matrix) -> float | None:
    """Share of the vectors in the largest group of equal ones, from 1/n to 1; None where none is finite."""
    found = collapse(vectors)
    return None if found is None else found.equal / found.of


def rank_me(vectors: Matrix) -> float | None:
    """RankMe: `exp(-sum_k p_k ln p_k)`, `p_k = s_k / sum s + 1e-7`, s the singular values, not centred.

    Garrido et al. 2022, "RankMe: assessing the downstream performance of pretrained self-supervised
    representations by their rank" (arXiv 2210.02885).

    Args:
        vectors: `[n, d]`, any float; rows that are not finite are left out. It is at most `min(n, d)`.

    Returns:
        None where no row is finite, or all are zero.
    """
    points = vectors[finite_rows(vectors)].astype(np.float64)
    largest = float(np.abs(points).max(initial=0))
    if largest == 0:
        return None
    points /= largest
    gram = points @ points.T if len(points) < points.shape[1] else points.T @ points
    singular = np.sqrt(np.maximum(np.linalg.eigvalsh(gram), 0))
    share = singular / singular.sum() + 1e-7
    return float(np.exp(-(share * np.log(share)).sum()))


def two_nn(distances: Floats, *, discarded: float = 0.1) -> float | None:
    """Intrinsic dimension from the two nearest neighbours.

    The slope through the origin of `-ln(1 - F(m))` over `ln m`, `m = r2 / r1`, without the largest tenth:
    Facco et al. 2017, "Estimating the intrinsic dimension of datasets by a minimal neighborhood information";
    for layers Ansuini et al. 2019 (arXiv 1905.12784).

    Args:
        distances: `[n, >= 2]`, Euclidean, nearest first. Rows with a neighbour at distance 0 are left out,
            for duplicates say nothing of the dimension.
        discarded: Share of the largest m left out.

    Returns:
        None where fewer than 3 rows remain, or all m are 1.
    """
    near = distances[:, :2].astype(np.float64)
    near = near[np.isfinite(near).all(axis=1) & (near[:, 0] > 0)]
    ratio = np.sort(np.log(near[:, 1] / near[:, 0]))
    kept = int(len(ratio) * (1 - discarded))
    if kept < 3 or not ratio[:kept].any():
        return None
    reached = -np.log(1 - np.arange(1, kept + 1) / len(ratio))
    return float(ratio[:kept] @ reached / (ratio[:kept] @ ratio[:kept]))


def mle_dimension(distances: Floats) -> float | None:
    """Intrinsic dimension by maximum likelihood over k neighbours.

    `d = 1 / mean_i (1 / (k - 1) sum_{j < k} ln(T_ik / T_ij))`: Levina & Bickel 2004, combined by MacKay &
    Ghahramani 2005 (the inverse of the mean of the inverses; the mean of local values is too large).

    Args:
        distances: `[n, k >= 3]`, Euclidean, nearest first; 20 neighbours are usual. Rows with a neighbour at
            distance 0 are left out.

    Returns:
        None where no row remains.
    """
    near = distances.astype(np.float64)
    near = near[np.isfinite(near).all(axis=1) & (near > 0).all(axis=1)]
    if len(near) == 0 or near.shape[1] < 3:
        return None
    inverse = np.log(near[:, -1:] / near[:, :-1]).mean(axis=1).mean()
    return float(1 / inverse) if inverse > 0 else None


def neural_collapse(vectors: Matrix, labels: Ints) -> NeuralCollapse | None:
    """NC1 and NC2 of Papyan, Han & Donoho 2020 (arXiv 2008.08186).

    Args:
        vectors: `[n, d]`; rows that are not finite are left out.
        labels: `[n]`; negative where unknown.

    Returns:
        None for fewer than 2 classes, or where all class means are equal.
    """
    kept = finite_rows(vectors) & (labels >= 0)
    points, own = vectors[kept].astype(np.float64), labels[kept]
    present, code = np.unique(own, return_inverse=True)
    if len(present) < 2:
        return None
    points = points / (np.abs(points).max() or 1.0)
    means = np.stack([points[code == c].mean(axis=0) for c in range(len(present))])
    apart = means - means.mean(axis=0)  # every class counts the same
    within = points - means[code]
    between = apart.T @ apart / len(present)
    spread = within.T @ within / len(points)
    lengths = np.linalg.norm(apart, axis=1)
    if not lengths.all():
        return None
    cosines = (apart / lengths[:, None]) @ (apart / lengths[:, None]).T
    pairs = cosines[np.triu_indices(len(present), 1)]
    return NeuralCollapse(
        nc1=float(np.trace(spread @ np.linalg.pinv(between, rcond=1e-10, hermitian=True)) / len(present)),
        trace_ratio=float(np.trace(spread) / np.trace(between)),
        equinorm=float(lengths.std() / lengths.mean()),
        equiangle=float(np.abs(pairs + 1 / (len(present) - 1)).mean()),
    )


def knn_accuracy(ids: Ints, labels: Ints, own: Ints | None = None) -> float | None:
    """Share of samples whose neighbours' most frequent label is their own; None where none has a label.

    Args:
        ids: int `[n, k]`, -1 where there is none.
        labels: int `[m]` of the neighbours; negative where unknown.
        own: int `[n]`; `labels` by default.
    """
    votes, own = neighbor_votes(ids, labels, own), labels if own is None else own
    known = (own >= 0) & (votes.suggested >= 0)
    return float((votes.suggested == own)[known].mean()) if known.any() else None


def anisotropy(vectors: Matrix) -> float | None:
    """Mean cosine of two different samples' vectors: about 0 in all directions alike, 1 in one direction.

    Ethayarajh 2019, "How contextual are contextualized word representations?" (arXiv 1909.00512); exact over
    all pairs: `(|sum_i u_i|^2 - n) / (n (n - 1))`, u the vectors brought to length 1.

    Returns:
        None for fewer than 2 finite vectors that are not zero.
    """
    units = unit_rows(vectors[finite_rows(vectors)])
    units = units[units.any(axis=1)]
    n = len(units)
    total = units.sum(axis=0, dtype=np.float64)
    return float((total @ total - n) / (n * (n - 1))) if n > 1 else None


def hubness(ids: Ints) -> float | None:
    """Skewness of how often each sample is among the k nearest of others.

    Radovanović, Nanopoulos & Ivanović 2010, "Hubs in space". About 0 without hubs; above 2 few samples are
    neighbours of very many.

    Args:
        ids: int `[n, k]`, -1 in rows without vectors, which take no part.

    Returns:
        None where all are equally often neighbours.
    """
    valid = ids[:, 0] >= 0
    counts = np.bincount(ids[valid].ravel(), minlength=len(ids))[valid].astype(np.float64)
    centred = counts - counts.mean() if len(counts) else counts
    spread = float(np.sqrt((centred**2).mean())) if len(counts) else 0.0
    return float((centred**3).mean() / spread**3) if spread > 0 else None
