"""Films and single frames beside their peers: one run, interleaved, CPU seconds of this process.

    make bench-film                                   # digits
    python benchmarks/film.py --data images.npz       # any npz with images and labels
    python benchmarks/film.py --only single cold      # a part of it

Parts: `single` (a frame of the last snapshot), `film` (ten snapshots), `append`, `paint` (PCA), `cold` (a
fresh process), `scale` (`--sizes` samples), `long` (60 frames of 300 snapshots). AlignedUMAP
takes ten minutes for 10,000 samples: its films are kept in the temporary folder and read again, with the CPU
seconds they took. Peers that are not installed are left out, and said.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from measures import Queries, interval
from series import Series, capture
from threadpoolctl import threadpool_limits

from chroma.projection.film import draw_film, next_frame, pca_film
from chroma.projection.landmarks import choose_landmarks, landmarks_of, large_film, place
from chroma.projection.layout import pca_start, umap_layout
from chroma.projection.motion import motion
from chroma.projection.neighbors import neighbor_graph
from chroma.projection.umap_learn import umap_learn_layout

CACHE = Path(tempfile.gettempdir()) / "chroma-bench"
Draw = Callable[[Any, int], Any]


def clocked(draw: Callable[[], Any]) -> tuple[Any, float, float]:
    """What `draw` returns, its CPU seconds and its wall seconds."""
    cpu, wall = time.process_time(), time.perf_counter()
    result = draw()
    return result, time.process_time() - cpu, time.perf_counter() - wall


def ours(vectors: Any, seed: int) -> Any:
    return umap_layout(neighbor_graph(vectors), pca_start(vectors, seed), seed=seed).xy


def same_graph(vectors: Any, seed: int) -> Any:
    return umap_learn_layout(neighbor_graph(vectors), pca_start(vectors, seed), seed=seed)


def umap_default(vectors: Any, seed: int) -> Any:
    import umap

    return umap.UMAP().fit_transform(vectors.astype(np.float32))


def opentsne(vectors: Any, seed: int) -> Any:
    import openTSNE

    return np.asarray(openTSNE.TSNE(random_state=seed, n_jobs=1).fit(vectors.astype(np.float32)))


def localmap(vectors: Any, seed: int) -> Any:
    import pacmap

    return pacmap.LocalMAP(random_state=seed).fit_transform(vectors.astype(np.float32), init="pca")


PEERS: dict[str, Draw] = {
    "umap-learn default": umap_default,
    "chroma": ours,
    "umap-learn, our graph": same_graph,
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
    told = {name: np.array(rows) for name, rows in rounds.items()}
    first = told.get("umap-learn default")
    print(f"  {'':24}{'CPU s':>8}{'wall s':>8}{'less CPU':>10}{'T':>8}{'P':>8}{'L':>8}   mean of {seeds}")
    for name, rows in told.items():
        cpu, wall, *quality = rows.mean(axis=0)
        ratio = "" if first is None else f"{first[:, 0].mean() / cpu:.1f}x"
        print(f"  {name:24}{cpu:8.2f}{wall:8.2f}{ratio:>10}" + "".join(f"{value:8.4f}" for value in quality))
    if first is not None:
        for at, what in enumerate("TPL", start=2):
            print(f"  chroma - umap-learn default, {what}: {interval(told['chroma'][:, at] - first[:, at])}")


def aligned(series: Series, seed: int, tag: str) -> tuple[Any, float]:
    """AlignedUMAP's film with its defaults and the CPU seconds it took, drawn once and kept."""
    kept = CACHE / f"aligned-{tag}-{series.name}-{seed}.npz"
    if not kept.exists():
        import umap

        vectors = [snapshot.astype(np.float32) for snapshot in series.snapshots]
        few = [{row: row for row in range(500)}]
        umap.AlignedUMAP(random_state=seed).fit([part[:500] for part in vectors[:2]], relations=few)
        same = [{row: row for row in range(len(series.labels))}] * (len(vectors) - 1)
        fitted, cpu, wall = clocked(lambda: umap.AlignedUMAP(random_state=seed).fit(vectors, relations=same))
        np.savez(
            kept, xy=np.stack([np.asarray(xy, np.float32) for xy in fitted.embeddings_]), cpu=cpu, wall=wall
        )
    with np.load(kept) as file:
        return list(file["xy"]), float(file["cpu"])


def film(series: Series, seeds: int, aligned_seeds: int, tag: str) -> None:
    """Ten frames, beside AlignedUMAP, by pairs of seeds."""
    queries = [Queries.of(vectors, series.labels) for vectors in series.snapshots]
    wide = [neighbor_graph(vectors, k=50) for vectors in series.snapshots]

    def ask(frames: Sequence[Any]) -> list[float]:
        told = np.stack([query.ask(xy) for query, xy in zip(queries, frames, strict=True)])
        moved = motion(frames, wide)
        assert moved is not None
        return [*told.mean(axis=0), *told.min(axis=0), moved.stable, moved.changed, moved.rho]

    def draw(seed: int) -> Any:
        graphs = [neighbor_graph(vectors) for vectors in series.snapshots]
        return draw_film(series.snapshots, graphs, seed=seed)

    rounds: list[list[float]] = []
    for seed in range(seeds):
        frames, cpu, _ = clocked(lambda seed=seed: draw(seed))
        rounds.append([cpu, *ask(frames)])
    others = []
    for seed in range(aligned_seeds):
        frames, cpu = aligned(series, seed, tag)
        others.append([cpu, *ask(frames)])
    here, there = np.array(rounds), np.array(others)
    names = ("CPU s", "T", "P", "L", "min T", "min P", "min L", "stable", "changed", "rho")
    print(
        f"  {'':8}{'chroma':>10}{'Aligned':>10}   chroma - AlignedUMAP  ({seeds} and {aligned_seeds} seeds)"
    )
    for at, name in enumerate(names):
        paired = here[:, at] - there[np.arange(seeds) % aligned_seeds, at]
        ratio = f"x {here[:, at].mean() / there[:, at].mean():.3f}"
        print(
            f"  {name:8}{here[:, at].mean():10.4f}{there[:, at].mean():10.4f}   {interval(paired)}  {ratio}"
        )


