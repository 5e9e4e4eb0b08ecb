"""2-D coordinates that users computed themselves: a film shows them as they are.

The coordinates of a layer at a step belong to its snapshot there. Where no vectors were captured, a row
takes the place of the snapshot: status `coordinates`, no digest, 0 dimensions, so that no reader of
vectors finds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
from sqlmodel import col, select

from chroma.records import Projection
from chroma.server.store import tables
from chroma.server.store.catalog import Catalog
from chroma.server.store.films.frames import Xy
from chroma.server.store.films.points import Points
from chroma.server.store.tables import COORDINATES

LOGGED = "logged"  # the method of such films


def add_coordinates(
    catalog: Catalog, run_id: str, split: tables.Split, attempt: tables.Attempt, record: Projection
) -> None:
    """Add the rows of the layer and the snapshot that coordinates belong to, where vectors made none."""
    key = tables.stable_id("layer", run_id, record.layer)
    layer = catalog.session.get(tables.Layer, key)
    if layer is None:
        layer = tables.Layer(id=key, run_id=run_id, name=record.layer, dim=0, reason="logged coordinates")
        catalog.session.add(layer)
        catalog.session.flush()
    key = tables.stable_id("snapshot", run_id, record.layer, record.split, record.step)
    row = catalog.session.get(tables.Snapshot, key)
    if row is not None and row.status != COORDINATES:
        return
    row = row or tables.Snapshot(
        id=key,
        run_id=run_id,
        layer_id=layer.id,
        split_id=split.id,
        attempt_id=attempt.id,
        step=record.step,
        dim=0,
        dtype="float32",
        status=COORDINATES,
    )
    row.epoch, row.attempt_id = record.epoch, attempt.id
    catalog.session.add(row)
    catalog.session.flush()


def logged_steps(catalog: Catalog, run_ids: Sequence[str]) -> dict[str, list[tuple[str, str, int]]]:
    """By run the layer, split and step of all coordinates that were logged, by step."""
    rows: Sequence[Any] = catalog.session.exec(
        select(tables.Segment.run_id, tables.Segment.layer, tables.Segment.split, tables.Segment.step)
        .where(col(tables.Segment.run_id).in_(run_ids), tables.Segment.kind == Projection.kind)
        .distinct()
        .order_by(col(tables.Segment.step))
    ).all()
    found: dict[str, list[tuple[str, str, int]]] = {}
    for run_id, layer, split, step in rows:
        found.setdefault(run_id, []).append((layer, split, step))
    return found


def logged_snapshots(catalog: Catalog, layer: tables.Layer, split: tables.Split) -> list[tables.Snapshot]:
    """The snapshots of a layer and a split that have coordinates, by step.

    They are copies, whose digest is that of coordinates and vectors: what a frame is drawn from.
    """
    by_step: dict[int, list[tables.Segment]] = {}
    for row in _segments(catalog, layer, split):
        by_step.setdefault(row.step or 0, []).append(row)
    rows = catalog.session.exec(
        select(tables.Snapshot)
        .where(tables.Snapshot.layer_id == layer.id, tables.Snapshot.split_id == split.id)
        .where(col(tables.Snapshot.step).in_(by_step))
        .order_by(col(tables.Snapshot.step))
    ).all()
    copies: list[tables.Snapshot] = []
    for row in rows:
        of: dict[str, Any] = row.model_dump() | {"digest": _digest(by_step[row.step], row.digest)}
        copies.append(tables.Snapshot(**of))
    return copies


def logged_xy(catalog: Catalog, snapshot: tables.Snapshot, points: Points) -> Xy:
    """The coordinates of a snapshot in film order, float32 `[n, 2]`; NaN where a sample has none."""
    layer = catalog.session.get_one(tables.Layer, snapshot.layer_id)
    split = catalog.session.get_one(tables.Split, snapshot.split_id)
    xy = np.full((len(points), 2), np.nan, np.float32)
    for row in reversed(_segments(catalog, layer, split, snapshot.step)):  # the first row of a sample counts
        columns = catalog.files.open_segment(row.path).columns(("ids", "xy"))
        rows = points.rows(columns["ids"])
        xy[rows[rows >= 0]] = columns["xy"][rows >= 0]
    return xy


def _segments(
    catalog: Catalog, layer: tables.Layer, split: tables.Split, step: int | None = None
) -> list[tables.Segment]:
    """The segments of logged coordinates, each step's of the newest attempt at it only."""
    query = (
        select(tables.Segment, tables.Attempt.number)
        .join(tables.Attempt)
        .where(
            tables.Segment.run_id == layer.run_id,
            tables.Segment.kind == Projection.kind,
            tables.Segment.split == split.name,
            tables.Segment.layer == layer.name,
        )
        .order_by(col(tables.Segment.id))
    )
    rows: Sequence[Any] = catalog.session.exec(
        query if step is None else query.where(tables.Segment.step == step)
    ).all()
    newest: dict[int, int] = {}
    for row, attempt in rows:
        newest[row.step] = max(attempt, newest.get(row.step, attempt))
    return [row for row, attempt in rows if attempt == newest[row.step]]


def _digest(rows: Sequence[tables.Segment], vectors: str | None) -> str:
    """Digest of coordinates, and of the vectors by which their quality is measured."""
    parts = [*sorted(row.digest for row in rows), vectors or ""]
    return blake2b("".join(parts).encode(), digest_size=16).hexdigest()
