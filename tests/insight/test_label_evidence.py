import numpy as np
import pytest

from chroma.insight.label_evidence import multilabel_scores, neighbor_votes, residual_scores
from chroma.insight.neighbors import label_agreement
from chroma.projection.neighbors import neighbor_graph


def test_neighbours_vote():
    ids = np.array([[1, 2, 3], [0, 2, 3], [3, 0, -1], [-1, -1, -1]])
    found = neighbor_votes(ids, np.array([0, 1, 1, -1]))
    np.testing.assert_allclose(found.agreement, [0, 0.5, 0, np.nan])
    assert found.suggested.tolist() == [1, 0, 0, -1]
    np.testing.assert_allclose(found.share, [1, 0.5, 1, np.nan])


def test_agreement_is_that_of_the_neighbor_graph():
    rng = np.random.default_rng(0)
    graph = neighbor_graph(rng.normal(size=(200, 4)).astype(np.float32), k=9)
    labels = rng.integers(-1, 3, 200)
    found = neighbor_votes(graph.indices, labels).agreement
    np.testing.assert_allclose(found, label_agreement(graph, labels), atol=1e-6)


def test_others_can_be_voted_on():
    found = neighbor_votes(np.array([[0, 1], [2, 1]]), np.array([4, 5, 5]), own=np.array([4, 4]))
    assert found.agreement.tolist() == [0.5, 0]
    assert found.suggested.tolist() == [4, 5]


def test_each_label_of_several_is_scored():
    p = np.array([[[0.9, 0.2]], [[0.7, 0.4]], [[np.nan, np.nan]]])
    found = multilabel_scores(p, np.array([[0, 0]]))
    np.testing.assert_allclose(found, [[np.log(0.2 / 0.8), np.log(0.7 / 0.3)]], rtol=1e-6)
    assert np.isnan(multilabel_scores(p, np.array([[-1, 1]]))).tolist() == [[True, False]]


def test_residuals_are_in_standard_deviations():
    rng = np.random.default_rng(1)
    targets = rng.normal(size=20_000)
    found = residual_scores(np.zeros((2, 20_000)), targets)
    assert -found[np.abs(targets).argmax()] == pytest.approx(np.abs(targets).max(), rel=0.02)
    assert np.isnan(residual_scores(np.zeros((1, 2)), np.array([np.nan, 1]))).tolist() == [True, False]
    assert np.isnan(residual_scores(np.full((1, 2), np.nan), np.zeros(2))).all()
