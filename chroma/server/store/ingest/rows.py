"""Enters one stored segment in the catalog: the rows it makes or changes.

What a row says follows from the run's segments, whatever the order they come in: registering all of a
store's segments again gives the same catalog.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlmodel import col, delete, select

from chroma.errors import IngestError
from chroma.records import (
    Columns,
    Header,
    Hidden,
    Metrics,
    Notes,
    Outputs,
    Projection,
    Record,
    RunClosed,
    RunOpened,
    Samples,
    Snapshot,
)
from chroma.server.home.events import Event
from chroma.server.store import tables
from chroma.server.store.catalog import Catalog
from chroma.server.store.films.logged_coordinates import stand_in
from chroma.server.store.ingest.attempts import attempt_of, refresh
from chroma.server.store.ingest.notes import take_note
from chroma.server.store.ingest.snapshots import hide, layer_of, settle
from chroma.server.store.samples.load import split_samples

_UNSORTED = "unsorted"  # project of a run whose opening has not come yet


@dataclass(frozen=True, slots=True)
class Found:
    """A readable segment file: what it says, and the digest and size of its bytes."""

    header: Header
    record: Record
    digest: str
    bytes: int


def register(catalog: Catalog, found: Found) -> list[Event]:
    """Enter a segment that lies in the catalog.files, and all that follows from it.

    Returns:
        What to tell once the transaction is committed.

    Raises:
        IngestError: It contradicts what is known of the run.
    """
    header, record = found.header, found.record
    run = _run(catalog, header)
    noted = isinstance(record, Notes)
    attempt = None if noted else attempt_of(catalog, header)
    rows = len(record.ids) if isinstance(record, (Samples, Snapshot, Outputs, Columns, Projection)) else 0
    catalog.session.add(
        tables.Segment(
            run_id=run.id,
            attempt_id=attempt.id if attempt else None,
            writer=header.writer,
            number=header.number,
            digest=found.digest,
            kind=record.kind,
            path=catalog.files.segment(header.run, header.writer, header.number),
            bytes=found.bytes,
            rows=rows,
            layer=getattr(record, "layer", None),
            split=getattr(record, "split", None),
            epoch=getattr(record, "epoch", None),
            step=getattr(record, "step", None),
            ends=getattr(record, "ends", True),
            created_at=moment(header),
        )
    )
    catalog.session.flush()
    events = [_of_run(catalog, run, header, record)]
    if isinstance(record, (Samples, Snapshot, Outputs, Columns, Projection)):
        split = _split(catalog, record, run.id)
        if isinstance(record, Snapshot):
            layer = layer_of(catalog, run.id, record)
            settle(catalog, layer, split, record.step)
        elif isinstance(record, Projection) and attempt is not None:
            stand_in(catalog, run.id, split, attempt, record)
    elif isinstance(record, Hidden):
        hide(catalog, run.id, record)
    if attempt is not None:
        refresh(catalog, run, attempt)
    return events


def moment(header: Header) -> datetime:
    """When a segment was written."""
    return datetime.fromtimestamp(header.created_at, UTC)


def _of_run(catalog: Catalog, run: tables.Run, header: Header, record: Record) -> Event:
    """What a record says of the run itself."""
    if isinstance(record, RunOpened):
        _open_run(catalog, run, header, record)
    elif isinstance(record, RunClosed):
        _close_run(catalog, run, header, record)
    elif isinstance(record, Metrics):
        _metrics(catalog, run.id, record)
        return Event("metric", run.id)
    elif isinstance(record, Notes):
        return take_note(catalog, run, record, moment(header))
    else:
        return Event("snapshot", run.id, message=record.split)
    return Event("run", run.id, message=run.name)


def _run(catalog: Catalog, header: Header) -> tables.Run:
    run = catalog.session.get(tables.Run, header.run)
    if run is None:
        run = tables.Run(
            id=header.run,
            project_id=_project(catalog, _UNSORTED, header).id,
            name=header.run,
            placeholder=True,
            created_at=moment(header),
        )
        catalog.session.add(run)
        catalog.session.flush()
    return run


def _project(catalog: Catalog, name: str, header: Header) -> tables.Project:
    project = catalog.session.exec(select(tables.Project).where(tables.Project.name == name)).first()
    if project is None:
        project = tables.Project(id=tables.stable_id("project", name), name=name, created_at=moment(header))
        catalog.session.add(project)
        catalog.session.flush()
    return project


def _open_run(catalog: Catalog, run: tables.Run, header: Header, record: RunOpened) -> None:
    """The first opening names the run; a later attempt says how it trains now."""
    if run.placeholder:
        left = run.project_id
        run.project_id = _project(catalog, record.project, header).id
        if run.name == run.id:  # not renamed meanwhile
            run.name = record.name
        run.created_at = moment(header)
        run.placeholder = False
        catalog.session.flush()
        if left == tables.stable_id("project", _UNSORTED) and left != run.project_id:
            others = catalog.session.exec(select(tables.Run.id).where(tables.Run.project_id == left)).first()
            if others is None:
                catalog.session.exec(delete(tables.Project).where(col(tables.Project.id) == left))
    run.framework = record.framework or run.framework
    run.task = record.task or run.task
    run.config = dict(record.config) or run.config
    run.environment = dict(record.environment)
    run.tags = sorted({*run.tags, *record.tags})
    run.error = None


def _close_run(catalog: Catalog, run: tables.Run, header: Header, record: RunClosed) -> None:
    attempt = attempt_of(catalog, header)
    attempt.closings = attempt.closings | {header.writer: record.status}
    run.error = record.error or run.error
    if header.rank == 0 and record.receipt:
        run.receipt = dict(record.receipt)


def _metrics(catalog: Catalog, run_id: str, record: Metrics) -> None:
    for name, value in record.values.items():
        row = catalog.session.exec(
            select(tables.Metric).where(
                tables.Metric.run_id == run_id,
                tables.Metric.name == name,
                tables.Metric.step == record.step,
            )
        ).first() or tables.Metric(run_id=run_id, name=name, step=record.step, value=None)
        row.epoch = record.epoch
        row.value = None if math.isnan(value) else value
        catalog.session.add(row)


def _split(
    catalog: Catalog, record: Samples | Snapshot | Outputs | Columns | Projection, run_id: str
) -> tables.Split:
    key = tables.stable_id("split", run_id, record.split)
    strings = record.ids.dtype == object
    split = catalog.session.get(tables.Split, key)
    if split is None:
        split = tables.Split(id=key, run_id=run_id, name=record.split, keys=strings)
        split.identity = "key" if strings else "index"
    elif len(record.ids) and split.n and split.keys != strings:
        was, now = ("strings", "integers") if split.keys else ("integers", "strings")
        raise IngestError(
            f"run {run_id}: the ids of split {record.split} were {was} and are {now} here; "
            "give the samples of a split ids of one type"
        )
    elif not split.n:
        split.keys = strings
    if isinstance(record, Samples):
        split.identity = record.identity
        split.of = max(split.of, record.of)
        split.class_names = list(record.class_names) or split.class_names
        split.has_labels = split.has_labels or record.labels is not None
        split.has_images = split.has_images or any(image is not None for image in record.images or ())
        split.has_texts = split.has_texts or any(text is not None for text in record.texts or ())
    catalog.session.add(split)
    catalog.session.flush()
    split.n = len(split_samples(catalog, split))
    split.of = max(split.of, split.n)
    return split
