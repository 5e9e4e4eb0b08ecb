"""Moves the journal into the store: each segment is renamed into place, then its rows are committed.

A segment's place in the store follows from its key alone. Killed between the rename and the commit, the
next start finds a stored file without a row and adds it; a lost catalog is rebuilt in the same way.
"""

from __future__ import annotations

import errno
import logging
import secrets
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

from chroma import journal, segment
from chroma.errors import IngestError, SegmentError
from chroma.journal import Entry
from chroma.records import Header, Notes, Segment
from chroma.segment import ReadSegment
from chroma.server.home.context import Context
from chroma.server.home.events import Event
from chroma.server.store.ingest.attempts import mark_lost, open_writers
from chroma.server.store.ingest.changes import Change
from chroma.server.store.ingest.segments import add_segment, deleted_runs, known_keys
from chroma.server.store.lookups import run_by

logger = logging.getLogger(__name__)

# One process owns a home, but several of its threads may ingest. Without a lock the second of two threads
# that add one segment would take the file moved by the first for its own unfinished work, and move it back.
_lock = threading.Lock()

# Errors that every other segment would meet too.
_OF_THE_HOME = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE}

Outcome = Literal["added", "known", "held", "set_aside", "left_out", "gone"]


@dataclass
class IngestReport:
    """What one pass did, in segments.

    Attributes:
        added: New; now in the store and the catalog.
        known: Sent again without harm.
        held: Of a deleted run; they stay in the journal until it is restored.
        set_aside: Unreadable or contradictory; kept in `set-aside/` with the reason.
        left_out: Not readable or movable now, as files of another user; they stay where they are.
        interrupted: Writers that were gone without a closing segment.
    """

    added: int = 0
    known: int = 0
    held: int = 0
    set_aside: int = 0
    left_out: int = 0
    interrupted: int = 0

    def __bool__(self) -> bool:
        return any(getattr(self, field.name) for field in fields(self))


def ingest_journal(context: Context) -> IngestReport:
    """Add all segments that the journal holds now, then mark the runs whose writers are gone.

    A file or a run that cannot be read costs itself only: see `IngestReport` and `Context.left_out`.

    Raises:
        OSError: The disk is full or gone; nothing is lost, the next pass goes on.
        CatalogError: The catalog cannot be written now; as above.
    """
    folder = context.settings.journal
    with context.store.reading() as catalog:
        candidates = open_writers(catalog) | set(journal.writers(folder))
        deleted = deleted_runs(catalog)
    # Before the listing: it then has all that a writer committed before it was gone.
    gone = sorted(who for who in candidates if not journal.is_alive(folder, *who))
    refused: dict[str, str] = {}
    found = list(journal.entries(folder, lambda run, error: refused.update({run: str(error)})))
    wanted = [entry for entry in found if entry.run not in deleted]
    report = IngestReport(held=len(found) - len(wanted), left_out=len(refused))
    _add_all(context, wanted, report, refused)
    for run, writer in gone:
        with context.store.writing() as catalog:
            interrupted = mark_lost(catalog, run, writer)
        journal.forget_writer(folder, run, writer)
        if interrupted:
            report.interrupted += 1
            _publish(context, Change("run", run, "interrupted"))
    _name(context, refused)
    context.left_out.clear()
    context.left_out.update(refused)
    return report


def reconcile(context: Context) -> IngestReport:
    """Add stored segments that have no row: after a kill, or where the catalog was lost."""
    with context.store.reading() as catalog:
        known = known_keys(catalog)
    report = IngestReport()
    refused: dict[str, str] = {}
    found: list[Entry] = []
    for folder in sorted(context.store.files.root.glob("runs/*/segments")):
        run = folder.parent.name
        if journal.valid_run_id(run):
            try:
                found += journal.entries_of(run, folder)
            except OSError as error:
                refused[run] = str(error)
    new = (entry for entry in found if (entry.run, entry.writer, entry.number) not in known)
    _add_all(context, new, report, refused)
    _name(context, refused)
    return report


