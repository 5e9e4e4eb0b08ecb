"""Attempts at a run: their order, and whether they run, finished, failed or were interrupted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlmodel import Session, col, func, select

from chroma.records import Header, RunStatus
from chroma.server.store import tables
from chroma.server.store.files import Store
from chroma.server.store.ingest.snapshots import settle

_LOST = "lost"  # how a writer closed that was gone without a closing segment


def attempt_of(session: Session, header: Header) -> tables.Attempt:
    """The attempt a segment belongs to, made if it is new; attempts are numbered as they began."""
    key = tables.stable_id("attempt", header.run, header.attempt)
    began = datetime.fromtimestamp(header.created_at, UTC)
    attempt = session.get(tables.Attempt, key)
    if attempt is None:
        attempt = tables.Attempt(
            id=key, run_id=header.run, key=header.attempt, number=0, started_at=began, closings={}
        )
        session.add(attempt)
    elif attempt.started_at <= began and header.writer not in attempt.closings:
        return attempt
    attempt.started_at = min(attempt.started_at, began)
    attempt.world_size = max(attempt.world_size, header.world_size)
    if attempt.closings.get(header.writer) == _LOST:  # it lives after all
        attempt.closings = {
            writer: how for writer, how in attempt.closings.items() if writer != header.writer
        }
    session.flush()
    for number, row in enumerate(_attempts(session, header.run)):
        row.number = number
    return attempt


def refresh(session: Session, store: Store, run: tables.Run, attempt: tables.Attempt) -> None:
    """Bring the status of an attempt, of its open snapshots and of its run up to date."""
    session.flush()
    status = _status(attempt)
    changed = status != attempt.status
    attempt.status = status
    last = session.exec(
        select(func.max(tables.Segment.created_at)).where(tables.Segment.attempt_id == attempt.id)
    ).one()
    attempt.finished_at = None if status == "running" else last
    newest = _attempts(session, run.id)[-1]
    run.status, run.finished_at = newest.status, newest.finished_at
    session.flush()
    if changed:
        settle_all(session, store, attempt)


def settle_all(session: Session, store: Store, attempt: tables.Attempt) -> None:
    """Publish what an ended attempt left open; open again what goes on."""
    rows = session.exec(
        select(tables.Snapshot).where(
            tables.Snapshot.attempt_id == attempt.id,
            col(tables.Snapshot.status).in_(("open", "partial")),
        )
    ).all()
    for row in rows:
        layer = session.get_one(tables.Layer, row.layer_id)
        settle(session, store, layer, session.get_one(tables.Split, row.split_id), row.step)


def open_writers(session: Session) -> set[tuple[str, str]]:
    """(run, writer) of all writers of running attempts that have not closed."""
    found = session.exec(
        select(tables.Segment.run_id, tables.Segment.writer, tables.Attempt.id)
        .join(tables.Attempt)
        .where(tables.Attempt.status == "running")
        .distinct()
    ).all()
    closed = {key: session.get_one(tables.Attempt, key).closings for _, _, key in found}
    return {(run, writer) for run, writer, key in found if writer not in closed[key]}


def lose(session: Session, store: Store, run_id: str, writer: str) -> bool:
    """Mark a writer that is gone without a closing segment; True if that interrupts its run."""
    attempts = session.exec(
        select(tables.Attempt).where(
            col(tables.Attempt.id).in_(
                select(tables.Segment.attempt_id).where(
                    tables.Segment.run_id == run_id, tables.Segment.writer == writer
                )
            )
        )
    ).all()
    lost = [attempt for attempt in attempts if writer not in attempt.closings]
    for attempt in lost:
        attempt.closings = attempt.closings | {writer: _LOST}
        refresh(session, store, session.get_one(tables.Run, run_id), attempt)
    return bool(lost)


def _attempts(session: Session, run_id: str) -> Sequence[tables.Attempt]:
    return session.exec(
        select(tables.Attempt)
        .where(tables.Attempt.run_id == run_id)
        .order_by(col(tables.Attempt.started_at), tables.Attempt.key)
    ).all()


def _status(attempt: tables.Attempt) -> RunStatus:
    how = set(attempt.closings.values())
    if "failed" in how:
        return "failed"
    if how & {"interrupted", _LOST}:
        return "interrupted"
    ranks = {writer.partition("-")[0] for writer in attempt.closings}
    return "finished" if len(ranks) >= attempt.world_size else "running"
