"""Films of ten snapshots beside AlignedUMAP, a frame more, and sixty frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from measures import Queries, interval
from series import Series

from chroma.insight.motion import motion
from chroma.projection.film import draw_film, next_frame
from chroma.projection.neighbors import neighbor_graph
from film_parts.clock import CACHE, clocked


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


def independent(series: Series) -> Any:
    """umap-learn with its defaults, each frame on its own."""
    import umap

    return [umap.UMAP().fit_transform(vectors.astype(np.float32)) for vectors in series.snapshots]


def procrustes(frames: Sequence[Any]) -> list[Any]:
    """Each frame moved, turned and scaled onto the one before (Procrustes)."""
    done = [frames[0] - frames[0].mean(axis=0)]
    for frame in frames[1:]:
        here, there = frame - frame.mean(axis=0), done[-1]
        left, sizes, right = np.linalg.svd(here.T @ there)
        done.append(here @ (left @ right) * (sizes.sum() / (here**2).sum()))
    return done


def film(series: Series, seeds: int, aligned_seeds: int, tag: str) -> None:
    """Ten frames, beside AlignedUMAP by pairs of seeds, and beside frames drawn alone."""
    queries = [Queries.of(vectors, series.labels) for vectors in series.snapshots]
    wide = [neighbor_graph(vectors, k=50) for vectors in series.snapshots]

    def ask(frames: Sequence[Any]) -> list[float]:
        scores = np.stack([query.ask(xy) for query, xy in zip(queries, frames, strict=True)])
        moved = motion(frames, wide)
        assert moved is not None
        return [*scores.mean(axis=0), *scores.min(axis=0), moved.stable, moved.changed, moved.rho]

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
    alone, cpu, _ = clocked(lambda: independent(series))
    apart = {"alone": [cpu, *ask(alone)], "Procrustes": [cpu, *ask(procrustes(alone))]}
    here, there = np.array(rounds), np.array(others)
    names = ("CPU s", "T", "P", "L", "min T", "min P", "min L", "stable", "changed", "rho")
    print(
        f"  {'':8}{'chroma':>10}{'Aligned':>10}{'alone':>10}{'Procrustes':>12}"
        f"   chroma - AlignedUMAP  ({seeds} and {aligned_seeds} seeds)"
    )
    for at, name in enumerate(names):
        paired = here[:, at] - there[np.arange(seeds) % aligned_seeds, at]
        ratio = f"x {here[:, at].mean() / there[:, at].mean():.3f}"
        rest = f"{apart['alone'][at]:10.4f}{apart['Procrustes'][at]:12.4f}"
        means = f"{here[:, at].mean():10.4f}{there[:, at].mean():10.4f}"
        print(f"  {name:8}{means}{rest}   {interval(paired)}  {ratio}")


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
    scores = Queries.of(snapshots[-1], series.labels).ask(added.xy)
    print(
        f"  film of 9: {whole:.2f} CPU s; one more: {cpu:.2f} CPU s, {wall:.2f} s wall: x {cpu / whole:.3f}"
    )
    print("  T {:.4f}  P {:.4f}  L {:.4f}".format(*scores))


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
