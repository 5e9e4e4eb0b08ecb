import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from chroma.errors import ConfigError
from chroma.projection import kernels
from chroma.projection.cells import build_cells, search_cells
from chroma.projection.layout import LayoutParams, pca_start, umap_layout
from chroma.projection.neighbors import neighbor_graph


def brute_force(vectors, k, metric):
    points = vectors.astype(np.float64)
    if metric == "cosine":
        points = points / np.linalg.norm(points, axis=1, keepdims=True)
        gaps = 1 - points @ points.T
    else:
        gaps = np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2))
    np.fill_diagonal(gaps, np.inf)
    near = np.argsort(gaps, axis=1)[:, :k]
    return near, np.take_along_axis(gaps, near, axis=1)


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("offset", [0, 1000])
def test_exact_graph_is_brute_force(digits, metric, offset):
    vectors = digits[0][:400] + np.float32(offset)
    graph = neighbor_graph(vectors, k=10, metric=metric)
    near, gaps = brute_force(vectors, 10, metric)
    assert graph.recall is None
    assert graph.indices.dtype == np.int32
    assert graph.distances.dtype == np.float32
    np.testing.assert_allclose(graph.distances, gaps, rtol=1e-3 if offset and metric == "cosine" else 1e-5)
    assert (graph.indices == near).mean() > (0.97 if offset and metric == "cosine" else 0.999)


def test_float16_and_huge_values_do_not_overflow(digits):
    vectors = digits[0][:200]
    here = neighbor_graph(vectors)
    there = neighbor_graph(vectors * np.float32(1e30))
    np.testing.assert_array_equal(here.indices, there.indices)
    np.testing.assert_allclose(there.distances, here.distances * np.float32(1e30), rtol=1e-5)
    assert np.isfinite(neighbor_graph((vectors * 4000).astype(np.float16)).distances).all()


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_approximate_graph_measures_its_recall_and_repeats(digits, metric):
    vectors = digits[0]
    exact = neighbor_graph(vectors, metric=metric)
    first = neighbor_graph(vectors, metric=metric, exact_below=100)
    second = neighbor_graph(vectors, metric=metric, exact_below=100)
    true = np.mean(
        [len(np.intersect1d(a, b)) / 15 for a, b in zip(exact.indices, first.indices, strict=True)]
    )
    assert true >= 0.97
    assert first.recall == pytest.approx(true, abs=0.02)
    assert first.recall < 1 or true == 1
    assert (first.indices != np.arange(len(vectors))[:, None]).all()
    np.testing.assert_array_equal(first.indices, second.indices)
    np.testing.assert_array_equal(first.distances, second.distances)
    assert first.recall == second.recall


@pytest.mark.parametrize("exact_below", [100, 20_000])
def test_threads_do_not_change_the_bits(exact_below):
    centres = np.random.default_rng(0).normal(size=(40, 128)) * 3
    random = np.random.default_rng(1)
    vectors = (centres[random.integers(0, 40, 3000)] + random.normal(size=(3000, 128))).astype(np.float16)
    one, two = (neighbor_graph(vectors, exact_below=exact_below, threads=threads) for threads in (1, 2))
    assert one.recall is None or one.recall > 0.97
    np.testing.assert_array_equal(one.indices, two.indices)
    np.testing.assert_array_equal(one.distances, two.distances)


@pytest.mark.parametrize(("m", "k"), [(1, 0), (3, 2), (900, 5), (900, 15)])
def test_other_rows_find_their_nearest_in_cells(digits, m, k):
    points = (digits[0] - digits[0].mean(axis=0)) / 16
    rows, queries = points[:m], points[900:]
    near, distances = search_cells(build_cells(rows, k), min(m, 15), queries)
    gaps = np.linalg.norm(queries[:, None] - rows, axis=2)
    np.testing.assert_allclose(np.take_along_axis(gaps, near, axis=1), distances, rtol=1e-4)
    assert (distances <= np.sort(gaps, axis=1)[:, [near.shape[1] - 1]] + 1e-5).mean() > 0.97


def test_rows_that_are_not_finite_take_no_part(digits):
    vectors = digits[0][:100].copy()
    vectors[3, 5] = np.nan
    vectors[40] = np.inf
    graph = neighbor_graph(vectors, k=5)
    rest = np.setdiff1d(np.arange(100), [3, 40])
    alone = neighbor_graph(vectors[rest], k=5)
    assert graph.n_valid == 98
    np.testing.assert_array_equal(np.flatnonzero(~graph.valid), [3, 40])
    assert (graph.indices[[3, 40]] == -1).all()
    assert np.isnan(graph.distances[[3, 40]]).all()
    np.testing.assert_array_equal(graph.indices[rest], rest[alone.indices])


