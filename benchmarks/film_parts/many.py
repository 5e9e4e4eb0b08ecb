"""Many samples: by landmarks, by workers; and films by PCA."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np
from measures import Queries
from series import Series

from chroma.insight.motion import motion
from chroma.projection.film import pca_film
from chroma.projection.landmarks import choose_landmarks, landmarks_of, place
from chroma.projection.large_film import large_film
from chroma.projection.layout import pca_start, umap_layout
from chroma.projection.neighbors import neighbor_graph
from film_parts.clock import clocked
from film_parts.single import ours, umap_default


def grown(series: Series, n: int, seed: int = 0) -> tuple[Any, Any]:
    """N samples between neighbours of the last snapshot, and their labels."""
    (vectors,), labels = grown_film(series, n, 1, seed)
    return vectors, labels


def grown_film(series: Series, n: int, frames: int, seed: int = 0) -> tuple[list[Any], Any]:
    """N samples in the last snapshots: each on the way to one of its 15 nearest there."""
    random = np.random.default_rng(seed)
    near = neighbor_graph(series.snapshots[-1]).indices
    rows = random.integers(0, len(near), n)
    other = near[rows, random.integers(0, near.shape[1], n)]
    way = random.random((n, 1), np.float32)
    films = []
    for vectors in series.snapshots[-frames:]:
        made = np.empty((n, vectors.shape[1]), np.float16)
        for first in range(0, n, 50_000):
            part = slice(first, first + 50_000)
            here, there = vectors[rows[part]].astype(np.float32), vectors[other[part]].astype(np.float32)
            made[part] = here + way[part] * (there - here)
        films.append(made)
    return films, series.labels[rows]


def umap_landmarks(vectors: Any, count: int = 20_000) -> Any:
    """umap-learn's way with many samples: a fit of some, drawn evenly, and a transform of the others."""
    import umap

    points = vectors.astype(np.float32)
    rows = np.random.default_rng(0).permutation(len(points))
    fitted = umap.UMAP().fit(points[rows[:count]])
    xy = np.empty((len(points), 2), np.float32)
    xy[rows[:count]] = fitted.embedding_
    xy[rows[count:]] = fitted.transform(points[rows[count:]])
    return xy


def scale(series: Series, sizes: Sequence[int], peers: Sequence[str]) -> None:
    """Many samples: by landmarks, and up to 100,000 drawn in full beside umap-learn."""
    import resource

    base = 0.0
    for n in sizes:
        vectors, labels = grown(series, n)
        queries = Queries.of(vectors, labels, 500)
        chosen: dict[str, Callable[[], Any]] = {"landmarks": lambda v=vectors: large_film([v]).frames[0]}
        if n <= 100_000:
            chosen["landmarks, refined"] = lambda v=vectors: ours(v, 0)
            graph, cpu, _ = clocked(lambda v=vectors: neighbor_graph(v))
            print(f"  {n:8} neighbor graph {cpu:.2f} CPU s, recall {graph.recall or 1:.4f}")
            if "umap-learn default" in peers:
                umap_default(vectors[:1000], 0)  # compile, import
                chosen["umap-learn landmarks"] = lambda v=vectors: umap_landmarks(v)
                chosen["umap-learn default"] = lambda v=vectors: umap_default(v, 0)
        for name, draw in chosen.items():
            xy, cpu, wall = clocked(draw)
            base = base or cpu
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
            scores = "T {:.4f}  P {:.4f}  L {:.4f}".format(*queries.ask(xy))
            cost = f"{cpu:8.2f} CPU s {wall:8.2f} s wall  x {cpu / base:.1f}"
            print(f"  {n:8} {name:20}{cost}  {scores}  peak {peak:.1f} GiB")


def large(series: Series, sizes: Sequence[int], frames: int) -> None:
    """Films of many samples; movement measured among 10,000 of them."""
    import resource

    for n in sizes:
        snapshots, labels = grown_film(series, n, frames)
        few = np.random.default_rng(0).permutation(n)[:10_000]
        wide = [neighbor_graph(vectors[few], k=50) for vectors in snapshots]
        drawn, cpu, wall = clocked(lambda s=snapshots: large_film(s).frames)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        scores = np.array(
            [Queries.of(v, labels, 500).ask(xy) for v, xy in zip(snapshots, drawn, strict=True)]
        )
        moved = motion([xy[few] for xy in drawn], wide)
        assert moved is not None
        quality = "  ".join(
            f"{name} {values.mean():.4f} (least {values.min():.4f})"
            for name, values in zip("TPL", scores.T, strict=True)
        )
        print(f"  {n:8} x {frames} frames: {cpu:.2f} CPU s, {wall:.2f} s wall, peak {peak:.1f} GiB")
        print(f"  {quality}  stable {moved.stable:.4f}  changed {moved.changed:.4f}  rho {moved.rho:.3f}")


def workers(vectors: Any) -> None:
    """The out-of-sample part with one worker process and with two, wall seconds."""
    rows = choose_landmarks(vectors, 15_000)
    xy = umap_layout(neighbor_graph(vectors[rows]), pca_start(vectors[rows])).xy
    mine = landmarks_of(vectors[rows], xy)
    starts = list(range(0, len(vectors), 10_000))
    parts = [vectors[first : first + 10_000] for first in starts]
    took = []
    for count in (1, 2):
        with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
            list(pool.map(place, [mine] * count, parts[:count], starts[:count]))  # start, load
            began = time.perf_counter()
            list(pool.map(place, [mine] * len(parts), parts, starts))
            took.append(time.perf_counter() - began)
    one, two = took
    print(f"  {len(vectors):8} placed by one worker in {one:.2f} s, by two in {two:.2f} s: {one / two:.2f}x")


def pca(shapes: Sequence[tuple[int, int]]) -> None:
    """A film of one frame by PCA, of random vectors."""
    for n, d in shapes:
        vectors = np.random.default_rng(0).standard_normal((n, d), np.float32)
        _, cpu, wall = min(
            (clocked(lambda v=vectors: pca_film([v])) for _ in range(3)), key=lambda row: row[1]
        )
        print(f"  {n} x {d}: {1000 * cpu:.0f} ms CPU, {1000 * wall:.0f} ms wall, best of 3")
