"""One frame in three dimensions, to be turned: by PCA, or by UMAP."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from chroma.errors import ConfigError
from chroma.projection.append import align
from chroma.projection.arrays import Frame, Matrix, finite_rows
from chroma.projection.equal import merge_equal
from chroma.projection.layout import START_SIZE, apart, drawable, pca_basis
from chroma.projection.methods import umap_learn_layout
from chroma.projection.neighbors import NeighborGraph
from chroma.projection.optimiser import LayoutParams

Space = npt.NDArray[np.float32]  # `[n, 3]`, NaN for missing samples


def pca_space(vectors: Matrix, seed: int = 0) -> Space:
    """The three directions of greatest variance.

    Args:
        vectors: `[n, d]`, any float; rows of missing samples are NaN.
        seed: Picks the rows the directions are found from.

    Returns:
        float32 `[n, 3]`, NaN for missing samples; 0 along directions without variance.

    Raises:
        ConfigError: No row is finite.
    """
    basis = pca_basis(vectors, seed, components=(0, 1, 2))
    xyz = np.full((len(vectors), 3), np.nan, np.float32)
    there = finite_rows(vectors)
    xyz[there] = (vectors[there].astype(np.float64) - basis.mean) @ basis.components.T
    return xyz


def umap_space(
    vectors: Matrix, graph: NeighborGraph, min_dist: float = LayoutParams().min_dist, seed: int = 0
) -> Space:
    """UMAP in three dimensions, by umap-learn's optimiser on our neighbor graph (McInnes et al. 2018).

    Args:
        vectors: `[n, d]`, any float; rows of missing samples are NaN.
        graph: Their neighbor graph.
        min_dist: How close neighbours are drawn.
        seed: Makes the result reproducible.

    Returns:
        float32 `[n, 3]`, NaN for missing samples; PCA where there are too few for neighbourhoods.
    """
    start = pca_space(vectors, seed)
    size = float(np.nanmax(np.abs(start)))
    if not drawable(graph) or size <= 0:
        return start
    begun = apart(start * np.float32(START_SIZE / size), seed)
    layout = LayoutParams(negative_sample_rate=5, min_dist=min_dist)
    return merge_equal(graph, umap_learn_layout(graph, begun, layout, seed))


def turned_to(xyz: Space, xy: Frame) -> Space:
    """Turn, mirror and scale a space so that its front is as near to a frame as can be.

    Args:
        xyz: float32 `[n, 3]`, NaN for missing samples.
        xy: float32 `[n, 2]`, the frame on the screen.

    Returns:
        float32 `[n, 3]` about 0, largest coordinate 1, NaN for missing samples.

    Raises:
        ConfigError: Every sample is missing.
    """
    there = finite_rows(xyz)
    if not there.any():
        raise ConfigError("None of the samples has a place, so there is nothing to turn: look for NaN.")
    front = np.column_stack([xy, np.zeros(len(xy), np.float32)]).astype(np.float32)
    known = finite_rows(front) & there
    if known.any():
        front[known] -= front[known].mean(axis=0)
        xyz = align(xyz, front)
    xyz = xyz - xyz[there].mean(axis=0)
    size = np.abs(xyz[there]).max()
    return (xyz / size if size > 0 else xyz).astype(np.float32)
