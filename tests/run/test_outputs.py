from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from chroma.run.outputs import head_kind, outputs_of

KEY = {"split": "val", "epoch": 0, "step": 0}


def test_equal_to_the_definitions() -> None:
    rng = np.random.default_rng(1)
    logits = (rng.normal(size=(50, 6)) * 20).astype(np.float32)
    labels = rng.integers(0, 6, 50)
    found = outputs_of(logits, labels, ids=np.arange(50), **KEY)
    p = softmax(logits.astype(np.float64), axis=1)
    rows = np.arange(50)
    others = p.copy()
    others[rows, labels] = -1
    np.testing.assert_array_equal(found.prediction, logits.argmax(1))
    np.testing.assert_allclose(found.confidence, p.max(1), rtol=1e-6)
    np.testing.assert_allclose(found.margin, p[rows, labels] - others.max(1), rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(
        found.cross_entropy, -log_softmax(logits.astype(float), 1)[rows, labels], rtol=1e-6
    )
    assert found.prediction.dtype == np.int64
    assert found.cross_entropy.dtype == np.float32


def test_probabilities_are_told_from_logits() -> None:
    logits = np.random.default_rng(2).normal(size=(20, 4))
    p = softmax(logits, axis=1)
    assert (head_kind(logits), head_kind(p), head_kind(np.full((2, 3), np.nan))) == (
        "logits",
        "probabilities",
        "logits",
    )
    labels = np.arange(20) % 4
    a = outputs_of(logits, labels, ids=np.arange(20), **KEY)
    b = outputs_of(p, labels, ids=np.arange(20), head="probabilities", **KEY)
    np.testing.assert_allclose(a.cross_entropy, b.cross_entropy, rtol=1e-5)
    np.testing.assert_allclose(a.margin, b.margin, atol=1e-6)
    assert b.head == "probabilities"


@pytest.mark.parametrize("labels", [None, np.array([-1, -1, 9])])
def test_without_a_label_margin_is_best_less_second_best(labels: np.ndarray | None) -> None:
    scores = np.log(np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8], [0.4, 0.35, 0.25]]))
    found = outputs_of(scores, labels, ids=np.arange(3), **KEY)
    np.testing.assert_allclose(found.margin, [0.5, 0.7, 0.05], atol=1e-6)
    assert np.isnan(found.cross_entropy).all()


def test_extreme_and_broken_scores() -> None:
    scores = np.array([[1e4, -1e4, 0], [np.nan, 1, 2], [np.inf, 0, 0]])
    found = outputs_of(scores, np.array([1, 1, 0]), ids=np.arange(3), **KEY)
    assert found.prediction.tolist() == [0, -1, -1]
    assert found.cross_entropy[0] == 2e4
    assert np.isnan(found.confidence[1:]).all()
    assert np.isnan(found.cross_entropy[1:]).all()
