import os
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

from chroma.errors import ConfigError
from chroma.insight.quality import neighborhood_hit, trustworthiness
from chroma.projection.film import (
    MISSING,
    Bounds,
    bounds,
    dequantize,
    inside,
    next_frame,
    pca_film,
    quantize,
    turnover,
)
from chroma.projection.layout import Basis, LayoutParams, pca_basis, pca_project, pca_start, umap_layout
from chroma.projection.neighbors import neighbor_graph

N = 600


@pytest.fixture(scope="module")
def training(digits):
    """Snapshots of a layer that learns: noise gives way to the digits' own structure."""
    vectors = digits[0][:N] / 16
    random = np.random.default_rng(0).normal(size=vectors.shape).astype(np.float32)
    return [((1 - s) * random + s * 2 * vectors).astype(np.float16) for s in (0.2, 0.7, 0.95, 1.0, 1.0)]


@pytest.fixture(scope="module")
def graphs(training):
    return [neighbor_graph(vectors) for vectors in training]


def draw(training, graphs):
    frames = []
    for i, (vectors, graph) in enumerate(zip(training, graphs, strict=True)):
        layout = next_frame(
            vectors, graph, frames[-1] if i else None, previous_graph=graphs[i - 1] if i else None, seed=3
        )
        assert layout.method == "umap"
        frames.append(layout.xy)
    return frames


@pytest.fixture(scope="module")
def film(training, graphs):
    return draw(training, graphs)


def test_pca_is_exact_signed_and_of_the_right_rows(digits):
    vectors = digits[0]
    basis = pca_basis(vectors)
    points = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    expected = np.linalg.svd(points, full_matrices=False)[2][:2]
    np.testing.assert_allclose(np.abs((basis.components * expected).sum(axis=1)), 1, atol=1e-9)
    assert (basis.components[[0, 1], np.abs(basis.components).argmax(axis=1)] > 0).all()
    np.testing.assert_allclose(pca_project(basis, vectors), points @ basis.components.T, atol=1e-4)
    mirrored = pca_basis(-vectors)
    np.testing.assert_allclose(mirrored.components, basis.components, atol=1e-9)
    holed = vectors.copy()
    holed[7] = np.nan
    xy = pca_project(pca_basis(holed), holed)
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(xy).any(axis=1)), [7])
    sampled = pca_basis(vectors, max_rows=900)
    assert np.abs((sampled.components * basis.components).sum(axis=1)).min() > 0.95


def test_pca_of_few_dimensions_and_of_wide_layers():
    assert (pca_project(pca_basis(np.ones((5, 3), np.float32)), np.ones((5, 3), np.float32)) == 0).all()
    line = pca_project(
        pca_basis(np.arange(4, dtype=np.float32)[:, None]), np.arange(4, dtype=np.float32)[:, None]
    )
    np.testing.assert_allclose(line, [[-1.5, 0], [-0.5, 0], [0.5, 0], [1.5, 0]])
    wide = np.random.default_rng(0).normal(size=(40, 3000)) * np.where(np.arange(3000) < 2, 100, 1)
    np.testing.assert_allclose(np.linalg.norm(pca_basis(wide).components, axis=1), 1)
    assert np.abs(pca_basis(wide).components[:, :2]).max(axis=1).min() > 0.9
    with pytest.raises(ConfigError, match="at least one finite"):
        pca_basis(np.full((3, 2), np.nan))


def test_half_precision_is_projected_as_it_is():
    every = np.arange(65_536, dtype=np.uint16).view(np.float16).reshape(-1, 2)
    plain = Basis(np.zeros(2), np.eye(2))
    with np.errstate(invalid="ignore"):
        finite = np.isfinite(every).all(axis=1)
    xy = pca_project(plain, every)
    np.testing.assert_array_equal(xy[finite], every[finite].astype(np.float32))
    assert np.isnan(xy[~finite]).all()
    np.testing.assert_array_equal(pca_project(plain, every.astype(np.float32))[finite], xy[finite])


def test_pca_looks_at_all_rows_where_most_are_missing(training):
    vectors = np.full((30_000, training[0].shape[1]), np.nan, np.float16)
    vectors[17::5000] = training[3][:6]
    np.testing.assert_allclose(pca_basis(vectors).components, pca_basis(training[3][:6]).components)


def test_pca_film_has_one_basis(training):
    frames = pca_film(training)
    np.testing.assert_array_equal(frames[3], frames[4])
    np.testing.assert_array_equal(frames[0], pca_project(pca_basis(training[-1]), training[0]))


def test_film_is_as_good_as_layouts_of_their_own(training, graphs, film, digits):
    for vectors, graph, xy in zip(training, graphs, film, strict=True):
        alone = umap_layout(graph, pca_start(vectors), LayoutParams(), seed=3).xy
        assert trustworthiness(vectors, xy).value > trustworthiness(vectors, alone).value - 0.01
    hits = [neighborhood_hit(xy, digits[1][:N]).value for xy in film]
    assert hits[-1] > 0.9 > hits[0] + 0.3


