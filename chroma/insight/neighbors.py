"""What a sample's neighbours say of it: whether they carry its label, and whether they stayed."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chroma.projection.neighbors import NeighborGraph

Shares = npt.NDArray[np.float32]

# Rows compared at once: 15 neighbours of them are 8 MB.
_BLOCK = 65_536


def label_agreement(graph: NeighborGraph, codes: npt.NDArray[np.integer[Any]]) -> Shares:
    """Share of each sample's neighbours, in the full space, that carry its own label.

    Args:
        graph: Of the samples.
        codes: `[n]` labels as integers; negative where missing. Neighbours without a label are not counted.

    Returns:
        float32 `[n]` in [0, 1]; NaN where the sample has no label, no vector or no labelled neighbour.
    """
    shares = np.full(len(codes), np.nan, np.float32)
    for start in range(0, len(codes), _BLOCK):
        rows = slice(start, start + _BLOCK)
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
    for start in range(0, n, _BLOCK):
        rows = slice(start, start + _BLOCK)
        old, new = before.indices[rows], after.indices[rows]
        stayed = np.zeros(len(old), np.int64)
        for column in range(before.k):
            stayed += (new == old[:, column : column + 1]).any(axis=1)
        both = before.valid[rows] & after.valid[rows]
        shares[rows][both] = (stayed[both] / before.k).astype(np.float32)
    return shares
