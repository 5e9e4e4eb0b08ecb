import time

import numpy as np
import pytest

from chroma.insight.similarity import cka, cka_matrix, procrustes

RNG = np.random.default_rng(0)


def rotation(d):
    return np.linalg.qr(RNG.normal(size=(d, d)))[0]


def test_cka_is_that_of_an_independent_implementation():
    torch = pytest.importorskip("torch")
    hsic = pytest.importorskip("cka.hsic").hsic
    first = RNG.normal(size=(120, 30)) + 5
    second = np.tanh(first @ RNG.normal(size=(30, 50)) / 8)
    grams = [torch.from_numpy(m @ m.T)[None] for m in (first, second)]
    both, one, two = (float(part.squeeze()) for part in hsic(*grams))
    assert cka(first, second) == pytest.approx(both / np.sqrt(one * two), abs=1e-4)


def test_it_is_blind_to_rotation_scale_and_shift():
    first = RNG.normal(size=(200, 12))
    assert cka(first, 3 * first @ rotation(12) + 1) == pytest.approx(1, abs=1e-5)
    assert procrustes(first, 3 * first @ rotation(12) + 1) == pytest.approx(0, abs=1e-6)
    assert cka((1e25 * first).astype(np.float32), first) == pytest.approx(1, abs=1e-5)
    assert cka(1e200 * first, first) == pytest.approx(1, abs=1e-5)
    half = first.astype(np.float16)
    assert cka(half, half.astype(np.float64)) == pytest.approx(1, abs=1e-6)


def test_unrelated_sets_are_near_zero_where_the_biased_one_is_not():
    first, second = RNG.normal(size=(600, 500)), RNG.normal(size=(600, 500))
    assert abs(cka(first, second)) < 0.02
    a, b = first - first.mean(axis=0), second - second.mean(axis=0)
    biased = np.linalg.norm(a.T @ b) ** 2 / np.linalg.norm(a.T @ a) / np.linalg.norm(b.T @ b)
    assert biased > 0.4


def test_a_matrix_holds_each_pair():
    layers = [RNG.normal(size=(80, d)) for d in (3, 6, 9)]
    layers[0][5] = np.nan
    found = cka_matrix(layers)
    kept = np.delete(np.arange(80), 5)
    assert found[0, 2] == pytest.approx(cka(layers[0][kept], layers[2][kept]), abs=1e-6)
    np.testing.assert_array_equal(found, found.T)
    np.testing.assert_allclose(np.diag(found), 1)
    np.testing.assert_allclose(cka_matrix(layers[:1], layers[1:])[0], found[0, 1:], atol=1e-6)


def test_what_does_not_vary_has_no_similarity():
    vectors = RNG.normal(size=(20, 4))
    assert np.isnan(cka(vectors, np.ones((20, 4))))
    assert np.isnan(cka(vectors[:3], vectors[:3]))
    assert np.isnan(procrustes(vectors, np.ones((20, 4))))


def test_procrustes_by_scipy():
    from scipy.spatial import procrustes as theirs

    first, second = RNG.normal(size=(50, 4)), RNG.normal(size=(50, 4))
    assert 1 - (1 - procrustes(first, second)) ** 2 == pytest.approx(theirs(first, second)[2], abs=1e-5)


@pytest.mark.slow
def test_ten_thousand_by_512_take_less_than_a_second():
    first, second = (RNG.normal(size=(10_000, 512)).astype(np.float32) for _ in range(2))
    started = time.process_time()
    cka(first, second)
    assert time.process_time() - started < 1
