"""All frames of a film at once, tied by how much the neighbours stay (docs/engine.md, "Ties")."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chroma.projection.append import STRENGTH, Stability
from chroma.projection.arrays import Frame
from chroma.projection.layout import LayoutParams
from chroma.projection.neighbors import NeighborGraph
from chroma.projection.optimiser import Edges, Frames, Ties, fuzzy_edges, jaccard, passes

# The first passes take steps so long that a state can look worse than PCA.
_SHOWN_FROM = 0.25


@dataclass(frozen=True, slots=True)
class Halfway:
    """What a film that was parked goes on from, to the same bits as if it had never been.

    Attributes:
        passes: Passes that are done.
        frames: float32 `[frames, n, 2]`, the positions after them, in the engine's own order.
    """

    passes: int
    frames: Frames


@dataclass(frozen=True, slots=True)
class Forming:
    """A state of a film that is being drawn.

    Attributes:
        frames: float32 `[n, 2]` for each snapshot, NaN for missing samples.
        done: Share of the work done, from 0 to 1; at 1 the film is final.
        seconds_left: Estimated from the work done so far; 0 at the end.
        halfway: Of a film that is parked, its last state.
    """

    frames: list[Frame]
    done: float
    seconds_left: float
    halfway: Halfway | None = None


@dataclass(frozen=True, slots=True)
class JointLayout:
    """The frames of a film that have neighbourhoods, and what ties them."""

    edges: list[Edges]
    there: npt.NDArray[np.bool_]
    ties: Ties

    @classmethod
    def of(cls, graphs: Sequence[NeighborGraph], stability: Stability) -> JointLayout:
        there = np.stack([graph.valid for graph in graphs])
        return cls(
            [fuzzy_edges(graph) for graph in graphs], there, Ties(_bonds(graphs, there), STRENGTH[stability])
        )

    def form(
        self,
        start: Frames,
        layout: LayoutParams,
        *,
        seed: int,
        threads: int,
        every: float,
        parking: Callable[[], bool] | None = None,
        halfway: Halfway | None = None,
    ) -> Generator[Forming]:
        began = shown = time.perf_counter()
        n_epochs = layout.epochs(start.shape[1])
        begin, positions = (halfway.passes, halfway.frames) if halfway else (0, start)
        state = np.where(self.there[..., None], positions, np.float32(0))
        steps = passes(state, self.edges, layout, seed=seed, ties=self.ties, threads=threads, begin=begin)
        for epoch, state in enumerate(steps, start=begin + 1):
            now, done = time.perf_counter(), epoch / n_epochs
            left = (now - began) * (n_epochs - epoch) / (epoch - begin)
            if done == 1:
                yield Forming(self._with_gaps(state), 1.0, 0.0)
            elif parking is not None and parking():
                yield Forming(self._with_gaps(state), done, left, Halfway(epoch, state.copy()))
                return
            elif now - shown >= every and done >= _SHOWN_FROM:
                yield Forming(self._with_gaps(state), done, left)
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
            bonds[t, rows] = jaccard(graphs[t], graphs[s])[rows] ** 2
        before[there[t]] = t
    return bonds