def test_graph_follows_a_permutation(digits):
    vectors = digits[0][:300]
    order = np.random.default_rng(1).permutation(300)
    graph, shuffled = neighbor_graph(vectors), neighbor_graph(vectors[order])
    np.testing.assert_array_equal(order[shuffled.indices], graph.indices[order])


@pytest.mark.parametrize("n", [1, 2, 5, 15])
def test_few_samples_get_fewer_neighbours(digits, n):
    graph = neighbor_graph(digits[0][:n])
    assert (graph.k, graph.k_requested, graph.n_valid) == (n - 1, 15, n)
    assert graph.indices.shape == (n, n - 1)
    others = [sorted(set(range(n)) - {i}) for i in range(n)]
    np.testing.assert_array_equal(np.sort(graph.indices, axis=1), np.reshape(others, (n, n - 1)))


@pytest.mark.parametrize("exact_below", [100, 1000])
@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_duplicates_and_constant_vectors(metric, exact_below):
    graph = neighbor_graph(np.full((300, 8), 3, np.float16), metric=metric, exact_below=exact_below)
    assert (graph.distances == 0).all()
    assert (graph.indices != np.arange(300)[:, None]).all()
    assert all(len(set(row)) == 15 for row in graph.indices.tolist())


def test_zero_vectors_under_cosine():
    vectors = np.array([[0, 0], [0, 0], [1, 0], [1, 1]], np.float32)
    graph = neighbor_graph(vectors, k=3, metric="cosine")
    np.testing.assert_allclose(graph.distances[0], [0, 1, 1], atol=1e-6)
    np.testing.assert_allclose(graph.distances[2], [1 - np.sqrt(0.5), 1, 1], atol=1e-6)


@pytest.mark.parametrize(
    ("vectors", "k", "said"),
    [
        (np.empty((0, 4), np.float32), 15, r"\[0, 4\]"),
        (np.empty((4, 0), np.float32), 15, r"\[4, 0\]"),
        (np.ones(4, np.float32), 15, r"\[4\]"),
        (np.full((4, 2), np.nan, np.float32), 15, "None of the 4 vectors is finite"),
        (np.ones((4, 2), np.float32), 0, "at least 1, not 0"),
    ],
)
def test_what_cannot_work_is_said(vectors, k, said):
    with pytest.raises(ConfigError, match=said):
        neighbor_graph(vectors, k=k)


@pytest.mark.parametrize("kind", ["few axes", "no structure", "equal rows"])
def test_many_wide_vectors_are_searched_exactly(kind):
    random = np.random.default_rng(0)
    vectors = random.normal(size=(2300, 160)).astype(np.float32)
    if kind == "few axes":
        vectors = random.normal(size=(2300, 12)).astype(np.float32) @ random.normal(size=(12, 160)) * 3
        vectors = (vectors + random.normal(size=vectors.shape) * 0.05).astype(np.float32)
    if kind == "equal rows":
        vectors = np.repeat(vectors[:115], 20, axis=0)
    graph = neighbor_graph(vectors)
    assert graph.recall is None
    gaps, near = NearestNeighbors(n_neighbors=16, algorithm="brute").fit(vectors).kneighbors(vectors)
    if kind == "equal rows":
        assert (graph.distances == 0).all()
        assert (graph.indices // 20 == np.arange(2300)[:, None] // 20).all()
    else:
        np.testing.assert_allclose(graph.distances, gaps[:, 1:], rtol=1e-3)
        assert (graph.indices == near[:, 1:]).mean() > 0.999
    order = random.permutation(2300)
    shuffled = neighbor_graph(vectors[order])
    np.testing.assert_array_equal(shuffled.distances, graph.distances[order])


def test_graphs_of_read_only_vectors_and_graphs_are_drawn(digits):
    vectors = digits[0][:100]
    vectors.flags.writeable = False
    graph = neighbor_graph(vectors)
    graph.indices.flags.writeable = graph.distances.flags.writeable = False
    assert np.isfinite(umap_layout(graph, pca_start(vectors), LayoutParams(n_epochs=2)).xy).all()
    assert len(kernels.jaccard(graph.indices, neighbor_graph(vectors).indices)) == 100
