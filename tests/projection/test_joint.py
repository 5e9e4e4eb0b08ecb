from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from multiprocessing import get_context

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from chroma.errors import ConfigError
from chroma.insight.motion import motion, stress
from chroma.insight.quality import trustworthiness
from chroma.projection import kernels
from chroma.projection.film import FilmParams, draw_film, forming_film, next_frame, pca_film, refine_film
from chroma.projection.landmarks import choose_landmarks, landmarks_of, place
from chroma.projection.large_film import large_film
from chroma.projection.layout import LayoutParams, pca_start, umap_layout
from chroma.projection.neighbors import neighbor_graph
from chroma.projection.optimiser import jaccard
from chroma.projection.umap_learn import umap_learn_layout

N = 500
QUICK = FilmParams(joint=LayoutParams(n_epochs=150))


@pytest.fixture(scope="module")
def series(digits):
    """A layer that learns: the digits' own structure comes out of noise."""
    vectors = digits[0][:N] / 16
    noise = np.random.default_rng(0).normal(size=vectors.shape).astype(np.float32)
    return [((1 - s) * noise + 2 * s * vectors).astype(np.float16) for s in (0.6, 0.8, 0.9, 0.95)]


@pytest.fixture(scope="module")
def graphs(series):
    return [neighbor_graph(vectors) for vectors in series]


@pytest.fixture(scope="module")
def film(series, graphs):
    return draw_film(series, graphs, params=QUICK)


def radius(xy):
    return np.sqrt(((xy - np.nanmean(xy, axis=0)) ** 2).sum(axis=1)[np.isfinite(xy).all(axis=1)].mean())


def moved(before, after):
    return np.linalg.norm(after - before, axis=1) / radius(before)


@pytest.mark.timeout(400)  # umap-learn compiles for ten seconds, a minute on a busy machine
def test_a_frame_is_as_good_as_umaps_own(series, graphs, film):
    reference = umap_learn_layout(graphs[-1], pca_start(series[-1]))
    ours, theirs = (trustworthiness(series[-1], xy).value for xy in (film[-1], reference))
    assert ours > theirs - 0.01


def test_frames_move_with_what_changed(series, graphs, film):
    wide = [neighbor_graph(vectors, k=50) for vectors in series]
    told = motion(film, wide)
    alone = motion(draw_film(series, graphs, params=FilmParams("independent", joint=QUICK.joint)), wide)
    still = motion(draw_film(series, graphs, params=FilmParams("still", joint=QUICK.joint)), wide)
    assert still.stable < told.stable < alone.stable
    assert told.changed > 1.5 * told.stable
    assert told.n == N


