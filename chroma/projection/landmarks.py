"""Landmarks: samples that are drawn in full, and how the others are placed among them, chunk by chunk.

A chunk is a pure function of picklable arguments, so that any `concurrent.futures.Executor` can run it, and
its result does not depend on how the samples are cut into chunks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chroma.projection.arrays import Frame, Matrix, blocks, finite_rows, squared_lengths
from chroma.projection.cells import Cells, build_cells, search_cells
from chroma.projection.layout import LayoutParams
from chroma.projection.optimiser import curve

# Samples placed among this many nearest landmarks.
_NEAR = 15
CHUNK = 25_000
# Passes of a placed sample, and its step size: umap-learn's transform takes a quarter of the full step too.
PLACING = LayoutParams(n_epochs=30, learning_rate=0.25, negative_sample_rate=5)


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
    for rows in blocks(len(candidates), 1, CHUNK):
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
    landmarks: Landmarks, vectors: Matrix, first: int = 0, seed: int = 0, params: LayoutParams = PLACING
) -> tuple[Frame, npt.NDArray[np.int32]]:
    """Place samples among landmarks: at the mean of the nearest, by membership, then optimised for 30 passes.

    A pure function of picklable arguments: the unit of work for an executor. One thread.

    Args:
        landmarks: Of the snapshot.
        vectors: `[n, d]`, any float; rows that are not finite stay missing.
        first: The first row's number in the snapshot: chunks then give the same bits as the whole.
        seed: The film's seed.
        params: How they are optimised.

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
    pull, push = kernels.forces(*curve(params.min_dist))
    kernels.optimise_placed(
        start, landmarks.xy, near, shares, pull, push, np.float32(params.learning_rate),
        params.epochs(len(start)), mixed, params.negative_sample_rate, first,
    )  # fmt: skip
    xy[rows] = start[rows]
    return xy, near