def test_film_is_still_where_nothing_changed(training, graphs, film):
    assert turnover(graphs[4], graphs[3]) == 0
    np.testing.assert_array_equal(film[3], film[4])
    size = np.sqrt(((film[3] - film[3].mean(axis=0)) ** 2).sum(axis=1).mean())
    moved = [np.median(np.linalg.norm(b - a, axis=1)) / size for a, b in pairwise(film)]
    assert moved[0] > moved[2] > 0
    again = next_frame(training[3], graphs[3], film[3], seed=3).xy
    assert 0 < np.median(np.linalg.norm(again - film[3], axis=1)) / size < 0.5


def test_film_repeats_bit_for_bit_and_an_appended_frame_moves_no_other(training, graphs, film):
    np.testing.assert_array_equal(draw(training, graphs), film)
    np.testing.assert_array_equal(draw(training[:2], graphs[:2]), film[:2])
    other = next_frame(training[0], graphs[0], seed=4).xy
    assert (other != film[0]).any()


def test_samples_come_and_go(training, film):
    first, second = training[2].copy(), training[3].copy()
    first[:50] = np.nan
    second[-50:] = np.nan
    here, there = neighbor_graph(first), neighbor_graph(second)
    before = next_frame(first, here).xy
    assert np.isnan(before[:50]).all()
    assert np.isfinite(before[50:]).all()
    start = next_frame(second, there, before, previous_graph=there).xy
    assert np.isnan(start[-50:]).all()
    assert np.isfinite(start[:-50]).all()
    known = there.indices[0][there.indices[0] >= 50]
    expected = before[known].mean(axis=0)
    assert np.linalg.norm(start[0] - expected) < 0.1 * before[50:].std()
    np.testing.assert_array_equal(start[50:-50], before[50:-50])


@pytest.mark.parametrize("n", [1, 2, 3, 10, 15])
def test_few_samples_are_drawn_by_pca_and_said(training, n):
    layout = next_frame(training[0][:n], neighbor_graph(training[0][:n]))
    assert (layout.method, layout.n_epochs) == ("pca", 0)
    assert layout.xy.shape == (n, 2)
    assert np.isfinite(layout.xy).all()
    turned = layout.xy @ np.array([[0, 1], [-1, 0]], np.float32) + np.float32(7)
    later = next_frame(training[0][:n], neighbor_graph(training[0][:n]), turned).xy
    np.testing.assert_allclose(later, turned, atol=1e-3)


def test_duplicates_and_constant_vectors_are_drawn(training):
    for vectors in (np.repeat(training[3][:20], 5, axis=0), np.ones((50, 4), np.float32)):
        graph = neighbor_graph(vectors)
        xy = next_frame(vectors, graph).xy
        assert np.isfinite(xy).all()
        assert np.isfinite(next_frame(vectors, graph, xy).xy).all()


def test_quantisation_round_trip(film):
    frame = film[0].copy()
    frame[5] = np.nan
    square = bounds([frame, *film])
    codes = quantize(frame, square)
    assert codes.dtype == np.uint16
    assert codes.shape == (2 * N,)
    back = dequantize(codes, square)
    assert np.nanmax(np.abs(back - frame)) <= square.scale / 65_534
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(back).any(axis=1)), [5])
    assert codes[5] == codes[N + 5] == MISSING
    assert (np.delete(codes, [5, N + 5]) != MISSING).all()


def test_bounds_hold_all_frames_and_tell_what_is_outside():
    frame = np.array([[0, 0], [10, 2], [np.nan, np.nan]], np.float32)
    square = bounds([frame], margin=0.1)
    assert square == Bounds(-1, -5, 12)
    assert inside(frame, square)
    assert not inside(frame + np.float32(2), square)
    np.testing.assert_array_equal(quantize(frame + np.float32(2), square)[:2], [16384, 65534])
    assert bounds([np.ones((1, 2), np.float32)]).scale > 0
    with pytest.raises(ConfigError, match="none of its frames has a point"):
        bounds([frame[2:]])


LAZY = """
import sys, warnings
import numpy as np
import chroma.insight.quality
from chroma.projection.film import next_frame
from chroma.projection.neighbors import neighbor_graph
heavy = {"umap", "numba", "sklearn", "scipy", "pandas"} & set(sys.modules)
assert not heavy, heavy
vectors = np.random.default_rng(0).normal(size=(30, 4)).astype("f4")
with warnings.catch_warnings():
    warnings.simplefilter("error", ImportWarning)
    assert next_frame(vectors, neighbor_graph(vectors)).method == "umap"
heavy = {"tensorflow", "torch", "keras", "umap.parametric_umap"} & set(sys.modules)
assert not heavy, heavy
"""


def test_importing_loads_nothing_heavy_and_drawing_no_framework():
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        [sys.executable, "-c", LAZY], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
