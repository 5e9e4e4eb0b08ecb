"""Frames drawn one at a time: all by PCA, or one more by UMAP or another package after the frame before."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from chroma.projection.arrays import has_finite_row
from chroma.projection.film import next_frame
from chroma.projection.layout import Basis, pca_basis, pca_project, pca_start
from chroma.projection.methods import drawn_by
from chroma.projection.pca_film import pca_onto
from chroma.server.jobs.film_data import FilmData
from chroma.server.store.films.frames import Xy
from chroma.server.store.tables import Snapshot

NextFrame = Callable[[Snapshot, tuple[Snapshot, Xy] | None], Xy]


def pca_frames(data: FilmData, snapshots: Sequence[Snapshot]) -> list[Xy]:
    """Lay out all frames by PCA: epochs of a layer on one basis, others each on its own, aligned to the last.

    Raises:
        JobError: There is nothing to draw.
    """
    if data.one_space:
        basis = pca_basis(data.newest_vectors(snapshots))
        return [pca_project(basis, data.vectors(snapshot)) for snapshot in snapshots]
    last = pca_start(data.newest_vectors(snapshots))
    frames: list[Xy] = []
    for snapshot in snapshots:
        vectors = data.vectors(snapshot)
        frames.append(pca_onto(vectors, last) if has_finite_row(vectors) else empty_frame(data.n))
    return frames


def kept_basis(data: FilmData, snapshots: Sequence[Snapshot], *, anew: bool) -> Basis:
    """The PCA basis of a film, kept in a file so that frames added later fit the first ones.

    Args:
        data: Of the film.
        snapshots: All that the film shows; the basis is found from the newest of them.
        anew: Find it again: no frame was drawn on the one there is.
    """
    path = f"films/{data.film.id}/basis.f64"
    known = None if anew else _read_basis(data, path)
    # One of collapsed snapshots alone has no directions: on it, all frames to come would be one place.
    if known is not None and known.components.any():
        return known
    basis = pca_basis(data.newest_vectors(snapshots), components=data.components)
    rows = np.vstack([basis.mean, basis.components]).astype("<f8")
    data.store.files.write(path, rows.tobytes())
    return Basis(rows[0], rows[1:])


def _read_basis(data: FilmData, path: str) -> Basis | None:
    kept = data.store.files.path(path, fresh=True)
    if not kept.is_file():
        return None
    rows = np.fromfile(kept, "<f8").reshape(3, -1)
    return Basis(rows[0], rows[1:])


def frame_after(data: FilmData, method: str) -> NextFrame:
    """A function that draws a snapshot by `method`, given the snapshot before and its frame, if any."""

    def draw(snapshot: Snapshot, previous: tuple[Snapshot, Xy] | None) -> Xy:
        vectors = data.vectors(snapshot)
        if not has_finite_row(vectors):
            return empty_frame(data.n)
        graph = data.graph(snapshot)
        if method != "umap":
            return drawn_by(
                method, vectors, graph, previous[1] if previous else None, params=data.film.params
            )
        if previous is None:
            return next_frame(vectors, graph, params=data.params, threads=data.threads).xy
        before, xy = previous
        before_graph = data.graph(before)
        return next_frame(
            vectors, graph, xy, previous_graph=before_graph, params=data.params, threads=data.threads
        ).xy

    return draw


def empty_frame(n: int) -> Xy:
    """A frame in which all samples are missing: float32 `[n, 2]` of NaN."""
    return np.full((n, 2), np.nan, np.float32)
