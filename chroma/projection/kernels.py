"""The inner loops, compiled by numba and kept on disk.

Imported inside functions only: `chroma.projection.optimiser` and `chroma.projection.neighbors` say when.
Nothing here starts threads; all of it lets others run (`nogil`), and no result depends on how rows are shared
out.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import Any, ParamSpec, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt
from numba import types

P = ParamSpec("P")
R = TypeVar("R")
Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.integer[Any]]
Flags = npt.NDArray[np.bool_]

def _read(kind: Any, axes: int) -> Any:
    """An array that is only read: it may come from a file, mapped into memory."""
    return types.Array(kind, axes, "C", readonly=True)


_F1, _F2 = _read(types.float32, 1), _read(types.float32, 2)
_I2, _L1, _L2 = _read(types.int32, 2), _read(types.int64, 1), _read(types.int64, 2)
_ROWS, _FILM = types.float32[:, ::1], types.float32[:, :, ::1]
_INT, _FLOAT = types.int64, types.float32
# Sums in the order that is fastest; it is the same every time.
_ANY_ORDER = "contract arcp nsz reassoc"

# Pull and push are read from tables, by the float32 bits of a squared distance: 64 steps in each doubling,
# from 2^-24 to 2^16. The step is at most 1 % of the force: below the noise of sampling.
_LOWEST = (127 - 24) << 6
_ENTRIES = 40 << 6
# Longest step of one pull or push (umap-learn clips each axis at 4; here the whole step is clipped).
_LONGEST = 4.0
# A plain 2 would make float64 of float32.
_TWO = np.float32(2)
_HALF = np.float32(2.0**112)
# 2^64 over the golden ratio: its multiples are spread evenly; and another odd number.
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_ODD = np.uint64(0xD1B54A32D192ED03)
# Draws for one push that has to find a sample that is there.
_TRIES = 16


def _compiled(*arguments: Any, fast: str = "contract arcp nsz") -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Compile on the first call, for these types of arguments and no others."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @cache
        def kernel() -> Callable[P, R]:
            flags = set(fast.split())
            return cast("Any", numba.njit(arguments, cache=True, nogil=True, fastmath=flags)(function))

        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            return kernel()(*args, **kwargs)

        return call

    return decorate


def _part(function: Callable[P, R]) -> Callable[P, R]:
    """A piece of kernels, compiled into them."""
    return cast("Callable[P, R]", numba.njit(fastmath={"contract", "arcp", "nsz"})(function))


def forces(a: float, b: float) -> tuple[Floats, Floats]:
    """Tables for `sweep` of pull and push, for the curve `1 / (1 + a d^2b)`; float32 `[2560]` each."""
    bits = ((np.arange(_ENTRIES, dtype=np.int32) + _LOWEST) << 17) + (1 << 16)
    d2 = bits.view(np.float32).astype(np.float64)
    pull = -2 * a * b * d2 ** (b - 1) / (1 + a * d2**b)
    push = 2 * b / ((0.001 + d2) * (1 + a * d2**b))
    longest = _LONGEST / np.sqrt(d2)
    return np.maximum(pull, -longest).astype(np.float32), np.minimum(push, longest).astype(np.float32)


@_compiled(_F2, types.float64)
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


@_compiled(_I2, _F2)
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


@_part
def _entry(d2: Any) -> Any:
    """Where the tables of `forces` hold a squared distance."""
    return min(max((np.float32(d2).view(np.int32) >> 17) - _LOWEST, 0), _ENTRIES - 1)


@_part
def _mixed(state: Any) -> Any:
    """A number of 64 bits that tells nothing of the one it is made from (Steele et al. 2014, SplitMix64)."""
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    return (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)


@_compiled(_F2, _ROWS, _L1, _read(types.int32, 1), _F1, _read(types.boolean, 1), _F1, _F1, _FLOAT, _INT, _INT, _INT, _INT, _INT)
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
    too). What pushes after a pull is drawn by a counter from seed, epoch and row, the same in every frame of
    a film, spread evenly over the samples (steps of the golden ratio); those of one pull push at once.
    """
    n = np.uint64(len(old))
    now, then = np.float32(epoch + 1), np.float32(epoch)
    whole = there.all()
    for i in range(first, last):
        x, y = old[i, 0], old[i, 1]
        state = _mixed(np.uint64(seed) + np.uint64(epoch) * _GOLDEN + np.uint64(i) * _ODD)
        for e in range(start[i], start[i + 1]):
            if int(share[e] * now) == int(share[e] * then):
                continue
            dx, dy = x - old[heads[e], 0], y - old[heads[e], 1]
            force = _TWO * rate * pull[_entry(dx * dx + dy * dy)]
            x += force * dx
            y += force * dy
            state = _mixed(state + _GOLDEN)
            draw = state
            away_x, away_y = np.float32(0), np.float32(0)
            for _ in range(pushes):
                draw += _GOLDEN
                j = np.int64(((draw >> np.uint64(32)) * n) >> np.uint64(32))
                if not whole:
                    for _ in range(_TRIES):
                        if there[j]:
                            break
                        draw += _GOLDEN
                        j = np.int64(((draw >> np.uint64(32)) * n) >> np.uint64(32))
                dx, dy = x - old[j, 0], y - old[j, 1]
                force = push[_entry(dx * dx + dy * dy)]
                away_x += force * dx
                away_y += force * dy
            x += rate * away_x
            y += rate * away_y
        new[i, 0] = x
        new[i, 1] = y


