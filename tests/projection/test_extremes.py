"""Numbers that float32 cannot hold together: extreme rows, tight clusters far apart, equal rows."""

import numpy as np
import pytest

from chroma.insight.motion import stress
from chroma.insight.quality import continuity, neighborhood_hit, trustworthiness
from chroma.projection.append import next_frame
from chroma.projection.equal import merge_equal
from chroma.projection.film import FilmParams, draw_film, refine_film
from chroma.projection.layout import LayoutParams, pca_start
from chroma.projection.methods import METHODS, drawn_by
from chroma.projection.neighbors import neighbor_graph
from chroma.projection.pca_film import pca_film

QUICK = FilmParams(first=LayoutParams(n_epochs=10), joint=LayoutParams(n_epochs=10))
OTHERS = [name for name, method in METHODS.items() if method.draw is not None]


def in_float64(vectors, k=15):
    points = vectors.astype(np.float64)
    gaps = np.stack([np.linalg.norm(points - row, axis=1) for row in points])
    np.fill_diagonal(gaps, np.inf)
    near = np.argsort(gaps, axis=1, kind="stable")[:, :k]
    return near, np.take_along_axis(gaps, near, axis=1)


@pytest.mark.parametrize("times", [1e3, 1e7, 1e30])
@pytest.mark.parametrize("count", [1, 3])
def test_extreme_rows_leave_the_others_their_neighbours(times, count):
    vectors = np.random.default_rng(0).normal(size=(300, 24)).astype(np.float32)
    vectors[7 : 7 + count] *= np.float32(times)
    graph = neighbor_graph(vectors)
    near, gaps = in_float64(vectors)
    assert graph.recall is None
    np.testing.assert_array_equal(graph.indices, near)
    np.testing.assert_allclose(graph.distances, gaps, rtol=1e-4)


def test_extreme_rows_leave_the_others_their_cells():
    vectors = np.random.default_rng(0).normal(size=(600, 8)).astype(np.float32)
    vectors[7] *= np.float32(1e9)
    graph = neighbor_graph(vectors, exact_below=100)
    assert graph.recall is not None
    near, _ = in_float64(vectors)
    found = [len(np.intersect1d(*rows)) / 15 for rows in zip(graph.indices, near, strict=True)]
    assert np.mean(found) > 0.97
    np.testing.assert_array_equal(graph.indices[7], near[7])


def test_more_extreme_rows_than_neighbours_are_left():
    vectors = np.array([[0], [1], [3], [4], [6], [1e6], [3e6]], np.float32)
    graph = neighbor_graph(vectors, k=6)
    near, gaps = in_float64(vectors, 6)
    np.testing.assert_array_equal(graph.indices, near)
    np.testing.assert_allclose(graph.distances, gaps, rtol=1e-6)


def test_tight_clusters_far_apart_are_searched_exactly():
    random = np.random.default_rng(0)
    vectors = random.normal(scale=1e-4, size=(400, 16)) + np.repeat([[-1.0], [1.0]], 200, axis=0)
    vectors = vectors.astype(np.float32)
    graph = neighbor_graph(vectors)
    near, _ = in_float64(vectors)
    assert np.mean(graph.indices == near) > 0.99


def test_quality_of_the_others_is_not_spoilt_by_an_extreme_row():
    vectors = np.random.default_rng(0).normal(size=(300, 8)).astype(np.float32)
    xy = pca_start(vectors)
    vectors[7] *= np.float32(1e30)
    rest = np.arange(300) != 7
    alone = trustworthiness(vectors[rest], xy[rest]).value
    assert trustworthiness(vectors, xy).value == pytest.approx(alone, abs=0.02)


def test_equal_rows_lie_in_one_place():
    random = np.random.default_rng(0)
    first = random.normal(size=(120, 8)).astype(np.float32)
    second = first.copy()
    second[:40] = second[0]
    snapshots = [first, second, np.ones((120, 8), np.float32)]
    graphs = [neighbor_graph(vectors) for vectors in snapshots]
    frames = draw_film(snapshots, graphs, params=QUICK)
    *_, refined = refine_film(frames, graphs, params=QUICK, every=float("inf"))
    more = next_frame(second, graphs[1], frames[0], previous_graph=graphs[0]).xy
    for drawn, places in [*zip(frames, (120, 81, 1), strict=True), (refined.frames[1], 81), (more, 81)]:
        assert len(np.unique(drawn, axis=0)) == places
    assert merge_equal(graphs[0], frames[0]) is frames[0]


def test_ranks_of_equal_vectors_are_not_called_perfect():
    vectors, xy = np.ones((60, 8), np.float32), np.zeros((60, 2), np.float32)
    assert trustworthiness(vectors, xy).value is None
    assert continuity(vectors, xy).value is None
    spread = np.random.default_rng(0).normal(size=(60, 8))
    assert trustworthiness(spread, xy).value is None, "all points in one place"
    assert continuity(spread, xy).value is None
    assert neighborhood_hit(xy, np.arange(60) % 2).value is None


def test_pca_of_a_film_that_ends_collapsed_still_shows_the_frames_before():
    first = np.random.default_rng(0).normal(size=(60, 8)).astype(np.float32)
    frames = pca_film([first, np.ones((60, 8), np.float32)])
    assert [len(np.unique(xy, axis=0)) for xy in frames] == [60, 1]


def test_stress_of_wide_layers_needs_little_memory():
    import tracemalloc

    vectors = np.random.default_rng(0).normal(size=(20, 6000)).astype(np.float32)
    xy = vectors[:, :2].copy()
    tracemalloc.start()
    measured = stress(vectors, xy, xy)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert measured.pairs == 20_000
    assert peak < 100e6  # all pairs at once: 1.4 GB


@pytest.mark.parametrize("unit", [1e-30, 1e20, 1e36])
def test_tsne_draws_neighbours_of_values_of_any_size(unit):
    pytest.importorskip("openTSNE")
    random = np.random.default_rng(0)
    classes = np.arange(60) % 3
    usual = (np.eye(8)[classes] * 6 + random.normal(size=(60, 8))).astype(np.float32)
    vectors = usual * np.float32(unit)
    xy = drawn_by("tsne", vectors, neighbor_graph(vectors))
    assert trustworthiness(usual, xy).value > 0.9


@pytest.mark.timeout(600)  # pacmap and umap-learn compile when they are imported
@pytest.mark.parametrize("method", OTHERS)
def test_other_packages_draw_constant_and_narrow_frames(method):
    random = np.random.default_rng(0)
    before = random.normal(size=(40, 2)).astype(np.float32)
    for rows, places in ((np.ones((40, 8)), 1), (random.normal(size=(40, 1)), 40), (np.zeros((17, 1)), 1)):
        vectors = rows.astype(np.float32)
        xy = drawn_by(method, vectors, neighbor_graph(vectors), before[: len(vectors)])
        assert np.isfinite(xy).all()
        assert len(np.unique(xy, axis=0)) == places
