"""Columns that follow from neighbor graphs and from layouts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from sqlmodel import Session, col, select

from chroma.projection.agreement import label_agreement, neighbors_kept
from chroma.projection.neighbors import NeighborGraph
from chroma.records import Array
from chroma.server.store import frames as stored
from chroma.server.store.blobs import Store
from chroma.server.store.classes import label_codes
from chroma.server.store.described import Column, Known
from chroma.server.store.graphs import METRIC, K, find_graph, place_rows
from chroma.server.store.growing import SampleTable
from chroma.server.store.tables import Film, Frame, Graph, Snapshot, Split
from chroma.server.store.vectors import snapshot_rows


def derived_columns(
    session: Session, store: Store, film: Film, split: Split, table: SampleTable
) -> Iterable[Known]:
    """The columns that can be told of a film as it is now.

    `agreement` is the share of a sample's 15 nearest neighbours in the full space that carry its label,
    `kept` the share of those of the frame before that still are, `movement` the way from the frame before in
    units of that frame's RMS radius, `cluster` the group in the layout of the last frame (HDBSCAN).
    """
    revision = stored.shown(stored.revisions(session, [film.id]).get(film.id, []), film.method)
    shown = stored.frames_of(session, [revision.id]).get(revision.id, []) if revision else []
    if not shown:
        return
    derived = _Derived(session, store, shown, table)
    if has_graphs(session, [frame.snapshot_id for frame in shown]):
        if label_codes(table) is not None:
            yield Known(Column("agreement", per_frame=True), derived.agreement)
        if len(shown) > 1:
            yield Known(Column("kept", per_frame=True), derived.kept)
    if len(shown) > 1:
        yield Known(Column("movement", per_frame=True, drawn=True), derived.movement)
    clusters = stored.read_clusters(store, shown[-1])
    if clusters is not None:
        whole = np.full(len(table), -1, np.int64)
        whole[: len(clusters)] = clusters
        legend = tuple(f"cluster {number + 1}" for number in range(int(clusters.max(initial=-1)) + 1))
        yield Known(Column("cluster", legend, drawn=True), lambda _: whole)


class _Derived:
    """Values `[n]` in a frame, by position; NaN where they cannot be told."""

    def __init__(self, session: Session, store: Store, shown: Sequence[Frame], table: SampleTable) -> None:
        self._session = session
        self._store = store
        self._shown = {frame.index: frame for frame in shown}
        self._table = table

    def agreement(self, frame: Frame | None) -> Array:
        found, codes = self._graph(frame), label_codes(self._table)
        return self._unknown() if found is None or codes is None else label_agreement(found, codes)

    def kept(self, frame: Frame | None) -> Array:
        old, new = self._graph(self._before(frame)), self._graph(frame)
        return self._unknown() if old is None or new is None else neighbors_kept(old, new)

    def movement(self, frame: Frame | None) -> Array:
        earlier = self._before(frame)
        moved = self._unknown()
        if frame is None or earlier is None:
            return moved
        old, new = stored.read_frame(self._store, earlier), stored.read_frame(self._store, frame)
        there = old[np.isfinite(old).all(axis=1)]
        radius = float(np.sqrt(there.var(axis=0).sum())) if len(there) else 0.0
        both = min(len(old), len(new))
        if radius > 0:
            moved[:both] = np.linalg.norm(new[:both] - old[:both], axis=1) / radius
        return moved

    def _before(self, frame: Frame | None) -> Frame | None:
        return self._shown.get(frame.index - 1) if frame else None

    def _graph(self, frame: Frame | None) -> NeighborGraph | None:
        snapshot = self._session.get(Snapshot, frame.snapshot_id) if frame else None
        return film_graph(self._session, self._store, snapshot, len(self._table)) if snapshot else None

    def _unknown(self) -> Array:
        return np.full(len(self._table), np.nan, np.float32)


def has_graphs(session: Session, snapshot_ids: Sequence[str]) -> bool:
    """Whether a neighbor graph is stored for any of these snapshots."""
    query = select(Graph.id).where(
        col(Graph.query_id).in_(snapshot_ids), Graph.metric == METRIC, Graph.k == K, Graph.subset == ""
    )
    return session.exec(query).first() is not None


def film_graph(session: Session, store: Store, snapshot: Snapshot, n: int) -> NeighborGraph | None:
    """The stored graph of a snapshot by position in its split; None if there is none.

    None, too, where samples have several vectors: their graph speaks of parts.
    """
    found = find_graph(session, store, snapshot)
    if found is None:
        return None
    rows = snapshot_rows(session, store, snapshot)
    if len(rows) != len(found.valid) or len(np.unique(rows)) < len(rows):
        return None
    return place_rows(found, rows, n)
