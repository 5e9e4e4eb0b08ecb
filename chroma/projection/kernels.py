"""The inner loops, compiled by numba and kept on disk.

Imported inside functions only: `chroma.projection.optimiser` and `chroma.projection.neighbors` say when.
Nothing here starts threads; all of it lets others run (`nogil`), and no result depends on how rows are shared
out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

P = ParamSpec("P")
R = TypeVar("R")
Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.integer[Any]]
Flags = npt.NDArray[np.bool_]

# Pull and push are read from tables, by the float32 bits of a squared distance: 64 steps in each doubling,
# from 2^-24 to 2^16. The step is at most 1 % of the force: below the noise of sampling.
_LOWEST = (127 - 24) << 6
_ENTRIES = 40 << 6
# Longest step along an axis, of one pull or push (McInnes et al. 2018, umap-learn's `clip`).
_LONGEST = np.float32(4)
# Draws for one push that has to find a sample that is there.
_TRIES = 16


def _compiled(function: Callable[P, R]) -> Callable[P, R]:
    return cast(
        "Callable[P, R]", numba.njit(cache=True, nogil=True, fastmath={"contract", "arcp", "nsz"})(function)
    )


def forces(a: float, b: float) -> tuple[Floats, Floats]:
    """Tables for `sweep` of pull and push, for the curve `1 / (1 + a d^2b)`; float32 `[2560]` each."""
    bits = ((np.arange(_ENTRIES, dtype=np.int32) + _LOWEST) << 17) + (1 << 16)
    d2 = bits.view(np.float32).astype(np.float64)
    pull = -2 * a * b * d2 ** (b - 1) / (1 + a * d2**b)
    push = 2 * b / ((0.001 + d2) * (1 + a * d2**b))
    return pull.astype(np.float32), push.astype(np.float32)


@_compiled
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


@_compiled
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


@_compiled
def sweep(
    old: Floats,
    new: Floats,
    start: Ints,
    heads: Ints,
    share: Floats,
    there: Flags,
    pull: Floats,
    push: Floats,
    rate: Any,
    epoch: int,
    seed: int,
    pushes: int,
    first: int,
    last: int,
) -> None:
    """One pass over the edges of rows `first` to `last`: from positions `old` to positions `new`.

    Others are seen where they were before the pass, so that neither order nor threads matter. An edge of
    share s is pulled in s of all passes, for both its ends (hence twice: the edge stands in the other's row
    too). Pushes are drawn by a counter from seed, epoch and row: the same in every frame of a film.
    """
    n = len(old)
    lowest, most = -_LONGEST, _LONGEST
    whole = there.all()
    for i in range(first, last):
        x, y = old[i, 0], old[i, 1]
        state = (
            np.uint64(seed)
            + np.uint64(epoch) * np.uint64(0x9E3779B97F4A7C15)
            + np.uint64(i) * np.uint64(0xD1B54A32D192ED03)
        )
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        for e in range(start[i], start[i + 1]):
            if int(share[e] * np.float32(epoch + 1)) == int(share[e] * np.float32(epoch)):
                continue
            dx, dy = x - old[heads[e], 0], y - old[heads[e], 1]
            bits = np.float32(dx * dx + dy * dy).view(np.int32) >> 17
            force = pull[min(max(bits - _LOWEST, 0), _ENTRIES - 1)]
            x += 2 * rate * min(max(force * dx, lowest), most)
            y += 2 * rate * min(max(force * dy, lowest), most)
            for _ in range(pushes):
                j = i
                for _ in range(_TRIES):
                    state = state * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
                    j = np.int64(((state >> np.uint64(32)) * np.uint64(n)) >> np.uint64(32))
                    if whole or there[j]:
                        break
                dx, dy = x - old[j, 0], y - old[j, 1]
                bits = np.float32(dx * dx + dy * dy).view(np.int32) >> 17
                force = push[min(max(bits - _LOWEST, 0), _ENTRIES - 1)]
                x += rate * min(max(force * dx, lowest), most)
                y += rate * min(max(force * dy, lowest), most)
        new[i, 0] = x
        new[i, 1] = y


@_compiled
def agreement(first: Ints, second: Ints) -> Floats:
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


@_compiled
def hold(frames: Floats, there: Flags, bonds: Floats, strength: Any, first: int, last: int) -> None:
    """Put each sample's path where `sum |z_t - y_t|^2 + strength sum bond_t |z_t - z_before|^2` is least.

    In place, exact (Thomas algorithm), for samples `first` to `last`; `before` is the last frame that the
    sample is in, and `bonds[t]` ties t to it.
    """
    count = len(frames)
    ratio = np.empty(count, np.float32)
    at = np.empty(count, np.int64)
    # Solved for the correction, not the place: a path that is straight gets none, to the bit.
    more = np.empty((count, 2), np.float32)
    one, none = np.float32(1), np.float32(0)
    for i in range(first, last):
        m = 0
        for t in range(count):
            if there[t, i]:
                at[m] = t
                m += 1
        above = none
        for s in range(m):
            t = at[s]
            left = strength * bonds[t, i] if s > 0 else none
            right = strength * bonds[at[s + 1], i] if s < m - 1 else none
            pivot = one + left + right - left * above
            above = right / pivot
            ratio[s] = above
            for axis in range(2):
                gap = none
                if s > 0:
                    gap += left * (frames[at[s - 1], i, axis] - frames[t, i, axis] + more[s - 1, axis])
                if s < m - 1:
                    gap += right * (frames[at[s + 1], i, axis] - frames[t, i, axis])
                more[s, axis] = gap / pivot
        for s in range(m - 1, -1, -1):
            for axis in range(2):
                if s < m - 1:
                    more[s, axis] += ratio[s] * more[s + 1, axis]
                frames[at[s], i, axis] += more[s, axis]


@_compiled
def settle(
    xy: Floats,
    landmarks: Floats,
    near: Ints,
    weights: Floats,
    pull: Floats,
    push: Floats,
    rate: Any,
    epochs: int,
    seed: int,
    pushes: int,
    first: int,
) -> None:
    """Move points in place among landmarks that stay: pulled by `near` ones, pushed by others.

    Each point by itself; pushes are drawn by a counter from seed and row, which is `first` for the first
    point.
    """
    m = len(landmarks)
    lowest, most = -_LONGEST, _LONGEST
    for i in range(len(xy)):
        x, y = xy[i, 0], xy[i, 1]
        state = np.uint64(seed) + np.uint64(first + i) * np.uint64(0xD1B54A32D192ED03)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        for epoch in range(epochs):
            left = np.float32(1) - np.float32(epoch) / np.float32(epochs)
            step = rate * left * left
            for e in range(near.shape[1]):
                share = weights[i, e]
                if int(share * np.float32(epoch + 1)) == int(share * np.float32(epoch)):
                    continue
                j = near[i, e]
                dx, dy = x - landmarks[j, 0], y - landmarks[j, 1]
                bits = np.float32(dx * dx + dy * dy).view(np.int32) >> 17
                force = pull[min(max(bits - _LOWEST, 0), _ENTRIES - 1)]
                x += 2 * step * min(max(force * dx, lowest), most)
                y += 2 * step * min(max(force * dy, lowest), most)
                for _ in range(pushes):
                    state = state * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
                    j = np.int64(((state >> np.uint64(32)) * np.uint64(m)) >> np.uint64(32))
                    dx, dy = x - landmarks[j, 0], y - landmarks[j, 1]
                    bits = np.float32(dx * dx + dy * dy).view(np.int32) >> 17
                    force = push[min(max(bits - _LOWEST, 0), _ENTRIES - 1)]
                    x += step * min(max(force * dx, lowest), most)
                    y += step * min(max(force * dy, lowest), most)
        xy[i, 0] = x
        xy[i, 1] = y


@_compiled
def smallest(products: Floats, squares: Floats, itself: Ints, k: int) -> Ints:
    """Columns of the `k` smallest `squares - 2 products` of each row, in no order, never `itself[row]`.

    int64 `[rows, k]`; k is less than the number of columns.
    """
    rows, n = products.shape
    found = np.empty((rows, k), np.int64)
    best = np.empty(k, np.float32)
    two = np.float32(2)
    for r in range(rows):
        filled, worst = 0, 0
        products[r, itself[r]] = -np.inf
        for j in range(n):
            gap = squares[j] - two * products[r, j]
            if filled < k:
                if j != itself[r]:
                    best[filled] = gap
                    found[r, filled] = j
                    worst = filled if gap > best[worst] else worst
                    filled += 1
            elif gap < best[worst]:
                best[worst] = gap
                found[r, worst] = j
                for s in range(k):
                    if best[s] > best[worst]:
                        worst = s
    return found
