"""Takes the journal into the store: moves each segment by rename, then commits what it says.

A segment's place in the store follows from its key alone. Killed between the rename and the commit, the
next start finds a stored file without a row and registers it; the same way a lost catalog is rebuilt.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, fields
from hashlib import blake2b, file_digest
from pathlib import Path
from typing import Literal

from chroma import journal, segment
from chroma.errors import IngestError, SegmentError
from chroma.journal import Entry
from chroma.records import Header, Notes, Segment
from chroma.server.home.context import Context
from chroma.server.home.events import Event
from chroma.server.store.ingest import segments
from chroma.server.store.ingest.rows import Found

logger = logging.getLogger(__name__)

# The owner of a home is one process, but several threads of it may ingest: the loser of a race for a segment
# would take the winner's file for its own half-done work, and move it back.
_turn = threading.Lock()

Outcome = Literal["taken", "known", "held", "aside", "gone"]


@dataclass
class IngestReport:
    """What one pass did, in segments.

    Attributes:
        taken: New; now in the store and the catalog.
        known: Sent again without harm.
        held: Of a deleted run; they wait in the journal for its restoration.
        aside: Unreadable or contradictory; kept in `set-aside/` with the reason.
        interrupted: Writers that were gone without a closing segment.
    """

    taken: int = 0
    known: int = 0
    held: int = 0
    aside: int = 0
    interrupted: int = 0

    def __bool__(self) -> bool:
        return any(getattr(self, field.name) for field in fields(self))


def ingest_journal(context: Context) -> IngestReport:
    """Take in all that the journal holds now, then mark the runs whose writers are gone.

    Raises:
        OSError: The disk is full or gone; nothing is lost, the next pass goes on.
        CatalogError: The catalog cannot be written now; as above.
    """
    folder = context.settings.journal
    # Asked before the listing: what a writer committed before it was gone is then in the list.
    gone = _gone(context, folder)
    deleted = segments.deleted_runs(context.store)
    found = list(journal.entries(folder))
    wanted = [entry for entry in found if entry.run not in deleted]
    report = IngestReport(held=len(found) - len(wanted))
    _take_all(context, wanted, report)
    for run, writer in gone:
        interrupted = segments.interrupt(context.store, run, writer)
        journal.forget_writer(folder, run, writer)
        if interrupted:
            report.interrupted += 1
            context.events.publish(Event("run", run, message="interrupted"))
    return report


def reconcile(context: Context) -> IngestReport:
    """Register stored segments that have no row: after a kill, or for a catalog that was lost."""
    known = segments.known_keys(context.store)
    report = IngestReport()
    found = (
        entry
        for folder in sorted(context.store.files.root.glob("runs/*/segments"))
        if journal.valid_run_id(folder.parent.name)
        for entry in journal.entries_of(folder.parent.name, folder)
        if (entry.run, entry.writer, entry.number) not in known
    )
    _take_all(context, found, report)
    return report


def write_note(context: Context, run_id: str, note: Notes) -> None:
    """Keep what a user wrote of a run: as a segment, so that it outlives the catalog, and in the catalog.

    Raises:
        NotFoundError: There is no such run.
        IngestError: The note cannot be understood.
    """
    segments.require_run(context.store, run_id)
    header = Header(
        run=run_id, writer=f"0-{secrets.token_hex(4)}", number=0, attempt="notes", created_at=time.time()
    )
    relative = context.store.files.segment(run_id, header.writer, 0)
    path = context.store.files.write(relative, segment.encode(Segment(header, note)))
    try:
        taken = _commit(context, Entry(run_id, header.writer, 0, path), path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    _tell(context, taken if isinstance(taken, list) else [])


def _take_all(context: Context, entries: Iterable[Entry], report: IngestReport) -> None:
    for entry in sorted(entries, key=_written):
        outcome = _take(context, entry)
        if outcome != "gone":
            setattr(report, outcome, getattr(report, outcome) + 1)


def _written(entry: Entry) -> tuple[float, str, int]:
    """Sorts by the time of writing, so that attempts come in their order."""
    try:
        return float(segment.read_about(entry.path)[0].created_at), entry.writer, entry.number
    except (SegmentError, FileNotFoundError, TypeError, ValueError):
        return 0.0, entry.writer, entry.number  # `_take` says what is wrong with it


def _take(context: Context, entry: Entry) -> Outcome:
    target = context.store.files.path(context.store.files.segment(entry.run, entry.writer, entry.number))
    try:
        taken = _commit(context, entry, target)
    except FileNotFoundError:
        return "gone"  # another pass took it
    except (SegmentError, IngestError) as error:
        aside = journal.set_aside(entry, str(error))
        logger.warning("chroma: set aside %s: %s", aside, error)
        return "aside"
    if not isinstance(taken, list):
        return taken
    _tell(context, taken)
    return "taken"


def _commit(context: Context, entry: Entry, target: Path) -> list[Event] | Literal["known", "held"]:
    """Move a segment to its place and commit what it says, or neither; returns what to tell."""
    with _turn:
        found = _open(entry)
        moves = entry.path != target
        kept = False

        def move() -> None:
            if moves:
                journal.acknowledge(entry, target)

        try:
            taken = segments.enter(context.store, found, move)
            kept = True
        finally:
            if moves and not kept and target.exists() and not entry.path.exists():
                target.replace(entry.path)
        return taken


def _tell(context: Context, events: Iterable[Event]) -> None:
    for event in events:
        context.events.publish(event)


def _open(entry: Entry) -> Found:
    try:
        found = segment.read(entry.path)
    except (TypeError, ValueError, LookupError) as error:
        raise SegmentError(f"{entry.path} is not what a segment looks like: {error}") from error
    header = found.header
    if (header.run, header.writer, header.number) != (entry.run, entry.writer, entry.number):
        raise SegmentError(
            f"{entry.path} says it is {header.run}/{header.writer}-{header.number}; "
            "a segment keeps the name it was written under"
        )
    with entry.path.open("rb") as file:
        digest = file_digest(file, lambda: blake2b(digest_size=16)).hexdigest()
    return Found(header, found.record, digest, entry.path.stat().st_size)


def _gone(context: Context, folder: Path) -> list[tuple[str, str]]:
    """Writers whose process no longer holds their lock."""
    candidates = segments.open_writers(context.store) | set(journal.writers(folder))
    return sorted(who for who in candidates if not journal.is_alive(folder, *who))
