import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, shift

from chroma.insight.across import nearest_across
from chroma.insight.duplicates import confirmed, equal_pairs, near_pairs, usual_distance
from chroma.insight.pictures import same_pictures
from chroma.projection.neighbors import neighbor_graph


def scenes(rng, n, size=24):
    """Smooth random pictures on a dark ground, as a photograph of some objects."""
    pictures = gaussian_filter(rng.normal(size=(n, size, size)), (0, 2.5, 2.5))
    return (255 * np.clip(pictures / pictures.std(), 0, 2) / 2).astype(np.uint8)


def augmented(rng, pictures):
    moved = np.stack([shift(p.astype(float), rng.integers(-1, 2, 2), order=0) for p in pictures])
    moved *= rng.uniform(0.8, 1.2, (len(moved), 1, 1))
    return np.clip(moved + rng.normal(0, 5, moved.shape), 0, 255).astype(np.uint8)


def found_and_true(pairs, sources, targets):
    found, true = (
        set(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)),
        set(zip(sources, targets, strict=True)),
    )
    both = len(found & true)
    return both / len(true), both / max(1, len(found))


def test_equal_rows_are_found_within_and_across():
    rng = np.random.default_rng(0)
    train, val = rng.normal(size=(300, 6)), rng.normal(size=(100, 6))
    val[:60] = train[100:160]
    across = equal_pairs(train, val)
    assert found_and_true(across, range(100, 160), range(60)) == (1, 1)
    assert across.exact.all()
    train[5] = train[2] = train[9]
    train[20:23] = np.nan
    within = equal_pairs(train)
    assert list(zip(within.first, within.second, strict=True)) == [(2, 5), (2, 9)]


def test_near_pairs_are_nearer_than_a_share_of_the_usual_distance():
    rng = np.random.default_rng(1)
    points = rng.normal(size=(400, 8)).astype(np.float32)
    points[390:] = points[:10] + 0.01
    graph = neighbor_graph(points, k=5)
    pairs = near_pairs(graph.indices, graph.distances)
    assert found_and_true(pairs, range(10), range(390, 400)) == (1, 1)
    assert pairs.distance.max() < 0.13
    assert (pairs.first < pairs.second).all()
    np.testing.assert_allclose(pairs.distance * usual_distance(graph.distances), np.sqrt(8) * 0.01, rtol=1e-2)


def test_leaks_are_near_and_confirmed_in_an_earlier_layer():
    rng = np.random.default_rng(2)
    early = rng.normal(size=(500, 12)).astype(np.float32)
    early += 0.1 * np.sign(early)  # no sample changes its class by what is added below
    early_val = rng.normal(size=(100, 12)).astype(np.float32)
    early_val[:20] = early[40:60] + rng.normal(scale=0.01, size=(20, 12))
    late, late_val = (
        np.sign(e[:, :3]) + 1e-3 * e[:, :3] for e in (early, early_val)
    )  # eight classes, collapsed
    ids, distances = nearest_across(late_val, late, k=500, normalised=False)
    pairs = near_pairs(ids, distances, usual=2.0)
    assert len(pairs.first) > 1000
    usual = usual_distance(neighbor_graph(early, k=1).distances)
    kept = pairs.take(confirmed(pairs, early_val, early, usual))
    assert found_and_true(kept, range(20), range(40, 60)) == (1, 1)


@pytest.mark.parametrize("copies", ["exact", "augmented"])
def test_pictures_that_leaked_are_found_and_no_others(copies):
    rng = np.random.default_rng(3)
    train, val = scenes(rng, 500), scenes(rng, 200)
    train[100:160] = val[:60] if copies == "exact" else augmented(rng, val[:60])
    pairs = same_pictures(val, train)
    recall, precision = found_and_true(pairs, range(60), range(100, 160))
    assert recall >= 0.98
    assert precision >= 0.98
    assert pairs.exact.all() == (copies == "exact")


def test_pictures_that_are_there_twice_are_found_once():
    rng = np.random.default_rng(4)
    pictures = scenes(rng, 200)
    pictures[150] = pictures[10]
    pictures[[160, 161]] = augmented(rng, pictures[[20, 20]])
    pictures[[30, 31]] = 7  # of one grey: nothing to compare
    pairs = same_pictures(pictures)
    found = list(zip(pairs.first.tolist(), pairs.second.tolist(), pairs.exact.tolist(), strict=True))
    assert found[0] == (10, 150, True)
    assert {pair[:2] for pair in found[1:]} <= {(20, 160), (20, 161), (160, 161)}
    assert len(found) >= 3


@pytest.mark.parametrize("seed", range(5))
def test_clean_pictures_have_no_copies(seed):
    rng = np.random.default_rng(100 + seed)
    assert len(same_pictures(scenes(rng, 150), scenes(rng, 300)).first) == 0
    assert len(same_pictures(scenes(rng, 150)).first) == 0
    assert len(same_pictures(scenes(rng, 1)).first) == 0


def test_one_picture_and_grey_ones_have_no_pair() -> None:
    grey = np.full((3, 16, 16), 7, np.uint8)
    for pictures in (grey[:0], grey[:1]):
        assert len(same_pictures(pictures).first) == 0
    assert len(same_pictures(np.arange(512, dtype=np.uint8).reshape(2, 16, 16)[:1]).first) == 0
    assert len(same_pictures(grey).first) == 0
