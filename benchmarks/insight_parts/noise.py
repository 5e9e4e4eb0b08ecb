"""Wrong labels of three kinds, planted where we know them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from insight_parts.training import Data, folds_probabilities

KINDS = ("uniform", "pairs", "instance")
Labels = npt.NDArray[np.int64]


def plant(data: Data, kind: str, rate: float, seed: int) -> tuple[Labels, npt.NDArray[np.bool_]]:
    """Labels of which a share is wrong, and which ones are.

    `uniform`: any sample to any other class. `pairs`: any sample to the class whose mean image is nearest.
    `instance`: samples drawn by the probability that two models, each trained for three epochs on the other
    half of the clean data, give their strongest other class, to that class.
    """
    rng = np.random.default_rng(1000 + seed)
    clean, n = data.labels, len(data.labels)
    classes = int(clean.max()) + 1
    count = round(rate * n)
    if kind == "uniform":
        rows = rng.choice(n, count, replace=False)
        new = (clean[rows] + rng.integers(1, classes, count)) % classes
    elif kind == "pairs":
        rows = rng.choice(n, count, replace=False)
        means = np.stack([data.images[clean == c].mean(axis=0).ravel() for c in range(classes)])
        gaps = np.linalg.norm(means[:, None] - means[None], axis=2)
        np.fill_diagonal(gaps, np.inf)
        new = gaps.argmin(axis=1)[clean[rows]]
    else:
        p = folds_probabilities(data.images, clean, folds=2, epochs=3, dropout=0.2, seed=seed).astype(float)
        p[np.arange(n), clean] = 0
        strongest = p.max(axis=1) + 1e-12
        rows = rng.choice(n, count, replace=False, p=strongest / strongest.sum())
        new = p.argmax(axis=1)[rows]
    labels, wrong = clean.copy(), np.zeros(n, bool)
    labels[rows], wrong[rows] = new, True
    return labels, wrong
