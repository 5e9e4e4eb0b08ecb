"""Search among many rows: each is compared with those of its cell of space and of the cells next to it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from chroma.projection.arrays import Floats, Indices, blocks, squared_lengths
from chroma.projection.nearest import (
    Among,
    Shadow,
    exact,
    nearest_among,
    shadow_of,
    themselves,
)

# Cells of n rows: so many times the root of n. To find a row's cell then costs about as much as its search.
_CELLS = 1.6
# Rows for each cell from which the centres are found, and rounds of k-means.
_ROWS = 25
_ROUNDS = 3
# Share of the neighbours of asked rows that must lie in the cells looked at; how many rows are asked.
_SHARE = 0.995
_ASKED = 500
# Most rows that one is compared with, unless its own cell has more: keeps the cost linear.
_MOST = 100_000


@dataclass(frozen=True, slots=True)
class Cells:
    """Rows, parted into cells by k-means, to be searched.

    Attributes:
        points: float32 `[n, d]`: the rows.
        shadow: Theirs.
        centres: float32 `[cells, axes]`: of the cells, among shadows.
        of: int64 `[n]`: the cell of each row.
        order: int64 `[n]`: rows by cell; those of cell c are `order[start[c]:start[c + 1]]`.
        start: int64 `[cells + 1]`.
        near: int64 `[cells, cells]`: all cells by distance from each, itself first.
        looked_at: How many of those are searched.
    """

    points: Floats
    shadow: Shadow
    centres: Floats
    of: Indices
    order: Indices
    start: Indices
    near: Indices
    looked_at: int


def parted(points: Floats, k: int, seed: int = 0) -> Cells:
    """Part rows into cells, and choose how many a search looks at.

    So many as hold 99.5 % of the true neighbours of 500 rows.

    Args:
        points: float32 `[n, d]`, near 1 in size and centred.
        k: Neighbours that will be looked for, less than n.
        seed: Picks the first centres and the rows.
    """
    from threadpoolctl import threadpool_limits

    random = np.random.default_rng(seed)
    asked = random.choice(len(points), min(_ASKED, len(points)), replace=False)
    with threadpool_limits(1):  # the bits of a sum depend on how many threads share it
        true, _ = exact(points, asked, k, 1)
        shadow = shadow_of(points)
        centres = _centres(shadow.points, random)
        there, of = np.unique(_nearest_centre(shadow.points, centres), return_inverse=True)
        centres = centres[there]
        squares = squared_lengths(centres)
        between = squares[:, None] + squares - 2 * (centres @ centres.T)
    np.fill_diagonal(between, -1)
    near = np.argsort(between, axis=1, kind="stable")
    place = np.argsort(near, axis=1)  # by cell: how many cells are nearer
    looked_at = int(np.quantile(place[of[asked][:, None], of[true]], _SHARE)) + 1 if k else 1
    start = np.concatenate([[0], np.cumsum(np.bincount(of))])
    return Cells(points, shadow, centres, of, np.argsort(of, kind="stable"), start, near, looked_at)


def nearest_in(
    cells: Cells, k: int, queries: Floats | None = None, threads: int = 1
) -> tuple[Indices, Floats]:
    """Nearest `k` rows of each query, nearly all of them.

    Those that are compared are measured exactly; the bits are the same for any number of threads.

    Args:
        cells: The rows to search.
        k: Not more than `parted` was told.
        queries: float32 `[m, d]`; None: the rows themselves, none of which is its own neighbour.
        threads: Threads.

    Returns:
        int64 `[m, k]` rows, nearest first, ties by row, and float32 `[m, k]` distances.
    """
    from threadpoolctl import threadpool_limits

    alone = queries is None
    points = cells.points if queries is None else queries
    near = np.empty((len(points), k), np.int64)
    distances = np.empty((len(points), k), np.float32)
    with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
        mine = cells.shadow if alone else cells.shadow.cast(points)
        of = cells.of if alone else _nearest_centre(mine.points, cells.centres)
        full, all_full = themselves(points), themselves(cells.points)
        order = np.argsort(of, kind="stable")
        start = np.searchsorted(of[order], np.arange(len(cells.near) + 1))

        def search(cell: int) -> None:
            others = _around(cells, cell, all_full.candidates(k) + 1)
            among = Among(cells.points, others, cells.shadow.of(others))
            own = order[start[cell] : start[cell + 1]]
            for part in blocks(len(own), len(others)):
                block = own[part]
                at = np.arange(part.start, part.stop) if alone else np.full(len(block), -1)
                products = np.empty((len(block), len(others)), np.float32)
                found = nearest_among(points, block, mine.of(block), among, at, k, products)
                near[block], distances[block], sure = found
                if mine.basis is not None and not sure.all():
                    rest, at = block[~sure], at[~sure]
                    among_full = Among(cells.points, others, all_full.of(others))
                    found = nearest_among(
                        points, rest, full.of(rest), among_full, at, k, products[: len(rest)]
                    )
                    near[rest], distances[rest], _ = found

        # One thread is this one: a pool's thread would only add hand-overs.
        spread: Callable[..., Any] = pool.map if threads > 1 else map
        list(spread(search, np.flatnonzero(np.diff(start)).tolist()))
    return near, distances


def _centres(low: Floats, random: np.random.Generator) -> Floats:
    """Centres of cells by k-means, from some of the rows."""
    count = round(_CELLS * np.sqrt(len(low)))
    some = low[np.sort(random.choice(len(low), min(len(low), _ROWS * count), replace=False))]
    centres = some[np.sort(random.choice(len(some), min(len(some), count), replace=False))]
    for _ in range(_ROUNDS):
        of = _nearest_centre(some, centres)
        order = np.argsort(of, kind="stable")
        first = np.unique(of[order], return_index=True)[1]
        sizes = np.diff(np.append(first, len(some)))[:, None]
        centres = np.divide(np.add.reduceat(some[order], first, axis=0), sizes, dtype=np.float32)
    return centres


def _nearest_centre(low: Floats, centres: Floats) -> Indices:
    half = squared_lengths(centres) / 2
    of = np.empty(len(low), np.int64)
    for rows in blocks(len(low), len(centres)):
        of[rows] = np.argmin(half - low[rows] @ centres.T, axis=1)
    return of


def _around(cells: Cells, cell: int, fewest: int) -> Indices:
    """Rows of the nearest cells: of so many, fewer where those hold too many rows, more where too few."""
    sizes = np.cumsum(np.diff(cells.start)[cells.near[cell]])
    most = max(1, int(np.searchsorted(sizes, _MOST, side="right")))
    least = int(np.searchsorted(sizes, fewest)) + 1
    chosen = cells.near[cell, : max(min(cells.looked_at, most), least)]
    return np.concatenate(
        [cells.order[cells.start[other] : cells.start[other + 1]] for other in chosen.tolist()]
    )
