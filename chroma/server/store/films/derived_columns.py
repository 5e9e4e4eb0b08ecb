"""Columns of a film that are computed from its neighbor graphs and its layouts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from sqlmodel import col, select

from chroma.insight.neighbors import label_agreement, neighbors_in_picture, neighbors_kept
from chroma.projection.neighbors import NeighborGraph
from chroma.records import Array
from chroma.server.store.catalog import Catalog
from chroma.server.store.films import frames as stored
from chroma.server.store.films.joint_splits import drawn_from, is_train, subset_of
from chroma.server.store.films.points import Points
from chroma.server.store.films.train_distance import train_distance
from chroma.server.store.samples.classes import label_codes
from chroma.server.store.samples.user_columns import Column
from chroma.server.store.snapshots.neighbor_graphs import METRIC, K, find_graph, place_rows
from chroma.server.store.snapshots.vectors import snapshot_ids
from chroma.server.store.tables import Film, Frame, Graph


@dataclass(frozen=True, slots=True)
class Derived:
    """A column, and its values by point in a frame: codes (-1 missing) or numbers (NaN missing)."""

    column: Column
    values: Callable[[Frame | None], Array]


def derived_columns(catalog: Catalog, film: Film, points: Points) -> Iterable[Derived]:
    """The columns that can be computed for a film now.

    `agreement` is the share of a sample's 15 nearest neighbours in the full space that carry its label,
    `kept` the share of those of the frame before that still are, `in_picture` the share of them that are
    among the 15 nearest on the map too, `movement` the way from the frame before in units of that frame's RMS
    radius, `cluster` the group in the layout of the last frame (HDBSCAN). In a film of several splits
    `nearest_train` is the distance, in the full space, to the nearest training sample, a training sample's
    that to the nearest other one.
    """
    revision = stored.shown(stored.revisions(catalog, [film.id]).get(film.id, []), film.method)
    shown = stored.frames_of(catalog, [revision.id]).get(revision.id, []) if revision else []
    if not shown:
        return
    derived = Values(catalog, film, shown, points)
    if has_graphs(catalog, film, [frame.snapshot_id for frame in shown]):
        if derived.labels is not None:
            yield Derived(Column("agreement", per_frame=True), derived.agreement)
        if len(shown) > 1:
            yield Derived(Column("kept", per_frame=True), derived.kept)
        yield Derived(Column("in_picture", per_frame=True, drawn=True), derived.in_picture)
    if any(is_train(part.split.name) for part in points.parts):
        yield Derived(Column("nearest_train", per_frame=True), derived.nearest_train)
    if len(shown) > 1:
        yield Derived(Column("movement", per_frame=True, drawn=True), derived.movement)
    clusters = stored.read_clusters(catalog.files, shown[-1])
    if clusters is not None:
        whole = np.full(len(points), -1, np.int64)
        whole[: len(clusters)] = clusters
        legend = tuple(f"cluster {number + 1}" for number in range(int(clusters.max(initial=-1)) + 1))
        yield Derived(Column("cluster", legend, drawn=True), lambda _: whole)


class Values:
    """Values by point in a frame; NaN where they cannot be computed."""

    def __init__(self, catalog: Catalog, film: Film, shown: Sequence[Frame], points: Points) -> None:
        self._catalog = catalog
        self._film = film
        self._shown = {frame.index: frame for frame in shown}
        self._points = points
        codes = label_codes(points.table)
        self.labels = None if codes is None else codes[points.positions]

    def agreement(self, frame: Frame | None) -> Array:
        found = self._graph(frame)
        return (
            self._unknown() if found is None or self.labels is None else label_agreement(found, self.labels)
        )

    def kept(self, frame: Frame | None) -> Array:
        old, new = self._graph(self._before(frame)), self._graph(frame)
        return self._unknown() if old is None or new is None else neighbors_kept(old, new)

    def in_picture(self, frame: Frame | None) -> Array:
        found = self._graph(frame)
        if found is None or frame is None:
            return self._unknown()
        xy = stored.read_frame(self._catalog.files, frame)
        whole = np.full((len(self._points), 2), np.nan, np.float32)
        whole[: len(xy)] = xy
        return neighbors_in_picture(found, whole)

    def nearest_train(self, frame: Frame | None) -> Array:
        snapshot = drawn_from(self._catalog, self._film, frame.snapshot_id) if frame else None
        return (
            self._unknown()
            if snapshot is None
            else train_distance(self._catalog, self._film, self._points, snapshot)
        )

    def movement(self, frame: Frame | None) -> Array:
        earlier = self._before(frame)
        moved = self._unknown()
        if frame is None or earlier is None:
            return moved
        old, new = (stored.read_frame(self._catalog.files, each) for each in (earlier, frame))
        there = old[np.isfinite(old).all(axis=1)]
        radius = float(np.sqrt(there.var(axis=0).sum())) if len(there) else 0.0
        both = min(len(old), len(new))
        if radius > 0:
            moved[:both] = np.linalg.norm(new[:both] - old[:both], axis=1) / radius
        return moved

    def _before(self, frame: Frame | None) -> Frame | None:
        return self._shown.get(frame.index - 1) if frame else None

    def _graph(self, frame: Frame | None) -> NeighborGraph | None:
        """The stored graph of a frame's snapshot, by point.

        None, too, where samples have several vectors: their graph speaks of parts.
        """
        snapshot = drawn_from(self._catalog, self._film, frame.snapshot_id) if frame else None
        if snapshot is None or snapshot.digest is None:
            return None
        if self._film.splits is not None:
            whole = find_graph(self._catalog, snapshot, subset_of(self._film))
            return whole if whole is not None and len(whole.valid) == len(self._points) else None
        ids = snapshot_ids(self._catalog, snapshot)
        rows = self._points.rows(ids)
        here = rows[rows >= 0]
        subset = self._film.subset or ("" if len(here) == len(ids) else self._film.split_id)
        found = find_graph(self._catalog, snapshot, subset)
        if found is None or len(here) != len(found.valid) or len(np.unique(here)) < len(here):
            return None
        return place_rows(found, here, len(self._points))

    def _unknown(self) -> Array:
        return np.full(len(self._points), np.nan, np.float32)


def has_graphs(catalog: Catalog, film: Film, snapshot_ids: Sequence[str]) -> bool:
    """Whether a neighbor graph is stored for any of the film's snapshots."""
    subsets = [film.subset] if film.subset else ["", film.split_id]
    if film.splits is not None:
        subsets = [subset_of(film)]
    query = select(Graph.id).where(
        col(Graph.query_id).in_(snapshot_ids),
        Graph.metric == METRIC,
        Graph.k == K,
        col(Graph.subset).in_(subsets),
    )
    return catalog.session.exec(query).first() is not None
