"""Draws frames from stored snapshots, whose vectors and neighbor graphs it reads in film order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from chroma.errors import JobError
from chroma.insight.motion import Motion, motion, stress
from chroma.insight.quality import continuity, neighborhood_hit, trustworthiness
from chroma.projection.film import next_frame
from chroma.projection.layout import Basis, pca_basis, pca_project, pca_start
from chroma.projection.methods import drawn_by
from chroma.projection.neighbors import NeighborGraph, has_finite_row, neighbor_graph
from chroma.projection.paint import pca_onto
from chroma.server.jobs.drawing import Drawing, changing
from chroma.server.store.catalog import Store
from chroma.server.store.films import frames as stored
from chroma.server.store.films.frames import Xy
from chroma.server.store.films.logged_coordinates import logged_xy
from chroma.server.store.films.points import Points
from chroma.server.store.films.sources import FilmSource
from chroma.server.store.samples.classes import label_codes
from chroma.server.store.snapshots.neighbor_graphs import METRIC, K, find_graph, place_rows, save_graph
from chroma.server.store.snapshots.vectors import snapshot_vectors
from chroma.server.store.tables import COORDINATES, Snapshot

Matrix = npt.NDArray[np.floating[Any]]

# From this many samples a film is drawn by landmarks, and its movement measured among so many samples.
LARGE = 50_000
_MEASURED = 5_000


class Painter:
    """Reads the snapshots of one film and draws single frames.

    Args:
        store: Of the home.
        source: The film and its snapshots.
        points: Its points, in film order.
        threads: Threads to draw with; they do not change the result.
        workers: Processes for the chunks of large films; they do not change it either.
    """

    def __init__(
        self,
        store: Store,
        source: FilmSource,
        points: Points,
        *,
        threads: int = 1,
        workers: int = 1,
    ) -> None:
        self._store = store
        self._source = source
        self._points = points
        labels = label_codes(points.table)
        self._labels = None if labels is None else labels[points.positions]
        self.n = len(points)
        self.threads = threads
        self.workers = workers

    @property
    def large(self) -> bool:
        """Whether there are too many samples to draw each in full."""
        return self.n > LARGE

    def vectors(self, snapshot: Snapshot) -> Matrix:
        """The vectors of a snapshot in film order; rows of samples it lacks are NaN."""
        with self._store.reading() as catalog:
            found = snapshot_vectors(catalog, snapshot)
        rows = self._points.rows(found.ids)
        if np.array_equal(rows, np.arange(self.n)):
            return found.vectors
        whole = np.full((self.n, found.vectors.shape[1]), np.nan, found.vectors.dtype)
        here = np.flatnonzero(rows >= 0)[::-1]  # the first part of a sample stands for it
        whole[rows[here]] = found.vectors[here]
        return whole

    def graph(self, snapshot: Snapshot) -> NeighborGraph:
        """The stored neighbor graph of a snapshot's points, computed where there is none, in film order."""
        with self._store.reading() as catalog:
            found = snapshot_vectors(catalog, snapshot)
        rows = self._points.rows(found.ids)
        here = np.flatnonzero(rows >= 0)
        film, vectors, rows = self._source.film, found.vectors[here], rows[here]
        if not has_points(vectors):  # training diverged here, or none of the film's samples is in it
            return _no_neighbors(self.n)
        if len(np.unique(rows)) < len(rows):  # several parts of one sample: the film shows the first
            return neighbor_graph(self.vectors(snapshot), k=K, metric=METRIC, threads=self.threads)
        # Neighbours are looked for among the film's samples only.
        subset = film.subset or ("" if len(here) == len(found.ids) else film.split_id)
        with self._store.reading() as catalog:
            graph = find_graph(catalog, snapshot, subset)
        if graph is None or len(graph.valid) != len(rows):
            graph = neighbor_graph(vectors, k=K, metric=METRIC, threads=self.threads)
            with changing(self._store, film.id) as (catalog, _):
                save_graph(catalog, snapshot, graph, subset)
        return place_rows(graph, rows, self.n)

    def next_umap(self, snapshot: Snapshot, previous: tuple[Snapshot, Xy] | None) -> Xy:
        """One more UMAP frame after `previous`."""
        vectors = self.vectors(snapshot)
        if not has_points(vectors):
            return no_points(self.n)
        graph = self.graph(snapshot)
        if previous is None:
            return next_frame(vectors, graph, threads=self.threads).xy
        before, xy = previous
        return next_frame(vectors, graph, xy, previous_graph=self.graph(before), threads=self.threads).xy

    def by(self, method: str) -> Callable[[Snapshot, tuple[Snapshot, Xy] | None], Xy]:
        """What draws one more frame after `previous` by a method of `chroma.projection.methods`."""

        def draw(snapshot: Snapshot, previous: tuple[Snapshot, Xy] | None) -> Xy:
            vectors = self.vectors(snapshot)
            if not has_points(vectors):
                return no_points(self.n)
            return drawn_by(method, vectors, self.graph(snapshot), previous[1] if previous else None)

        return draw

    def logged(self, snapshot: Snapshot) -> Xy:
        """The coordinates that were logged for a snapshot, in film order."""
        with self._store.reading() as catalog:
            return logged_xy(catalog, snapshot, self._points)

    def quality(self, snapshot: Snapshot, xy: Xy) -> dict[str, Any]:
        """How far a frame can be trusted, under the names of the catalog.

        Coordinates without vectors keep or lose nothing: only their labels can be asked.
        """
        if snapshot.status == COORDINATES:
            hit = None if self._labels is None else neighborhood_hit(xy, self._labels, k=K).value
            return {"quality_n": 0, "neighborhood_hit": hit}
        vectors = self.vectors(snapshot)
        trust = trustworthiness(vectors, xy, k=K, metric=METRIC)
        figures: dict[str, Any] = {
            "trustworthiness": trust.value,
            "continuity": continuity(vectors, xy, k=K, metric=METRIC).value,
            "quality_n": trust.n,
        }
        if self._labels is not None:
            figures["neighborhood_hit"] = neighborhood_hit(xy, self._labels, k=K).value
        if has_points(vectors):
            lost = stress(vectors, xy, pca_project(pca_basis(vectors), vectors))
            if lost is not None:
                figures |= {"stress": lost.value, "stress_pca": lost.pca}
        return figures

    def motion(self, snapshots: Sequence[Snapshot], frames: Sequence[Xy]) -> Motion | None:
        """How a film moves; of many samples, on some that are spread evenly. None: there are no vectors."""
        if any(snapshot.status == COORDINATES for snapshot in snapshots):
            return None
        if not self.large:
            return motion(frames, [self.graph(snapshot) for snapshot in snapshots])
        rows = np.unique(np.linspace(0, self.n - 1, _MEASURED).astype(np.int64))
        parts = [self.vectors(snapshot)[rows] for snapshot in snapshots]
        graphs = [neighbor_graph(part) if has_points(part) else _no_neighbors(len(rows)) for part in parts]
        return motion([xy[rows] for xy in frames], graphs)

    def first_paint(self, wanted: Sequence[Snapshot]) -> bool:
        """All frames by PCA, without quality figures; once for the same snapshots.

        Returns:
            Whether they were painted now.
        """
        with self._store.reading() as catalog:
            if stored.is_painted(catalog, self._source.film, wanted):
                return False
        frames = self.painted(wanted)
        with changing(self._store, self._source.film.id) as (catalog, film):
            stored.drop_previews(catalog, film.id)
            revision = stored.add_revision(catalog, film.id, "pca", stored.square(frames), preview=True)
            stored.add_frames(catalog, revision, wanted, frames)
            film.n = self.n
        return True

    def painted(self, wanted: Sequence[Snapshot]) -> list[Xy]:
        """All frames by PCA: epochs of a layer on one basis, others each on its own, turned to fit the last.

        Raises:
            JobError: There is nothing to draw.
        """
        if self.one_space:
            basis = self._basis(wanted)
            return [pca_project(basis, self.vectors(snapshot)) for snapshot in wanted]
        last = pca_start(self._last(wanted))
        frames: list[Xy] = []
        for snapshot in wanted:
            vectors = self.vectors(snapshot)
            frames.append(pca_onto(vectors, last) if has_points(vectors) else no_points(self.n))
        return frames

    @property
    def one_space(self) -> bool:
        """Whether the axes of all snapshots mean the same: those of one layer of one run do."""
        return self._source.film.axis == "epochs"

    def show_forming(self, wanted: Sequence[Snapshot], frames: Sequence[Xy]) -> None:
        """Put a state of a film on its way on the screen; it takes the place of the state before the last."""
        with changing(self._store, self._source.film.id) as (catalog, film):
            stored.drop_previews(catalog, film.id, but_newest=True)
            revision = stored.add_revision(
                catalog, film.id, film.method, stored.square(frames), preview=True, forming=True
            )
            stored.add_frames(catalog, revision, wanted, frames)

    def drop_previews(self) -> None:
        """Remove the first paint of a film that is drawn."""
        with changing(self._store, self._source.film.id) as (catalog, film):
            stored.drop_previews(catalog, film.id)

    def kept_basis(self, drawing: Drawing) -> Basis:
        """The PCA basis of a drawing, kept in a file so that frames added later fit the first ones."""
        path = f"films/{self._source.film.id}/basis.f64"
        if not drawing.frames or not self._store.files.path(path).is_file():
            basis = self._basis(drawing.wanted)
            self._store.files.write(path, np.vstack([basis.mean, basis.components]).astype("<f8").tobytes())
        rows = np.fromfile(self._store.files.path(path), "<f8").reshape(3, -1)
        return Basis(rows[0], rows[1:])

    def _basis(self, snapshots: Sequence[Snapshot]) -> Basis:
        """The PCA basis of the last snapshot that has points."""
        return pca_basis(self._last(snapshots))

    def _last(self, snapshots: Sequence[Snapshot]) -> Matrix:
        """The vectors of the last snapshot that has points."""
        for snapshot in reversed(snapshots):
            vectors = self.vectors(snapshot)
            if has_points(vectors):
                return vectors
        raise JobError(
            f"no vector of {self._source.subject} in split {self._source.split.name!r} is finite, so "
            "there is nothing to draw; look for NaN in the model's loss and weights"
        )


def has_points(vectors: Matrix) -> bool:
    """Whether a snapshot has a row to draw."""
    return has_finite_row(vectors)


def no_points(n: int) -> Xy:
    """A frame without points."""
    return np.full((n, 2), np.nan, np.float32)


def _no_neighbors(n: int) -> NeighborGraph:
    return NeighborGraph(
        np.full((n, K), -1, np.int32),
        np.full((n, K), np.nan, np.float32),
        METRIC,
        K,
        K,
        None,
        np.zeros(n, bool),
        0,
    )
