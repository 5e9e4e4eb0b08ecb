"""Films: frames of the same samples in one frame of reference, drawn together or one by one.

All frames start from one layout and are optimised at once, each on its own neighbor graph. After every pass
each sample's path through the frames is pulled straight, by as much as its neighbours stayed the same. What
did not change does not move; what changed is free to.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from chroma.errors import ConfigError
from chroma.projection.append import STRENGTH, FilmParams, Stability, filled, next_frame, turned, turnover
from chroma.projection.bounds import MISSING, Bounds, bounds, dequantize, inside, quantize
from chroma.projection.layout import (
    START_SIZE,
    Frame,
    LayoutParams,
    Matrix,
    apart,
    drawable,
    pca_basis,
    pca_project,
    pca_start,
)
from chroma.projection.neighbors import NeighborGraph, finite_rows
from chroma.projection.optimiser import Edges, Frames, Ties, agreement, fuzzy_edges, optimise, passes

__all__ = [
    "MISSING",
    "Bounds",
    "FilmParams",
    "Forming",
    "Stability",
    "bounds",
    "dequantize",
    "draw_film",
    "forming_film",
    "inside",
    "next_frame",
    "pca_film",
    "quantize",
    "refine_film",
    "turnover",
]


# The first passes take steps so long that a state can look worse than PCA.
_SETTLED = 0.25


@dataclass(frozen=True, slots=True)
class Forming:
    """A film on its way.

    Attributes:
        frames: float32 `[n, 2]` for each snapshot, NaN for missing samples.
        done: Share of the work done, from 0 to 1; at 1 the film is final.
        seconds_left: Estimated from the work done so far; 0 at the end.
    """

    frames: list[Frame]
    done: float
    seconds_left: float


def draw_film(
    snapshots: Sequence[Matrix],
    graphs: Sequence[NeighborGraph],
    *,
    seed: int = 0,
    params: FilmParams | None = None,
    threads: int = 1,
) -> list[Frame]:
    """Draw all frames of a film together.

    Args:
        snapshots: Vectors `[n, d]` of the same samples, in the order of the film; widths may differ. Rows of
            missing samples are NaN.
        graphs: Their neighbor graphs.
        seed: The film's seed.
        params: How to draw.
        threads: Threads; the bits are the same for any number.

    Returns:
        float32 `[n, 2]` for each snapshot, NaN for missing samples. A snapshot with too few samples for
        neighbourhoods is drawn by PCA, turned to fit the frame before.
    """
    *_, last = forming_film(snapshots, graphs, seed=seed, params=params, threads=threads, every=float("inf"))
    return last.frames


def forming_film(
    snapshots: Sequence[Matrix],
    graphs: Sequence[NeighborGraph],
    *,
    seed: int = 0,
    params: FilmParams | None = None,
    threads: int = 1,
    every: float = 0.5,
) -> Generator[Forming]:
    """As `draw_film`, showing the film while it forms; stop asking to cancel.

    Args:
        snapshots: As for `draw_film`.
        graphs: As for `draw_film`.
        seed: The film's seed.
        params: How to draw.
        threads: Threads.
        every: Seconds between two states.

    Yields:
        First PCA, at once; then states that look better than it; last, with `done` 1, the film.

    Raises:
        ConfigError: Where snapshots and graphs do not belong together.
    """
    _check(snapshots, graphs)
    # Pushes are drawn by row: in an order of the samples' own, permuting them permutes the film.
    order = _own_order(snapshots)
    place = np.argsort(order)
    ordered = [_reordered(graph, order, place) for graph in graphs]
    in_order = [vectors[order] for vectors in snapshots]
    for state in _formed(in_order, ordered, params or FilmParams(), seed=seed, threads=threads, every=every):
        yield replace(state, frames=[xy[place] for xy in state.frames])


def _formed(
    snapshots: Sequence[Matrix],
    graphs: Sequence[NeighborGraph],
    params: FilmParams,
    *,
    seed: int,
    threads: int,
    every: float,
) -> Generator[Forming]:
    painted = pca_film(snapshots, seed)
    drawn = [t for t, graph in enumerate(graphs) if drawable(graph)]
    yield Forming(painted, 0.0 if drawn else 1.0, float("inf") if drawn else 0.0)
    if not drawn:
        return
    began = time.perf_counter()
    drawable_graphs = [graphs[t] for t in drawn]
    together = _Together.of(drawable_graphs, params.stability)
    # One frame alone is drawn from PCA as it is.
    first = params.first if len(drawn) > 1 else replace(params.first, n_epochs=0)
    lead = _lead(painted[drawn[-1]], drawable_graphs, together.edges[-1], first, seed, threads)
    start = np.repeat(lead[None], len(drawn), axis=0)
    n = len(lead)
    spent = first.epochs(n) / (first.epochs(n) + params.joint.epochs(n) * len(drawn))
    for state in together.form(start, params.joint, seed=seed, threads=threads, every=every):
        done = spent + (1 - spent) * state.done
        left = (time.perf_counter() - began) * (1 / done - 1)
        yield Forming(_all_frames(painted, drawn, state.frames), done, left)


def refine_film(
    frames: Sequence[Frame],
    graphs: Sequence[NeighborGraph],
    *,
    seed: int = 0,
    params: FilmParams | None = None,
    threads: int = 1,
    every: float = 0.5,
) -> Generator[Forming]:
    """Draw all frames of a film anew from where they are: a new revision, near enough to move to.

    Args:
        frames: The film as it is, float32 `[n, 2]` for each snapshot.
        graphs: The snapshots' neighbor graphs.
        seed: The film's seed.
        params: How to draw.
        threads: Threads.
        every: Seconds between two states.

    Yields:
        States of the film; last, with `done` 1, the refined one.
    """
    params = params or FilmParams()
    _check(frames, graphs)
    drawn = [t for t, graph in enumerate(graphs) if drawable(graph)]
    if not drawn:
        yield Forming(list(frames), 1.0, 0.0)
        return
    start = np.stack([frames[t] for t in drawn]).astype(np.float32)
    together = _Together.of([graphs[t] for t in drawn], params.stability)
    gentle = replace(params.joint, learning_rate=params.joint.learning_rate / 2)
    for state in together.form(start, gentle, seed=seed, threads=threads, every=every):
        yield replace(state, frames=_all_frames(frames, drawn, state.frames))


def _lead(  # noqa: PLR0917
    painted: Frame,
    graphs: Sequence[NeighborGraph],
    edges: Edges,
    params: LayoutParams,
    seed: int,
    threads: int,
) -> Frame:
    """Where all frames start: the last snapshot's layout, with places for samples that only others have."""
    start = np.where(edges.there[:, None], apart(_sized(painted), seed), np.float32(0))
    lead = optimise(start[None], [edges], params, seed=seed, threads=threads)[0]
    lead[~edges.there] = np.nan
    for graph in reversed(graphs):
        lead = filled(graph, lead, seed)
    return lead


