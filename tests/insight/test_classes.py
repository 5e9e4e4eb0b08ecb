import numpy as np
import pytest
from scipy.stats import binomtest

from chroma.insight.classes import (
    confused_pairs,
    confusion,
    confusion_in_space,
    rare_classes,
    separated_since,
    split_classes,
)
from chroma.insight.intervals import adjusted, wilson
from chroma.insight.slices import density_clusters, slices


def test_wilson_is_scipys():
    for hits, of in [(0, 10), (3, 10), (10, 10), (37, 200)]:
        theirs = binomtest(hits, of).proportion_ci(0.95, method="wilson")
        np.testing.assert_allclose(np.ravel(wilson(hits, of)), [theirs.low, theirs.high], atol=1e-9)
    assert np.ravel(wilson(0, 0)).tolist() == [0, 1]


def test_adjusted_p_values_in_closed_form():
    np.testing.assert_allclose(adjusted(np.array([0.04, 0.01, 0.03])), [0.04, 0.03, 0.04])
    assert len(adjusted(np.empty(0))) == 0


def test_confusion_counts_what_is_known():
    labels, said = np.array([0, 0, 1, 1, -1, 2]), np.array([0, 1, 1, 1, 1, -1])
    assert confusion(labels, said, 3).tolist() == [[1, 1, 0], [0, 2, 0], [0, 0, 0]]
    ids = np.array([[1, 2], [0, -1], [3, 4], [-1, -1], [0, 1]])
    assert confusion_in_space(ids, np.array([0, 1, 1, 0, -1]), 2).tolist() == [[0, 2], [2, 0]]


def test_pairs_surely_confused_are_named():
    counts = np.array([[90, 10, 0], [1, 99, 0], [3, 1, 6]])
    found = confused_pairs(counts)
    assert [(pair.label, pair.taken_for, pair.count, pair.of) for pair in found] == [(0, 1, 10, 100)]
    assert found[0].low < 0.1 < found[0].high


def test_classes_are_apart_from_the_epoch_on_after_which_they_stay_so():
    mixed, apart = np.array([[8, 2], [2, 8]]), np.array([[10, 0], [0, 10]])
    at = [
        separated_since(np.stack(series))[0, 1]
        for series in ([mixed, apart, mixed, apart, apart], [apart, apart], [apart, mixed])
    ]
    assert at == [3, 0, -1]


@pytest.mark.parametrize(("draw", "score"), [("normal", 2 / np.pi), ("uniform", 3 / 4)])
def test_one_group_explains_what_theory_says(draw, score):
    rng = np.random.default_rng(0)
    one = getattr(rng, draw)(-1, 1, 4000)[:, None] * np.array([[3.0, 4.0]])
    found = split_classes(one, np.zeros(4000, int), above=0)
    assert found[0].score == pytest.approx(score, abs=0.02)
    assert split_classes(one, np.zeros(4000, int)) == []


def test_a_class_of_two_is_found_with_its_parts():
    rng = np.random.default_rng(1)
    labels = np.repeat(np.arange(4), 100)
    vectors = rng.normal(size=(400, 10)) + 6 * rng.normal(size=(4, 10))[labels]
    second = np.arange(100, 140)
    vectors[second] += 8 * np.eye(10)[0]
    vectors[7] = np.nan
    found = split_classes(vectors, labels)
    assert [each.label for each in found] == [1]
    assert found[0].sizes == (60, 40)
    np.testing.assert_array_equal(np.flatnonzero(found[0].parts == 1), second)
    assert (found[0].parts[labels != 1] == -1).all()


def test_rare_classes_come_rarest_first():
    labels = np.repeat([0, 1, 2, 3, -1], [100, 90, 5, 80, 50])
    assert [(r.label, r.count) for r in rare_classes(labels, 5)] == [(4, 0), (2, 5)]
    assert rare_classes(labels, 0) == []


def test_a_bad_slice_is_found():
    rng = np.random.default_rng(2)
    which = rng.integers(0, 6, 1200)
    vectors = rng.normal(size=(1200, 12)) + 8 * rng.normal(size=(6, 12))[which]
    wrong = rng.random(1200) < np.where(which == 3, 0.3, 0.04)
    clusters = density_clusters(vectors)
    found = slices(clusters, wrong)
    assert len(found) == 1
    assert (which[found[0].rows] == 3).mean() > 0.98
    assert len(found[0].rows) > 0.9 * (which == 3).sum()
    assert found[0].low < found[0].rate < found[0].high
    assert found[0].elsewhere == pytest.approx(0.04, abs=0.02)


@pytest.mark.parametrize("seed", range(10))
def test_equal_error_everywhere_makes_no_slice(seed):
    rng = np.random.default_rng(seed)
    assert slices(rng.integers(-1, 40, 3000), rng.random(3000) < 0.08) == []


def test_without_groups_there_is_no_slice():
    assert slices(np.full(10, -1), np.ones(10, bool)) == []
    assert (density_clusters(np.full((3, 2), np.nan)) == -1).all()
