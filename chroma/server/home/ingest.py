"""Moves the journal into the store: each segment is renamed into place, then its rows are committed.

A segment's place in the store follows from its key alone. Killed between the rename and the commit, the
next start finds a stored file without a row and adds it; a lost catalog is rebuilt in the same way.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from pathlib import Path

from chroma import journal, liveness, segment
from chroma.errors import ChromaError, HomeError
from chroma.journal import Entry
from chroma.records import Header, Notes, Segment
from chroma.server.home import signs
from chroma.server.home.context import Context
from chroma.server.home.segment_batch import INGESTING, IngestReport, add_batch, publish
from chroma.server.home.segment_order import batches, newest_first
from chroma.server.home.stored import stored_entries
from chroma.server.store.ingest.attempts import mark_lost, open_writers
from chroma.server.store.ingest.changes import Change
from chroma.server.store.ingest.segments import deleted_runs, known_keys, open_transaction
from chroma.server.store.listing import compare_segments
from chroma.server.store.lookups import run_by

logger = logging.getLogger(__name__)

_LOOK_AGAIN = 1.0  # seconds after which runs that came meanwhile get their turn
_LOOKS = 0.02  # share of the time that looking for them may take
_catching_up = threading.Lock()  # those who wait for one pass need no second one each


def ingest_journal(context: Context) -> IngestReport:
    """Add all segments that the journal holds, newest runs first, and mark the runs whose writers are gone.

    A file or a run that cannot be read costs itself only: see `IngestReport` and `Context.left_out`.
    Runs that come meanwhile are taken in before older ones.

    Raises:
        OSError: The disk is full or gone; nothing is lost, the next pass goes on.
        CatalogError: The catalog cannot be written now; as above.
    """
    folder = context.settings.journal
    with context.store.reading() as catalog:
        candidates = open_writers(catalog) | set(liveness.writers(folder))
        deleted = deleted_runs(catalog)
    # Before the listing: it then has all that a writer committed before it was gone.
    gone: dict[str, list[str]] = {}
    for run, writer in sorted(candidates - signs.alive(context, candidates)):
        gone.setdefault(run, []).append(writer)
    refused: dict[str, str] = {}

    def listed() -> list[Entry]:
        return list(journal.entries(folder, lambda run, error: refused.update({run: str(error)})))

    report = IngestReport()
    for run in _taken_in(context, listed, deleted, report, refused):
        for writer in gone.pop(run, ()):
            _end_writer(context, run, writer, report)
    for run, writers in gone.items():
        for writer in writers if run not in refused else ():
            _end_writer(context, run, writer, report)
    report.left_out += len(refused)
    _name(context, refused)
    context.left_out.clear()
    context.left_out.update(refused)
    return report


def reconcile(context: Context, runs: Collection[str] | None = None) -> IngestReport:
    """Add stored segments that have no row: after a kill, or where the catalog was lost.

    Args:
        context: Of the home.
        runs: Of a folder: those that have other files than rows; None: it is found out which these are.
    """
    files = context.store.files
    with context.store.reading() as catalog:
        if runs is None and files.is_local:
            runs = compare_segments(catalog, sizes=False).unlike
        known = known_keys(catalog, runs)
    report = IngestReport()
    refused: dict[str, str] = {}
    listed = stored_entries(files, known, refused, runs or ())
    for _ in _taken_in(context, listed, set(), report, refused):
        pass
    _name(context, refused)
    return report


def catch_up(context: Context) -> None:
    """Add what was committed before this call; the thread that watches would do so a moment later.

    The first pass of a server may take long: readers ask how far it is. What cannot be added now (a full
    disk) is said by that thread.
    """
    if not context.progress.caught_up.is_set():
        return
    with suppress(ChromaError, OSError), _catching_up:
        if not journal.is_empty(context.settings.journal):
            ingest_journal(context)
        with INGESTING:
            pass  # another thread has committed what it had moved


def write_note(context: Context, run_id: str, note: Notes) -> None:
    """Keep what a user wrote of a run: as a segment, so that it outlives the catalog, and in the catalog.

    Raises:
        NotFoundError: There is no such run.
        IngestError: The note cannot be understood.
        HomeError: The home is only read, or its disk is full or gone.
    """
    context.check_writable()
    with context.store.reading() as catalog:
        run_by(catalog, run_id)
    header = Header(
        run=run_id, writer=f"0-{secrets.token_hex(4)}", number=0, attempt="notes", created_at=time.time()
    )
    relative = context.store.files.segment(run_id, header.writer, 0)
    try:
        path = context.store.files.write(relative, segment.encode(Segment(header, note)))
    except OSError as error:
        raise HomeError(
            f"{context.settings.home} cannot be written to ({error}); free space on its disk"
        ) from error
    try:
        read = segment.open_segment(path)
        with INGESTING, open_transaction(context.store, [header]) as transaction:
            change = transaction.add(read, lambda: None)
    except BaseException:
        context.store.files.remove(relative)
        raise
    if isinstance(change, Change):
        publish(context, change)


def _taken_in(
    context: Context,
    listed: Callable[[], list[Entry]],
    deleted: Collection[str],
    report: IngestReport,
    refused: dict[str, str],
) -> Iterator[str]:
    """Add the segments of one run after the other, the newest first; yields each run once it is done."""
    progress = context.progress
    tried: set[Path] = set()
    progress.taken, progress.of = 0, 0
    while not context.closing.is_set():
        began = time.monotonic()
        found = [entry for entry in listed() if entry.path not in tried]
        runs = newest_first(entry for entry in found if entry.run not in deleted)
        report.held += len(found) - sum(map(len, runs.values()))
        tried.update(entry.path for entry in found if entry.run in deleted)
        progress.of = progress.taken + sum(map(len, runs.values()))
        if not runs:
            return
        ended = time.monotonic()
        look_again = ended + max(_LOOK_AGAIN, (ended - began) / _LOOKS)
        for run, entries in runs.items():
            for batch in batches(entries):
                if context.closing.is_set():
                    return
                add_batch(context, batch, report, refused)
                tried.update(entry.path for entry, _ in batch)
                progress.taken += len(batch)
                context.tell_progress()
            yield run
            if time.monotonic() > look_again:
                break


def _end_writer(context: Context, run: str, writer: str, report: IngestReport) -> None:
    """Mark a writer that is gone."""
    if context.closing.is_set():
        return
    with context.store.writing() as catalog:
        interrupted = mark_lost(catalog, run, writer)
    signs.forget(context, run, writer)
    liveness.forget_writer(context.settings.journal, run, writer)
    if interrupted:
        report.interrupted += 1
        publish(context, Change("run", run, "interrupted"))


def _name(context: Context, refused: dict[str, str]) -> None:
    """Name the runs that were left out in this pass; each once, until the reason changes."""
    for run, reason in refused.items():
        if context.left_out.get(run) != reason:
            logger.warning(
                "chroma: not all files of run %s can be taken in now (%s); all others are, "
                "and these once that is over",
                run,
                reason,
            )
