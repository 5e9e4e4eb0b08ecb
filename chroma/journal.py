"""The journal: a folder of segments that a training process writes and a dashboard takes in.

`journal/<run>/<writer>-<number>.arrow` beside the sign of life of its writer: see `chroma.liveness`.
A segment is written under a temporary name, synced, then renamed: a reader sees all of it or nothing.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from stat import S_ISDIR

from filelock import FileLock

from chroma.durable import durable, wait_for_disk, write_durably
from chroma.errors import HomeError
from chroma.liveness import is_alive, leads_elsewhere, valid_run_id, writers
from chroma.records import Header, Record, Segment, WriterId
from chroma.segment import parts, write

_NAME = re.compile(r"(?P<writer>\d+-[0-9a-f]{8})-(?P<number>\d+)\.arrow")
ASIDE = "set-aside"
_ASIDES = (ASIDE, f"segments/{ASIDE}")  # in a run's folder: of a journal, of a store
DELETED = "deleted"  # in the store, beside the segments of a deleted run whose files are not removed yet


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """One segment in a journal; sorts by run, writer and number."""

    run: str
    writer: str
    number: int
    path: Path


def segment_name(writer: str, number: int) -> str:
    """File name of a segment: zero-padded, so that names sort as they were written."""
    return f"{writer}-{number:06d}.arrow"


class JournalWriter:
    """Writes the segments of one process and run; not for use by several threads at once.

    Args:
        journal: The journal's folder (`Settings.journal`).
        run: Id of the run.
        writer_id: Attempt, rank and world size of this process; by default the only one of a new attempt.

    Attributes:
        writer_id: Attempt, rank and world size.
        writer: Rank and 8 random hex digits.
        number: Number of the next segment.
        bytes: Bytes committed so far.
        accepted: Snapshots that wait or are committed, to be told in each segment.

    Raises:
        HomeError: The folder cannot be made or written to.
    """

    def __init__(self, journal: Path, run: str, writer_id: WriterId | None = None) -> None:
        self.run = run
        self.writer_id = writer_id or WriterId()
        self.writer = f"{self.writer_id.rank}-{secrets.token_hex(4)}"
        self.number = 0
        self.bytes = 0
        self.accepted = 0
        self._journal = journal
        self._folder = journal / run
        self._unsynced: list[Path] = []
        try:
            self._lock = self._acquire()
        except (OSError, NotImplementedError) as error:
            raise HomeError(
                f"the journal {self._folder} cannot be written ({error}); "
                "set CHROMA_HOME to a folder on a disk you can write to"
            ) from error

    def commit(self, record: Record, *, sync: bool = True) -> int:
        """Write a record durably, in several segments if it is larger than one may be.

        Args:
            record: The record.
            sync: Wait until the disk has it; else it outlives a kill, and a loss of power after `sync`.

        Returns:
            Bytes written.

        Raises:
            OSError: The disk is full, gone or read-only; no partial file is left under a segment's name.
            SegmentError: The record cannot be stored.
        """
        return sum(self._commit(part, sync) for part in parts(record))

    def sync(self) -> None:
        """Wait until the disk has all segments that were committed without."""
        paths, self._unsynced = self._unsynced, []
        for path in (*paths, self._folder) if paths else ():
            with suppress(FileNotFoundError):  # taken in meanwhile
                wait_for_disk(path)

    def reopen(self) -> None:
        """Go on in the run's folder made anew, after the old one went away; numbers go on too.

        Raises:
            OSError: It cannot be made.
        """
        self._lock.release(force=True)
        self._lock = self._acquire()

    def close(self) -> None:
        """Release the lock: this writer has ended. Call it after the closing segment."""
        self._lock.release()

    def _acquire(self) -> FileLock:
        """Lock, and see that the file that is locked is the one in the folder.

        Between the making of the file and the lock an ingest may take this writer for dead, and tidy up.
        """
        self._journal.parent.mkdir(0o700, parents=True, exist_ok=True)  # the home is nobody else's
        while True:
            with suppress(FileNotFoundError):
                if not S_ISDIR(self._folder.stat().st_mode):
                    raise NotADirectoryError(f"{self._folder} is no folder")
            lock = FileLock(self._folder / f"{self.writer}.lock", timeout=5, mode=0o600)
            # a folder that is tidied up meanwhile may be there for mkdir and gone for the look that follows
            with suppress(FileNotFoundError, FileExistsError):
                self._folder.mkdir(parents=True, exist_ok=True)
                lock.acquire()
                if is_alive(self._journal, self.run, self.writer):
                    return lock
            lock.release(force=True)

    def _commit(self, record: Record, sync: bool) -> int:
        header = Header(
            run=self.run,
            writer=self.writer,
            number=self.number,
            **asdict(self.writer_id),
            accepted=self.accepted,
            created_at=time.time(),
        )
        path = self._folder / segment_name(self.writer, self.number)
        with durable(path, sync=sync) as file:
            write(Segment(header, record), file)
            size = file.tell()
        if not sync:
            self._unsynced.append(path)
        self.number += 1
        self.bytes += size
        return size


def _ignore(run: str, error: OSError) -> None:
    pass


def entries(
    journal: Path,
    refused: Callable[[str, OSError], None] = _ignore,
    access: int = os.R_OK | os.W_OK | os.X_OK,
) -> Iterator[Entry]:
    """List the segments of a journal, oldest number of each writer first.

    Args:
        journal: The journal's folder.
        refused: Called for each run whose folder this process may not use: files of another user, or a link
            to another run.
        access: What it must be allowed, as `os.access` takes it: to read them and to move them away.
    """
    if not journal.is_dir():
        return
    for folder in sorted(journal.iterdir()):
        try:
            if folder.is_dir() and valid_run_id(folder.name):
                check_access(folder, access)
                check_link(folder, journal)
                yield from entries_of(folder.name, folder)
        except OSError as error:
            refused(folder.name, error)


def check_access(folder: Path, access: int) -> None:
    """Raise `PermissionError` where this process may not use a folder so, as `os.access` takes it."""
    if not os.access(folder, access):
        raise PermissionError(errno.EACCES, f"it belongs to user {folder.stat().st_uid}", str(folder))


def check_link(folder: Path, root: Path) -> None:
    """Raise `OSError` where a run's folder is a link to another run's below `root`: its files would move."""
    if leads_elsewhere(folder, root):
        raise OSError(errno.ELOOP, f"it is a link to {folder.resolve()}; remove the link", str(folder))


def entries_of(run: str, folder: Path) -> list[Entry]:
    """List the segments of one run in a folder, oldest number of each writer first."""
    return sorted(entry for path in folder.iterdir() if (entry := entry_at(run, path)) is not None)


def entry_at(run: str, path: Path) -> Entry | None:
    """The segment of a run that a file is by its name; None where it is none."""
    name = _NAME.fullmatch(path.name)
    return None if name is None else Entry(run, name["writer"], int(name["number"]), path)


def is_empty(journal: Path) -> bool:
    """Whether a journal holds neither a segment nor a writer's lock."""
    return next(entries(journal), None) is None and next(writers(journal), None) is None


