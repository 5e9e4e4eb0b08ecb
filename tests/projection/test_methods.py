import importlib.util

import numpy as np
import pytest

from chroma.errors import MissingDependencyError
from chroma.insight.quality import trustworthiness
from chroma.projection.append import align
from chroma.projection.methods import METHODS, check_installed, drawn_by
from chroma.projection.neighbors import neighbor_graph

N = 250
OTHERS = [name for name, method in METHODS.items() if method.draw is not None]


@pytest.fixture(scope="module")
def snapshots(digits):
    first = digits[0][:N].astype(np.float16)
    second = (first + np.random.default_rng(0).normal(0, 0.3, first.shape)).astype(np.float16)
    second[3] = np.nan
    return [first, second]


@pytest.mark.timeout(600)  # pacmap and umap-learn compile when they are imported
@pytest.mark.parametrize("method", OTHERS)
def test_other_packages_draw_films_in_one_frame_of_reference(snapshots, method):
    frames = []
    for vectors in snapshots:
        frames.append(drawn_by(method, vectors, neighbor_graph(vectors), frames[-1] if frames else None))
    for vectors, xy in zip(snapshots, frames, strict=True):
        np.testing.assert_array_equal(np.isfinite(xy).all(axis=1), np.isfinite(vectors).all(axis=1))
        assert trustworthiness(vectors, xy).value > 0.93
    before, after = (np.delete(xy, 3, axis=0) for xy in frames)
    size = np.sqrt(((before - before.mean(axis=0)) ** 2).sum(axis=1).mean())
    np.testing.assert_allclose(align(after, before), after, atol=1e-3 * size)
    if method != "umap-learn":  # the others start where the frame before ended
        assert np.median(np.linalg.norm(after - before, axis=1)) < 0.5 * size
    again = drawn_by(method, snapshots[0], neighbor_graph(snapshots[0]))
    np.testing.assert_array_equal(again, frames[0])


@pytest.mark.parametrize("method", OTHERS)
def test_few_samples_are_drawn_by_pca(snapshots, method):
    few = snapshots[0][:9]
    xy = drawn_by(method, few, neighbor_graph(few))
    assert xy.shape == (9, 2)
    assert np.isfinite(xy).all()
    np.testing.assert_allclose(drawn_by(method, few, neighbor_graph(few), xy), xy, atol=1e-3)


def test_what_is_not_installed_is_said(monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "openTSNE" else found(name))
    with pytest.raises(MissingDependencyError, match=r"openTSNE .*chroma-embeddings\[tsne\]"):
        check_installed("tsne")
    check_installed("umap-learn")
