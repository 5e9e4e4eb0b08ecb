import numpy as np
import pytest

from chroma.insight.collapse import Collapse, collapse

RNG = np.random.default_rng(0)


def by_hand(vectors):
    centred = vectors.astype(np.float64) - vectors.astype(np.float64).mean(axis=0)
    singular = np.linalg.svd(centred, compute_uv=False)
    share = singular[singular > 0] / singular.sum()
    return np.sqrt((centred**2).sum(axis=1).mean()), np.exp(-(share * np.log(share)).sum())


@pytest.mark.parametrize("shape", [(300, 16), (30, 100), (2, 5)])
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_spread_and_effective_rank_are_those_of_the_svd(shape, dtype):
    vectors = (RNG.normal(size=shape) * np.geomspace(1, 0.01, shape[1]) + 3).astype(dtype)
    found = collapse(vectors)
    spread, rank = by_hand(vectors)
    assert found.spread == pytest.approx(spread, rel=1e-6)
    assert found.effective_rank == pytest.approx(rank, rel=1e-3)
    assert (found.equal, found.of) == (1, shape[0])


def test_a_line_has_rank_one_and_a_ball_all():
    line = np.linspace(-1, 1, 200)[:, None] * RNG.normal(size=16)
    assert collapse(line).effective_rank == pytest.approx(1, abs=1e-4)
    assert collapse(RNG.normal(size=(900, 8))).effective_rank == pytest.approx(8, rel=0.01)


def test_equal_vectors_are_counted():
    vectors = RNG.normal(size=(300, 8)).astype(np.float32)
    vectors[:40] = 0
    vectors[20] = -0.0
    vectors[50:60] = 1
    vectors[70] = np.nan
    found = collapse(vectors)
    assert (found.equal, found.of) == (40, 299)
    assert collapse(np.ones((300, 8), np.float16)) == Collapse(0.0, None, 300, 300)
    assert collapse(np.full((3, 2), np.nan)) is None


@pytest.mark.parametrize("times", [1e6, 1e30])
def test_an_exploded_sample_hides_no_other(times):
    vectors = RNG.normal(size=(300, 8)).astype(np.float32)
    alone = collapse(np.delete(vectors, 7, axis=0))
    vectors[7] *= np.float32(times)
    found = collapse(vectors)
    assert found.spread == pytest.approx(alone.spread, rel=1e-6)
    assert found.effective_rank == pytest.approx(alone.effective_rank, rel=1e-6)


@pytest.mark.parametrize("unit", [1e-30, 1e30])
def test_no_scale_is_too_small_or_too_large(unit):
    vectors = RNG.normal(size=(100, 6))
    usual, scaled = collapse(vectors), collapse((vectors * unit).astype(np.float32))
    assert scaled.spread == pytest.approx(usual.spread * unit, rel=1e-5)
    assert scaled.effective_rank == pytest.approx(usual.effective_rank, rel=1e-4)


def test_of_many_rows_a_sample_tells_the_rank():
    vectors = RNG.normal(size=(5000, 12)).astype(np.float32)
    found = collapse(vectors)
    assert found == collapse(vectors)
    assert found.spread == pytest.approx(by_hand(vectors)[0], rel=1e-6)
    assert found.effective_rank == pytest.approx(by_hand(vectors)[1], rel=0.02)
