"""UMAP's optimisation of one frame or of many at once (McInnes et al. 2018, arXiv:1802.03426).

Every pass computes all new positions from the old ones, so the same arguments give the same bits whatever the
number of threads.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from chroma.projection.neighbors import NeighborGraph

Frames = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class LayoutParams:
    """How UMAP draws.

    Attributes:
        n_epochs: Passes over the graph; None: 500 up to 5,000 samples, `large` beyond.
        large: Passes for more than 5,000 samples.
        learning_rate: Step size at the first pass, falling to 0 with the square of what is left.
        min_dist: Distance under which neighbours in the frame are not drawn closer.
        negative_sample_rate: Pushes for every pull.
    """

    n_epochs: int | None = None
    large: int = 200
    learning_rate: float = 1.0
    min_dist: float = 0.1
    negative_sample_rate: int = 8

    def epochs(self, n: int) -> int:
        """Passes for n samples."""
        if self.n_epochs is not None:
            return self.n_epochs
        return 500 if n <= 5_000 else self.large

    def rate(self, done: float) -> float:
        """The step size when this share of the passes is done."""
        return self.learning_rate * (1 - done) ** 2


@dataclass(frozen=True, slots=True)
class Edges:
    """A snapshot's fuzzy graph, both ways, by rows.

    Attributes:
        start: int64 `[n + 1]`: where each row's edges begin.
        heads: int32 `[edges]`: the other end.
        share: float32 `[edges]`: share of passes in which the edge is pulled.
        there: bool `[n]`: which samples take part.
    """

    start: npt.NDArray[np.integer[Any]]
    heads: npt.NDArray[np.integer[Any]]
    share: npt.NDArray[np.float32]
    there: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Ties:
    """How strongly the frames of a film are tied to each other.

    Attributes:
        bonds: float32 `[frames, n]`: how much a sample's place is tied to its last frame before.
        strength: Of all of them, at a step size of 1.
    """

    bonds: npt.NDArray[np.float32]
    strength: float


def fuzzy_edges(graph: NeighborGraph) -> Edges:
    """The graph weights of McInnes et al. 2018, section 3.1, as shares of passes.

    One departure: a row's weights sum to `log2(k + 1) - 1`, not `log2 k` (at k = 15: 3.0, not 3.9): as
    trustworthy, more neighbours kept, a quarter less work.
    """
    from chroma.projection import kernels

    distances = np.where(graph.valid[:, None], graph.distances, np.float32(0))
    target = max(np.log2(graph.k + 1.0) - 1, 1.0)
    start, heads, weights = kernels.both_ways(graph.indices, kernels.memberships(distances, target))
    most = weights.max(initial=np.float32(1e-30))
    return Edges(start, heads, (weights / most).astype(np.float32), graph.valid)


def jaccard(graph: NeighborGraph, other: NeighborGraph) -> npt.NDArray[np.float32]:
    """Jaccard index of each sample's neighbours in two snapshots: float32 `[n]`, 0 where it is missing."""
    from chroma.projection import kernels

    return kernels.jaccard(graph.indices, other.indices)


def passes(
    frames: Frames,
    edges: Sequence[Edges],
    params: LayoutParams,
    *,
    seed: int = 0,
    ties: Ties | None = None,
    threads: int = 1,
    begin: int = 0,
) -> Generator[Frames]:
    """Pull neighbours together and push others apart, in all frames at once, pass by pass.

    Args:
        frames: Where to start: float32 `[frames, n, 2]`, finite wherever a sample is there; not changed.
        edges: Of each frame.
        params: How to draw.
        seed: Seeds the pushes, which are the same in all frames.
        ties: Between the frames; None: each is optimised on its own.
        threads: Threads; they do not change the result.
        begin: Passes that `frames` have behind them; the rest gives the same bits as all at once.

    Yields:
        float32 `[frames, n, 2]` after each pass: overwritten by the pass after the next; the next pass
        starts from what the caller changes in it.
    """
    from chroma.projection import kernels

    count, n, _ = frames.shape
    n_epochs = params.epochs(n)
    old, new = np.array(frames, np.float32, order="C"), np.array(frames, np.float32, order="C")
    there = np.stack([edge.there for edge in edges])
    pull, push = kernels.forces(*curve(params.min_dist))
    # Seeds that lie close must not give shifted streams.
    mixed = int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0] >> np.uint64(1))
    parts = [(t, first, last) for t in range(count) for first, last in _parts(n, -(-threads // count))]

    def sweep(part: tuple[int, int, int]) -> None:
        t, first, last = part
        edge = edges[t]
        kernels.sweep(
            old[t], new[t], edge.start, edge.heads, edge.share, edge.there, pull, push,
            rate, epoch, mixed, params.negative_sample_rate, first, last,
        )  # fmt: skip

    def smooth(part: tuple[int, int]) -> None:
        if ties is not None:
            kernels.smooth_paths(new, there, ties.bonds, np.float32(ties.strength * rate), *part)

    with ThreadPoolExecutor(threads) as pool:
        # With one thread, work runs on the calling thread: a pool would only add overhead.
        spread: Callable[..., Any] = pool.map if threads > 1 else map
        for epoch in range(begin, n_epochs):
            rate = np.float32(params.rate(epoch / n_epochs))
            list(spread(sweep, parts))
            if ties is not None and ties.strength > 0:
                list(spread(smooth, _parts(n, threads)))
            old, new = new, old
            yield old


def optimise(
    frames: Frames,
    edges: Sequence[Edges],
    params: LayoutParams,
    *,
    seed: int = 0,
    ties: Ties | None = None,
    threads: int = 1,
) -> Frames:
    """What `passes` ends with; the start itself without passes."""
    last = frames
    for last in passes(frames, edges, params, seed=seed, ties=ties, threads=threads):  # noqa: B007
        pass
    return last


def _parts(n: int, count: int) -> list[tuple[int, int]]:
    return [(n * c // count, n * (c + 1) // count) for c in range(count)]


@cache
def curve(min_dist: float, spread: float = 1.0) -> tuple[float, float]:
    """The a and b whose `1 / (1 + a d^2b)` is nearest to 1 up to `min_dist`, falling by `spread` beyond."""
    from scipy.optimize import curve_fit

    def height(d: npt.NDArray[np.float64], a: float, b: float) -> npt.NDArray[np.float64]:
        return 1 / (1 + a * d ** (2 * b))

    distance = np.linspace(0, 3 * spread, 300)
    wanted = np.where(distance < min_dist, 1, np.exp(-(distance - min_dist) / spread))
    (a, b), _ = curve_fit(height, distance, wanted)
    return float(a), float(b)
