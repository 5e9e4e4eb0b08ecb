import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import roc_auc_score

from chroma.insight.runs import compare
from chroma.insight.splits import _delong, drift

RNG = np.random.default_rng(0)


def test_the_area_is_scikit_learns_and_its_variance_that_of_many_draws():
    positive, negative = RNG.normal(size=40) + 0.7, RNG.normal(size=60)
    area, _ = _delong(positive, negative)
    assert area == pytest.approx(
        roc_auc_score(np.repeat([1, 0], [40, 60]), np.concatenate([positive, negative]))
    )
    draws = [_delong(RNG.normal(size=40) + 0.7, RNG.normal(size=60)) for _ in range(400)]
    areas, variances = zip(*draws, strict=True)
    assert np.mean(variances) == pytest.approx(np.var(areas), rel=0.2)


def test_a_drifted_split_is_found_and_its_strangest_samples():
    first, second = RNG.normal(size=(400, 20)), RNG.normal(size=(300, 20))
    second[:150, 0] += 4
    second[299] = np.nan
    found = drift(first, second)
    assert found.low > 0.65
    assert found.low < found.auc < found.high
    assert (found.n, found.of) == (299, 699)
    assert np.nanmedian(found.score[:150]) > np.nanmedian(found.score[150:])
    assert np.isnan(found.score[299])


@pytest.mark.parametrize("seed", range(10))
def test_splits_of_one_distribution_do_not_drift(seed):
    rng = np.random.default_rng(seed)
    found = drift(rng.normal(size=(300, 10)), rng.normal(size=(200, 10)), seed=seed)
    assert found.low < 0.55


def test_too_few_samples_say_nothing():
    assert drift(np.ones((19, 2)), np.ones((50, 2))) is None
    assert drift(np.ones((50, 2)), np.ones((50, 2))).auc == 0.5


def test_runs_are_compared_sample_by_sample():
    labels = np.array([0, 0, 0, 1, 1, 1, -1, 2])
    before = np.array([0, 1, 1, 1, 0, 0, 0, -1])
    after = np.array([0, 0, 1, 0, 1, 1, 0, 2])
    found = compare(labels, before, after)
    assert found.mended.tolist() == [1, 4, 5]
    assert found.broken.tolist() == [3]
    assert found.both_wrong.tolist() == [2]
    assert found.of == 6
    assert found.difference == pytest.approx(2 / 6)
    assert found.per_class.tolist() == [[1, 0, 1, 3], [2, 1, 0, 3], [0, 0, 0, 0]]
    assert found.p == pytest.approx(binomtest(3, 4).pvalue)
    share = binomtest(3, 4).proportion_ci(0.95, method="exact")
    assert found.low == pytest.approx((2 * share.low - 1) * 4 / 6)
    assert found.high == pytest.approx((2 * share.high - 1) * 4 / 6)


def test_nothing_changed():
    labels = np.arange(5)
    found = compare(labels, labels, labels)
    assert (found.difference, found.low, found.high, found.p, found.of) == (0, 0, 0, 1, 5)
    assert compare(labels, labels, np.full(5, -1)).of == 0
