"""One more frame of a film, tied to the one before."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from chroma.projection.arrays import Frame, Matrix, finite_rows
from chroma.projection.equal import merge_equal
from chroma.projection.layout import Layout, LayoutParams, drawable, pca_start, umap_layout
from chroma.projection.neighbors import NeighborGraph
from chroma.projection.optimiser import fuzzy_edges, jaccard, passes

Stability = Literal["independent", "loose", "balanced", "firm", "still"]

# Weight of the ties of a sample whose neighbours all stay, relative to one pass at a step size of 1.
STRENGTH: dict[Stability, float] = {
    "independent": 0.0,
    "loose": 0.5,
    "balanced": 2.5,
    "firm": 6.0,
    "still": 50.0,
}


@dataclass(frozen=True, slots=True)
class FilmParams:
    """How a film is drawn.

    Attributes:
        stability: How still the samples are held whose neighbours stay: `independent` frames share their
            start and nothing else; `still` moves only what has to.
        first: The layout of the last snapshot, from PCA, that all frames start from.
        joint: All frames at once.
        next: A frame appended to a film, from the one before. Its learning rate is for a snapshot that
            changed much; it shrinks with the share of neighbours that changed, and where none did nothing
            moves.
        all_changed: Share of new neighbours from which the whole learning rate is used.
    """

    stability: Stability = "balanced"
    first: LayoutParams = field(default=LayoutParams(n_epochs=100, negative_sample_rate=5))
    joint: LayoutParams = field(default=LayoutParams(large=300))
    next: LayoutParams = field(default=LayoutParams(n_epochs=150, learning_rate=0.5))
    all_changed: float = 0.2


def turnover(graph: NeighborGraph, previous: NeighborGraph) -> float:
    """Share of neighbours that are new since the snapshot before, over samples in both; 1 with none."""
    both = np.flatnonzero(graph.valid & previous.valid)
    if len(both) == 0 or graph.k == 0 or previous.k == 0:
        return 1.0
    shared = jaccard(graph, previous)[both].astype(np.float64)
    # Of Jaccard's share of all neighbours, the share of these.
    kept = shared * (graph.k + previous.k) / (1 + shared) / graph.k
    return 1.0 - float(kept.mean())


def next_frame(
    vectors: Matrix,
    graph: NeighborGraph,
    previous_xy: Frame | None = None,
    *,
    previous_graph: NeighborGraph | None = None,
    seed: int = 0,
    params: FilmParams | None = None,
    threads: int = 1,
) -> Layout:
    """Draw the next frame of a film.

    The first frame (`previous_xy` None) is drawn from PCA. A later one starts where the one before ended and
    is tied to it as the frames of a film are, so that frames drawn once never move when another is appended.
    Samples that were missing start at the mean of their neighbours that were there. Too few samples for
    neighbourhoods: PCA, aligned to the frame before.

    Args:
        vectors: `[n, d]`, any float; rows of missing samples are NaN.
        graph: Their neighbor graph.
        previous_xy: float32 `[n, 2]`, the frame before, NaN where a sample was missing.
        previous_graph: The neighbor graph of the snapshot before: tells how much there is to move. Without it
            everything is taken as changed.
        seed: The film's seed.
        params: How to draw.
        threads: Threads; the bits are the same for any number.

    Returns:
        The frame, float32 `[n, 2]`, NaN for missing samples.
    """
    params = params or FilmParams()
    if previous_xy is None or not finite_rows(previous_xy).any():
        alone = LayoutParams(min_dist=params.next.min_dist)
        return umap_layout(graph, pca_start(vectors, seed), alone, seed, threads)
    if not drawable(graph):
        return umap_layout(graph, align(pca_start(vectors, seed), previous_xy), params.next, seed)
    start = fill_missing(graph, previous_xy, seed)
    change = 1.0 if previous_graph is None else turnover(graph, previous_graph)
    rate = params.next.learning_rate * min(1.0, change / params.all_changed)
    if rate <= 0:
        return Layout(np.where(graph.valid[:, None], start, np.float32(np.nan)), "umap", 0)
    part = replace(params.next, learning_rate=rate)
    bonds = np.zeros(len(start), np.float32)
    if previous_graph is not None:
        bonds = np.where(finite_rows(previous_xy), jaccard(graph, previous_graph) ** 2, np.float32(0))
    start = np.where(graph.valid[:, None], start, np.float32(0))
    frame = start
    n_epochs = part.epochs(len(start))
    steps = passes(start[None], [fuzzy_edges(graph)], part, seed=seed, threads=threads)
    for epoch, (frame,) in enumerate(steps):
        pull = np.float32(STRENGTH[params.stability] * part.rate(epoch / n_epochs)) * bonds
        frame[:] += (start - frame) * (pull / (1 + pull))[:, None]
    xy = np.where(graph.valid[:, None], frame, np.float32(np.nan))
    return Layout(merge_equal(graph, xy), "umap", n_epochs)


def fill_missing(graph: NeighborGraph, previous_xy: Frame, seed: int) -> Frame:
    """The frame before, where samples missing from it are placed at the mean of their neighbours."""
    xy = previous_xy.astype(np.float32, copy=True)
    known = finite_rows(xy)
    new = np.flatnonzero(graph.valid & ~known)
    if len(new) == 0:
        return xy
    near = graph.indices[new]
    weight = known[near].astype(np.float32)
    total = weight.sum(axis=1, keepdims=True)
    places = np.einsum("ijk,ij->ik", np.nan_to_num(xy[near]), weight) / np.maximum(total, 1)
    places = np.where(total > 0, places, xy[known].mean(axis=0))
    # Samples with the same neighbours start apart: on one spot no force could separate them.
    spots = 0.01 * xy[known].std() * np.random.default_rng(seed).standard_normal(places.shape)
    xy[new] = places + spots
    return xy


def align(xy: Frame, previous_xy: Frame) -> Frame:
    """Rotate, mirror and move `xy` onto the frame before, without scaling (orthogonal Procrustes)."""
    both = finite_rows(xy) & finite_rows(previous_xy)
    if not both.any():
        return xy
    here, there = xy[both].mean(axis=0), previous_xy[both].mean(axis=0)
    left, _, right = np.linalg.svd((xy[both] - here).T @ (previous_xy[both] - there))
    return ((xy - here) @ (left @ right) + there).astype(np.float32)
