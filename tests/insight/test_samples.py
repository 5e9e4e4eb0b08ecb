import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score

from chroma.insight.across import nearest_across, unit_rows
from chroma.insight.labels import Probabilities
from chroma.insight.samples import coverage, hardness, outliers, prediction_depth, prototypes
from chroma.projection.neighbors import neighbor_graph

RNG = np.random.default_rng(0)


def to_ten(vectors):
    return np.sqrt(2 * neighbor_graph(vectors, k=10, metric="cosine").distances)


def test_neighbours_in_another_set_are_the_nearest_of_all():
    queries, reference = RNG.normal(size=(30, 5)), RNG.normal(size=(50, 5)) + 40
    queries[3], reference[7] = np.nan, np.inf
    ids, distances = nearest_across(queries, reference, k=4, normalised=False)
    gaps = np.linalg.norm(queries[:, None] - np.delete(reference, 7, axis=0)[None], axis=2)
    np.testing.assert_allclose(
        np.delete(distances, 3, 0), np.sort(np.delete(gaps, 3, 0), axis=1)[:, :4], rtol=1e-5
    )
    assert (ids[3] == -1).all()
    assert np.isnan(distances[3]).all()
    assert 7 not in ids


def test_across_and_within_measure_alike():
    vectors = RNG.normal(size=(200, 6)).astype(np.float32)
    ids, distances = nearest_across(vectors, vectors, k=11)
    assert (ids[:, 0] == np.arange(200)).all()
    np.testing.assert_allclose(distances[:, 1:], to_ten(vectors), atol=2e-3)


def test_units_survive_any_size():
    rows = unit_rows(np.array([[3e30, 4e30], [0, 0], [3e-30, 4e-30]]))
    np.testing.assert_allclose(rows, [[0.6, 0.8], [0, 0], [0.6, 0.8]], rtol=1e-6)


def test_outliers_from_another_data_set_come_first():
    digits = load_digits().data[:600].astype(np.float32)
    others = np.random.default_rng(1).permuted(digits[:30], axis=1)  # the same grey values in any order
    found = outliers(to_ten(np.concatenate([digits, others])))
    assert roc_auc_score(np.arange(630) >= 600, found.score) >= 0.95
    assert (found.rows >= 600).mean() == 1
    assert len(found.rows) >= 15


@pytest.mark.parametrize("seed", range(10))
def test_clean_data_have_no_outliers(seed):
    rng = np.random.default_rng(seed)
    assert (
        len(
            outliers(
                to_ten(rng.normal(size=(500, 16)) + rng.normal(size=(5, 16))[rng.integers(5, size=500)])
            ).rows
        )
        == 0
    )


def test_an_outlier_is_beyond_the_fence_of_logarithms():
    score = np.exp(
        np.array([0, 1, 2, 3, 4, 3 + 3 * 2.0 + 0.1], np.float32)
    )  # quartiles of the others: 1 and 3
    distances = np.repeat(score, 1)[:, None]
    low, high = np.quantile(np.log(score), (0.25, 0.75))
    found = outliers(distances)
    assert found.threshold == pytest.approx(np.exp(high + 3 * (high - low)), rel=1e-5)
    assert len(outliers(np.full((4, 3), np.nan, np.float32)).rows) == 0


def test_what_training_lacks_is_not_covered():
    train = np.abs(RNG.normal(size=(400, 8)))
    val = np.concatenate([np.abs(RNG.normal(size=(100, 8))), -np.abs(RNG.normal(size=(5, 8)))])
    within = nearest_across(train, train, k=11)[1][:, 1:]
    found = coverage(nearest_across(val, train, k=10)[1], within)
    assert sorted(found.rows.tolist()) == [100, 101, 102, 103, 104]
    assert len(coverage(nearest_across(val[:100], train)[1], within).rows) == 0


def test_prototypes_are_nearest_the_mean_direction_of_their_class():
    vectors = np.array([[1, 0.5], [1, 0], [1, -0.4], [-1, 0.1], [np.nan, 0], [0, 1]])
    found = prototypes(vectors, np.array([0, 0, 0, 1, 1, -1]), count=2)
    assert {k: v.tolist() for k, v in found.items()} == {0: [1, 0], 1: [3]} or found[0][0] == 1
    assert set(found) == {0, 1}
    assert found[1].tolist() == [3]


def test_hardness_is_half_the_l1_distance():
    p = RNG.dirichlet(np.ones(4), (3, 20)).astype(np.float32)
    labels = RNG.integers(0, 4, 20)
    target = np.eye(4)[labels]
    np.testing.assert_allclose(
        hardness(Probabilities.dense(p, labels)), np.abs(p - target).sum(axis=2).mean(axis=0) / 2, rtol=1e-4
    )


def test_depth_is_the_first_layer_from_which_on_all_agree():
    votes = np.array([[1, 0, 1, 1, -1], [1, 1, 0, 0, 1], [1, 1, 1, 0, 1]])
    assert prediction_depth(votes, np.array([1, 1, 1, 1, 1])).tolist() == [0, 1, 2, 3, 1]
    assert prediction_depth(votes, np.array([-1, 1, 1, 1, 1]))[0] == -1
