"""How many of its neighbours a sample keeps from one neighbor graph to another."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from chroma.projection.neighbors import NeighborGraph

# Pairs of neighbours compared at a time: 16 MiB of bool.
_BLOCK = 1 << 24


def neighbor_overlap(
    first: NeighborGraph, second: NeighborGraph, match: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    """Share of its nearest neighbours that each sample has in both graphs.

    Neighbours that are not in the other graph are left out; of those that remain, the m nearest of each
    side are compared, m being the smaller number: `|A & B| / m`. Two graphs whose neighbours are drawn at
    random among n samples agree in `k / (n - 1)` on average.

    Args:
        first: Whose rows are asked about.
        second: What it is compared with.
        match: `[rows of first]`, the row in `second` of the same sample; -1 where it has none.

    Returns:
        `[rows of first]`, 0..1; NaN where a sample is not in both, or has no neighbour that is.
    """
    found = np.full(len(match), np.nan, np.float32)
    here = match >= 0
    here[here] = second.valid[match[here]]
    rows = np.flatnonzero(here & first.valid)
    known = np.zeros(len(second.valid), bool)
    known[match[rows]] = True
    # one place more, so that -1 stays -1
    into = np.append(np.where(here & first.valid, match, -1), -1)
    step = max(1, _BLOCK // max(1, first.k * second.k))
    for start in range(0, len(rows), step):
        few = rows[start : start + step]
        ours = into[first.indices[few]]
        theirs = second.indices[match[few]].astype(np.int64)
        theirs = np.where(known[theirs] & (theirs >= 0), theirs, -1)
        fewest = np.minimum((ours >= 0).sum(axis=1), (theirs >= 0).sum(axis=1))
        ours, theirs = _nearest(ours, fewest), _nearest(theirs, fewest)
        same = (ours[:, :, None] == theirs[:, None, :]) & (ours >= 0)[:, :, None]
        counted = fewest > 0
        found[few[counted]] = (same.sum(axis=(1, 2))[counted] / fewest[counted]).astype(np.float32)
    return found


def _nearest(near: npt.NDArray[np.int64], count: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The first so many known neighbours of each row; the others become -1."""
    known = near >= 0
    return np.where(known & (np.cumsum(known, axis=1) <= count[:, None]), near, -1)
