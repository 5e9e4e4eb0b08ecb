"""A row by its id or name, or an error that lists what exists; the newest rows."""

from __future__ import annotations

from sqlmodel import col, select

from chroma.errors import NotFoundError
from chroma.server.store.catalog import Catalog
from chroma.server.store.tables import COORDINATES, HIDDEN, Layer, Run, Segment, Snapshot, Split, stable_id


def run_by(catalog: Catalog, run_id: str) -> Run:
    """A run by its id, a deleted one too."""
    run = catalog.session.get(Run, run_id)
    if run is None:
        alive = select(Run.id).where(col(Run.deleted_at).is_(None)).order_by(col(Run.created_at).desc())
        raise NotFoundError("run", run_id, catalog.session.exec(alive).all())
    return run


def check_restorable(catalog: Catalog, run_id: str) -> None:
    """Raise where there is no such run, and list those that are deleted, the last one first."""
    if catalog.session.get(Run, run_id) is None:
        deleted = select(Run.id).where(col(Run.deleted_at).is_not(None)).order_by(col(Run.deleted_at).desc())
        raise NotFoundError("deleted run", run_id, catalog.session.exec(deleted).all())


def split_by(catalog: Catalog, run_id: str, name: str) -> Split:
    """A split of a run by its name."""
    run_by(catalog, run_id)
    splits = {
        row.name: row for row in catalog.session.exec(select(Split).where(Split.run_id == run_id)).all()
    }
    if name not in splits:
        raise NotFoundError("split", name, splits)
    return splits[name]


def layer_by(catalog: Catalog, run_id: str, name: str) -> Layer:
    """A layer of a run by its name."""
    layers = {
        row.name: row for row in catalog.session.exec(select(Layer).where(Layer.run_id == run_id)).all()
    }
    if name not in layers:
        raise NotFoundError("layer", name, layers)
    return layers[name]


def snapshot_by(catalog: Catalog, run_id: str, snapshot_id: str) -> Snapshot:
    """A snapshot of a run by its id."""
    run_by(catalog, run_id)
    snapshot = catalog.session.get(Snapshot, snapshot_id)
    if snapshot is None or snapshot.run_id != run_id or snapshot.status in (COORDINATES, HIDDEN):
        listed = col(Snapshot.status).not_in((COORDINATES, HIDDEN))
        there = select(Snapshot.id).where(Snapshot.run_id == run_id, listed)
        known = catalog.session.exec(there).all()
        raise NotFoundError("snapshot", snapshot_id, known)
    return snapshot


def snapshot_at(catalog: Catalog, layer: Layer, split: Split, step: int | None) -> Snapshot:
    """The published snapshot of a layer and split at a step, the last one by default."""
    rows = catalog.session.exec(
        select(Snapshot)
        .where(
            Snapshot.layer_id == layer.id, Snapshot.split_id == split.id, col(Snapshot.digest).is_not(None)
        )
        .order_by(col(Snapshot.step))
    ).all()
    found = next((row for row in reversed(rows) if step in (None, row.step)), None)
    if found is None:
        asked = "the last" if step is None else str(step)
        raise NotFoundError(f"step of layer {layer.name}", asked, [str(row.step) for row in rows])
    return found


def only_coordinates(catalog: Catalog, layer: Layer, split: Split, step: int | None) -> bool:
    """Whether coordinates are all there is of a layer and a split at a step; None: at any step."""
    if step is None:
        return layer.dim == 0
    key = stable_id("snapshot", layer.run_id, layer.name, split.name, step)
    row = catalog.session.get(Snapshot, key)
    return row is not None and row.status == COORDINATES


def newest_segments(catalog: Catalog, most: int) -> list[str]:
    """Paths of the segments that were taken in last."""
    newest = select(Segment.path).order_by(col(Segment.id).desc()).limit(most)
    return list(catalog.session.exec(newest).all())
