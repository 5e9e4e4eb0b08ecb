"""Films: frames of the same samples in one frame of reference, drawn together or one by one.

All frames start from one layout and are optimised at once, each on its own neighbor graph. After every pass
each sample's path through the frames is straightened, by as much as its neighbours stayed the same
(docs/engine.md, "Ties"). What did not change does not move; what changed is free to.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from chroma.errors import ConfigError
from chroma.projection.append import FilmParams, Stability, align, fill_missing, next_frame, turnover
from chroma.projection.arrays import Frame, Matrix
from chroma.projection.bounds import MISSING, Bounds, bounds, dequantize, inside, quantize
from chroma.projection.equal import merge_equal
from chroma.projection.joint import Forming, Halfway, JointLayout
from chroma.projection.layout import LayoutParams, apart, drawable
from chroma.projection.neighbors import NeighborGraph
from chroma.projection.optimiser import Edges, optimise
from chroma.projection.pca_film import pca_film, sized

# Of what the engine draws from the same snapshots: raise it with any change to that.
ENGINE = "4"

__all__ = [
    "ENGINE",
    "MISSING",
    "Bounds",
    "FilmParams",
    "Forming",
    "Halfway",
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
        neighbourhoods is drawn by PCA, aligned to the frame before.
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
    parking: Callable[[], bool] | None = None,
    halfway: Halfway | None = None,
) -> Generator[Forming]:
    """As `draw_film`, showing the film while it forms; stop asking to cancel.

    Args:
        snapshots: As for `draw_film`.
        graphs: As for `draw_film`.
        seed: The film's seed.
        params: How to draw.
        threads: Threads.
        every: Seconds between two states.
        parking: Asked after every pass of all frames; where it says yes, the last state tells where to go on.
        halfway: Where the same film was parked.

    Yields:
        First PCA, at once; then states that look better than it; last, with `done` 1, the film, or, where it
        is parked, a state with `halfway`.

    Raises:
        ConfigError: Where snapshots and graphs do not belong together.
    """
    _check(snapshots, graphs)
    # Pushes are drawn by row: in an order of the samples' own, permuting them permutes the film.
    order = _own_order(snapshots)
    place = np.argsort(order)
    ordered = [_reordered(graph, order, place) for graph in graphs]
    in_order = [vectors[order] for vectors in snapshots]
    states = _formed(
        in_order, ordered, params or FilmParams(), seed=seed, threads=threads, every=every,
        parking=parking, halfway=halfway,
    )  # fmt: skip
    for state in states:
        frames = [merge_equal(graph, xy[place]) for graph, xy in zip(graphs, state.frames, strict=True)]
        yield replace(state, frames=frames)


def _formed(
    snapshots: Sequence[Matrix],
    graphs: Sequence[NeighborGraph],
    params: FilmParams,
    *,
    seed: int,
    threads: int,
    every: float,
    parking: Callable[[], bool] | None,
    halfway: Halfway | None,
) -> Generator[Forming]:
    by_pca = pca_film(snapshots, seed)
    drawn = [t for t, graph in enumerate(graphs) if drawable(graph)]
    yield Forming(by_pca, 0.0 if drawn else 1.0, float("inf") if drawn else 0.0)
    if not drawn:
        return
    began = time.perf_counter()
    drawable_graphs = [graphs[t] for t in drawn]
    joint = JointLayout.of(drawable_graphs, params.stability)
    # One frame alone is drawn from PCA as it is.
    first = params.first if len(drawn) > 1 else replace(params.first, n_epochs=0)
    if halfway is None:
        common = _common_start(by_pca[drawn[-1]], drawable_graphs, joint.edges[-1], first, seed, threads)
        start = np.repeat(common[None], len(drawn), axis=0)
    else:
        start = halfway.frames
    n = start.shape[1]
    spent = first.epochs(n) / (first.epochs(n) + params.joint.epochs(n) * len(drawn))
    states = joint.form(
        start, params.joint, seed=seed, threads=threads, every=every, parking=parking, halfway=halfway
    )
    for state in states:
        done = spent + (1 - spent) * state.done
        left = state.seconds_left if halfway else (time.perf_counter() - began) * (1 / done - 1)
        yield Forming(_all_frames(by_pca, drawn, state.frames), done, left, state.halfway)


def refine_film(
    frames: Sequence[Frame],
    graphs: Sequence[NeighborGraph],
    *,
    seed: int = 0,
    params: FilmParams | None = None,
    threads: int = 1,
    every: float = 0.5,
    parking: Callable[[], bool] | None = None,
    halfway: Halfway | None = None,
) -> Generator[Forming]:
    """Draw all frames of a film anew from where they are: a new revision, near enough to move to.

    Args:
        frames: The film as it is, float32 `[n, 2]` for each snapshot.
        graphs: The snapshots' neighbor graphs.
        seed: The film's seed.
        params: How to draw.
        threads: Threads.
        every: Seconds between two states.
        parking: As for `forming_film`.
        halfway: As for `forming_film`.

    Yields:
        States of the film; last, with `done` 1, the refined one, or, where it is parked, one with `halfway`.
    """
    params = params or FilmParams()
    _check(frames, graphs)
    drawn = [t for t, graph in enumerate(graphs) if drawable(graph)]
    if not drawn:
        yield Forming(list(frames), 1.0, 0.0)
        return
    start = np.stack([frames[t] for t in drawn]).astype(np.float32)
    joint = JointLayout.of([graphs[t] for t in drawn], params.stability)
    gentle = replace(params.joint, learning_rate=params.joint.learning_rate / 2)
    states = joint.form(
        start, gentle, seed=seed, threads=threads, every=every, parking=parking, halfway=halfway
    )
    for state in states:
        drawn_frames = _all_frames(frames, drawn, state.frames)
        yield replace(
            state, frames=[merge_equal(graph, xy) for graph, xy in zip(graphs, drawn_frames, strict=True)]
        )


def _common_start(  # noqa: PLR0917
    by_pca: Frame,
    graphs: Sequence[NeighborGraph],
    edges: Edges,
    params: LayoutParams,
    seed: int,
    threads: int,
) -> Frame:
    """Where all frames start: the last snapshot's layout, with places for samples that only others have."""
    start = np.where(edges.there[:, None], apart(sized(by_pca), seed), np.float32(0))
    xy = optimise(start[None], [edges], params, seed=seed, threads=threads)[0]
    xy[~edges.there] = np.nan
    for graph in reversed(graphs):
        xy = fill_missing(graph, xy, seed)
    return xy


