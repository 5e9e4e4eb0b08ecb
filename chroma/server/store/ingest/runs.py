"""Rows of runs: made by their first segment, updated by openings, closings, metrics and notes."""

from __future__ import annotations

import math
from typing import get_args

from sqlmodel import col, delete, select

from chroma.records import Header, Level, Metrics, Notes, Record, RunClosed, RunEvent, RunOpened
from chroma.server.store import tables
from chroma.server.store.catalog import Catalog
from chroma.server.store.ingest.attempts import attempt_of, written_at
from chroma.server.store.ingest.changes import Change
from chroma.server.store.ingest.notes import apply_note

_UNSORTED = "unsorted"  # project of a run whose opening has not come yet


def run_of(catalog: Catalog, header: Header) -> tables.Run:
    """The run of a segment; made as a placeholder where its opening has not come yet."""
    run = catalog.session.get(tables.Run, header.run)
    if run is None:
        run = tables.Run(
            id=header.run,
            project_id=_project(catalog, _UNSORTED, header).id,
            name=header.run,
            placeholder=True,
            created_at=written_at(header),
        )
        catalog.session.add(run)
        catalog.session.flush()
    return run


def update_run(catalog: Catalog, run: tables.Run, header: Header, record: Record) -> Change:
    """Update a run by a record; returns what changed.

    Raises:
        IngestError: A note cannot be understood, or comes too late.
    """
    match record:
        case RunOpened():
            _open_run(catalog, run, header, record)
        case RunClosed():
            _close_run(catalog, run, header, record)
        case Metrics():
            _add_metrics(catalog, run.id, record)
            return Change("metric", run.id)
        case RunEvent():
            _add_event(catalog, run.id, header, record)
            return Change("alarm", run.id, record.title)
        case Notes():
            return apply_note(catalog, run, record, written_at(header))
        case _:
            return Change("snapshot", run.id, record.split)
    return Change("run", run.id, run.name)


def _project(catalog: Catalog, name: str, header: Header) -> tables.Project:
    project = catalog.session.exec(select(tables.Project).where(tables.Project.name == name)).first()
    if project is None:
        project = tables.Project(
            id=tables.stable_id("project", name), name=name, created_at=written_at(header)
        )
        catalog.session.add(project)
        catalog.session.flush()
    project.created_at = min(project.created_at, written_at(header))  # the newest run comes first
    return project


def _open_run(catalog: Catalog, run: tables.Run, header: Header, record: RunOpened) -> None:
    """Update a run by an opening: the first one names it, later attempts update how it trains."""
    if run.placeholder:
        left = run.project_id
        run.project_id = _project(catalog, record.project, header).id
        if run.name == run.id:  # not renamed meanwhile
            run.name = record.name
        run.created_at = written_at(header)
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


def _add_metrics(catalog: Catalog, run_id: str, record: Metrics) -> None:
    rows = catalog.session.exec(
        select(tables.Metric).where(tables.Metric.run_id == run_id, tables.Metric.step == record.step)
    ).all()
    known = {row.name: row for row in rows}
    for name, value in record.values.items():
        row = known.get(name) or tables.Metric(run_id=run_id, name=name, step=record.step, value=None)
        row.epoch = record.epoch
        row.value = None if math.isnan(value) else value
        catalog.session.add(row)


def _add_event(catalog: Catalog, run_id: str, header: Header, record: RunEvent) -> None:
    if record.level not in get_args(Level):
        raise ValueError(f"its level {record.level!r} is not known")
    figures = {str(name): float(value) for name, value in record.figures.items()}
    catalog.session.add(
        tables.RunEvent(
            id=tables.stable_id("event", run_id, header.writer, header.number),
            run_id=run_id,
            rule=record.rule,
            level=record.level,
            title=record.title,
            text=record.text,
            epoch=record.epoch,
            step=record.step,
            split=record.split,
            layer=record.layer,
            figures={name: value for name, value in figures.items() if math.isfinite(value)},
            created_at=written_at(header),
        )
    )
