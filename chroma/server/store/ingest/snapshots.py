"""Rows of layers and snapshots: which attempt's segments a snapshot has, and whether it is complete."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, cast

import numpy as np
from sqlmodel import select

from chroma.errors import IngestError, SegmentError
from chroma.records import Hidden, Snapshot
from chroma.segment import ReadSegment
from chroma.server.store import tables
from chroma.server.store.catalog import Catalog
from chroma.server.store.snapshots.vectors import snapshot_segments


@dataclass(frozen=True, slots=True)
class _Candidate:
    """The segments of a snapshot that one attempt wrote."""

    attempt: tables.Attempt
    rows: Sequence[tables.Segment]
    hidden: bool

    @property
    def whole(self) -> bool:
        """All ranks have ended."""
        ended = {row.writer.partition("-")[0] for row in self.rows if row.ends}
        return len(ended) >= self.attempt.world_size

    @property
    def status(self) -> str:
        if self.hidden:
            return tables.HIDDEN
        if self.whole:
            return "complete"
        return "open" if self.attempt.status == "running" else "partial"

    def ids(self, catalog: Catalog) -> set[Any]:
        """Of all its rows; none of files that cannot be read."""
        found: set[Any] = set()
        for row in self.rows:
            with suppress(SegmentError, OSError):
                found.update(catalog.files.open_segment(row.path).columns(("ids",))["ids"].tolist())
        return found


def layer_of(catalog: Catalog, run_id: str, record: Snapshot) -> tables.Layer:
    """The row of a snapshot's layer, made or updated by a snapshot of it."""
    key = tables.stable_id("layer", run_id, record.layer)
    layer = catalog.session.get(tables.Layer, key)
    if layer is None:
        layer = tables.Layer(id=key, run_id=run_id, name=record.layer, dim=0)
        catalog.session.add(layer)
    layer.dim = record.vectors.shape[1] or layer.dim
    layer.pooling, layer.reason, layer.default = record.note.pooling, record.note.reason, record.note.default
    catalog.session.flush()
    return layer


def hide_snapshots(catalog: Catalog, run_id: str, record: Hidden) -> None:
    """Hide the snapshots of a split at a step that have come so far."""
    split = catalog.session.get(tables.Split, tables.stable_id("split", run_id, record.split))
    if split is None:
        return
    names = catalog.session.exec(
        select(tables.Segment.layer)
        .where(
            tables.Segment.run_id == run_id,
            tables.Segment.kind == Snapshot.kind,
            tables.Segment.split == record.split,
            tables.Segment.step == record.step,
        )
        .distinct()
    ).all()
    for name in names:
        layer = catalog.session.get_one(tables.Layer, tables.stable_id("layer", run_id, name))
        update_snapshot(catalog, layer, split, record.step)


def update_snapshot(
    catalog: Catalog,
    layer: tables.Layer,
    split: tables.Split,
    step: int,
    fresh: tuple[ReadSegment, tables.Segment] | None = None,
) -> None:
    """Update a snapshot's row by its segments.

    The newest attempt that has all of it counts, else the newest that has anything.

    Args:
        catalog: Open for writing.
        layer: Of which layer.
        split: Of which split.
        step: Global optimizer step.
        fresh: A segment of it that is open already, so that its file is not opened again, and its row. Where
            the snapshot has no row yet, it is the only one.

    Raises:
        IngestError: The parts of one attempt differ in dimension.
    """
    key = tables.stable_id("snapshot", layer.run_id, layer.name, split.name, step)
    known = catalog.session.get(tables.Snapshot, key)
    candidates: dict[str, list[tables.Segment]] = {}
    for row in (
        [fresh[1]]
        if known is None and fresh is not None
        else snapshot_segments(catalog, layer.run_id, layer.name, split.name, step)
    ):
        candidates.setdefault(row.attempt_id or "", []).append(row)
    hidden = catalog.session.exec(
        select(tables.Segment.attempt_id).where(
            tables.Segment.run_id == layer.run_id,
            tables.Segment.kind == Hidden.kind,
            tables.Segment.split == split.name,
            tables.Segment.step == step,
        )
    ).all()
    found = [
        _Candidate(catalog.session.get_one(tables.Attempt, key), rows, key in hidden)
        for key, rows in candidates.items()
    ]
    shown = max(found, key=lambda candidate: (candidate.whole, candidate.attempt.number))
    records: list[Snapshot] = []
    for part in shown.rows:
        read = fresh[0] if fresh is not None and fresh[0].digest == part.digest else None
        records.append(cast("Snapshot", (read or catalog.files.open_segment(part.path)).record))
    filled = [record for record in records if len(record.ids)] or records[:1]
    dims = {record.vectors.shape[1] for record in filled}
    if len(dims) > 1:
        raise IngestError(
            f"run {layer.run_id}: layer {layer.name} at step {step} of {split.name} came with vectors of "
            f"{' and '.join(str(dim) for dim in sorted(dims))} numbers; pool them to one size"
        )
    row = known or tables.Snapshot(
        id=key,
        run_id=layer.run_id,
        layer_id=layer.id,
        split_id=split.id,
        attempt_id=shown.attempt.id,
        step=step,
        dim=0,
        dtype="float16",
    )
    ids: Any = np.concatenate([record.ids for record in filled])
    here = set(ids.tolist())
    replaced = [each.ids(catalog) for each in found if each is not shown and each.whole and not each.hidden]
    row.attempt_id = shown.attempt.id
    row.epoch = filled[-1].epoch
    row.n = len(here)
    row.of = max(len(here.union(*replaced)), *(record.of for record in records))
    row.status = shown.status
    if row.status == "complete" and any(not each <= here for each in replaced):
        row.status = "partial"  # an earlier attempt had samples that this one has not
    row.dim = dims.pop()
    row.dtype = np.result_type(*(record.vectors.dtype for record in filled)).name
    row.bytes = sum(part.bytes for part in shown.rows)
    row.created_at = min(part.created_at for part in shown.rows)
    digests = "".join(sorted(part.digest for part in shown.rows))
    published = row.status not in ("open", tables.HIDDEN)
    row.digest = blake2b(digests.encode(), digest_size=16).hexdigest() if published else None
    catalog.session.add(row)
    catalog.session.flush()
