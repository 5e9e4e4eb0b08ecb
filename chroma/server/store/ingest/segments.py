"""The transaction of ingest: each segment is added to the catalog, or nothing of it changes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Literal

from sqlalchemy import event
from sqlalchemy.exc import OperationalError, StatementError
from sqlmodel import col, select

from chroma.errors import CatalogError, IngestError
from chroma.records import Header, Notes
from chroma.segment import ReadSegment
from chroma.server.store import tables
from chroma.server.store.catalog import Catalog, Store
from chroma.server.store.ingest.changes import Change
from chroma.server.store.ingest.rows import add_rows
from chroma.server.store.listing import FEW
from chroma.server.store.samples.load import forget_samples

# What a record with wrong types or shapes raises while its rows are added.
_WRONG = (StatementError, TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RuntimeError)


class Transaction:
    """Adds segments to a catalog that is open for writing; one that fails changes nothing.

    Args:
        catalog: Open for writing.
        headers: Of the segments that will be added, all of one run.
    """

    def __init__(self, catalog: Catalog, headers: Sequence[Header]) -> None:
        self._catalog = catalog
        # A session forgets rows that nobody else holds: each would be read again for each segment.
        self._held: list[object] = []
        for moment in ("loaded_as_persistent", "pending_to_persistent"):
            event.listen(catalog.session, moment, self._hold)
        self._known = digests_of(
            catalog,
            headers[0].run if headers else "",
            [(header.writer, header.number) for header in headers],
        )

    def add(
        self, read: ReadSegment, move: Callable[[], None], *, apart: bool = False
    ) -> Change | Literal["known", "held"]:
        """Add a segment.

        Args:
            read: The segment.
            move: Moves the file to its place in the store; called before its rows are added, so that a file
                may be in the store without a row but never the other way round.
            apart: Where it fails, undo it alone: the transaction can go on.

        Returns:
            What changed; or "known" for a segment that was added before (it is moved all the same: that
            repairs a store which lost it); or "held" for one of a deleted run, which stays where it is.

        Raises:
            IngestError: It contradicts what is known of its run.
        """
        header = read.header
        try:
            with self._catalog.session.begin_nested() if apart else nullcontext(), _forgetting(self._catalog):
                outcome = self._add(read, move)
                self._catalog.session.flush()  # what the database refuses costs this segment, not the others
        except OperationalError:
            raise
        except _WRONG as error:
            raise IngestError(
                f"the record of {header.run}/{header.writer}-{header.number} is wrong: {error}"
            ) from error
        if isinstance(outcome, Change):
            self._known[header.writer, header.number] = read.digest
        return outcome

    def _hold(self, _session: object, row: object) -> None:
        self._held.append(row)

    def _add(self, read: ReadSegment, move: Callable[[], None]) -> Change | Literal["known", "held"]:
        header = read.header
        known = self._known.get((header.writer, header.number))
        if known not in (None, read.digest):
            raise IngestError(
                f"run {header.run} already has another segment {header.writer}-{header.number}; "
                "a copied journal or a repeated writer id does this"
            )
        run = self._catalog.session.get(tables.Run, header.run)
        if known is None and run and run.deleted_at and not isinstance(read.record, Notes):
            return "held"
        move()
        if known is not None:
            return "known"
        try:
            return add_rows(self._catalog, read)
        except FileNotFoundError as error:
            raise IngestError(
                f"run {header.run} has lost a stored file ({error}); "
                "put it back, and this one from set-aside into the journal"
            ) from error


@contextmanager
def _forgetting(catalog: Catalog) -> Generator[None]:
    """What was remembered of a segment that is undone is forgotten."""
    try:
        yield
    except BaseException:
        forget_samples(catalog, catalog.files)
        raise


@contextmanager
def open_transaction(store: Store, headers: Sequence[Header]) -> Generator[Transaction]:
    """A transaction that adds segments of one run and is committed at the end of the block.

    Raises:
        CatalogError: The catalog cannot be written now; nothing has changed.
    """
    try:
        with store.writing() as catalog:
            yield Transaction(catalog, headers)
    except OperationalError as error:
        raise CatalogError(
            f"the catalog {store.name} cannot be written ({error.orig}); "
            "check that its disk has room and that no other program holds it"
        ) from error


def known_keys(catalog: Catalog, runs: Collection[str] | None = None) -> set[tuple[str, str, int]]:
    """(run, writer, number) of the segments in the catalog: of all runs, or of these where they are few."""
    segments = select(tables.Segment.run_id, tables.Segment.writer, tables.Segment.number)
    if runs is not None and len(runs) <= FEW:
        segments = segments.where(col(tables.Segment.run_id).in_(runs))
    return {(run, writer, number) for run, writer, number in catalog.session.exec(segments).all()}


def digests_of(catalog: Catalog, run_id: str, keys: Sequence[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """Digests of those segments of a run that are in the catalog, by writer and number."""
    if not keys:
        return {}
    wanted = set(keys)
    numbers = [number for _, number in wanted]
    rows = catalog.session.exec(
        select(tables.Segment.writer, tables.Segment.number, tables.Segment.digest).where(
            tables.Segment.run_id == run_id,
            col(tables.Segment.writer).in_({writer for writer, _ in wanted}),
            col(tables.Segment.number).between(min(numbers), max(numbers)),
        )
    ).all()
    return {(writer, number): digest for writer, number, digest in rows if (writer, number) in wanted}


def is_deleted(catalog: Catalog, run_id: str) -> bool:
    """Whether there is a run of this id, and it is deleted."""
    run = catalog.session.get(tables.Run, run_id)
    return run is not None and run.deleted_at is not None


def deleted_runs(catalog: Catalog) -> set[str]:
    """Ids of deleted runs."""
    deleted = select(tables.Run.id).where(col(tables.Run.deleted_at).is_not(None))
    return set(catalog.session.exec(deleted).all())
