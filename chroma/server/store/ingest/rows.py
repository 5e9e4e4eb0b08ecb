"""Adds the rows of one stored segment to the catalog.

What a row says follows from the run's segments, whatever the order they come in: adding all segments of a
store again gives the same catalog.
"""

from __future__ import annotations

from typing import Any

from chroma.records import Columns, Hidden, Notes, Outputs, Projection, Samples, Snapshot, TrainingOutputs
from chroma.segment import ReadSegment
from chroma.server.store import tables
from chroma.server.store.catalog import Catalog
from chroma.server.store.films.logged_coordinates import add_coordinates
from chroma.server.store.ingest.attempts import attempt_of, update_attempt, written_at
from chroma.server.store.ingest.changes import Change
from chroma.server.store.ingest.runs import run_of, update_run
from chroma.server.store.ingest.snapshots import hide_snapshots, layer_of, update_snapshot
from chroma.server.store.ingest.splits import update_split


def add_rows(catalog: Catalog, read: ReadSegment) -> Change:
    """Add the row of a segment that lies in the store, and update all rows that follow from it.

    Returns:
        What changed, to be published once the transaction is committed.

    Raises:
        IngestError: It contradicts what is known of the run.
    """
    header, record = read.header, read.record
    run = run_of(catalog, header)
    key = tables.stable_id("attempt", header.run, header.attempt)
    before = _state(catalog.session.get(tables.Attempt, key))
    attempt = None if isinstance(record, Notes) else attempt_of(catalog, header)
    has_rows = isinstance(record, (Samples, Snapshot, Outputs, TrainingOutputs, Columns, Projection))
    row = tables.Segment(
        run_id=run.id,
        attempt_id=attempt.id if attempt else None,
        writer=header.writer,
        number=header.number,
        digest=read.digest,
        kind=record.kind,
        path=catalog.files.segment(header.run, header.writer, header.number),
        bytes=read.body.size,
        rows=len(record.ids) if has_rows else 0,
        layer=getattr(record, "layer", None),
        split=getattr(record, "split", None),
        epoch=getattr(record, "epoch", None),
        step=getattr(record, "step", None),
        ends=getattr(record, "ends", True),
        created_at=written_at(header),
    )
    catalog.session.add(row)
    catalog.session.flush()
    change = update_run(catalog, run, header, record)
    if isinstance(record, (Samples, Snapshot, Outputs, Columns, Projection)):
        split = update_split(catalog, run.id, record, read, row)
        if isinstance(record, Snapshot):
            update_snapshot(catalog, layer_of(catalog, run.id, record), split, record.step, (read, row))
        elif isinstance(record, Projection) and attempt is not None:
            add_coordinates(catalog, run.id, split, attempt, record)
    elif isinstance(record, Hidden):
        hide_snapshots(catalog, run.id, record)
    if attempt is not None and (attempt.status != "running" or _state(attempt) != before):
        update_attempt(catalog, run, attempt)
    return change


def _state(attempt: tables.Attempt | None) -> Any:
    """What the status of an attempt, and which is the newest, follow from."""
    return attempt and (attempt.number, attempt.world_size, dict(attempt.closings), attempt.started_at)
