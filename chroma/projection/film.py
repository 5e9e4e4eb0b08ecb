"""Films: frames of the same samples in one frame of reference, drawn one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from chroma.errors import ConfigError
from chroma.projection.layout import (
    Frame,
    Layout,
    LayoutParams,
    Matrix,
    drawable,
    pca_basis,
    pca_project,
    pca_start,
    umap_layout,
)
from chroma.projection.neighbors import NeighborGraph, finite_rows

MISSING = 65_535
_STEPS = 65_534


@dataclass(frozen=True, slots=True)
class FilmParams:
    """How a film is drawn.

    Attributes:
        first: The first frame, from PCA.
        next: Every later frame, from the one before. Its learning rate is for a snapshot that changed much;
            it shrinks with the share of neighbours that changed, and where none did nothing moves.
        all_changed: Share of new neighbours from which the whole learning rate is used.
    """

    first: LayoutParams = field(default=LayoutParams(n_epochs=300, learning_rate=1.0))
    next: LayoutParams = field(default=LayoutParams(n_epochs=100, learning_rate=0.5))
    all_changed: float = 0.2


def turnover(graph: NeighborGraph, previous: NeighborGraph) -> float:
    """Share of neighbours that are new since the snapshot before, over samples in both; 1 with none."""
    both = np.flatnonzero(graph.valid & previous.valid)
    if len(both) == 0 or graph.k == 0 or previous.k == 0:
        return 1.0
    n = len(graph.valid)
    edges = both[:, None] * n + graph.indices[both]
    before = both[:, None] * n + previous.indices[both]
    return 1.0 - float(np.isin(edges, before).mean())


def next_frame(
    vectors: Matrix,
    graph: NeighborGraph,
    previous_xy: Frame | None = None,
    *,
    previous_graph: NeighborGraph | None = None,
    seed: int = 0,
    params: FilmParams | None = None,
) -> Layout:
    """Draw the next frame of a film.

    The first frame (`previous_xy` None) is drawn from PCA. A later one starts where the one before ended,
    so that frames drawn once never move when another is appended. Samples that were missing start at the mean
    of their neighbours that were there. Too few samples for neighbourhoods: PCA, turned to fit the frame
    before.

    Args:
        vectors: `[n, d]`, any float; rows of missing samples are NaN.
        graph: Their neighbor graph.
        previous_xy: float32 `[n, 2]`, the frame before, NaN where a sample was missing.
        previous_graph: The neighbor graph of the snapshot before: tells how much there is to move. Without it
            everything is taken as changed.
        seed: The film's seed.
        params: How to draw.

    Returns:
        The frame, float32 `[n, 2]`, NaN for missing samples.
    """
    params = params or FilmParams()
    if previous_xy is None or not finite_rows(previous_xy).any():
        return umap_layout(graph, pca_start(vectors, seed), params.first, seed)
    if not drawable(graph):
        return umap_layout(graph, _turned(pca_start(vectors, seed), previous_xy), params.next, seed)
    change = 1.0 if previous_graph is None else turnover(graph, previous_graph)
    rate = params.next.learning_rate * min(1.0, change / params.all_changed)
    part = replace(params.next, learning_rate=rate, n_epochs=params.next.n_epochs if rate else 0)
    return umap_layout(graph, _filled(graph, previous_xy, seed), part, seed)


def pca_film(snapshots: Sequence[Matrix], seed: int = 0) -> list[Frame]:
    """The first paint of a film: every snapshot on one PCA basis.

    The basis is that of the last snapshot, where the layer has learnt most.

    Args:
        snapshots: Vectors `[n, d]` of the same samples; rows of missing samples are NaN.
        seed: Picks the rows the basis is found from.

    Returns:
        float32 `[n, 2]` for each snapshot, NaN for missing samples.
    """
    basis = pca_basis(snapshots[-1], seed)
    return [pca_project(basis, vectors) for vectors in snapshots]


def _filled(graph: NeighborGraph, previous_xy: Frame, seed: int) -> Frame:
    """The frame before, with places for samples that were missing in it."""
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
    # Samples with the same neighbours must not start on one spot: they could not be told apart.
    apart = 0.01 * xy[known].std() * np.random.default_rng(seed).standard_normal(places.shape)
    xy[new] = places + apart
    return xy


def _turned(xy: Frame, previous_xy: Frame) -> Frame:
    """`xy` turned, mirrored and moved, never scaled, onto the frame before (orthogonal Procrustes)."""
    both = finite_rows(xy) & finite_rows(previous_xy)
    if not both.any():
        return xy
    here, there = xy[both].mean(axis=0), previous_xy[both].mean(axis=0)
    left, _, right = np.linalg.svd((xy[both] - here).T @ (previous_xy[both] - there))
    return ((xy - here) @ (left @ right) + there).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Bounds:
    """The square all frames of a film lie in: coordinate = offset + u16 / 65534 * scale."""

    offset_x: float
    offset_y: float
    scale: float


def bounds(frames: Sequence[Frame], margin: float = 0.1) -> Bounds:
    """The smallest square round all points of all frames, widened on each side by `margin` of its length.

    Raises:
        ConfigError: Where no frame has a point.
    """
    points = np.concatenate([frame[finite_rows(frame)] for frame in frames]) if frames else np.empty((0, 2))
    if len(points) == 0:
        raise ConfigError("A film needs bounds and none of its frames has a point: check the layer for NaN.")
    low, high = points.min(axis=0).astype(np.float64), points.max(axis=0).astype(np.float64)
    size = float((high - low).max()) or 1.0
    scale = size * (1 + 2 * margin)
    x, y = (low + high) / 2 - scale / 2
    return Bounds(float(x), float(y), scale)


def inside(xy: Frame, within: Bounds) -> bool:
    """Whether every point of a frame lies within the bounds; missing samples are no matter."""
    points = xy[finite_rows(xy)]
    low = np.array([within.offset_x, within.offset_y])
    return bool(((points >= low) & (points <= low + within.scale)).all())


def quantize(xy: Frame, within: Bounds) -> npt.NDArray[np.uint16]:
    """A frame for the screen: uint16 `[2 n]`, x of all samples, then y; 65535 = missing.

    Points outside the bounds are put on their edge: ask `inside` first.
    """
    unit = (xy.astype(np.float64) - (within.offset_x, within.offset_y)) / within.scale
    finite = finite_rows(unit)
    steps = np.rint(np.clip(np.where(finite[:, None], unit, 0), 0, 1) * _STEPS).astype(np.uint16)
    steps[~finite] = MISSING
    return np.ascontiguousarray(steps.T).ravel()


def dequantize(codes: npt.NDArray[np.integer[Any]], within: Bounds) -> Frame:
    """The frame `quantize` came from, to within half a step: float32 `[n, 2]`, NaN = missing."""
    steps = codes.reshape(2, -1).T
    xy = steps / _STEPS * within.scale + (within.offset_x, within.offset_y)
    return np.where(steps == MISSING, np.nan, xy).astype(np.float32)
