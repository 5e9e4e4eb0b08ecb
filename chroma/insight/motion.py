"""How far a film can be trusted: whether what moves in it changed, and what did not change stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chroma.projection.arrays import Frame, Matrix, blocks, finite_rows
from chroma.projection.neighbors import NeighborGraph, comparable
from chroma.projection.optimiser import jaccard


@dataclass(frozen=True, slots=True)
class Motion:
    """Movement in a film, in units of the RMS radius of the frame it starts from.

    Attributes:
        stable: Mean movement of the fifth of the samples whose neighbours changed least: jitter, less is
            better.
        changed: Mean movement of the fifth whose neighbours changed most.
        rho: Spearman's rank correlation of movement and change of neighbours, from -1 to 1, more is better.
        n: Samples in the smallest pair of frames compared.
    """

    stable: float
    changed: float
    rho: float
    n: int


@dataclass(frozen=True, slots=True)
class Stress:
    """How far distances in a frame are from those in the full space; 0 is perfect.

    Attributes:
        value: Of the frame.
        pca: Of the PCA frame of the same snapshot, on the same pairs.
        pairs: Pairs measured.
        of: Samples they were drawn from.
    """

    value: float
    pca: float
    pairs: int
    of: int


def motion(frames: Sequence[Frame], graphs: Sequence[NeighborGraph]) -> Motion | None:
    """Measure a film's movement against the change of its samples' neighbourhoods.

    The change of a sample from one snapshot to the next is 1 minus the Jaccard index of its neighbours,
    `|A & B| / |A | B|`; the movement is `|y_t - y_(t-1)|` over the RMS distance of the points of frame t-1
    from their mean. Both are compared by sample, ranks by Spearman 1904 ("The proof and measurement of
    association between two things").

    Args:
        frames: float32 `[n, 2]` for each snapshot, NaN for missing samples.
        graphs: Their neighbor graphs; a larger k tells small changes apart better.

    Returns:
        None where no two frames share 5 samples.
    """
    from scipy.stats import rankdata

    found: list[tuple[float, float, float, int]] = []
    for t in range(1, len(frames)):
        both = np.flatnonzero(finite_rows(frames[t - 1]) & finite_rows(frames[t]))
        if len(both) < 5:
            continue
        before = frames[t - 1][both].astype(np.float64)
        radius = np.sqrt(((before - before.mean(axis=0)) ** 2).sum(axis=1).mean()) or 1.0
        moved = np.linalg.norm(frames[t][both] - before, axis=1) / radius
        change = 1 - jaccard(graphs[t], graphs[t - 1])[both]
        order, fifth = np.argsort(change, kind="stable"), len(both) // 5
        ranks = rankdata(moved), rankdata(change)
        spread = float(ranks[0].std() * ranks[1].std())
        rho = (
            float(((ranks[0] - ranks[0].mean()) * (ranks[1] - ranks[1].mean())).mean() / spread)
            if spread
            else 0.0
        )
        found.append(
            (float(moved[order[:fifth]].mean()), float(moved[order[-fifth:]].mean()), rho, len(both))
        )
    if not found:
        return None
    stable, changed, rho, n = zip(*found, strict=True)
    return Motion(float(np.mean(stable)), float(np.mean(changed)), float(np.mean(rho)), min(n))


def stress(vectors: Matrix, xy: Frame, pca: Frame, *, n_pairs: int = 20_000, seed: int = 0) -> Stress | None:
    """Kruskal's stress of a frame, beside that of PCA.

    `sqrt(sum (d - s e)^2 / sum d^2)` over pairs, with d the distance in the full space, e that in the frame
    and s the scale that makes it least (Kruskal 1964, "Multidimensional scaling by optimizing goodness of fit
    to a nonmetric hypothesis", stress-1 with a free scale).

    Args:
        vectors: `[n, d]`, any float; Euclidean.
        xy: The frame, `[n, 2]`.
        pca: The PCA frame, `[n, 2]`.
        n_pairs: Pairs, drawn once for a seed.
        seed: Picks the pairs.

    Returns:
        None where fewer than 2 samples are in all three, or all are in one place.
    """
    rows = np.flatnonzero(finite_rows(vectors) & finite_rows(xy) & finite_rows(pca))
    if len(rows) < 2:
        return None
    first, gap = np.random.default_rng(seed).integers((0, 1), (len(rows), len(rows)), (n_pairs, 2)).T
    points, _ = comparable(vectors[rows].astype(np.float32), "euclidean")
    ends = (first + gap) % len(rows)
    one, other = rows[first], rows[ends]
    full = np.empty(n_pairs)
    for part in blocks(n_pairs, points.shape[1]):
        full[part] = np.linalg.norm(points[first[part]] - points[ends[part]], axis=1)
    if not full.any():
        return None

    def of(frame: npt.NDArray[np.float32]) -> float:
        drawn = np.linalg.norm(frame[one].astype(np.float64) - frame[other], axis=1)
        scale = (full @ drawn) / ((drawn @ drawn) or 1.0)
        return float(np.sqrt(((full - scale * drawn) ** 2).sum() / (full @ full)))

    return Stress(of(xy), of(pca), n_pairs, len(rows))
