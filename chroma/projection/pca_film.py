"""A film by PCA, the preview that is shown at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chroma.errors import ConfigError
from chroma.projection.append import align
from chroma.projection.arrays import Frame, Matrix, all_equal, finite_rows, has_finite_row
from chroma.projection.layout import START_SIZE, pca_basis, pca_project, pca_start


def pca_film(snapshots: Sequence[Matrix], seed: int = 0) -> list[Frame]:
    """Draw all snapshots on the PCA basis of the last one whose rows differ, where the layer has learnt most.

    Snapshots of another width have bases of their own, and are aligned and scaled to fit.

    Args:
        snapshots: Vectors `[n, d]` of the same samples; rows of missing samples are NaN.
        seed: Picks the rows the basis is found from.

    Returns:
        float32 `[n, 2]` for each snapshot, NaN for missing samples.

    Raises:
        ConfigError: Where no snapshot has a finite row.
    """
    present = [t for t, vectors in enumerate(snapshots) if has_finite_row(vectors)]
    if not present:
        raise ConfigError(
            "A film needs at least one finite vector and there is none: check the layer for NaN."
        )
    chosen = next((t for t in reversed(present) if not all_equal(snapshots[t])), present[-1])
    newest = snapshots[chosen]
    basis = pca_basis(newest, seed)
    last = pca_project(basis, newest)
    frames: list[Frame] = []
    for t, vectors in enumerate(snapshots):
        if t == chosen:
            frames.append(last)
        elif vectors.shape[1] == len(basis.mean):
            frames.append(pca_project(basis, vectors))
        elif t in present:
            frames.append(pca_onto(vectors, last, seed))
        else:
            frames.append(np.full((len(vectors), 2), np.nan, np.float32))
    return frames


def pca_onto(vectors: Matrix, onto: Frame, seed: int = 0) -> Frame:
    """PCA of a snapshot from another space, rotated, mirrored and scaled to fit another frame.

    For snapshots of another layer or run: theirs is another space, even where it is as wide.

    Args:
        vectors: `[n, d]`, any float, at least one row finite.
        onto: float32 `[n, 2]`, of the same samples.
        seed: Picks the rows the basis is found from.

    Returns:
        float32 `[n, 2]`, NaN for missing samples.
    """
    own = pca_start(vectors, seed)
    return align(own * np.float32(_spread(onto) / (_spread(own) or 1.0)), onto)


def _spread(xy: Frame) -> float:
    known = xy[finite_rows(xy)]
    return float(np.sqrt(((known - known.mean(axis=0)) ** 2).sum(axis=1).mean()))


def sized(xy: Frame) -> Frame:
    """A frame as large as a start for `umap_layout`."""
    known = np.abs(xy[finite_rows(xy)])
    size = known.max() if known.size else 0.0
    return xy * np.float32(START_SIZE / size) if size > 0 else xy
