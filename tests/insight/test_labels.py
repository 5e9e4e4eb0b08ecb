import numpy as np
import pytest

from chroma.insight.labels import Probabilities, best_epoch, label_scores


def dense(rng, epochs=6, n=40, classes=5):
    p = rng.dirichlet(np.ones(classes), (epochs, n)).astype(np.float32)
    return p, rng.integers(0, classes, n)


def test_the_score_is_the_log_margin_of_the_mean_over_the_late_half():
    p, labels = dense(np.random.default_rng(0))
    found = label_scores(Probabilities.dense(p, labels), until=4)  # t = 5: epochs 3, 4, 5
    mean = p[2:5].astype(np.float64).mean(axis=0)
    rows = np.arange(len(labels))
    own, mean[rows, labels] = mean[rows, labels], -1
    assert found.window == (2, 4)
    np.testing.assert_allclose(found.score, np.log(own) - np.log(mean.max(axis=1)), rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(found.suggested, mean.argmax(axis=1))
    np.testing.assert_allclose(found.probability, mean.max(axis=1), rtol=1e-6)


@pytest.mark.parametrize(
    ("until", "window"), [(0, (0, 0)), (1, (0, 1)), (2, (1, 2)), (7, (3, 7)), (None, (4, 8))]
)
def test_the_window_is_the_late_half_up_to_the_best_epoch(until, window):
    p, labels = dense(np.random.default_rng(1), epochs=9)
    assert label_scores(Probabilities.dense(p, labels), until=until).window == window


def test_the_strongest_other_class_alone_gives_the_same_where_it_stays_the_same():
    rng = np.random.default_rng(2)
    p, labels = dense(rng, epochs=1)
    p = p + 0.02 * rng.random((6, 1, 1), np.float32) * (p == p.max(axis=2, keepdims=True))
    p /= p.sum(axis=2, keepdims=True)
    every = Probabilities.dense(p, labels)
    two = Probabilities(every.labels, every.label, every.other, every.other_probability)
    one, other = label_scores(every), label_scores(two)
    assert (every.other == every.other[0]).all()
    np.testing.assert_allclose(one.score, other.score, atol=1e-5)
    np.testing.assert_array_equal(one.suggested, other.suggested)


def test_of_the_strongest_other_classes_probabilities_add_up_by_class():
    label = np.full((3, 1), 0.3, np.float32)
    other = np.array([[1], [2], [1]], np.int32)
    said = np.array([[0.4], [0.7], [0.5]], np.float32)
    found = label_scores(Probabilities(np.zeros((3, 1), np.int32), label, other, said), until=2)
    assert found.window == (1, 2)
    assert (found.suggested[0], found.probability[0]) == (2, pytest.approx(0.35))
    found = label_scores(
        Probabilities(np.zeros((6, 1), np.int32), *(np.tile(a, (2, 1)) for a in (label, other, said)))
    )
    assert (found.suggested[0], found.probability[0]) == (1, pytest.approx((0.5 + 0.4 + 0.5) / 4))


def test_biography_counts_epochs_wrong_forgotten_and_first_learned():
    own = np.array(
        [[0.9, 0.2, 0.1, np.nan], [0.1, 0.8, 0.2, np.nan], [np.nan, 0.3, 0.3, 0.4], [0.2, 0.7, 0.4, 0.9]]
    )
    labels = np.zeros((4, 4), np.int32)
    other = np.where(np.isnan(own), -1, 1).astype(np.int32)
    found = label_scores(Probabilities(labels, own.astype(np.float32), other, (1 - own).astype(np.float32)))
    assert found.seen.tolist() == [3, 4, 4, 2]
    assert found.epochs_wrong.tolist() == [2, 2, 4, 1]
    assert found.times_forgotten.tolist() == [1, 1, 0, 0]
    assert found.first_learned.tolist() == [0, 1, -1, 3]
    assert found.mean_p[0] == pytest.approx(0.4)
    assert found.deviation_p[1] == pytest.approx(np.std([0.2, 0.8, 0.3, 0.7]))


def test_what_is_not_known_has_no_score():
    labels = np.array([[-1, 0, 0], [-1, 1, 0]], np.int32)
    own = np.array([[np.nan, 0.9, 0.5], [np.nan, 0.2, np.nan]], np.float32)
    other = np.array([[-1, 1, 1], [-1, 0, -1]], np.int32)
    found = label_scores(Probabilities(labels, own, other, np.where(other < 0, np.nan, 1 - own)))
    assert np.isnan(found.score).tolist() == [True, False, False]
    assert found.given.tolist() == [-1, 1, 0]
    assert found.suggested.tolist() == [-1, 0, 1]
    # the second sample's label changed: what was said of the old one does not count
    assert found.score[1] == pytest.approx(np.log(0.2 / 0.8), rel=1e-5)
    assert found.seen.tolist() == [0, 1, 1]
    # the last one was not seen in the last epoch alone
    assert np.isnan(label_scores(Probabilities(labels[1:], own[1:], other[1:], own[1:])).score[2])


def test_one_epoch_gives_cleanlab_the_same_order_as_its_margin():
    rank = pytest.importorskip("cleanlab.rank")
    p, labels = dense(np.random.default_rng(3), epochs=1, n=200)
    score = label_scores(Probabilities.dense(p, labels)).score
    rows = np.arange(200)
    own, others = p[0, rows, labels], p[0].copy()
    others[rows, labels] = 0
    theirs = rank.get_label_quality_scores(labels, p[0].astype(np.float64), method="normalized_margin")
    np.testing.assert_allclose(theirs, (own - others.max(axis=1) + 1) / 2, atol=1e-4)
    np.testing.assert_array_equal(score > 0, theirs > 0.5)


def test_the_best_epoch_is_the_first_best_of_what_is_known():
    nan = np.nan
    assert best_epoch(np.array([0.1, nan, 0.9, 0.9]), np.array([1.0, 0, 0, 0])) == 2
    assert best_epoch(np.array([nan, nan]), np.array([0.1, 0.3])) == 1
    assert best_epoch(None, np.array([0.1, 0.3])) == 1
    assert best_epoch(None, np.array([nan])) is None
    assert best_epoch(None) is None


def test_neighbours_count_as_much_as_what_the_model_said():
    p, labels = dense(np.random.default_rng(4))
    ids = np.random.default_rng(5).integers(0, 40, (40, 8))
    ids[3], ids[4, 2:] = -1, -1
    every = Probabilities.dense(p, labels)
    found, alone = label_scores(every, neighbors=ids), label_scores(every)
    assert found.score[3] == alone.score[3]
    for row in (0, 4, 7):
        votes = np.bincount(labels[ids[row][ids[row] >= 0]], minlength=5)
        mean = (p[2:, row].astype(np.float64).mean(axis=0) + votes / votes.sum()) / 2
        own = mean[labels[row]]
        mean[labels[row]] = -1
        assert found.score[row] == pytest.approx(np.log(own / mean.max()), abs=1e-5)
        assert (found.suggested[row], found.probability[row]) == (mean.argmax(), pytest.approx(mean.max()))
