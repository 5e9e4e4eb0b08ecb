import numpy as np
import pytest

from chroma.insight.layers import (
    anisotropy,
    effective_rank,
    equal_share,
    hubness,
    knn_accuracy,
    mle_dimension,
    neural_collapse,
    rank_me,
    two_nn,
)
from chroma.projection.neighbors import neighbor_graph

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(300, 20), (20, 300)])
def test_rank_me_is_its_formula_uncentred(shape):
    vectors = RNG.normal(size=shape) + 2
    singular = np.linalg.svd(vectors, compute_uv=False)
    share = singular / singular.sum() + 1e-7
    assert rank_me(vectors) == pytest.approx(np.exp(-(share * np.log(share)).sum()), abs=1e-4)
    assert rank_me(1e30 * vectors.astype(np.float32)) == pytest.approx(rank_me(vectors), abs=1e-4)


def test_ranks_in_closed_form():
    orthogonal = np.concatenate([np.eye(6), -np.eye(6)]) * 3
    assert effective_rank(orthogonal) == pytest.approx(6)
    assert rank_me(orthogonal) == pytest.approx(6, abs=1e-4)
    assert rank_me(np.zeros((4, 3))) is None
    assert equal_share(np.array([[1.0], [1], [1], [2]])) == 0.75
    assert equal_share(np.full((2, 2), np.nan)) is None
    assert effective_rank(np.ones((5, 2))) is None


def test_dimensions_are_those_of_scikit_dimension():
    skdim = pytest.importorskip("skdim")
    vectors = RNG.normal(size=(500, 4)) @ RNG.normal(size=(4, 12))
    graph = neighbor_graph(vectors.astype(np.float32), k=20)
    exact = vectors.astype(np.float32).astype(np.float64)
    theirs = skdim.id.MLE().fit(exact, n_neighbors=20, comb="mle")
    assert mle_dimension(graph.distances) == pytest.approx(theirs.dimension_, abs=1e-4)
    assert two_nn(graph.distances) == pytest.approx(skdim.id.TwoNN().fit(exact).dimension_, abs=1e-4)
    assert 3 < two_nn(graph.distances) < 5


def test_duplicates_say_nothing_of_the_dimension():
    vectors = RNG.normal(size=(400, 3)).astype(np.float32)
    plain = neighbor_graph(vectors, k=10).distances
    some = np.concatenate([plain, np.zeros((50, 10), np.float32), np.full((5, 10), np.nan, np.float32)])
    assert two_nn(some) == two_nn(plain)
    assert mle_dimension(some) == mle_dimension(plain)
    assert two_nn(np.ones((50, 2), np.float32)) is None
    assert mle_dimension(np.ones((50, 5), np.float32)) is None
    assert mle_dimension(plain[:, :2]) is None


def test_collapse_of_classes_in_closed_form():
    simplex = np.eye(3)
    labels = np.repeat(np.arange(3), 50)
    found = neural_collapse(simplex[labels], labels)
    assert (found.nc1, found.trace_ratio) == pytest.approx((0, 0), abs=1e-12)
    assert (found.equinorm, found.equiangle) == pytest.approx((0, 0), abs=1e-9)
    # means of +-1 on a line; variance .25 within along it and .09 across it, where the means do not differ
    points = np.array([[1.5, 0.3], [0.5, -0.3], [1.5, -0.3], [0.5, 0.3]])
    both, labels = np.concatenate([points, -points]), np.repeat([0, 1], 4)
    found = neural_collapse(both, labels)
    assert found.nc1 == pytest.approx(0.25 / 1 / 2)
    assert found.trace_ratio == pytest.approx(0.34)
    assert found.equiangle == pytest.approx(0)
    assert neural_collapse(both, np.zeros(8, int)) is None
    assert neural_collapse(np.concatenate([points - 1, points - 1]), labels) is None


def test_neural_collapse_by_hand():
    labels = RNG.integers(0, 4, 200)
    vectors = RNG.normal(size=(200, 9)) + 2 * RNG.normal(size=(4, 9))[labels]
    means = np.stack([vectors[labels == c].mean(axis=0) for c in range(4)])
    centred = means - means.mean(axis=0)
    within = sum(np.outer(v - means[c], v - means[c]) for v, c in zip(vectors, labels, strict=True)) / 200
    expected = np.trace(within @ np.linalg.pinv(centred.T @ centred / 4)) / 4
    assert neural_collapse(vectors, labels).nc1 == pytest.approx(expected, rel=1e-4)


def test_knn_accuracy_counts_majorities():
    ids = np.array([[1, 2, 3], [0, 2, 3], [3, 0, 1], [2, 0, 1]])
    assert knn_accuracy(ids, np.array([0, 0, 0, 1])) == 0.75
    assert knn_accuracy(ids, np.full(4, -1)) is None
    assert knn_accuracy(ids[:1], np.array([0, 0, 0, 1]), own=np.array([1])) == 0


def test_anisotropy_is_the_mean_cosine_of_pairs():
    vectors = RNG.normal(size=(60, 5)) + 1
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = (units @ units.T)[np.triu_indices(60, 1)]
    assert anisotropy(np.concatenate([vectors, np.zeros((2, 5))])) == pytest.approx(cosines.mean(), abs=1e-5)
    assert anisotropy(vectors[:1]) is None


def test_hubness_is_the_skewness_of_counts():
    from scipy.stats import skew

    ids = neighbor_graph(RNG.normal(size=(300, 30)).astype(np.float32), k=10).indices
    assert hubness(ids) == pytest.approx(skew(np.bincount(ids.ravel(), minlength=300)), abs=1e-6)
    assert hubness(np.array([[1], [0], [-1]])) is None
