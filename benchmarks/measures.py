"""What the benchmark asks of a frame: T, P and L, on the same query samples for all methods."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

K = 15


@dataclass(frozen=True)
class Queries:
    """Exact ranks of all points in the full space, seen from the query samples.

    T is trustworthiness (Venna & Kaski 2001, k=15), P the share of the 15 nearest in the full space that are
    among the 15 nearest in the frame, L the share of the 15 nearest in the frame with the query's label.
    """

    rows: npt.NDArray[np.int64]
    ranks: npt.NDArray[np.int32]
    labels: npt.NDArray[np.int64]

    @classmethod
    def of(
        cls, vectors: npt.NDArray[np.floating], labels: npt.NDArray[np.int64], count: int = 1000
    ) -> Queries:
        """Rank all points from `count` queries, drawn with seed 5."""
        n = len(vectors)
        rows = np.sort(np.random.default_rng(5).choice(n, min(n, count), replace=False))
        points = vectors.astype(np.float32)
        squares = np.einsum("ij,ij->i", points, points)
        ranks = np.empty((len(rows), n), np.int32)
        for at, row in enumerate(rows):
            gaps = squares - 2 * (points @ points[row])
            gaps[row] = np.inf
            ranks[at, np.argsort(gaps, kind="stable")] = np.arange(1, n + 1)
        return cls(rows, ranks, labels)

    def ask(self, xy: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """T, P and L of a frame."""
        n, kept, hits, penalty = len(xy), 0, 0, 0
        points = xy.astype(np.float64)
        for row, ranks in zip(self.rows, self.ranks, strict=True):
            gaps = ((points - points[row]) ** 2).sum(axis=1)
            gaps[row] = np.inf
            near = np.argpartition(gaps, K)[:K]
            kept += int((ranks[near] <= K).sum())
            hits += int((self.labels[near] == self.labels[row]).sum())
            penalty += int(np.maximum(ranks[near] - K, 0).sum())
        asked = len(self.rows) * K
        return np.array([1 - 2 * penalty / (asked * (2 * n - 3 * K - 1)), kept / asked, hits / asked])


def interval(differences: npt.NDArray[np.float64]) -> str:
    """Mean and 95 % interval (Student's t) of paired differences."""
    from scipy.stats import t

    mean, count = differences.mean(), len(differences)
    if count < 2:
        return f"{mean:+.4f} (one pair)"
    half = t.ppf(0.975, count - 1) * differences.std(ddof=1) / np.sqrt(count)
    return f"{mean:+.4f} [{mean - half:+.4f}, {mean + half:+.4f}]"