@_compiled(_I2, _I2)
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


@_compiled(_FILM, _read(types.boolean, 2), _F2, _FLOAT, _INT, _INT)
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


@_compiled(_ROWS, _F2, _I2, _F2, _F1, _F1, _FLOAT, _INT, _INT, _INT, _INT)
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
    m = np.uint64(len(landmarks))
    for i in range(len(xy)):
        x, y = xy[i, 0], xy[i, 1]
        state = _mixed(np.uint64(seed) + np.uint64(first + i) * _ODD)
        for epoch in range(epochs):
            left = np.float32(1) - np.float32(epoch) / np.float32(epochs)
            step = rate * left * left
            now, then = np.float32(epoch + 1), np.float32(epoch)
            for e in range(near.shape[1]):
                if int(weights[i, e] * now) == int(weights[i, e] * then):
                    continue
                j = np.int64(near[i, e])
                dx, dy = x - landmarks[j, 0], y - landmarks[j, 1]
                force = _TWO * step * pull[_entry(dx * dx + dy * dy)]
                x += force * dx
                y += force * dy
                state = _mixed(state + _GOLDEN)
                draw = state
                away_x, away_y = np.float32(0), np.float32(0)
                for _ in range(pushes):
                    draw += _GOLDEN
                    j = np.int64(((draw >> np.uint64(32)) * m) >> np.uint64(32))
                    dx, dy = x - landmarks[j, 0], y - landmarks[j, 1]
                    force = push[_entry(dx * dx + dy * dy)]
                    away_x += force * dx
                    away_y += force * dy
                x += step * away_x
                y += step * away_y
        xy[i, 0] = x
        xy[i, 1] = y


@_part
def _largest(values: Floats) -> int:
    at = 0
    for s in range(len(values)):
        if values[s] > values[at]:
            at = s
    return at


@_part
def _fold(least: Floats, product: Floats, squares: Floats) -> None:
    for j in range(len(product)):  # without branches: eight at a time
        gap = squares[j] - _TWO * product[j]
        least[j] = gap if gap < least[j] else least[j]


