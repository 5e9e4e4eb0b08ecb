"""The film job: a PCA preview at once, then UMAP frame after frame, each kept as soon as it is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from chroma.errors import JobError
from chroma.projection.film import next_frame
from chroma.projection.layout import Basis, pca_basis, pca_project
from chroma.projection.neighbors import NeighborGraph, neighbor_graph
from chroma.projection.quality import continuity, neighborhood_hit, trustworthiness
from chroma.server.jobs.drawing import Drawing, Drawn, FilmGoneError, changing
from chroma.server.store import films
from chroma.server.store import frames as stored
from chroma.server.store.blobs import Store
from chroma.server.store.classes import label_codes
from chroma.server.store.engine import Engine, reading
from chroma.server.store.films import Shot
from chroma.server.store.frames import Xy
from chroma.server.store.graphs import METRIC, K, find_graph, place_rows, save_graph
from chroma.server.store.samples import SampleTable, split_samples
from chroma.server.store.tables import Snapshot
from chroma.server.store.vectors import snapshot_vectors

Matrix = npt.NDArray[np.floating[Any]]


class Turn(Protocol):
    """What a job tells its worker, and asks it."""

    def advance(self, progress: float, message: str) -> None:
        """Say how far the job is; raises where another worker has taken it."""
        ...

    def pause(self) -> bool:
        """Whether to stop here, so that another job gets its turn; what is drawn stays."""
        ...


def draw_film(engine: Engine, store: Store, film_id: str, turn: Turn) -> bool:
    """Draw what is missing of a film, frame by frame.

    Args:
        engine: Of the catalog.
        store: Of the files.
        film_id: Which film.
        turn: The worker.

    Returns:
        True when nothing is left to do, False when the job paused.

    Raises:
        JobError: The film cannot be drawn; the sentence says why.
    """
    with reading(engine) as session:
        film = films.living_film(session, film_id)
        if film is None:
            return True
        shot = films.load_shot(session, film)
        table = split_samples(session, store, shot.split)
    if not shot.snapshots:
        raise JobError(
            f"layer {shot.layer.name!r} has no snapshot of split {shot.split.name!r} yet; "
            "the film is drawn when there is one"
        )
    painter = _Painter(engine, store, shot, table)
    try:
        drawing = Drawing(engine, store, film, shot.snapshots, len(table))
        if film.method == "pca":
            return _draw_pca(painter, drawing, turn)
        return _draw_umap(painter, drawing, turn)
    except FilmGoneError:
        return True


def _draw_pca(painter: _Painter, drawing: Drawing, turn: Turn) -> bool:
    basis = painter.kept_basis(drawing)
    drawn: list[Drawn] = []
    for index, snapshot in enumerate(drawing.wanted):
        if index not in drawing.frames:
            turn.advance(index / len(drawing.wanted), f"PCA frame {index + 1} of {len(drawing.wanted)}")
            vectors = painter.vectors(snapshot)
            xy = pca_project(basis, vectors)
            drawn.append(Drawn(index, snapshot, xy, painter.quality(vectors, xy)))
    if drawn:
        drawing.add(drawn)
    drawing.show()
    return True


def _draw_umap(painter: _Painter, drawing: Drawing, turn: Turn) -> bool:
    if drawing.shown:
        painter.drop_preview()
    else:
        painter.first_paint(drawing.wanted, turn)
    previous: tuple[Snapshot, Xy] | None = None
    total = len(drawing.wanted)
    for index, snapshot in enumerate(drawing.wanted):
        if index in drawing.frames:
            xy = drawing.xy(index)
        else:
            turn.advance(len(drawing.frames) / total, f"UMAP frame {index + 1} of {total}")
            vectors = painter.vectors(snapshot)
            xy = painter.umap(snapshot, vectors, previous)
            drawing.add([Drawn(index, snapshot, xy, painter.quality(vectors, xy))])
            if drawing.covers():
                drawing.show()
            if len(drawing.frames) < total and turn.pause():
                return False
        if np.isfinite(xy).all(axis=1).any():
            previous = (snapshot, xy)
    drawing.show()
    return True


class _Painter:
    """Reads snapshots in film order and draws single frames."""

    def __init__(self, engine: Engine, store: Store, shot: Shot, table: SampleTable) -> None:
        self._engine = engine
        self._store = store
        self._shot = shot
        self._table = table
        self._n = len(table)
        self._labels = label_codes(table)

    def vectors(self, snapshot: Snapshot) -> Matrix:
        """The vectors of a snapshot in film order; rows of samples it lacks are NaN."""
        with reading(self._engine) as session:
            found = snapshot_vectors(session, self._store, snapshot)
        rows = self._table.positions(found.ids)
        if np.array_equal(rows, np.arange(self._n)):
            return found.vectors
        whole = np.full((self._n, found.vectors.shape[1]), np.nan, found.vectors.dtype)
        whole[rows[::-1]] = found.vectors[::-1]  # the first part of a sample stands for it
        return whole

    def umap(self, snapshot: Snapshot, vectors: Matrix, previous: tuple[Snapshot, Xy] | None) -> Xy:
        """The next UMAP frame after `previous`."""
        if not _has_points(vectors):  # training diverged here: a frame without points
            return np.full((self._n, 2), np.nan, np.float32)
        graph = self._graph(snapshot)
        if previous is None:
            return next_frame(vectors, graph).xy
        before, xy = previous
        return next_frame(vectors, graph, xy, previous_graph=self._graph(before)).xy

    def quality(self, vectors: Matrix, xy: Xy) -> dict[str, Any]:
        """How far a frame can be trusted, under the names of the catalog."""
        trust = trustworthiness(vectors, xy, k=K, metric=METRIC)
        figures: dict[str, Any] = {
            "trustworthiness": trust.value,
            "continuity": continuity(vectors, xy, k=K, metric=METRIC).value,
            "quality_n": trust.n,
        }
        if self._labels is not None:
            figures["neighborhood_hit"] = neighborhood_hit(xy, self._labels, k=K).value
        return figures

    def first_paint(self, wanted: Sequence[Snapshot], turn: Turn) -> None:
        """All frames by PCA on one basis, without quality figures; once for the same snapshots."""
        with reading(self._engine) as session:
            if stored.is_painted(session, self._shot.film, wanted):
                return
        turn.advance(0.0, "first paint")
        basis = self._basis(wanted)
        frames = [pca_project(basis, self.vectors(snapshot)) for snapshot in wanted]
        with changing(self._engine, self._shot.film.id) as (session, film):
            stored.drop_previews(session, self._store, film.id)
            within = stored.square(frames)
            revision = stored.add_revision(session, film.id, "pca", within, preview=True)
            for index, (snapshot, xy) in enumerate(zip(wanted, frames, strict=True)):
                stored.add_frame(
                    session, self._store, revision, index=index, snapshot=snapshot, xy=xy, quality={}
                )
            film.n = self._n
        turn.advance(0.0, f"first paint of {len(wanted)} frames is there, UMAP begins")

    def drop_preview(self) -> None:
        """Remove the first paint of a film that is drawn."""
        with changing(self._engine, self._shot.film.id) as (session, film):
            stored.drop_previews(session, self._store, film.id)

    def kept_basis(self, drawing: Drawing) -> Basis:
        """The PCA basis of a drawing, kept in a file so that frames added later fit the first ones."""
        path = f"films/{self._shot.film.id}/basis.f64"
        if not drawing.frames or not self._store.path(path).is_file():
            basis = self._basis(drawing.wanted)
            self._store.write(path, np.vstack([basis.mean, basis.components]).astype("<f8").tobytes())
        rows = np.fromfile(self._store.path(path), "<f8").reshape(3, -1)
        return Basis(rows[0], rows[1:])

    def _basis(self, snapshots: Sequence[Snapshot]) -> Basis:
        """The PCA basis of the last snapshot that has points."""
        for snapshot in reversed(snapshots):
            vectors = self.vectors(snapshot)
            if _has_points(vectors):
                return pca_basis(vectors)
        raise JobError(
            f"no vector of layer {self._shot.layer.name!r} in split {self._shot.split.name!r} is finite, so "
            "there is nothing to draw; look for NaN in the model's loss and weights"
        )

    def _graph(self, snapshot: Snapshot) -> NeighborGraph:
        """The stored neighbor graph of a snapshot, computed where there is none, in film order."""
        with reading(self._engine) as session:
            graph = find_graph(session, self._store, snapshot)
            found = snapshot_vectors(session, self._store, snapshot)
        rows = self._table.positions(found.ids)
        if len(np.unique(rows)) < len(rows):  # several parts of one sample: the film shows the first
            return neighbor_graph(self.vectors(snapshot), k=K, metric=METRIC)
        if graph is None:
            graph = neighbor_graph(found.vectors, k=K, metric=METRIC)
            with changing(self._engine, self._shot.film.id) as (session, _):
                save_graph(session, self._store, snapshot, graph)
        return place_rows(graph, rows, self._n)


def _has_points(vectors: Matrix) -> bool:
    return bool(np.isfinite(vectors).all(axis=1).any())
