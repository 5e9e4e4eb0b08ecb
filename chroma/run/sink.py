"""The journal as a sink of records, and the limit on what a home may hold."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from chroma.disks import disks
from chroma.errors import HomeError
from chroma.journal import DELETED, JournalWriter
from chroma.records import Record, RunClosed, RunOpened, WriterId
from chroma.run.earlier import earlier_writers, numbered
from chroma.run.others import GOES_ON, found_at_end, found_at_opening
from chroma.run.printing import size_text
from chroma.settings import Settings
from chroma.shipper import Shipper

_LOOK_AGAIN = 10.0  # seconds until a full home is measured again: somebody may have freed space


class JournalSink:
    """The journal as a sink: opened at the first commit, in the writer's thread, and again after trouble.

    Args:
        settings: Of the home.
        run: Id of the run.
        writer_id: This process as a writer of the run.
        report: Takes what other writers of the run mean for this one, as (subject, sentence).
        shipper: Is told what was committed, where there is a server to send it to.
        by_hand: Whether the user logs to the run, no framework.

    Attributes:
        accepted: Snapshots that the run has accepted, to be told in each segment.
        full: The home holds `CHROMA_MAX_DISK` bytes: all but the closing of runs is refused.
    """

    def __init__(
        self,
        settings: Settings,
        run: str,
        writer_id: WriterId,
        report: Callable[[str, str], None],
        shipper: Shipper | None = None,
        *,
        by_hand: bool = False,
    ) -> None:
        self._settings, self._run, self._writer_id = settings, run, writer_id
        self._report, self._shipper, self._by_hand = report, shipper, by_hand
        self._home, self._most = settings.home, settings.max_disk
        self._used = 0  # bytes in the home, as far as known
        self._unseen = self._most  # bytes written since the home was measured
        self._writer: JournalWriter | None = None
        self._again = 0.0
        self._deleted = 0  # bytes of deleted runs, when the home was measured
        self._opening: RunOpened | None = None  # the last one that was committed
        self._device = 0  # of the home's disk
        self.accepted = 0
        self.full = False

    def commit(self, record: Record, *, sync: bool = True) -> int:
        """Write a record to the journal; returns its bytes.

        Args:
            record: The record.
            sync: Wait until the disk has it; else it outlives a kill, and a loss of power after `sync`.
        """
        writer = self._writer = self._writer or self._open()
        if isinstance(record, RunOpened):
            self._opening = record
        elif isinstance(record, RunClosed):
            self._tell(
                found_at_end(
                    self._settings, self._run, writer.writer, writer.writer_id, check_ids=self._by_hand
                )
            )
        else:
            self._measure()
        try:
            size = self._commit(writer, record, sync)
        except FileNotFoundError:
            if not self._is_back():
                raise
            writer.reopen()
            if self._opening not in (None, record):
                self._commit(writer, self._opening, sync)
            size = self._commit(writer, record, sync)
        self._unseen += size
        if self._shipper is not None:
            self._shipper.wrote(writer.writer, writer.number)
        return size

    def sync(self) -> None:
        """Wait until the disk has all that was committed."""
        if self._writer:
            self._writer.sync()

    def close(self) -> None:
        if self._writer:
            self._writer.close()
        if self._shipper is not None:
            self._shipper.finish()

    def _open(self) -> JournalWriter:
        earlier = earlier_writers(self._settings, self._run)
        writer_id = numbered(self._run, self._writer_id, earlier)
        writer = JournalWriter(self._settings.captured, self._run, writer_id)
        self._device = self._home.stat().st_dev
        found = found_at_opening(self._run, writer_id, earlier)
        self._tell((about, said) for about, said in found if self._by_hand or about != GOES_ON)
        return writer

    def _commit(self, writer: JournalWriter, record: Record, sync: bool) -> int:
        writer.accepted = self.accepted
        return writer.commit(record, sync=sync)

    def _is_back(self) -> bool:
        """Whether the home is there, on its disk: nothing is written below a mount point that is empty."""
        try:
            return self._home.is_dir() and self._home.stat().st_dev == self._device
        except OSError:
            return False

    def _warn_of_disks(self) -> None:
        self._tell(("disk", each.warning) for each in disks(self._settings) if each.low)

    def _tell(self, found: Iterable[tuple[str, str]]) -> None:
        for about, sentence in found:
            self._report(about, sentence)

    def _measure(self) -> None:
        """Look at the home again after each twentieth of what it may hold."""
        if self._unseen >= self._most // 20 or (self.full and time.monotonic() > self._again):
            self._used, self._unseen = _bytes_below(self._home), 0
            self._again = time.monotonic() + _LOOK_AGAIN
            self._deleted = _bytes_deleted(self._home)
            self._warn_of_disks()
        self.full = self._used + self._unseen >= self._most
        if self.full:
            used, most, deleted = (
                size_text(bytes_) for bytes_ in (self._used + self._unseen, self._most, self._deleted)
            )
            raise HomeError(
                f"{self._home} holds {used}, {deleted} of deleted runs among them, "
                f"and CHROMA_MAX_DISK is {most}; delete runs with: chroma runs delete RUN, "
                "and free their space with: chroma runs purge, or set CHROMA_MAX_DISK to more bytes"
            )


def _bytes_deleted(home: Path) -> int:
    """Bytes that a purge would free, films apart."""
    marks = (home / "store" / "runs").glob(f"*/{DELETED}")
    return sum(
        _bytes_below(mark.parent) + _bytes_below(home / "store" / "graphs" / mark.parent.name)
        for mark in marks
    )


def _bytes_below(folder: Path) -> int:
    """Size of all files in a folder; those that go away meanwhile do not count."""
    total, below = 0, [folder]
    while below:
        try:
            with os.scandir(below.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        below.append(Path(entry.path))
                    else:
                        total += entry.stat(follow_symlinks=False).st_size
        except OSError:
            continue
    return total
