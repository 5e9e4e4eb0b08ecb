"""The transactions of ingest: one segment enters the catalog, or nothing changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from sqlalchemy.exc import OperationalError, StatementError
from sqlmodel import col, select

from chroma.errors import CatalogError, IngestError, NotFoundError
from chroma.records import Header, Notes
from chroma.server.home.events import Event
from chroma.server.store import tables
from chroma.server.store.catalog import Catalog, Store
from chroma.server.store.ingest import attempts
from chroma.server.store.ingest.rows import Found, register

# What a record of wrong types or shapes raises on its way into the catalog.
_WRONG = (StatementError, TypeError, ValueError, LookupError, AttributeError, ArithmeticError)


def enter(store: Store, found: Found, move: Callable[[], None]) -> list[Event] | Literal["known", "held"]:
    """Enter a segment in the catalog.

    Args:
        store: Of the home.
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
        with store.writing() as catalog:
            known = _known(catalog, header)
            if known is not None and known.digest != found.digest:
                raise IngestError(
                    f"run {header.run} already has another segment {header.writer}-{header.number}; "
                    "a copied journal or a repeated writer id does this"
                )
            run = catalog.session.get(tables.Run, header.run)
            if known is None and run and run.deleted_at and not isinstance(found.record, Notes):
                return "held"
            move()
            if known is not None:
                return "known"
            try:
                return register(catalog, found)
            except FileNotFoundError as error:
                raise IngestError(
                    f"run {header.run} has lost a stored file ({error}); "
                    "put it back, and this one from set-aside into the journal"
                ) from error
    except OperationalError as error:
        raise CatalogError(
            f"the catalog {store.engine.url.database} cannot be written ({error.orig}); "
            "check that its disk has room and that no other program holds it"
        ) from error
    except _WRONG as error:
        raise IngestError(
            f"the record of {header.run}/{header.writer}-{header.number} is wrong: {error}"
        ) from error


def interrupt(store: Store, run_id: str, writer: str) -> bool:
    """Mark a writer that is gone without a closing segment; True if that interrupts its run."""
    with store.writing() as catalog:
        return attempts.lose(catalog, run_id, writer)


def open_writers(store: Store) -> set[tuple[str, str]]:
    """(run, writer) of all writers of running attempts that have not closed."""
    with store.reading() as catalog:
        return attempts.open_writers(catalog)


def known_keys(store: Store) -> set[tuple[str, str, int]]:
    """(run, writer, number) of all segments in the catalog."""
    with store.reading() as catalog:
        rows = catalog.session.exec(
            select(tables.Segment.run_id, tables.Segment.writer, tables.Segment.number)
        ).all()
    return {(run, writer, number) for run, writer, number in rows}


def deleted_runs(store: Store) -> set[str]:
    """Ids of the runs with a tombstone."""
    with store.reading() as catalog:
        return set(
            catalog.session.exec(select(tables.Run.id).where(col(tables.Run.deleted_at).is_not(None))).all()
        )


def require_run(store: Store, run_id: str) -> None:
    """Check that a run exists.

    Raises:
        NotFoundError: It does not; the sentence suggests near ids.
    """
    with store.reading() as catalog:
        if catalog.session.get(tables.Run, run_id) is None:
            raise NotFoundError("run", run_id, catalog.session.exec(select(tables.Run.id)).all())


def _known(catalog: Catalog, header: Header) -> tables.Segment | None:
    return catalog.session.exec(
        select(tables.Segment).where(
            tables.Segment.run_id == header.run,
            tables.Segment.writer == header.writer,
            tables.Segment.number == header.number,
        )
    ).first()