def acknowledge(entry: Entry, target: Path) -> None:
    """Take a segment out of the journal: move it to `target`, by copy where another disk holds it.

    The move is durable once the folder of `target` is synced: see `chroma.durable.wait_for_disk`.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        entry.path.replace(target)
    except PermissionError:
        raise
    except OSError:
        write_durably(target, entry.path.read_bytes())
        entry.path.unlink()


def set_aside(entry: Entry, reason: str) -> Path:
    """Move a segment that cannot be taken in to `set-aside/` beside it, with the reason in a text file.

    What already lies there is kept: the name is changed instead.
    """
    folder = entry.path.parent / ASIDE
    folder.mkdir(exist_ok=True)
    target = folder / entry.path.name
    while target.exists():
        target = folder / f"{entry.path.stem}-{secrets.token_hex(2)}.arrow"
    entry.path.replace(target)
    target.with_suffix(".txt").write_text(reason + "\n", encoding="utf-8")
    return target


def set_aside_segments(folder: Path, runs: Collection[str] | None = None) -> Iterator[tuple[str, Path, str]]:
    """List (run, file, reason) of all that was set aside in the runs of a journal, or of a store.

    Args:
        folder: The journal, or the runs of a store.
        runs: Only these; None: all there are, each of which is looked at.
    """
    places = [f"{run}/{place}" for run in (["*"] if runs is None else runs) for place in _ASIDES]
    found = (folder.glob(f"{place}/*.arrow") for place in places)
    for path in sorted(path for each in found for path in each):
        run = path.relative_to(folder).parts[0]
        try:
            yield run, path, path.with_suffix(".txt").read_text(encoding="utf-8", errors="replace").strip()
        except OSError as error:
            yield run, path, f"its reason cannot be read: {error}"
