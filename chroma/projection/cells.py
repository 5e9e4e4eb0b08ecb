"""Search among many rows: each row is compared with the rows in its cell and in the nearest ones."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from chroma.projection.arrays import Floats, Indices, blocks, squared_lengths
from chroma.projection.nearest import (
    Among,
    Reduced,
    exact,
    nearest_among,
    reduce_rows,
    unreduced,
)

# Cells of n rows: so many times the root of n. To find a row's cell then costs about as much as its search.
_CELLS = 1.6
# Rows for each cell from which the centres are found, and rounds of k-means.
_ROWS = 25
_ROUNDS = 3
# Share of the true neighbours that must lie in the cells searched, and the rows it is measured on.
_SHARE = 0.995
_ASKED = 500
# Most rows that one is compared with, unless its own cell has more: keeps the cost linear.
_MOST = 100_000


@dataclass(frozen=True, slots=True)
class Cells:
    """Rows in cells of space (k-means), ready to be searched.

    Attributes:
        points: float32 `[n, d]`: the rows.
        reduced: The rows on fewer axes.
        centres: float32 `[cells, axes]`: centres of the cells, on those axes.
        of: int64 `[n]`: the cell of each row.
        order: int64 `[n]`: rows by cell; those of cell c are `order[start[c]:start[c + 1]]`.
        start: int64 `[cells + 1]`.
        near: int64 `[cells, cells]`: all cells by distance from each, itself first.
        searched: How many of these are searched for a query.
    """

    points: Floats
    reduced: Reduced
    centres: Floats
    of: Indices
    order: Indices
    start: Indices
    near: Indices
    searched: int


def build_cells(points: Floats, k: int, seed: int = 0) -> Cells:
    """Put rows into cells by k-means, and choose how many of the nearest cells a search covers.

    Enough cells to contain 99.5 % of the true neighbours of 500 rows picked at random.

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
        low = reduce_rows(points)
        centres = _centres(low.points, random)
        there, of = np.unique(_nearest_centre(low.points, centres), return_inverse=True)
        centres = centres[there]
        squares = squared_lengths(centres)
        between = squares[:, None] + squares - 2 * (centres @ centres.T)
    np.fill_diagonal(between, -1)
    near = np.argsort(between, axis=1, kind="stable")
    place = np.argsort(near, axis=1)  # by cell: how many cells are nearer
    searched = int(np.quantile(place[of[asked][:, None], of[true]], _SHARE)) + 1 if k else 1
    start = np.concatenate([[0], np.cumsum(np.bincount(of))])
    return Cells(points, low, centres, of, np.argsort(of, kind="stable"), start, near, searched)


def search_cells(
    cells: Cells, k: int, queries: Floats | None = None, threads: int = 1
) -> tuple[Indices, Floats]:
    """Nearest `k` rows of each query, nearly all of them.

    Those that are compared are measured exactly; the bits are the same for any number of threads.

    Args:
        cells: The rows to search.
        k: At most the k that `build_cells` was given.
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
        low = cells.reduced if alone else cells.reduced.reduce_more(points)
        of = cells.of if alone else _nearest_centre(low.points, cells.centres)
        full, all_full = unreduced(points), unreduced(cells.points)
        order = np.argsort(of, kind="stable")
        start = np.searchsorted(of[order], np.arange(len(cells.near) + 1))

        def search(cell: int) -> None:
            others = _around(cells, cell, all_full.candidates(k) + 1)
            among = Among(cells.points, others, cells.reduced.take(others))
            own = order[start[cell] : start[cell + 1]]
            for part in blocks(len(own), len(others)):
                block = own[part]
                at = np.arange(part.start, part.stop) if alone else np.full(len(block), -1)
                products = np.empty((len(block), len(others)), np.float32)
                found = nearest_among(points, block, low.take(block), among, at, k, products)
                near[block], distances[block], sure = found
                if low.basis is not None and not sure.all():
                    rest, at = block[~sure], at[~sure]
                    among_full = Among(cells.points, others, all_full.take(others))
                    found = nearest_among(
                        points, rest, full.take(rest), among_full, at, k, products[: len(rest)]
                    )
                    near[rest], distances[rest], _ = found

        # With one thread, work runs on the calling thread: a pool would only add overhead.
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
    """Rows of the `searched` nearest cells; of fewer above `_MOST` rows, of more below `fewest`."""
    sizes = np.cumsum(np.diff(cells.start)[cells.near[cell]])
    most = max(1, int(np.searchsorted(sizes, _MOST, side="right")))
    least = int(np.searchsorted(sizes, fewest)) + 1
    chosen = cells.near[cell, : max(min(cells.searched, most), least)]
    return np.concatenate(
        [cells.order[cells.start[other] : cells.start[other + 1]] for other in chosen.tolist()]
    )