def _own_order(snapshots: Sequence[Matrix]) -> npt.NDArray[np.intp]:
    """An order of the samples by what is in them, whatever order they come in; equal ones as they come."""
    keys = [
        np.ascontiguousarray(vectors).view(f"V{vectors.itemsize * vectors.shape[1]}")[:, 0]
        for vectors in snapshots
    ]
    # Bytes of one snapshot tell nearly all samples apart; those it lacks are told apart by the others.
    ranks = [np.unique(key, return_inverse=True)[1] for key in (keys[0], keys[-1])]
    return np.lexsort(ranks)


def _reordered(
    graph: NeighborGraph, order: npt.NDArray[np.intp], place: npt.NDArray[np.intp]
) -> NeighborGraph:
    rows = graph.indices[order]
    indices = np.where(rows < 0, -1, place[rows]).astype(np.int32)
    return replace(graph, indices=indices, distances=graph.distances[order], valid=graph.valid[order])


@dataclass(frozen=True, slots=True)
class _Together:
    """The frames of a film that have neighbourhoods, and what ties them."""

    edges: list[Edges]
    there: npt.NDArray[np.bool_]
    ties: Ties

    @classmethod
    def of(cls, graphs: Sequence[NeighborGraph], stability: Stability) -> _Together:
        there = np.stack([graph.valid for graph in graphs])
        return cls(
            [fuzzy_edges(graph) for graph in graphs], there, Ties(_bonds(graphs, there), STRENGTH[stability])
        )

    def form(
        self, start: Frames, layout: LayoutParams, *, seed: int, threads: int, every: float
    ) -> Generator[Forming]:
        began = shown = time.perf_counter()
        n_epochs = layout.epochs(start.shape[1])
        state = np.where(self.there[..., None], start, np.float32(0))
        steps = passes(state, self.edges, layout, seed=seed, ties=self.ties, threads=threads)
        for epoch, state in enumerate(steps, start=1):
            now, done = time.perf_counter(), epoch / n_epochs
            if done == 1:
                yield Forming(self._with_gaps(state), 1.0, 0.0)
            elif now - shown >= every and done >= _SETTLED:
                yield Forming(self._with_gaps(state), done, (now - began) * (1 / done - 1))
                shown = time.perf_counter()

    def _with_gaps(self, frames: Frames) -> list[Frame]:
        return list(np.where(self.there[..., None], frames, np.float32(np.nan)))


