"""Large films: landmarks are drawn as any film, all other samples are placed among them, chunk by chunk.

Cost grows linearly with the number of samples.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from chroma.errors import ConfigError
from chroma.projection.append import STRENGTH, FilmParams
from chroma.projection.arrays import Frame, Matrix, finite_rows
from chroma.projection.film import Halfway, forming_film
from chroma.projection.landmarks import CHUNK, PLACING, choose_landmarks, landmarks_of, place
from chroma.projection.neighbors import NeighborGraph, neighbor_graph


@dataclass(frozen=True, slots=True)
class ParkedLargeFilm:
    """What a large film that was parked goes on from, to the same bits as if it had never been.

    Attributes:
        landmarks: While the landmarks are drawn; None before, and once they are.
        drawn: float32 `[frames, m, 2]`: the landmarks, once they are drawn.
        frames: float32 `[t, n, 2]`: frames whose samples are placed.
        bonds: float32 `[t, n]`: how much each is tied to the frame before.
        near: int32 `[n, k]`: the nearest landmarks in the last of them.
    """

    landmarks: Halfway | None = None
    drawn: npt.NDArray[np.float32] | None = None
    frames: npt.NDArray[np.float32] | None = None
    bonds: npt.NDArray[np.float32] | None = None
    near: npt.NDArray[np.int32] | None = None


@dataclass(frozen=True, slots=True)
class LargeFilm:
    """A film drawn by landmarks.

    Attributes:
        frames: float32 `[n, 2]` for each snapshot, NaN for missing samples.
        landmarks: int64 `[m]`: the samples drawn in full; all others are placed among them.
        n: Samples in all: say "m of n" wherever the film is shown.
    """

    frames: list[Frame]
    landmarks: npt.NDArray[np.int64]
    n: int


def large_film(
    snapshots: Sequence[Matrix],
    *,
    landmarks: int = 15_000,
    seed: int = 0,
    params: FilmParams | None = None,
    executor: Executor | None = None,
    threads: int = 1,
    k: int = 15,
) -> LargeFilm:
    """Draw a film of many samples: landmarks as any film, all others placed among them.

    The same samples are landmarks in all frames. A placed sample's path is pulled straight as a landmark's
    is, by as much as its nearest landmarks stayed the same.

    Args:
        snapshots: Vectors `[n, d]` of the same samples; rows of missing samples are NaN. Euclidean.
        landmarks: How many samples are drawn in full.
        seed: The film's seed.
        params: How to draw.
        executor: Places chunks; None: here, one after the other. The bits are the same.
        threads: Threads for the landmarks' film; they do not change the result.
        k: Neighbours of a landmark that it is drawn by.

    Raises:
        ConfigError: Where a snapshot has no finite landmark.
    """
    made = parkable_film(
        snapshots, landmarks=landmarks, seed=seed, params=params, executor=executor, threads=threads, k=k
    )
    assert isinstance(made, LargeFilm)  # nobody asked it to stop
    return made


def parkable_film(
    snapshots: Sequence[Matrix],
    *,
    landmarks: int,
    seed: int = 0,
    params: FilmParams | None = None,
    executor: Executor | None = None,
    threads: int = 1,
    k: int = 15,
    parking: Callable[[], bool] | None = None,
    parked: ParkedLargeFilm | None = None,
) -> LargeFilm | ParkedLargeFilm:
    """As `large_film`, which can be parked.

    Args:
        snapshots: As for `large_film`, as are the arguments that are not named here.
        landmarks: How many samples are drawn in full.
        seed: The film's seed.
        params: How to draw.
        executor: Places chunks.
        threads: Threads for the landmarks' film.
        k: Neighbours of a landmark that it is drawn by.
        parking: Asked after every pass over the landmarks, and after every frame that is placed; where it
            says yes, what is returned tells where to go on.
        parked: Where the same film was parked.
    """
    from chroma.projection import kernels

    params, parked = params or FilmParams(), parked or ParkedLargeFilm()
    n = len(snapshots[-1])
    rows = choose_landmarks(snapshots[-1], landmarks, seed)
    parts = [vectors[rows] for vectors in snapshots]
    drawn: Sequence[Frame]
    if parked.drawn is None:
        graphs: list[NeighborGraph] = []
        for part in parts:
            graphs.append(neighbor_graph(part, k=k, seed=seed))
            if parking is not None and parked.landmarks is None and parking():
                return ParkedLargeFilm()  # neighbours of landmarks are soon found again
        *_, last = forming_film(
            parts, graphs, seed=seed, params=params, threads=threads, every=float("inf"),
            parking=parking, halfway=parked.landmarks,
        )  # fmt: skip
        if last.halfway is not None:
            return ParkedLargeFilm(last.halfway)
        drawn = last.frames
    else:
        drawn = list(parked.drawn)
    placing = replace(PLACING, min_dist=params.joint.min_dist)
    frames = np.full((len(snapshots), n, 2), np.nan, np.float32)
    there = np.zeros((len(snapshots), n), np.bool_)
    bonds = np.zeros((len(snapshots), n), np.float32)
    before = np.empty((0, 0), np.int32)
    done = 0
    if parked.frames is not None and parked.bonds is not None and parked.near is not None:
        done, before = len(parked.frames), parked.near
        frames[:done], bonds[:done] = parked.frames, parked.bonds
        there[:done] = [finite_rows(xy) for xy in parked.frames]
    for t, (vectors, part, xy) in enumerate(zip(snapshots, parts, drawn, strict=True)):
        if t < done:
            continue
        if parking is not None and t > done and parking():
            return ParkedLargeFilm(None, np.stack(drawn), frames[:t], bonds[:t], before)
        known = np.flatnonzero(finite_rows(part))
        if len(known) == 0:
            raise ConfigError(f"Snapshot {t} has none of the film's landmarks: leave it out of the film.")
        mine = landmarks_of(part[known], xy[known])
        starts = range(0, n, CHUNK)
        spread: Any = map if executor is None else executor.map
        placed = list(
            spread(
                place,
                [mine] * len(starts),
                [vectors[first : first + CHUNK] for first in starts],
                starts,
                [seed] * len(starts),
                [placing] * len(starts),
            )
        )
        frames[t] = np.concatenate([xy for xy, _ in placed])
        frames[t][rows] = xy
        near = np.concatenate([near for _, near in placed])
        near = np.where(near >= 0, known[near], -1).astype(np.int32)
        there[t] = finite_rows(frames[t])
        if t > 0:
            bonds[t] = kernels.jaccard(near, before) ** 2
        before = near
    bonds[:, rows] = 0  # drawn tied already
    kernels.smooth_paths(frames, there, bonds, np.float32(STRENGTH[params.stability]), 0, n)
    return LargeFilm(list(frames), rows, n)