def test_those_move_most_whose_neighbourhoods_change_most(digits):
    """Half of the samples drift, the others stay: what moves is told apart without their names."""
    rng = np.random.default_rng(2)
    series = [digits[0][:N] / 16]
    for _ in range(3):
        drifted = series[-1].copy()
        drifted[: N // 2] += rng.normal(0, 0.25, (N // 2, 64)).astype(np.float32)
        series.append(drifted)
    graphs, wide = ([neighbor_graph(vectors, k=k) for vectors in series] for k in (15, 50))
    told = motion(draw_film(series, graphs, params=QUICK), wide)
    alone = motion(draw_film(series, graphs, params=FilmParams("independent", joint=QUICK.joint)), wide)
    # over six seeds 0.39 to 0.45, and 0.01 to 0.20
    assert told.rho > 0.3
    assert told.rho > alone.rho + 0.1


def test_same_seed_same_bits_whatever_the_threads(series, graphs, film):
    np.testing.assert_array_equal(draw_film(series, graphs, params=QUICK, threads=3), film)
    assert (draw_film(series, graphs, params=QUICK, seed=1)[0] != film[0]).any()
    start = pca_start(series[0])
    one, three = (umap_layout(graphs[0], start, threads=threads).xy for threads in (1, 3))
    np.testing.assert_array_equal(one, three)


@pytest.mark.parametrize("draw", [draw_film, large_film])
def test_same_seed_same_bits_whatever_the_threads_of_matrix_products(draw):
    random = np.random.default_rng(0)
    vectors = random.normal(size=(2100, 128)).astype(np.float32) + 4 * random.normal(size=(1, 128))
    vectors[:, :8] *= 5
    snapshots = [vectors.astype(np.float16), (1.1 * vectors + 0.1).astype(np.float16)]
    drawn = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            if draw is large_film:
                drawn.append(large_film(snapshots, landmarks=400, params=QUICK, threads=threads).frames)
            else:
                graphs = [neighbor_graph(each, threads=threads) for each in snapshots]
                drawn.append(draw_film(snapshots, graphs, params=QUICK, threads=threads))
    np.testing.assert_array_equal(*drawn)


def test_permuting_samples_permutes_the_film(series, film):
    order = np.random.default_rng(1).permutation(N)
    shuffled = [vectors[order] for vectors in series]
    again = draw_film(shuffled, [neighbor_graph(vectors) for vectors in shuffled], params=QUICK)
    for xy, other in zip(film, again, strict=True):
        np.testing.assert_array_equal(xy[order], other)


def test_turning_and_scaling_vectors_leaves_quality(series, film):
    turn = np.linalg.qr(np.random.default_rng(2).normal(size=(64, 64)))[0]
    turned = [(7 * vectors.astype(np.float32) @ turn).astype(np.float32) for vectors in series]
    again = draw_film(turned, [neighbor_graph(vectors) for vectors in turned], params=QUICK)
    for vectors, xy, other in zip(series, film, again, strict=True):
        here, there = trustworthiness(vectors, xy).value, trustworthiness(vectors, other).value
        assert there == pytest.approx(here, abs=0.01)


def test_identical_snapshots_give_a_still_film(series, graphs):
    frames = draw_film([series[3]] * 3, [graphs[3]] * 3, params=QUICK)
    assert max(moved(frames[0], xy).max() for xy in frames) < 1e-3
    added = next_frame(series[3], graphs[3], frames[-1], previous_graph=graphs[3]).xy
    assert moved(frames[-1], added).max() < 1e-3
    mixed = draw_film([series[0], series[3], series[3]], [graphs[0], graphs[3], graphs[3]], params=QUICK)
    # The film moves on to what changed; the last step holds no change.
    assert np.median(moved(mixed[1], mixed[2])) < 0.3 * np.median(moved(mixed[0], mixed[1]))


def test_a_planted_change_moves_those_samples_and_not_the_others(digits):
    vectors, labels = digits[0][:N], digits[1][:N]
    chosen = np.flatnonzero(labels == 3)[:12]
    changed = vectors.copy()
    changed[chosen] = vectors[np.flatnonzero(labels == 0)[:12]] + 0.01
    snapshots = [vectors, vectors, changed, changed]
    frames = draw_film(snapshots, [neighbor_graph(snapshot) for snapshot in snapshots])
    step = moved(frames[1], frames[2])
    others = np.setdiff1d(np.arange(N), chosen)
    assert step[chosen].min() > 5 * np.median(step[others])
    assert np.median(step[chosen]) > 0.5
    assert np.median(step[others]) < 0.05
    assert moved(frames[0], frames[1]).max() < 0.05


def test_samples_come_and_go_and_widths_differ(series):
    snapshots = [
        series[0][:, :40].copy(),
        series[1].copy(),
        series[2].copy(),
        np.full((N, 3), np.nan),
        series[3],
    ]
    snapshots[1][:60] = np.nan
    snapshots[2][-60:] = np.nan
    valid = [vectors for vectors in snapshots if np.isfinite(vectors).any()]
    frames = draw_film(valid, [neighbor_graph(vectors) for vectors in valid], params=QUICK)
    for vectors, xy in zip(valid, frames, strict=True):
        np.testing.assert_array_equal(np.isfinite(xy).all(axis=1), np.isfinite(vectors).all(axis=1))
        assert trustworthiness(vectors, xy).value > 0.8
    # The 60 that frame 1 lacks are held to where they were in frame 0.
    assert np.median(moved(frames[0], frames[2])[:60]) < 1
    few = series[0].copy()
    few[3:] = np.nan
    frames = draw_film([few, series[3]], [neighbor_graph(few), neighbor_graph(series[3])], params=QUICK)
    assert np.isfinite(frames[0][:3]).all()
    only = draw_film([few], [neighbor_graph(few)])
    assert np.isfinite(only[0][:3]).all()


def test_a_film_forms_from_its_first_paint_and_never_looks_worse(series, graphs, film):
    states = list(forming_film(series, graphs, params=QUICK, every=0))
    np.testing.assert_allclose(states[0].frames, pca_film(series), atol=1e-5)
    np.testing.assert_array_equal(states[-1].frames, film)
    done = [state.done for state in states]
    assert done == sorted(done)
    assert (done[0], done[-1], states[-1].seconds_left) == (0, 1, 0)
    assert len(states) > 50
    assert all(state.seconds_left > 0 for state in states[:-1])

    def worst(state):
        return min(
            trustworthiness(v, xy, n_queries=200).value for v, xy in zip(series, state.frames, strict=True)
        )

    by_pca = worst(states[0])
    assert all(worst(state) >= by_pca for state in states[1:])
    cancelled = forming_film(series, graphs, params=QUICK, every=0)
    next(cancelled), next(cancelled)
    cancelled.close()


def test_refining_draws_a_film_anew_near_where_it_was(series, graphs, film):
    *_, refined = refine_film(film, graphs, params=QUICK, every=float("inf"))
    assert refined.done == 1
    for vectors, xy, new in zip(series, film, refined.frames, strict=True):
        assert 0 < np.median(moved(xy, new)) < 0.5
        assert trustworthiness(vectors, new).value > trustworthiness(vectors, xy).value - 0.01


def test_what_does_not_belong_together_is_said(series, graphs):
    with pytest.raises(ConfigError, match="4 snapshots and 3 graphs"):
        draw_film(series, graphs[:3])
    with pytest.raises(ConfigError, match=r"\[400, 500\]"):
        draw_film([series[0][:400]], graphs[:1])


def test_ties_are_the_exact_least_squares():
    random = np.random.default_rng(0)
    frames = random.normal(size=(5, 7, 2)).astype(np.float32)
    bonds = random.random((5, 7)).astype(np.float32)
    there = np.ones((5, 7), np.bool_)
    there[2, 3] = there[0, 4] = False
    held = frames.copy()
    kernels.smooth_paths(held, there, bonds, np.float32(3), 0, 7)
    for i in range(7):
        at = np.flatnonzero(there[:, i])
        matrix = np.eye(len(at))
        for a, b in pairwise(range(len(at))):
            tie = 3 * bonds[at[b], i]
            matrix[[a, b], [a, b]] += tie
            matrix[[a, b], [b, a]] -= tie
        np.testing.assert_allclose(held[at, i], np.linalg.solve(matrix, frames[at, i]), atol=1e-5)


@pytest.mark.timeout(400)  # as above
def test_graph_weights_are_umaps(digits):
    umap_ = pytest.importorskip("umap.umap_")
    graph = neighbor_graph(digits[0][:300])
    weights = kernels.memberships(graph.distances, np.log2(16.0))
    start, heads, values = kernels.both_ways(graph.indices, weights)
    ours = np.zeros((300, 300))
    ours[np.repeat(np.arange(300), np.diff(start)), heads] = values
    indices = np.column_stack([np.arange(300, dtype=np.int32), graph.indices])
    distances = np.column_stack([np.zeros(300, np.float32), graph.distances])
    theirs = umap_.fuzzy_simplicial_set(
        np.empty((300, 1), np.float32), 16, np.random.RandomState(0), "euclidean",
        knn_indices=indices, knn_dists=distances,
    )[0].toarray()  # fmt: skip
    np.testing.assert_allclose(ours, theirs, atol=2e-4)


def test_agreement_is_jaccards(graphs):
    for i, share in enumerate(jaccard(graphs[0], graphs[3])[:50]):
        first, second = set(graphs[0].indices[i]), set(graphs[3].indices[i])
        assert share == pytest.approx(len(first & second) / len(first | second))


def test_stress_is_less_for_what_keeps_distances(digits):
    vectors = digits[0][:300]
    pca = pca_start(vectors)
    told = stress(vectors, pca, pca)
    assert told.value == told.pca
    assert stress(vectors[:, :2], vectors[:, :2] * 5, pca).value < 1e-5
    assert stress(vectors, np.random.default_rng(0).normal(size=(300, 2)), pca).value > told.pca
    assert stress(vectors[:1], pca[:1], pca[:1]) is None
    assert motion([pca], [neighbor_graph(vectors)]) is None


def test_a_large_film_places_the_rest_among_landmarks(digits):
    vectors, labels = digits
    snapshots = [vectors, (vectors + np.random.default_rng(0).normal(0, 1, vectors.shape)).astype(np.float32)]
    snapshots[1][7] = np.nan
    large = large_film(snapshots, landmarks=500, params=QUICK)
    assert (len(large.landmarks), large.n) == (500, 1797)
    assert np.isnan(large.frames[1][7]).all()
    for snapshot, xy in zip(snapshots, large.frames, strict=True):
        assert np.isfinite(np.delete(xy, 7, axis=0)).all()
        assert trustworthiness(snapshot, xy).value > 0.95
    counts = np.bincount(labels[choose_landmarks(vectors, 500)], minlength=10)
    assert counts.min() > 20


def test_chunks_and_workers_give_the_same_bits(digits):
    vectors = digits[0]
    rows = choose_landmarks(vectors, 300)
    mine = landmarks_of(vectors[rows], pca_start(vectors[rows]))
    whole, near = place(mine, vectors)
    parts = [place(mine, vectors[first : first + 600], first)[0] for first in (0, 600, 1200)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert near.shape == (1797, 15)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        np.testing.assert_array_equal(pool.submit(place, mine, vectors[:600]).result()[0], whole[:600])
