"""Adds opened segments to the store: each is moved into place, and the rows of all are committed together."""

from __future__ import annotations

import errno
import logging
import threading
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

from chroma import journal
from chroma.durable import wait_for_disk
from chroma.errors import IngestError, SegmentError, StoreError
from chroma.journal import Entry
from chroma.segment import ReadSegment
from chroma.server.home.context import Context
from chroma.server.home.copied import SETTLED, is_being_copied
from chroma.server.home.events import Event
from chroma.server.home.segment_order import Opened
from chroma.server.store.engine import Unavailable
from chroma.server.store.ingest.changes import Change
from chroma.server.store.ingest.field_types import check_fields
from chroma.server.store.ingest.segments import digests_of, open_transaction
from chroma.server.store.samples.load import forget_samples

logger = logging.getLogger(__name__)

# One process owns a home, but several of its threads may ingest. Without a lock the second of two threads
# that add one segment would take the file moved by the first for its own unfinished work, and move it back.
INGESTING = threading.Lock()

# Errors that every other segment would meet too.
_OF_THE_HOME = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE}
# Why a link or a socket cannot be opened; all else may go away, as another owner does, or a bad disk.
_OF_THE_FILE = {errno.ELOOP, errno.EMLINK, errno.ENXIO, errno.ENODEV}


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


def add_batch(context: Context, batch: list[Opened], report: IngestReport, refused: dict[str, str]) -> None:
    """Move segments of a run to their places and commit their rows together; one that is wrong is left out.

    Raises:
        OSError: The disk is full, gone or read-only; nothing has changed.
        CatalogError: The catalog cannot be written now; as above.
    """
    proved: list[_Proved] = []
    failed: list[_Failed] = []
    for entry, read in batch:
        try:
            known = context.proofs.take(entry.path, getattr(read, "stamp", None))
            proved.append((entry, prove(entry, read, known)))
        except Exception as error:
            if _is_of_the_home(error):
                raise
            failed.append((entry, error))
    _keep(context, proved)
    with INGESTING:
        try:
            changes = _commit(context, proved)
        except _SegmentFailedError:
            changes = _commit(context, proved, failed)
    for change in changes:
        if isinstance(change, Change):
            report.added += 1
        else:
            setattr(report, change, getattr(report, change) + 1)
    for entry, error in failed:
        _dispose(context, entry, error, report, refused)
    for change in dict.fromkeys(change for change in changes if isinstance(change, Change)):
        publish(context, change)


_Proved = tuple[Entry, ReadSegment]
_Failed = tuple[Entry, Exception]


class _SegmentFailedError(Exception):
    """One segment of a transaction failed."""


def _keep(context: Context, proved: list[_Proved]) -> None:
    """Put segments into the bucket, where there is one, before the transaction: others wait for that."""
    files = context.store.files
    if files.is_local or not proved:
        return
    with context.store.reading() as catalog:
        run = proved[0][0].run
        known = digests_of(catalog, run, [(entry.writer, entry.number) for entry, _ in proved])
    for entry, read in proved:
        if known.get((entry.writer, entry.number)) in (None, read.digest):  # else it will be refused
            relative = files.segment(entry.run, entry.writer, entry.number)
            if entry.path != files.place(relative):  # which comes from there
                with suppress(FileNotFoundError):  # another pass has moved it
                    files.keep(relative, entry.path)
    context.parts.works("store")


