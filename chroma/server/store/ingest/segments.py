"""The transaction of ingest: one segment is added to the catalog, or nothing changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from sqlalchemy.exc import OperationalError, StatementError
from sqlmodel import col, select

from chroma.errors import CatalogError, IngestError
from chroma.records import Header, Notes
from chroma.segment import ReadSegment
from chroma.server.store import tables
from chroma.server.store.catalog import Catalog, Store
from chroma.server.store.ingest.changes import Change
from chroma.server.store.ingest.rows import add_rows

# What a record with wrong types or shapes raises while its rows are added.
_WRONG = (StatementError, TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RuntimeError)


def add_segment(
    store: Store, read: ReadSegment, move: Callable[[], None]
) -> Change | Literal["known", "held"]:
    """Add a segment to the catalog.

    Args:
        store: Of the home.
        read: The segment.
        move: Moves the file to its place in the store; called inside the transaction, before its rows are
            added, so that a file may be in the store without a row but never the other way round.

    Returns:
        What changed; or "known" for a segment that was added before (it is moved all the same: that repairs
        a store which lost it); or "held" for one of a deleted run, which stays where it is.

    Raises:
        IngestError: It contradicts what is known of its run.
        CatalogError: The catalog cannot be written now; nothing has changed.
    """
    header = read.header
    try:
        with store.writing() as catalog:
            known = _known(catalog, header)
            if known is not None and known.digest != read.digest:
                raise IngestError(
                    f"run {header.run} already has another segment {header.writer}-{header.number}; "
                    "a copied journal or a repeated writer id does this"
                )
            run = catalog.session.get(tables.Run, header.run)
            if known is None and run and run.deleted_at and not isinstance(read.record, Notes):
                return "held"
            move()
            if known is not None:
                return "known"
            try:
                return add_rows(catalog, read)
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


def known_keys(catalog: Catalog) -> set[tuple[str, str, int]]:
    """(run, writer, number) of all segments in the catalog."""
    segments = select(tables.Segment.run_id, tables.Segment.writer, tables.Segment.number)
    return {(run, writer, number) for run, writer, number in catalog.session.exec(segments).all()}


def deleted_runs(catalog: Catalog) -> set[str]:
    """Ids of deleted runs."""
    deleted = select(tables.Run.id).where(col(tables.Run.deleted_at).is_not(None))
    return set(catalog.session.exec(deleted).all())


def _known(catalog: Catalog, header: Header) -> tables.Segment | None:
    return catalog.session.exec(
        select(tables.Segment).where(
            tables.Segment.run_id == header.run,
            tables.Segment.writer == header.writer,
            tables.Segment.number == header.number,
        )
    ).first()
