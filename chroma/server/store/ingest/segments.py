"""The transactions of ingest: one segment enters the catalog, or nothing changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError, StatementError
from sqlmodel import Session, col, select

from chroma.errors import CatalogError, IngestError, NotFoundError
from chroma.records import Header, Notes
from chroma.server.home.events import Event
from chroma.server.store import tables
from chroma.server.store.engine import reading, writing
from chroma.server.store.files import Store
from chroma.server.store.ingest import attempts
from chroma.server.store.ingest.rows import Found, register

# What a record of wrong types or shapes raises on its way into the catalog.
_WRONG = (StatementError, TypeError, ValueError, LookupError, AttributeError, ArithmeticError)


def enter(
    engine: Engine, store: Store, found: Found, move: Callable[[], None]
) -> list[Event] | Literal["known", "held"]:
    """Enter a segment in the catalog.

    Args:
        engine: Of the catalog.
        store: Of the files.
        found: What the segment says.
        move: Brings the file to its place in the store; called inside the transaction, before its rows are
            made, so that it may be in the store without a row but never the other way round.

    Returns:
        What to tell; or "known", for a segment that was taken in before (it is moved all the same: that mends
        a store which lost it); or "held", for one of a deleted run.

    Raises:
        IngestError: It contradicts what is known of its run.
        CatalogError: The catalog cannot be written now; nothing has changed.
    """
    header = found.header
    try:
        with writing(engine) as session:
            known = _known(session, header)
            if known is not None and known.digest != found.digest:
                raise IngestError(
                    f"run {header.run} already has another segment {header.writer}-{header.number}; "
                    "a copied journal or a repeated writer id does this"
                )
            run = session.get(tables.Run, header.run)
            if known is None and run and run.deleted_at and not isinstance(found.record, Notes):
                return "held"
            move()
            if known is not None:
                return "known"
            try:
                return register(session, store, found)
            except FileNotFoundError as error:
                raise IngestError(
                    f"run {header.run} has lost a stored file ({error}); "
                    "put it back, and this one from set-aside into the journal"
                ) from error
    except OperationalError as error:
        raise CatalogError(
            f"the catalog {engine.url.database} cannot be written ({error.orig}); "
            "check that its disk has room and that no other program holds it"
        ) from error
    except _WRONG as error:
        raise IngestError(
            f"the record of {header.run}/{header.writer}-{header.number} is wrong: {error}"
        ) from error


def interrupt(engine: Engine, store: Store, run_id: str, writer: str) -> bool:
    """Mark a writer that is gone without a closing segment; True if that interrupts its run."""
    with writing(engine) as session:
        return attempts.lose(session, store, run_id, writer)


def open_writers(engine: Engine) -> set[tuple[str, str]]:
    """(run, writer) of all writers of running attempts that have not closed."""
    with reading(engine) as session:
        return attempts.open_writers(session)


def known_keys(engine: Engine) -> set[tuple[str, str, int]]:
    """(run, writer, number) of all segments in the catalog."""
    with reading(engine) as session:
        rows = session.exec(select(tables.Segment.run_id, tables.Segment.writer, tables.Segment.number)).all()
    return {(run, writer, number) for run, writer, number in rows}


def deleted_runs(engine: Engine) -> set[str]:
    """Ids of the runs with a tombstone."""
    with reading(engine) as session:
        return set(session.exec(select(tables.Run.id).where(col(tables.Run.deleted_at).is_not(None))).all())


def require_run(engine: Engine, run_id: str) -> None:
    """Check that a run exists.

    Raises:
        NotFoundError: It does not; the sentence suggests near ids.
    """
    with reading(engine) as session:
        if session.get(tables.Run, run_id) is None:
            raise NotFoundError("run", run_id, session.exec(select(tables.Run.id)).all())


def _known(session: Session, header: Header) -> tables.Segment | None:
    return session.exec(
        select(tables.Segment).where(
            tables.Segment.run_id == header.run,
            tables.Segment.writer == header.writer,
            tables.Segment.number == header.number,
        )
    ).first()