def _commit(
    context: Context, proved: list[_Proved], failed: list[_Failed] | None = None
) -> list[Change | Literal["known", "held"]]:
    """Add segments in one transaction.

    Args:
        context: Of the home.
        proved: The segments.
        failed: Receives those that fail, each undone by itself, which takes twice the time; without it, the
            first failure undoes all.

    Raises:
        _SegmentFailedError: One failed; nothing has changed.
    """
    files = context.store.files
    moved: list[tuple[Path, Path]] = []
    changes: list[Change | Literal["known", "held"]] = []
    try:
        with open_transaction(context.store, [read.header for _, read in proved]) as transaction:
            for entry, read in proved:
                if not entry.path.exists():
                    continue  # another pass has moved it
                target = files.place(files.segment(entry.run, entry.writer, entry.number))

                def move(entry: Entry = entry, target: Path = target) -> None:
                    if entry.path == target:
                        return
                    was_there = target.exists()  # then it is of an earlier transaction, and stays
                    journal.acknowledge(entry, target)
                    if not was_there:
                        moved.append((entry.path, target))

                try:
                    changes.append(transaction.add(read, move, apart=failed is not None))
                except Exception as error:
                    if _is_of_the_home(error):
                        raise
                    if failed is None:
                        raise _SegmentFailedError from error
                    _move_back(moved, entry.path)
                    failed.append((entry, error))
            for folder in {target.parent for _, target in moved}:
                wait_for_disk(folder)
    except BaseException:
        forget_samples(None, files)
        _move_back(moved)
        raise
    return changes


def _move_back(moved: list[tuple[Path, Path]], only: Path | None = None) -> None:
    """Put files back into the journal: all, or one."""
    for source, target in moved:
        if only in (None, source) and target.exists() and not source.exists():
            target.replace(source)


def _dispose(
    context: Context, entry: Entry, error: Exception, report: IngestReport, refused: dict[str, str]
) -> None:
    """Set aside a segment that is wrong; leave one that cannot be read or moved now, or is being copied."""
    if isinstance(error, FileNotFoundError):
        return  # another pass has moved it
    if isinstance(error, SegmentError) and is_being_copied(entry.path):
        error = OSError(f"{entry.path} is not whole; it is set aside if it stays so for {SETTLED:g} s")
    elif isinstance(error, (SegmentError, IngestError)) and entry.path.parent.is_symlink():
        error = OSError(f"{error}; its folder is a link")  # to a place that is not ours
    elif isinstance(error, (SegmentError, IngestError)):
        try:
            kept = journal.set_aside(entry, str(error))
        except FileNotFoundError:
            return  # another pass did so
        except OSError as refusal:
            error = refusal
        else:
            report.set_aside += 1
            if kept.is_relative_to(context.store.files.root):
                context.store.files.aside.add(entry.run)
            logger.warning("chroma: set aside %s: %s", kept, error)
            return
    elif not isinstance(error, OSError):
        logger.warning("chroma: %s cannot be taken in", entry.path, exc_info=error)
    refused[entry.run] = str(error) or type(error).__name__


def _is_of_the_home(error: Exception) -> bool:
    if isinstance(error, (Unavailable, StoreError)):
        return True
    return isinstance(error, OSError) and error.errno in _OF_THE_HOME


def prove(entry: Entry, read: ReadSegment | Exception, known: str | None = None) -> ReadSegment:
    """Verify an opened segment, before anything moves.

    Args:
        entry: What it must say it is.
        read: The segment, or why it cannot be opened.
        known: Its digest, where the bytes have been proved as they came: they are not read again for it.

    Raises:
        SegmentError: It is damaged, or not the one that its name says.
        OSError: It cannot be read now.
    """
    if isinstance(read, Exception):
        cause = read.__cause__
        for_now = isinstance(cause, OSError) and cause.errno not in (None, *_OF_THE_FILE)
        raise cause if for_now and cause else read
    try:
        if known is None:
            read.verify()
        else:
            read = read.known_as(known)
        check_fields(read.record_name, read.fields)
        _ = read.record
    except (TypeError, ValueError, LookupError) as error:
        raise SegmentError(f"{entry.path} is not a valid segment: {error}") from error
    header = read.header
    if (header.run, header.writer, header.number) != (entry.run, entry.writer, entry.number):
        raise SegmentError(
            f"{entry.path} says it is {header.run}/{header.writer}-{header.number}; "
            "a segment keeps the name it was written under"
        )
    return read


def publish(context: Context, change: Change) -> None:
    """Tell subscribers what changed."""
    context.events.publish(Event(change.kind, change.run_id, message=change.message))
