from __future__ import annotations

import numpy as np
import pytest

from chroma.insight.clusters import layout_clusters
from chroma.insight.neighbors import label_agreement, neighbors_kept
from chroma.projection.neighbors import neighbor_graph

RNG = np.random.default_rng(3)


def test_agreement_counts_neighbours_of_the_same_label() -> None:
    vectors = np.array([[0.0], [1.0], [2.1], [10.0], [11.0], [12.1], [np.nan]], np.float32)
    graph = neighbor_graph(vectors, k=2)
    codes = np.array([0, 0, 1, 1, 1, -1, 0])
    shares = label_agreement(graph, codes)
    # the unlabelled sample is no neighbour that counts, and has no share itself
    np.testing.assert_allclose(shares, [0.5, 0.5, 0.0, 1.0, 1.0, np.nan, np.nan])


def test_neighbours_kept_are_counted_by_sample() -> None:
    before = RNG.normal(size=(300, 5)).astype(np.float32)
    after = before.copy()
    after[:100] = RNG.normal(size=(100, 5)) + 40
    after[299] = np.nan
    old, new = neighbor_graph(before), neighbor_graph(after)
    shares = neighbors_kept(old, new)
    for at in (0, 50, 150, 298):
        both = set(old.indices[at].tolist()) & set(new.indices[at].tolist())
        assert shares[at] == pytest.approx(len(both) / 15)
    assert np.isnan(shares[299])
    np.testing.assert_allclose(neighbors_kept(old, old), 1.0)


def test_clusters_are_found_largest_first_and_the_same_every_time() -> None:
    sizes, middles = (400, 250, 150), ((0, 0), (10, 0), (0, 10))
    parts = [RNG.normal(size=(n, 2)) * 0.5 + at for n, at in zip(sizes, middles, strict=True)]
    xy = np.vstack([*parts, [[30.0, 30.0]], [[np.nan, np.nan]]]).astype(np.float32)
    found = layout_clusters(xy)
    truth = np.repeat([0, 1, 2], sizes)
    assert (found[: len(truth)] == truth).mean() > 0.95
    assert found[-2:].tolist() == [-1, -1]
    np.testing.assert_array_equal(layout_clusters(xy), found)


def test_a_large_layout_is_clustered_on_some_of_its_points() -> None:
    truth = RNG.integers(0, 2, 25_000)
    xy = (truth[:, None] * 20 + RNG.normal(size=(25_000, 2))).astype(np.float32)
    found = layout_clusters(xy)
    large = found[found >= 0]
    assert len(large) > 24_000
    # every cluster lies on one side
    for cluster in np.unique(large):
        assert len(np.unique(truth[found == cluster])) == 1


def test_too_few_points_have_no_clusters() -> None:
    assert layout_clusters(np.zeros((5, 2), np.float32)).tolist() == [-1] * 5
