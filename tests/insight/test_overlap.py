from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chroma.insight.neighbors import neighbor_overlap
from chroma.projection.neighbors import NeighborGraph, neighbor_graph


def graph(rows: list[list[int]]) -> NeighborGraph:
    indices = np.array(rows, np.int32)
    valid = (indices >= 0).any(axis=1)
    return NeighborGraph(
        indices,
        indices.astype(np.float32),
        "euclidean",
        indices.shape[1],
        indices.shape[1],
        None,
        valid,
        int(valid.sum()),
    )


def brute(first: NeighborGraph, second: NeighborGraph, match: Any) -> list[float]:
    """The definition, sample by sample."""
    shared = [i for i in range(len(match)) if match[i] >= 0 and first.valid[i] and second.valid[match[i]]]
    there = {int(match[i]) for i in shared}
    found: list[float] = [float("nan")] * len(match)
    for i in shared:
        ours = [int(match[j]) for j in first.indices[i] if j in shared]
        theirs = [int(j) for j in second.indices[match[i]] if int(j) in there]
        m = min(len(ours), len(theirs))
        if m:
            found[i] = len(set(ours[:m]) & set(theirs[:m])) / m
    return found


def test_the_same_graph_keeps_all_and_a_shuffled_one_too() -> None:
    vectors = np.random.default_rng(0).normal(size=(80, 5)).astype(np.float32)
    one = neighbor_graph(vectors, k=7)
    order = np.random.default_rng(1).permutation(80)
    other = neighbor_graph(vectors[order], k=7)
    match = np.argsort(order)
    assert (neighbor_overlap(one, one, np.arange(80)) == 1).all()
    assert (neighbor_overlap(one, other, match) == 1).all()


def test_samples_that_are_not_in_both_are_left_out_on_both_sides() -> None:
    first = graph([[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]])
    # sample 3 is not in the second graph, whose row 3 is another sample
    second = graph([[3, 2, 1], [0, 2, 3], [3, 1, 0], [0, 1, 2]])
    match = np.array([0, 1, 2, -1])
    assert neighbor_overlap(first, second, match).tolist()[:3] == [1.0, 1.0, 1.0]
    assert np.isnan(neighbor_overlap(first, second, match)[3])


def test_rows_without_neighbours_are_not_compared() -> None:
    first = graph([[1, 2], [0, 2], [-1, -1]])
    found = neighbor_overlap(first, graph([[1, 2], [0, 2], [0, 1]]), np.arange(3))
    assert found[:2].tolist() == [1.0, 1.0]
    assert np.isnan(found[2])
    alone = graph([[-1, -1], [-1, -1], [-1, -1]])
    assert np.isnan(neighbor_overlap(first, alone, np.arange(3))).all()


@pytest.mark.parametrize("block", [None, 64])
def test_it_is_the_definition(block: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if block:
        monkeypatch.setattr("chroma.insight.neighbors._PAIRS", block)
    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(60, 4)).astype(np.float32)
    moved = vectors + rng.normal(scale=0.7, size=vectors.shape).astype(np.float32)
    moved[5] = np.nan
    order = rng.permutation(60)[:50]
    match = np.full(60, -1)
    match[order] = np.arange(50)
    first, second = neighbor_graph(vectors, k=6), neighbor_graph(moved[order], k=9)
    found = neighbor_overlap(first, second, match)
    np.testing.assert_allclose(found, brute(first, second, match), rtol=1e-6)
    assert 0.1 < np.nanmean(found) < 0.95


def test_chance_is_k_of_the_others() -> None:
    rng = np.random.default_rng(5)
    one = neighbor_graph(rng.normal(size=(600, 8)).astype(np.float32), k=15)
    other = neighbor_graph(rng.normal(size=(600, 8)).astype(np.float32), k=15)
    found = neighbor_overlap(one, other, np.arange(600))
    assert np.nanmean(found) == pytest.approx(15 / 599, abs=0.006)