def _own_order(snapshots: Sequence[Matrix]) -> npt.NDArray[np.intp]:
    """An order of the samples by what is in them, whatever order they come in; equal ones as they come."""
    # Nearly all samples differ in the bytes of the last snapshot; those missing there differ in the first.
    ranks: list[npt.NDArray[np.intp]] = []
    for vectors in (snapshots[0], snapshots[-1]):
        rows = np.ascontiguousarray(vectors).view(f"V{vectors.itemsize * vectors.shape[1]}")[:, 0]
        ranks.append(np.unique(rows, return_inverse=True)[1])
    return np.lexsort(ranks)


def _reordered(
    graph: NeighborGraph, order: npt.NDArray[np.intp], place: npt.NDArray[np.intp]
) -> NeighborGraph:
    rows = graph.indices[order]
    indices = np.where(rows < 0, -1, place[rows]).astype(np.int32)
    return replace(graph, indices=indices, distances=graph.distances[order], valid=graph.valid[order])


def _all_frames(others: Sequence[Frame], drawn: Sequence[int], frames: Sequence[Frame]) -> list[Frame]:
    """The drawn frames, and between them the others, each aligned to the nearest drawn one."""
    by_index = dict(zip(drawn, frames, strict=True))
    return [
        by_index[t] if t in by_index else align(sized(other), by_index[min(drawn, key=lambda s: abs(s - t))])
        for t, other in enumerate(others)
    ]


def _check(frames: Sequence[Matrix], graphs: Sequence[NeighborGraph]) -> None:
    lengths = sorted({len(rows) for rows in frames} | {len(graph.valid) for graph in graphs})
    if not frames or len(frames) != len(graphs) or len(lengths) > 1:
        raise ConfigError(
            f"A film needs a neighbor graph for each snapshot, all of the same samples, not {len(frames)} "
            f"snapshots and {len(graphs)} graphs of {lengths} samples: put missing samples as rows of NaN."
        )
