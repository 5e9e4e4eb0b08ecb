"""What a film is drawn from: vectors, neighbor graphs and logged coordinates, each in the film's order."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np

from chroma.errors import JobError, SegmentError
from chroma.projection.arrays import Matrix, all_equal, has_finite_row
from chroma.projection.film import FilmParams
from chroma.projection.neighbors import NeighborGraph, neighbor_graph
from chroma.projection.parameters import components, film_params
from chroma.server.jobs.revision_builder import editing
from chroma.server.store.catalog import Store
from chroma.server.store.films.film_request import LARGE
from chroma.server.store.films.frames import Xy
from chroma.server.store.films.joint_splits import members, subset_of
from chroma.server.store.films.logged_coordinates import LOGGED, logged_xy
from chroma.server.store.films.points import Points
from chroma.server.store.films.sources import FilmSource
from chroma.server.store.samples.classes import label_codes
from chroma.server.store.snapshots.neighbor_graphs import METRIC, K, find_graph, place_rows, save_graph
from chroma.server.store.snapshots.vectors import check_files, snapshot_vectors
from chroma.server.store.tables import COORDINATES, Film, Snapshot

logger = logging.getLogger("chroma.worker")


class FilmData:
    """Reads the snapshots of one film; rows are the film's points, in their order.

    Args:
        store: Of the home.
        source: The film and its snapshots.
        points: Its points.
        threads: Threads for neighbours and layouts; they do not change the result.
        workers: Processes for the chunks of large films; they do not change it either.

    Attributes:
        film: Which film.
        n: Number of points.
        labels: Label of each point as a code, -1 where it has none; None: the split is not labelled.
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
        self.store = store
        self._source = source
        self._points = points
        codes = label_codes(points.table)
        self.labels = None if codes is None else codes[points.positions]
        self.n = len(points)
        self.threads = threads
        self.workers = workers

    @property
    def film(self) -> Film:
        return self._source.film

    @property
    def params(self) -> FilmParams:
        """How the film is drawn by UMAP."""
        return film_params(self.film.params)

    @property
    def components(self) -> tuple[int, int]:
        """The directions that the film is drawn on by PCA."""
        return components(self.film.params)

    @property
    def k(self) -> int:
        """Neighbours of a sample that the film is drawn by."""
        given = self.film.params if self.film.method in ("umap", "umap-learn") else None
        return int((given or {}).get("n_neighbors", K))

    @property
    def large(self) -> bool:
        """Whether there are too many samples to lay out each by itself."""
        return self.n > LARGE

    @property
    def one_space(self) -> bool:
        """Whether one PCA basis serves all snapshots: true for the epochs of one layer."""
        return self.film.axis == "epochs"

    def vectors(self, snapshot: Snapshot) -> Matrix:
        """The vectors of a snapshot, `[n, d]`; rows of samples it lacks are NaN."""
        if self._points.parts:
            return self._joint_vectors(snapshot)
        with self.store.reading() as catalog:
            found = snapshot_vectors(catalog, snapshot)
        rows = self._points.rows(found.ids)
        if np.array_equal(rows, np.arange(self.n)):
            return found.vectors
        whole = np.full((self.n, found.vectors.shape[1]), np.nan, found.vectors.dtype)
        here = np.flatnonzero(rows >= 0)[::-1]  # of several parts of a sample the first is written last
        whole[rows[here]] = found.vectors[here]
        return whole

    def _joint_vectors(self, snapshot: Snapshot) -> Matrix:
        """Of all splits, one after the other."""
        with self.store.reading() as catalog:
            found = [
                (member.split_id, snapshot_vectors(catalog, member))
                for member in members(catalog, self.film, snapshot)
            ]
        kind = np.result_type(*(part.vectors.dtype for _, part in found))
        whole = np.full((self.n, found[0][1].vectors.shape[1]), np.nan, kind)
        for split_id, part in found:
            rows = self._points.rows_of(split_id, part.ids)
            here = np.flatnonzero(rows >= 0)[::-1]  # of several parts of a sample the first is written last
            whole[rows[here]] = part.vectors[here]
        return whole

    def _joint_graph(self, snapshot: Snapshot) -> NeighborGraph:
        vectors = self.vectors(snapshot)
        if not has_finite_row(vectors):
            return empty_graph(self.n, self.k)
        subset = subset_of(self.film)
        with self.store.reading() as catalog:
            graph = find_graph(catalog, snapshot, subset, self.k)
        if graph is None or len(graph.valid) != self.n:
            graph = neighbor_graph(vectors, k=self.k, metric=METRIC, threads=self.threads)
            with editing(self.store, self.film.id) as (catalog, _):
                save_graph(catalog, snapshot, graph, subset)
        return graph

    def newest_vectors(self, snapshots: Sequence[Snapshot]) -> Matrix:
        """The vectors of the last snapshot whose finite rows differ; if none do, of the last that has one.

        Raises:
            JobError: None has a finite row.
        """
        collapsed: Matrix | None = None
        for snapshot in reversed(snapshots):
            vectors = self.vectors(snapshot)
            if not all_equal(vectors):
                return vectors
            if collapsed is None and has_finite_row(vectors):
                collapsed = vectors
        if collapsed is not None:
            return collapsed
        raise JobError(
            f"no vector of {self._source.subject} in split {self._source.splits} is finite, so "
            "there is nothing to draw; look for NaN in the model's loss and weights"
        )

    def graph(self, snapshot: Snapshot) -> NeighborGraph:
        """The neighbor graph of a snapshot; computed and stored where there is none yet.

        Neighbours are looked for among the film's samples only.
        """
        if self._points.parts:
            return self._joint_graph(snapshot)
        with self.store.reading() as catalog:
            found = snapshot_vectors(catalog, snapshot)
        rows = self._points.rows(found.ids)
        here = np.flatnonzero(rows >= 0)
        film, vectors, rows = self.film, found.vectors[here], rows[here]
        if not has_finite_row(vectors):  # training diverged here, or none of the film's samples is in it
            return empty_graph(self.n, self.k)
        if len(np.unique(rows)) < len(rows):  # several parts of one sample: the film shows the first
            return neighbor_graph(self.vectors(snapshot), k=self.k, metric=METRIC, threads=self.threads)
        subset = film.subset or ("" if len(here) == len(found.ids) else film.split_id)
        with self.store.reading() as catalog:
            graph = find_graph(catalog, snapshot, subset, self.k)
        if graph is None or len(graph.valid) != len(rows):
            graph = neighbor_graph(vectors, k=self.k, metric=METRIC, threads=self.threads)
            with editing(self.store, film.id) as (catalog, _):
                save_graph(catalog, snapshot, graph, subset)
        return place_rows(graph, rows, self.n)

    def logged(self, snapshot: Snapshot) -> Xy:
        """The coordinates that were logged for a snapshot."""
        with self.store.reading() as catalog:
            return logged_xy(catalog, snapshot, self._points)


def readable(store: Store, source: FilmSource, points: Points) -> list[Snapshot]:
    """The snapshots of a film whose files can be read; a damaged one costs its own frame.

    Raises:
        JobError: None can.
    """
    found: list[Snapshot] = []
    reason = ""
    for snapshot in source.snapshots:
        try:
            with store.reading() as catalog:
                if source.film.method == LOGGED:
                    logged_xy(catalog, snapshot, points)
                for member in members(catalog, source.film, snapshot):
                    if member.status != COORDINATES:
                        check_files(catalog, member)
        except SegmentError as error:
            reason = str(error)
            logger.warning("chroma: a film is drawn without step %d: %s", snapshot.step, error)
        else:
            found.append(snapshot)
    if not found:
        raise JobError(f"none of {len(source.snapshots)} snapshots of {source.subject} can be read: {reason}")
    return found


def empty_graph(n: int, k: int = K) -> NeighborGraph:
    """The graph of a snapshot without a finite row."""
    return NeighborGraph(
        np.full((n, k), -1, np.int32),
        np.full((n, k), np.nan, np.float32),
        METRIC,
        k,
        k,
        None,
        np.zeros(n, bool),
        0,
    )
