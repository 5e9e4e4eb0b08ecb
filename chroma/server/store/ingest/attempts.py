"""Attempts at a run: their order, and whether they run, finished, failed or were interrupted."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlmodel import col, func, select

from chroma.errors import SegmentError
from chroma.records import Header, RunStatus
from chroma.server.store import tables
from chroma.server.store.catalog import Catalog
from chroma.server.store.ingest.snapshots import update_snapshot

logger = logging.getLogger("chroma.server")

_LOST = "lost"  # noted as closing of a writer that is gone without a closing segment


def written_at(header: Header) -> datetime:
    """When a segment was written."""
    return datetime.fromtimestamp(header.created_at, UTC)


def attempt_of(catalog: Catalog, header: Header) -> tables.Attempt:
    """The attempt a segment belongs to, made if it is new.

    Attempts are numbered as their writers tell, and those of one number by the clock.
    """
    key = tables.stable_id("attempt", header.run, header.attempt)
    began = written_at(header)
    attempt = catalog.session.get(tables.Attempt, key)
    new = attempt is None
    if attempt is None:
        attempt = tables.Attempt(
            id=key, run_id=header.run, key=header.attempt, number=0, started_at=began, closings={}
        )
        catalog.session.add(attempt)
    if header.accepted > attempt.accepted.get(header.writer, 0):
        attempt.accepted = attempt.accepted | {header.writer: header.accepted}
    settled = header.attempt_number <= attempt.told_number and header.world_size <= attempt.world_size
    if settled and began >= attempt.started_at and header.writer not in attempt.closings and not new:
        return attempt
    attempt.told_number = max(attempt.told_number, header.attempt_number)
    attempt.started_at = min(attempt.started_at, began)
    attempt.world_size = max(attempt.world_size, header.world_size)
    if attempt.closings.get(header.writer) == _LOST:  # it was not gone after all
        attempt.closings = {
            writer: how for writer, how in attempt.closings.items() if writer != header.writer
        }
    catalog.session.flush()
    for number, row in enumerate(_attempts(catalog, header.run)):
        row.number = number
    return attempt


def update_attempt(catalog: Catalog, run: tables.Run, attempt: tables.Attempt) -> None:
    """Update the status of an attempt, of its open snapshots and of its run."""
    catalog.session.flush()
    status = _status(attempt)
    changed = status != attempt.status
    attempt.status = status
    last = catalog.session.exec(
        select(func.max(tables.Segment.created_at)).where(tables.Segment.attempt_id == attempt.id)
    ).one()
    attempt.finished_at = None if status == "running" else last
    newest = _attempts(catalog, run.id)[-1]
    run.status, run.finished_at = newest.status, newest.finished_at
    catalog.session.flush()
    if changed:
        _update_open_snapshots(catalog, attempt)


def _update_open_snapshots(catalog: Catalog, attempt: tables.Attempt) -> None:
    """Publish the snapshots that an ended attempt left open; reopen those of one that goes on."""
    rows = catalog.session.exec(
        select(tables.Snapshot).where(
            tables.Snapshot.attempt_id == attempt.id,
            col(tables.Snapshot.status).in_(("open", "partial")),
        )
    ).all()
    for row in rows:
        layer = catalog.session.get_one(tables.Layer, row.layer_id)
        split = catalog.session.get_one(tables.Split, row.split_id)
        try:
            update_snapshot(catalog, layer, split, row.step)
        except (SegmentError, FileNotFoundError) as error:  # costs this snapshot; the attempt has ended
            logger.warning("chroma: layer %s at step %d stays as it was: %s", layer.name, row.step, error)


def open_writers(catalog: Catalog) -> set[tuple[str, str]]:
    """(run, writer) of all writers of running attempts that have not closed."""
    running = catalog.session.exec(select(tables.Attempt).where(tables.Attempt.status == "running")).all()
    closed = {attempt.id: attempt.closings for attempt in running}
    found = catalog.session.exec(  # in two steps: joined, SQLite looks at every segment that there is
        select(tables.Segment.run_id, tables.Segment.writer, tables.Segment.attempt_id)
        .where(col(tables.Segment.attempt_id).in_(closed))
        .distinct()
    ).all()
    return {(run, writer) for run, writer, key in found if writer not in closed[key or ""]}


def mark_lost(catalog: Catalog, run_id: str, writer: str) -> bool:
    """Mark a writer that is gone without a closing segment; True if that interrupts its run."""
    lost = [each for each in _attempts_of(catalog, run_id, writer) if writer not in each.closings]
    for attempt in lost:
        attempt.closings = attempt.closings | {writer: _LOST}
        update_attempt(catalog, catalog.session.get_one(tables.Run, run_id), attempt)
    return bool(lost)


def mark_alive(catalog: Catalog, run_id: str, writer: str) -> bool:
    """Mark a writer that was taken for gone as running again; True if that changes its run."""
    back = [each for each in _attempts_of(catalog, run_id, writer) if each.closings.get(writer) == _LOST]
    for attempt in back:
        attempt.closings = {name: how for name, how in attempt.closings.items() if name != writer}
        update_attempt(catalog, catalog.session.get_one(tables.Run, run_id), attempt)
    return bool(back)


def _attempts_of(catalog: Catalog, run_id: str, writer: str) -> Sequence[tables.Attempt]:
    """The attempts that a writer wrote to."""
    of_writer = select(tables.Segment.attempt_id).where(
        tables.Segment.run_id == run_id, tables.Segment.writer == writer
    )
    return catalog.session.exec(select(tables.Attempt).where(col(tables.Attempt.id).in_(of_writer))).all()


def _attempts(catalog: Catalog, run_id: str) -> Sequence[tables.Attempt]:
    return catalog.session.exec(
        select(tables.Attempt)
        .where(tables.Attempt.run_id == run_id)
        .order_by(col(tables.Attempt.told_number), col(tables.Attempt.started_at), tables.Attempt.key)
    ).all()


def _status(attempt: tables.Attempt) -> RunStatus:
    how = set(attempt.closings.values())
    if "failed" in how:
        return "failed"
    if how & {"interrupted", _LOST}:
        return "interrupted"
    ranks = {writer.partition("-")[0] for writer in attempt.closings}
    return "finished" if len(ranks) >= attempt.world_size else "running"
