"""What a sample's neighbours tell: whether they carry its label, and whether they stay the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chroma.projection.arrays import Matrix, blocks
from chroma.projection.neighbors import NeighborGraph

Shares = npt.NDArray[np.float32]

# Pairs of neighbours compared at a time: 16 MiB of bool.
_PAIRS = 1 << 24


def label_agreement(graph: NeighborGraph, codes: npt.NDArray[np.integer[Any]]) -> Shares:
    """Share of each sample's neighbours, in the full space, that carry its own label.

    Args:
        graph: Of the samples.
        codes: `[n]` labels as integers; negative where missing. Neighbours without a label are not counted.

    Returns:
        float32 `[n]` in [0, 1]; NaN where the sample has no label, no vector or no labelled neighbour.
    """
    shares = np.full(len(codes), np.nan, np.float32)
    for rows in blocks(len(codes), graph.k):
        said = codes[np.maximum(graph.indices[rows], 0)]
        known = said >= 0
        same = (said == codes[rows, None]).sum(axis=1)
        total = known.sum(axis=1)
        usable = graph.valid[rows] & (codes[rows] >= 0) & (total > 0)
        shares[rows][usable] = (same[usable] / total[usable]).astype(np.float32)
    return shares


def neighbors_kept(before: NeighborGraph, after: NeighborGraph) -> Shares:
    """Share of each sample's neighbours in one snapshot that are its neighbours in the next one, too.

    Args:
        before: Graph of the earlier snapshot.
        after: Graph of the later snapshot of the same samples, in the same order.

    Returns:
        float32 `[n]` in [0, 1]; NaN where the sample has no vector in one of them.
    """
    n = len(before.valid)
    shares = np.full(n, np.nan, np.float32)
    if not min(before.k, after.k):
        return shares
    for rows in blocks(n, after.k):
        old, new = before.indices[rows], after.indices[rows]
        stayed = np.zeros(len(old), np.int64)
        for column in range(before.k):
            stayed += (new == old[:, column : column + 1]).any(axis=1)
        both = before.valid[rows] & after.valid[rows]
        shares[rows][both] = (stayed[both] / before.k).astype(np.float32)
    return shares


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
    for part in blocks(len(rows), first.k * second.k, _PAIRS):
        few = rows[part]
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


def neighbors_in_picture(graph: NeighborGraph, xy: Matrix, *, k: int = 15) -> Shares:
    """For each sample the share of its nearest neighbours in the full space that are so on the map too.

    `|N_k(i) & V_k(i)| / k`, from 0 to 1, where `N_k(i)` are the k nearest in the full space and `V_k(i)` the
    k nearest on the map: the trustworthiness of one sample. Its mean over all samples is `Q_NX(k)` of Lee &
    Verleysen 2009, "Quality assessment of dimensionality reduction: rank-based criteria", Neurocomputing 72.

    Args:
        graph: The neighbor graph in the full space; its own k is used where it is smaller.
        xy: `[n, 2]`, any float, of the same samples; NaN where one is missing.
        k: Size of the neighbourhood.

    Returns:
        float32 `[n]`; NaN for samples that are missing in either, or have no neighbour.
    """
    from scipy.spatial import KDTree

    shares = np.full(len(xy), np.nan, np.float32)
    there = np.flatnonzero(graph.valid & np.isfinite(xy).all(axis=1))
    k = min(k, graph.k, len(there) - 1)
    if k < 1:
        return shares
    points = np.asarray(xy, np.float64)[there]
    near = np.asarray(KDTree(points).query(points, k + 1)[1])
    # A sample is nearest to itself, unless others lie on its spot: then it may stand anywhere, or nowhere.
    own = near == np.arange(len(there))[:, None]
    own[~own.any(axis=1), -1] = True
    drawn = there[near[~own].reshape(len(there), k)]
    full = graph.indices[there, :k]
    kept = (full[:, :, None] == drawn[:, None, :]).any(axis=2)
    shares[there] = kept.sum(axis=1) / k
    return shares