@_compiled(_ROWS, _F1, _L1, _INT)
def smallest(products: Floats, squares: Floats, itself: Ints, k: int) -> tuple[Ints, Floats]:
    """The `k` smallest `squares - 2 products` of each row, in no order, never that of column `itself[row]`.

    Their columns, int64 `[rows, k]`, and they themselves; k is less than the number of columns.
    """
    rows, n = products.shape
    found = np.empty((rows, k), np.int64)
    gaps = np.empty((rows, k), np.float32)
    # A row is folded like a sheet of paper; at least k of its values lie under the k-th least of the folds.
    width = max(k, -(-n // 16))
    least = np.empty(width, np.float32)
    for r in range(rows):
        product, best, columns = products[r], gaps[r], found[r]
        product[itself[r]] = -np.inf
        least[:] = np.inf
        for start in range(0, n, width):
            _fold(least, product[start : start + width], squares[start : start + width])
        best[:] = np.inf
        worst = 0
        for j in range(width):
            if least[j] < best[worst]:
                best[worst] = least[j]
                worst = _largest(best)
        limit = best[worst]
        best[:] = np.inf
        filled, worst = 0, 0
        for j in range(width):
            if least[j] > limit:
                continue
            for at in range(j, n, width):
                gap = squares[at] - _TWO * product[at]
                if gap > limit or at == itself[r]:
                    continue
                if filled < k:
                    best[filled], columns[filled] = gap, at
                    filled += 1
                    worst = _largest(best) if filled == k else 0
                elif gap < best[worst]:
                    best[worst], columns[worst] = gap, at
                    worst = _largest(best)
    return found, gaps


@_compiled(_F2, _L1, _L2, _F2, _INT, fast=_ANY_ORDER)
def measured(points: Floats, queries: Ints, near: Ints, bounds: Floats, k: int) -> tuple[Ints, Floats]:
    """The `k` nearest of each query's candidates `near`, nearest first, ties by row: rows and distances.

    No candidate is nearer than the root of its bound: those that cannot be among the nearest are not
    measured.
    """
    rows, count = near.shape
    d = points.shape[1]
    found = np.empty((rows, k), np.int64)
    lengths = np.empty((rows, k), np.float32)
    order = np.empty(count, np.int64)
    for r in range(rows):
        for c in range(count):  # by bound: count is small
            at = c
            while at > 0 and bounds[r, order[at - 1]] > bounds[r, c]:
                order[at] = order[at - 1]
                at -= 1
            order[at] = c
        filled = 0
        i = queries[r]
        for c in order:
            if filled == k and bounds[r, c] > lengths[r, k - 1]:
                break
            j = near[r, c]
            total = np.float32(0)
            for axis in range(d):
                gap = points[i, axis] - points[j, axis]
                total += gap * gap
            at = filled
            if filled == k:
                if total > lengths[r, k - 1] or (total == lengths[r, k - 1] and j > found[r, k - 1]):
                    continue
                at = k - 1
            else:
                filled += 1
            while at > 0 and (
                lengths[r, at - 1] > total or (lengths[r, at - 1] == total and found[r, at - 1] > j)
            ):
                lengths[r, at], found[r, at] = lengths[r, at - 1], found[r, at - 1]
                at -= 1
            lengths[r, at], found[r, at] = total, j
    return found, np.sqrt(lengths)


@_compiled(_F2, _F1, _F2, _ROWS, fast=_ANY_ORDER)
def project(vectors: Floats, mean: Floats, components: Floats, xy: Floats) -> None:
    """Write each row's two coordinates `components (row - mean)` into `xy`."""
    for i in range(len(vectors)):
        x, y = np.float32(0), np.float32(0)
        for j in range(len(mean)):
            value = vectors[i, j] - mean[j]
            x += value * components[0, j]
            y += value * components[1, j]
        xy[i, 0], xy[i, 1] = x, y


@_compiled(_read(types.uint16, 2), _F1, _F2, _ROWS, fast=_ANY_ORDER)
def project_half(bits: Ints, mean: Floats, components: Floats, xy: Floats) -> None:
    """As `project`, from the bits of float16: read while projecting, five times faster than converting."""
    for i in range(len(bits)):
        x, y, finite = np.float32(0), np.float32(0), True
        for j in range(len(mean)):
            half = np.uint32(bits[i, j])
            # Exponent and fraction one place up, the sign to the top; 2^112 is what the exponents differ by.
            one = np.uint32(((half & np.uint32(0x7FFF)) << np.uint32(13)) | ((half >> np.uint32(15)) << np.uint32(31)))
            value = one.view(np.float32) * _HALF - mean[j]
            finite &= (half & np.uint32(0x7C00)) != np.uint32(0x7C00)
            x += value * components[0, j]
            y += value * components[1, j]
        xy[i, 0], xy[i, 1] = (x, y) if finite else (np.float32(np.nan), np.float32(np.nan))
