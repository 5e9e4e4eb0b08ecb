"""What a run holds that findings can be made from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlmodel import col, select

from chroma.server.store.catalog import Catalog
from chroma.server.store.tables import Layer, Segment, Snapshot, Split

PUBLISHED = ("complete", "partial")


def run_splits(catalog: Catalog, run_id: str) -> Sequence[Split]:
    """The splits of a run, by name."""
    return catalog.session.exec(select(Split).where(Split.run_id == run_id).order_by(Split.name)).all()


def run_layers(catalog: Catalog, run_id: str) -> Sequence[Layer]:
    """The layers of a run that have vectors, in no order."""
    return catalog.session.exec(select(Layer).where(Layer.run_id == run_id, Layer.dim > 0)).all()


def published_snapshots(catalog: Catalog, layer: Layer, split: Split) -> Sequence[Snapshot]:
    """The published snapshots of a layer and a split, by step."""
    return catalog.session.exec(
        select(Snapshot)
        .where(
            Snapshot.layer_id == layer.id,
            Snapshot.split_id == split.id,
            col(Snapshot.status).in_(PUBLISHED),
        )
        .order_by(col(Snapshot.step))
    ).all()


def pass_moments(catalog: Catalog, split: Split) -> list[tuple[int, int | None]]:
    """Step and epoch of every pass over a split that gave outputs, by step."""
    rows: Iterable[Any] = catalog.session.exec(
        select(Segment.step, Segment.epoch)
        .where(Segment.run_id == split.run_id, Segment.split == split.name, Segment.kind == "outputs")
        .distinct()
        .order_by(col(Segment.step))
    ).all()
    return [(int(step or 0), epoch) for step, epoch in dict(rows).items()]
