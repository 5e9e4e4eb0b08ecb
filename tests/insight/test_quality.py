import numpy as np
import pytest
from sklearn.manifold import trustworthiness as reference
from sklearn.neighbors import NearestNeighbors

from chroma.insight.quality import continuity, knn_agreement, neighborhood_hit, trustworthiness
from chroma.projection.layout import pca_start
from chroma.projection.neighbors import neighbor_graph


@pytest.fixture(scope="module")
def frame(digits):
    return pca_start(digits[0])


@pytest.mark.parametrize("k", [5, 15])
@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_trustworthiness_is_sklearns(digits, frame, k, metric):
    vectors, xy = digits[0][:500], frame[:500]
    quality = trustworthiness(vectors, xy, k=k, metric=metric)
    assert quality.value == pytest.approx(reference(vectors, xy, n_neighbors=k, metric=metric), abs=1e-6)
    assert (quality.n, quality.of, quality.k) == (500, 500, k)


def test_continuity_is_trustworthiness_the_other_way(digits, frame):
    vectors, xy = digits[0][:500], frame[:500]
    assert continuity(vectors, xy).value == pytest.approx(reference(xy, vectors, n_neighbors=15), abs=1e-6)


def test_a_sample_of_queries_is_near_all_of_them_and_repeats(digits, frame):
    every = trustworthiness(digits[0], frame, n_queries=2000)
    some = trustworthiness(digits[0], frame, n_queries=300)
    assert (some.n, some.of) == (300, 1797)
    assert some.value == pytest.approx(every.value, abs=0.02)
    assert some.value != every.value
    assert some == trustworthiness(digits[0], frame, n_queries=300)


def test_a_frame_of_noise_is_told(digits):
    noise = np.random.default_rng(0).normal(size=(1797, 2)).astype(np.float32)
    assert trustworthiness(digits[0], noise).value < 0.55
    assert neighborhood_hit(noise, digits[1]).value < 0.15


def test_missing_samples_are_left_out(digits, frame):
    vectors, xy = digits[0][:500].copy(), frame[:500].copy()
    vectors[:100] = np.nan
    xy[:100] = np.nan
    assert trustworthiness(vectors, xy) == trustworthiness(vectors[100:], xy[100:])
    assert trustworthiness(vectors, xy).of == 400


def test_neighborhood_hit_is_brute_force(digits, frame):
    near = NearestNeighbors(n_neighbors=11).fit(frame).kneighbors(return_distance=False)[:, :10]
    expected = (digits[1][near] == digits[1][:, None]).mean()
    assert neighborhood_hit(frame, digits[1], k=10, n_queries=2000).value == pytest.approx(
        expected, abs=1e-12
    )


def test_samples_without_a_label_do_not_count(digits, frame):
    labels = digits[1].copy()
    labels[::2] = -1
    assert neighborhood_hit(frame, labels) == neighborhood_hit(frame[1::2], labels[1::2])


def test_knn_agreement(digits):
    graph = neighbor_graph(digits[0])
    found = knn_agreement(graph, digits[1])
    assert found.value == pytest.approx((digits[1][graph.indices] == digits[1][:, None]).mean())
    labels = digits[1].copy()
    labels[:100] = -1
    assert knn_agreement(graph, labels).n <= 1697
    assert knn_agreement(graph, np.full(1797, -1)).value is None


@pytest.mark.parametrize("n", [0, 1, 2])
def test_too_few_points_to_tell(digits, frame, n):
    assert trustworthiness(digits[0][:n], frame[:n]).value is None
    assert (neighborhood_hit(frame[:n], digits[1][:n]).value is None) == (n < 2)