def write_note(context: Context, run_id: str, note: Notes) -> None:
    """Keep what a user wrote of a run: as a segment, so that it outlives the catalog, and in the catalog.

    Raises:
        NotFoundError: There is no such run.
        IngestError: The note cannot be understood.
    """
    with context.store.reading() as catalog:
        run_by(catalog, run_id)
    header = Header(
        run=run_id, writer=f"0-{secrets.token_hex(4)}", number=0, attempt="notes", created_at=time.time()
    )
    relative = context.store.files.segment(run_id, header.writer, 0)
    path = context.store.files.write(relative, segment.encode(Segment(header, note)))
    try:
        change = _commit(context, Entry(run_id, header.writer, 0, path), path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    if isinstance(change, Change):
        _publish(context, change)


def _add_all(
    context: Context, entries: Iterable[Entry], report: IngestReport, refused: dict[str, str]
) -> None:
    for entry in sorted(entries, key=_written):
        try:
            outcome = _add(context, entry)
        except OSError as error:
            if error.errno in _OF_THE_HOME:
                raise
            refused[entry.run] = str(error)
            outcome = "left_out"
        if outcome != "gone":
            setattr(report, outcome, getattr(report, outcome) + 1)


def _name(context: Context, refused: dict[str, str]) -> None:
    """Name the runs that were left out in this pass; each once, until the reason changes."""
    for run, reason in refused.items():
        if context.left_out.get(run) != reason:
            logger.warning(
                "chroma: files of run %s cannot be read or moved (%s); all other runs are shown, "
                "this one once its files belong to you",
                run,
                reason,
            )


def _written(entry: Entry) -> tuple[float, str, int]:
    """Sorts by the time of writing, so that attempts come in their order.

    The file is closed again: a rebuilt catalog has more segments than a process may hold open.
    """
    try:
        return segment.open_segment(entry.path).header.created_at, entry.writer, entry.number
    except (SegmentError, FileNotFoundError):
        return 0.0, entry.writer, entry.number  # `_add` says what is wrong with it


def _add(context: Context, entry: Entry) -> Outcome:
    target = context.store.files.path(context.store.files.segment(entry.run, entry.writer, entry.number))
    try:
        change = _commit(context, entry, target)
    except FileNotFoundError:
        return "gone"  # another pass has moved it
    except (SegmentError, IngestError) as error:
        kept = journal.set_aside(entry, str(error))
        logger.warning("chroma: set aside %s: %s", kept, error)
        return "set_aside"
    if not isinstance(change, Change):
        return change
    _publish(context, change)
    return "added"


def _commit(context: Context, entry: Entry, target: Path) -> Change | Literal["known", "held"]:
    """Move a segment to its place and commit its rows, or do neither; returns what changed."""
    with _lock:
        read = _read(entry)
        moves = entry.path != target
        done = False

        def move() -> None:
            if moves:
                journal.acknowledge(entry, target)

        try:
            change = add_segment(context.store, read, move)
            done = True
        finally:
            if moves and not done and target.exists() and not entry.path.exists():
                target.replace(entry.path)
        return change


def _read(entry: Entry) -> ReadSegment:
    try:
        read = segment.open_segment(entry.path)
        read.verify()
        _ = read.record  # a damaged record is refused here, before anything moves
    except (TypeError, ValueError, LookupError) as error:
        raise SegmentError(f"{entry.path} is not a valid segment: {error}") from error
    header = read.header
    if (header.run, header.writer, header.number) != (entry.run, entry.writer, entry.number):
        raise SegmentError(
            f"{entry.path} says it is {header.run}/{header.writer}-{header.number}; "
            "a segment keeps the name it was written under"
        )
    return read


def _publish(context: Context, change: Change) -> None:
    context.events.publish(Event(change.kind, change.run_id, message=change.message))
