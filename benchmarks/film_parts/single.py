"""One frame, every method in turn; and from a fresh process."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from measures import Queries, interval

from chroma.projection.film import refine_film
from chroma.projection.large_film import large_film
from chroma.projection.layout import pca_start, umap_layout
from chroma.projection.neighbors import neighbor_graph
from chroma.projection.umap_learn import umap_learn_layout
from film_parts.clock import CACHE, clocked

# From this many samples a frame begins with landmarks.
LARGE = 50_000
Draw = Callable[[Any, int], Any]


def ours(vectors: Any, seed: int) -> Any:
    if len(vectors) > LARGE:
        placed = large_film([vectors], seed=seed).frames
        *_, refined = refine_film(placed, [neighbor_graph(vectors)], seed=seed, every=float("inf"))
        return refined.frames[0]
    return umap_layout(neighbor_graph(vectors), pca_start(vectors, seed), seed=seed).xy


def same_graph(vectors: Any, seed: int) -> Any:
    return umap_learn_layout(neighbor_graph(vectors), pca_start(vectors, seed), seed=seed)


def umap_default(vectors: Any, seed: int) -> Any:
    import umap

    return umap.UMAP().fit_transform(vectors.astype(np.float32))


def embedding_atlas(vectors: Any, seed: int) -> Any:
    """As embedding-atlas 0.26 draws: umap-learn on cosine neighbours that it looked for first."""
    import umap
    from umap.umap_ import nearest_neighbors

    points = vectors.astype(np.float32)
    known = nearest_neighbors(
        points, n_neighbors=15, metric="cosine", metric_kwds=None, angular=False, random_state=None
    )
    return umap.UMAP(precomputed_knn=known, metric="cosine").fit_transform(points)


def opentsne(vectors: Any, seed: int) -> Any:
    import openTSNE

    return np.asarray(openTSNE.TSNE(random_state=seed, n_jobs=1).fit(vectors.astype(np.float32)))


def pacmap(vectors: Any, seed: int) -> Any:
    import pacmap

    return pacmap.PaCMAP(random_state=seed).fit_transform(vectors.astype(np.float32), init="pca")


def localmap(vectors: Any, seed: int) -> Any:
    import pacmap

    return pacmap.LocalMAP(random_state=seed).fit_transform(vectors.astype(np.float32), init="pca")


PEERS: dict[str, Draw] = {
    "umap-learn default": umap_default,
    "chroma": ours,
    "umap-learn, our graph": same_graph,
    "as embedding-atlas": embedding_atlas,
    "PaCMAP": pacmap,
    "LocalMAP": localmap,
    "openTSNE": opentsne,
}


def single(vectors: Any, labels: Any, seeds: int, peers: Sequence[str]) -> None:
    """One frame, every method in turn, round after round."""
    queries = Queries.of(vectors, labels)
    chosen = dict(PEERS)
    for name, draw in PEERS.items():
        try:
            if name not in peers:
                raise ImportError
            draw(vectors[:1000], 0)  # compile, import
        except ImportError:
            del chosen[name]
            print(f"  {name}: left out")
    rounds: dict[str, list[Any]] = {name: [] for name in chosen}
    for seed in range(seeds):
        for name, draw in chosen.items():
            xy, cpu, wall = clocked(lambda draw=draw, seed=seed: draw(vectors, seed))
            rounds[name].append([cpu, wall, *queries.ask(xy)])
    scores = {name: np.array(rows) for name, rows in rounds.items()}
    first = scores.get("umap-learn default")
    print(f"  {'':24}{'CPU s':>8}{'wall s':>8}{'less CPU':>10}{'T':>8}{'P':>8}{'L':>8}   mean of {seeds}")
    for name, rows in scores.items():
        cpu, wall, *quality = rows.mean(axis=0)
        ratio = "" if first is None else f"{first[:, 0].mean() / cpu:.1f}x"
        print(f"  {name:24}{cpu:8.2f}{wall:8.2f}{ratio:>10}" + "".join(f"{value:8.4f}" for value in quality))
    if first is not None:
        for at, what in enumerate("TPL", start=2):
            print(
                f"  chroma - umap-learn default, {what}: {interval(scores['chroma'][:, at] - first[:, at])}"
            )


COLD = """
import sys, time
import numpy as np
vectors = np.load(sys.argv[1])
if sys.argv[2] == "chroma":
    from chroma.projection.layout import pca_start, umap_layout
    from chroma.projection.neighbors import neighbor_graph
    umap_layout(neighbor_graph(vectors), pca_start(vectors))
else:
    import umap
    umap.UMAP().fit_transform(vectors.astype(np.float32))
print(time.process_time(), time.perf_counter())
"""


def cold(vectors: Any) -> None:
    """From a fresh process to its first layout, after one run that compiles."""
    CACHE.mkdir(exist_ok=True)
    file = CACHE / "cold.npy"
    np.save(file, vectors)
    took: dict[str, float] = {}
    for name in ("chroma, first ever", "chroma", "umap-learn default"):
        command = [sys.executable, "-W", "ignore", "-c", COLD, str(file), name.split(",")[0]]
        wall = time.perf_counter()
        with tempfile.TemporaryDirectory() as empty:
            env = dict(os.environ)
            if name.endswith("ever"):
                env["NUMBA_CACHE_DIR"] = empty
            done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
        took[name] = float(done.stdout.split()[0])
        print(f"  {name:24}{took[name]:8.2f} CPU s {time.perf_counter() - wall:8.2f} s wall")
    print(f"  umap-learn / chroma: {took['umap-learn default'] / took['chroma']:.1f}x")
