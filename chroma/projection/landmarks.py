"""Large films: landmarks are drawn as any film, all other samples are placed among them, chunk by chunk.

A chunk is a pure function of picklable arguments, so that any `concurrent.futures.Executor` can run it, and
its result does not depend on how the samples are cut into chunks. Cost grows linearly with the number of
samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chroma.errors import ConfigError
from chroma.projection.append import STRENGTH, FilmParams
from chroma.projection.arrays import Frame, Matrix, blocks, finite_rows, squared_lengths
from chroma.projection.cells import Cells, build_cells, search_cells
from chroma.projection.film import draw_film
from chroma.projection.layout import LayoutParams
from chroma.projection.neighbors import neighbor_graph
from chroma.projection.optimiser import curve

# Samples placed among this many nearest landmarks.
_NEAR = 15
_CHUNK = 25_000
# Passes of a placed sample, and its step size: umap-learn's transform takes a quarter of the full step too.
_PLACING = LayoutParams(n_epochs=30, learning_rate=0.25, negative_sample_rate=5)


@dataclass(frozen=True, slots=True)
class Landmarks:
    """Landmarks of one snapshot and where they are drawn.

    Attributes:
        cells: Their vectors, to be searched.
        shift: float32 `[d]`: taken from vectors before the search.
        unit: What they are then divided by.
        xy: float32 `[m, 2]`.
    """

    cells: Cells
    shift: npt.NDArray[np.float32]
    unit: np.float32
    xy: Frame


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


def choose_landmarks(vectors: Matrix, count: int, seed: int = 0) -> npt.NDArray[np.int64]:
    """Pick samples that cover the space: fewer where samples lie close, more where they lie apart.

    From up to four times as many candidates, drawn evenly, each is taken with a chance in proportion to its
    distance to the nearest of 256 reference samples (density-aware sampling by the nearest-neighbour
    distance).

    Args:
        vectors: `[n, d]`, any float; rows that are not finite are never picked.
        count: How many; all finite rows where there are no more.
        seed: Picks candidates, references and landmarks.

    Returns:
        int64 `[m]`, ascending.
    """
    from threadpoolctl import threadpool_limits

    random = np.random.default_rng(seed)
    known = np.flatnonzero(finite_rows(vectors))
    if len(known) <= count:
        return known
    candidates = random.choice(known, min(len(known), 4 * count), replace=False)
    references = vectors[random.choice(known, min(len(known), 256), replace=False)].astype(np.float32)
    squares = squared_lengths(references)
    far = np.empty(len(candidates))
    for rows in blocks(len(candidates), 1, _CHUNK):
        part = vectors[candidates[rows]].astype(np.float32)
        with threadpool_limits(1):  # the order of a sum would depend on how many threads share it
            products = part @ references.T
        gaps = squares - 2 * products + squared_lengths(part)[:, None]
        far[rows] = np.sqrt(np.maximum(np.partition(gaps, 1, axis=1)[:, 1], 0))
    # The largest of u^(1/w) is a weighted sample without replacement (Efraimidis & Spirakis 2006).
    weight = np.maximum(far, 1e-3 * (far.mean() or 1.0))
    keys = np.log(random.random(len(candidates))) / weight
    return np.sort(candidates[np.argpartition(keys, -count)[-count:]])


def landmarks_of(vectors: Matrix, xy: Frame) -> Landmarks:
    """Index drawn landmarks, so that other samples can be placed among them.

    Args:
        vectors: `[m, d]`, any float, finite.
        xy: float32 `[m, 2]`, finite.
    """
    points = vectors.astype(np.float32)
    shift = points.mean(axis=0)
    points -= shift
    unit = np.abs(points).max() or np.float32(1)
    points /= unit
    return Landmarks(build_cells(points, min(_NEAR, len(points) - 1)), shift, unit, xy)


def place(
    landmarks: Landmarks, vectors: Matrix, first: int = 0, seed: int = 0
) -> tuple[Frame, npt.NDArray[np.int32]]:
    """Place samples among landmarks: at the mean of the nearest, by membership, then optimised for 30 passes.

    A pure function of picklable arguments: the unit of work for an executor. One thread.

    Args:
        landmarks: Of the snapshot.
        vectors: `[n, d]`, any float; rows that are not finite stay missing.
        first: The first row's number in the snapshot: chunks then give the same bits as the whole.
        seed: The film's seed.

    Returns:
        float32 `[n, 2]`, NaN for missing samples; and int32 `[n, k]`, the nearest landmarks, -1 for those.
    """
    from chroma.projection import kernels

    rows = np.flatnonzero(finite_rows(vectors))
    k = min(_NEAR, len(landmarks.xy))
    xy = np.full((len(vectors), 2), np.nan, np.float32)
    near = np.full((len(vectors), k), -1, np.int32)
    if len(rows) == 0:
        return xy, near
    # Beyond ten times the landmarks' reach all is equally far.
    points = np.clip((vectors[rows].astype(np.float32) - landmarks.shift) / landmarks.unit, -10, 10)
    near[rows], distances = search_cells(landmarks.cells, k, points)
    weights = kernels.memberships(distances, max(np.log2(k + 1.0) - 1, 1.0))
    # Random numbers follow the row's number in the snapshot, so missing rows are counted too.
    start = np.zeros((len(vectors), 2), np.float32)
    start[rows] = np.einsum(
        "ij,ijk->ik", weights / weights.sum(axis=1, keepdims=True), landmarks.xy[near[rows]]
    )
    shares = np.zeros(near.shape, np.float32)
    shares[rows] = weights
    mixed = int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0] >> np.uint64(1))
    pull, push = kernels.forces(*curve(_PLACING.min_dist))
    kernels.optimise_placed(
        start, landmarks.xy, near, shares, pull, push, np.float32(_PLACING.learning_rate),
        _PLACING.epochs(len(start)), mixed, _PLACING.negative_sample_rate, first,
    )  # fmt: skip
    xy[rows] = start[rows]
    return xy, near


def large_film(
    snapshots: Sequence[Matrix],
    *,
    landmarks: int = 15_000,
    seed: int = 0,
    params: FilmParams | None = None,
    executor: Executor | None = None,
    threads: int = 1,
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

    Raises:
        ConfigError: Where a snapshot has no finite landmark.
    """
    from chroma.projection import kernels

    params = params or FilmParams()
    n = len(snapshots[-1])
    rows = choose_landmarks(snapshots[-1], landmarks, seed)
    parts = [vectors[rows] for vectors in snapshots]
    graphs = [neighbor_graph(part, seed=seed) for part in parts]
    drawn = draw_film(parts, graphs, seed=seed, params=params, threads=threads)
    frames = np.full((len(snapshots), n, 2), np.nan, np.float32)
    there = np.zeros((len(snapshots), n), np.bool_)
    bonds = np.zeros((len(snapshots), n), np.float32)
    before = np.empty((0, 0), np.int32)
    for t, (vectors, part, xy) in enumerate(zip(snapshots, parts, drawn, strict=True)):
        known = np.flatnonzero(finite_rows(part))
        if len(known) == 0:
            raise ConfigError(f"Snapshot {t} has none of the film's landmarks: leave it out of the film.")
        mine = landmarks_of(part[known], xy[known])
        starts = range(0, n, _CHUNK)
        spread: Any = map if executor is None else executor.map
        placed = list(
            spread(
                place,
                [mine] * len(starts),
                [vectors[first : first + _CHUNK] for first in starts],
                starts,
                [seed] * len(starts),
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
