"""Kernels that move points: pulled by neighbours, pushed by others, tied along their paths.

The forces are the gradient of UMAP's cross-entropy (McInnes et al. 2018, arXiv:1802.03426, section 3.2).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chroma.projection.kernels.compiled import (
    B1,
    B2,
    F1,
    F2,
    FILM,
    FLOAT,
    I1,
    I2,
    INT,
    L1,
    ROWS,
    TWO,
    Flags,
    Floats,
    Ints,
    compiled,
    part,
)

# Pull and push are read from tables, by the float32 bits of a squared distance: 64 steps in each doubling,
# from 2^-24 to 2^16. The step is at most 1 % of the force: below the noise of sampling.
_LOWEST = (127 - 24) << 6
_ENTRIES = 40 << 6
# Longest step of one pull or push (umap-learn clips each axis at 4; here the whole step is clipped).
_LONGEST = 4.0
# 2^64 over the golden ratio, whose multiples are spread evenly, and another odd number, both for hashing.
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_ODD = np.uint64(0xD1B54A32D192ED03)
# Draws to find a sample that is not missing.
_TRIES = 16


def forces(a: float, b: float) -> tuple[Floats, Floats]:
    """Tables for `sweep` of pull and push, for the curve `1 / (1 + a d^2b)`; float32 `[2560]` each."""
    bits = ((np.arange(_ENTRIES, dtype=np.int32) + _LOWEST) << 17) + (1 << 16)
    d2 = bits.view(np.float32).astype(np.float64)
    pull = -2 * a * b * d2 ** (b - 1) / (1 + a * d2**b)
    push = 2 * b / ((0.001 + d2) * (1 + a * d2**b))
    longest = _LONGEST / np.sqrt(d2)
    return np.maximum(pull, -longest).astype(np.float32), np.minimum(push, longest).astype(np.float32)


@part
def _entry(d2: Any) -> Any:
    """Where the tables of `forces` hold a squared distance."""
    return min(max((np.float32(d2).view(np.int32) >> 17) - _LOWEST, 0), _ENTRIES - 1)


@part
def _mixed(state: Any) -> Any:
    """Hash of a 64-bit number: the output function of SplitMix64 (Steele, Lea & Flood 2014)."""
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    return (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)


@part
def _moved(
    x: Any, y: Any, to_x: Any, to_y: Any, others: Floats, there: Flags, whole: Any,
    pull: Floats, push: Floats, rate: Any, pushes: int, draw: Any,
) -> tuple[Any, Any]:  # fmt: skip
    """The new position after one pull and the pushes that follow it, from samples that `draw` picks.

    `whole`: no sample is missing.
    """
    n = np.uint64(len(others))
    dx, dy = x - to_x, y - to_y
    force = TWO * rate * pull[_entry(dx * dx + dy * dy)]
    x += force * dx
    y += force * dy
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
        dx, dy = x - others[j, 0], y - others[j, 1]
        force = push[_entry(dx * dx + dy * dy)]
        away_x += force * dx
        away_y += force * dy
    return x + rate * away_x, y + rate * away_y


@compiled(
    F2,
    ROWS,
    L1,
    I1,
    F1,
    B1,
    F1,
    F1,
    FLOAT,
    INT,
    INT,
    INT,
    INT,
    INT,
)
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

    Forces use the positions before the pass, so neither order nor threads matter. An edge of
    share s is pulled in s of all passes, for both its ends (hence twice: the edge stands in the other's row
    too). What pushes after a pull is drawn by a counter from seed, epoch and row, the same in every frame of
    a film, spread evenly over the samples (steps of the golden ratio); those of one pull push at once.
    """
    now, then = np.float32(epoch + 1), np.float32(epoch)
    whole = there.all()
    for i in range(first, last):
        x, y = old[i, 0], old[i, 1]
        state = _mixed(np.uint64(seed) + np.uint64(epoch) * _GOLDEN + np.uint64(i) * _ODD)
        for e in range(start[i], start[i + 1]):
            if int(share[e] * now) == int(share[e] * then):
                continue
            state = _mixed(state + _GOLDEN)
            to = heads[e]
            x, y = _moved(x, y, old[to, 0], old[to, 1], old, there, whole, pull, push, rate, pushes, state)
        new[i, 0] = x
        new[i, 1] = y


@compiled(FILM, B2, F2, FLOAT, INT, INT)
def smooth_paths(frames: Floats, there: Flags, bonds: Floats, strength: Any, first: int, last: int) -> None:
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


@compiled(ROWS, F2, I2, F2, F1, F1, FLOAT, INT, INT, INT, INT)
def optimise_placed(
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
    """Move placed points among landmarks that do not move: pulled by `near` ones, pushed by others. In place.

    Points do not affect each other. Pushes are drawn by a counter from seed and row; the first point is row
    `first`.
    """
    there = np.ones(1, np.bool_)  # all landmarks are
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
                state = _mixed(state + _GOLDEN)
                to = near[i, e]
                x, y = _moved(
                    x, y, landmarks[to, 0], landmarks[to, 1], landmarks, there, True,
                    pull, push, step, pushes, state,
                )  # fmt: skip
        xy[i, 0] = x
        xy[i, 1] = y
