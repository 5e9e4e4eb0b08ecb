"""Kernels of a snapshot's fuzzy graph (McInnes et al. 2018, arXiv:1802.03426, section 3.1)."""

from __future__ import annotations

import numpy as np

from chroma.projection.kernels.compiled import DOUBLE, F2, I2, Floats, Ints, compiled


@compiled(F2, DOUBLE)
def memberships(distances: Floats, target: float) -> Floats:
    """How much each neighbour belongs: `exp(-(d - rho) / sigma)`, sigma so that a row sums to `target`."""
    n, k = distances.shape
    weights = np.empty((n, k), np.float32)
    overall = 0.0
    for i in range(n):
        for j in range(k):
            overall += distances[i, j]
    overall /= max(1, n * k)
    for i in range(n):
        rho, mean = 0.0, 0.0
        for j in range(k):
            mean += distances[i, j]
            if rho == 0.0 and distances[i, j] > 0:
                rho = distances[i, j]
        mean /= k
        low, high, sigma = 0.0, -1.0, 1.0
        for _ in range(64):
            total = 0.0
            for j in range(k):
                gap = distances[i, j] - rho
                total += np.exp(-gap / sigma) if gap > 0 else 1.0
            if abs(total - target) < 1e-5:
                break
            if total > target:
                high = sigma
                sigma = (low + high) / 2
            else:
                low = sigma
                sigma = sigma * 2 if high < 0 else (low + high) / 2
        sigma = max(sigma, 1e-3 * (mean if rho > 0 else overall), 1e-30)
        for j in range(k):
            gap = distances[i, j] - rho
            weights[i, j] = np.exp(-gap / sigma) if gap > 0 else 1.0
    return weights


@compiled(I2, F2)
def both_ways(indices: Ints, weights: Floats) -> tuple[Ints, Ints, Floats]:
    """The fuzzy union `w + w' - w w'` of edges and their reverse, by rows: starts, neighbours, weights.

    Rows of -1 in `indices` have no edges.
    """
    n, k = indices.shape
    start = np.zeros(n + 1, np.int64)
    for i in range(n):
        if k == 0 or indices[i, 0] < 0:
            continue
        for s in range(k):
            start[i + 1] += 1
            j = indices[i, s]
            mutual = False
            for t in range(k):
                mutual |= indices[j, t] == i
            if not mutual:
                start[j + 1] += 1
    for i in range(n):
        start[i + 1] += start[i]
    at = start[:-1].copy()
    heads = np.empty(start[n], np.int32)
    values = np.empty(start[n], np.float32)
    for i in range(n):
        if k == 0 or indices[i, 0] < 0:
            continue
        for s in range(k):
            j = indices[i, s]
            mutual, back = False, np.float32(0)
            for t in range(k):
                if indices[j, t] == i:
                    mutual, back = True, weights[j, t]
            w = weights[i, s] + back - weights[i, s] * back
            heads[at[i]] = j
            values[at[i]] = w
            at[i] += 1
            if not mutual:
                heads[at[j]] = i
                values[at[j]] = w
                at[j] += 1
    return start, heads, values


@compiled(I2, I2)
def jaccard(first: Ints, second: Ints) -> Floats:
    """Jaccard index of two rows of neighbours, row by row; 0 where a row is missing (-1)."""
    n, k = first.shape
    other = second.shape[1]
    shares = np.zeros(n, np.float32)
    for i in range(n):
        if k == 0 or other == 0 or first[i, 0] < 0 or second[i, 0] < 0:
            continue
        common = 0
        for s in range(k):
            for t in range(other):
                if first[i, s] == second[i, t]:
                    common += 1
                    break
        shares[i] = common / (k + other - common)
    return shares