def _bonds(graphs: Sequence[NeighborGraph], there: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """How much each sample is tied to the last frame it was in: its neighbours' Jaccard index, squared."""
    bonds = np.zeros(there.shape, np.float32)
    before = np.full(there.shape[1], -1)
    for t in range(len(graphs)):
        for s in np.unique(before[there[t] & (before >= 0)]):
            rows = there[t] & (before == s)
            bonds[t, rows] = agreement(graphs[t], graphs[s])[rows] ** 2
        before[there[t]] = t
    return bonds


def _all_frames(others: Sequence[Frame], drawn: Sequence[int], frames: Sequence[Frame]) -> list[Frame]:
    """The drawn frames, and between them the others, each turned onto its nearest drawn one."""
    by_index = dict(zip(drawn, frames, strict=True))
    return [
        by_index[t]
        if t in by_index
        else turned(_sized(other), by_index[min(drawn, key=lambda s: abs(s - t))])
        for t, other in enumerate(others)
    ]


def _sized(xy: Frame) -> Frame:
    known = np.abs(xy[finite_rows(xy)])
    size = known.max() if known.size else 0.0
    return xy * np.float32(START_SIZE / size) if size > 0 else xy


def _check(frames: Sequence[Matrix], graphs: Sequence[NeighborGraph]) -> None:
    lengths = sorted({len(rows) for rows in frames} | {len(graph.valid) for graph in graphs})
    if not frames or len(frames) != len(graphs) or len(lengths) > 1:
        raise ConfigError(
            f"A film needs a neighbor graph for each snapshot, all of the same samples, not {len(frames)} "
            f"snapshots and {len(graphs)} graphs of {lengths} samples: put missing samples as rows of NaN."
        )


def pca_film(snapshots: Sequence[Matrix], seed: int = 0) -> list[Frame]:
    """The first paint of a film: snapshots on the PCA basis of the last one, where the layer has learnt most.

    Snapshots of another width have bases of their own, turned and sized to fit.

    Args:
        snapshots: Vectors `[n, d]` of the same samples; rows of missing samples are NaN.
        seed: Picks the rows the basis is found from.

    Returns:
        float32 `[n, 2]` for each snapshot, NaN for missing samples.

    Raises:
        ConfigError: Where no snapshot has a finite row.
    """
    seen = [vectors for vectors in snapshots if finite_rows(vectors).any()]
    if not seen:
        raise ConfigError(
            "A film needs at least one finite vector and there is none: check the layer for NaN."
        )
    basis = pca_basis(seen[-1], seed)
    last = pca_project(basis, seen[-1])
    frames: list[Frame] = []
    for vectors in snapshots:
        if not finite_rows(vectors).any():
            frames.append(np.full((len(vectors), 2), np.nan, np.float32))
        elif vectors.shape[1] == len(basis.mean):
            frames.append(pca_project(basis, vectors))
        else:
            own = pca_start(vectors, seed)
            frames.append(turned(own * np.float32(_spread(last) / (_spread(own) or 1.0)), last))
    return frames


def _spread(xy: Frame) -> float:
    known = xy[finite_rows(xy)]
    return float(np.sqrt(((known - known.mean(axis=0)) ** 2).sum(axis=1).mean()))