def append(series: Series) -> None:
    """A frame more, beside the film before it; both with their neighbor graphs."""
    snapshots = series.snapshots

    def drawn() -> Any:
        graphs = [neighbor_graph(vectors) for vectors in snapshots[:-1]]
        return graphs, draw_film(snapshots[:-1], graphs)

    (graphs, frames), whole, _ = clocked(drawn)

    def more() -> Any:
        graph = neighbor_graph(snapshots[-1])
        return next_frame(snapshots[-1], graph, frames[-1], previous_graph=graphs[-1])

    added, cpu, wall = clocked(more)
    told = Queries.of(snapshots[-1], series.labels).ask(added.xy)
    print(
        f"  film of 9: {whole:.2f} CPU s; one more: {cpu:.2f} CPU s, {wall:.2f} s wall: x {cpu / whole:.3f}"
    )
    print("  T {:.4f}  P {:.4f}  L {:.4f}".format(*told))


def paint(shapes: Sequence[tuple[int, int]]) -> None:
    """First paint: PCA of random vectors."""
    for n, d in shapes:
        vectors = np.random.default_rng(0).standard_normal((n, d), np.float32)
        _, cpu, wall = min(
            (clocked(lambda v=vectors: pca_film([v])) for _ in range(3)), key=lambda row: row[1]
        )
        print(f"  {n} x {d}: {1000 * cpu:.0f} ms CPU, {1000 * wall:.0f} ms wall, best of 3")


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


def grown(series: Series, n: int, seed: int = 0) -> tuple[Any, Any]:
    """N samples between neighbours of the last snapshot: each on the way to one of its 15 nearest."""
    random = np.random.default_rng(seed)
    vectors = series.snapshots[-1]
    near = neighbor_graph(vectors).indices
    rows = random.integers(0, len(vectors), n)
    other = near[rows, random.integers(0, near.shape[1], n)]
    made = np.empty((n, vectors.shape[1]), np.float16)
    for first in range(0, n, 50_000):
        part = slice(first, first + 50_000)
        way = random.random((len(rows[part]), 1), np.float32)
        here, there = vectors[rows[part]].astype(np.float32), vectors[other[part]].astype(np.float32)
        made[part] = here + way * (there - here)
    return made, series.labels[rows]


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
            chosen["chroma in full"] = lambda v=vectors: ours(v, 0)
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
            told = "T {:.4f}  P {:.4f}  L {:.4f}".format(*queries.ask(xy))
            cost = f"{cpu:8.2f} CPU s {wall:8.2f} s wall  x {cpu / base:.1f}"
            print(f"  {n:8} {name:20}{cost}  {told}  peak {peak:.1f} GiB")
        workers(vectors)


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


def long(series: Series, count: int = 300) -> None:
    """60 frames of 300 snapshots, each between two of the captured."""
    at = np.linspace(0, len(series.snapshots) - 1, count)
    chosen = at[np.rint(np.linspace(0, count - 1, 60)).astype(int)]

    def between(place: float) -> Any:
        first = min(int(place), len(series.snapshots) - 2)
        here, there = (series.snapshots[first + step].astype(np.float32) for step in (0, 1))
        return (here + np.float32(place - first) * (there - here)).astype(np.float16)

    snapshots = [between(place) for place in chosen]
    graphs, cpu, _ = clocked(lambda: [neighbor_graph(vectors) for vectors in snapshots])
    _, drawing, wall = clocked(lambda: draw_film(snapshots, graphs))
    print(f"  60 of {count} frames: graphs {cpu:.1f} CPU s, film {drawing:.1f} CPU s ({wall:.1f} s wall)")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path)
    parser.add_argument("--only", nargs="+", default=["single", "film", "append", "paint", "cold"])
    parser.add_argument("--layers", nargs="+", default=["128", "512"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--aligned-seeds", type=int, default=1)
    parser.add_argument("--sizes", nargs="+", type=int, default=[100_000])
    parser.add_argument("--peers", nargs="+", default=list(PEERS))
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    tag = "digits" if asked.data is None else asked.data.stem
    captured = capture(asked.data)
    with threadpool_limits(1):
        for layer in asked.layers:
            series = captured[layer]
            title = f"{tag}, layer of {layer}, {len(series.labels)} samples"
            draw_film(
                [v[:100] for v in series.snapshots[:2]],
                [neighbor_graph(v[:100]) for v in series.snapshots[:2]],
            )
            if "single" in asked.only:
                print(f"single frame: {title}")
                single(series.snapshots[-1], series.labels, asked.seeds, asked.peers)
            if "film" in asked.only:
                print(f"film: {title}")
                film(series, asked.seeds, asked.aligned_seeds, tag)
            if "append" in asked.only:
                print(f"append: {title}")
                append(series)
            if "scale" in asked.only:
                print(f"scale: grown from {title}")
                scale(series, asked.sizes, asked.peers)
            if "long" in asked.only:
                print(f"long run: {title}")
                long(series)
            if "cold" in asked.only:
                print(f"cold start: {title}")
                cold(series.snapshots[-1])
        if "paint" in asked.only:
            print("first paint")
            paint([(10_000, 128), (100_000, 128), (1_000_000, 512)])


if __name__ == "__main__":
    main()
