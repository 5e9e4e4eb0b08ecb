"""The order in which segments are taken in: newest runs first, and a run's segments as they were written."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator

from chroma import segment
from chroma.journal import Entry
from chroma.segment import ReadSegment

_MOST = 64  # segments of one transaction: others who write wait no longer than a moment
_MOST_BYTES = 64 * 2**20  # of the segments of one transaction

Opened = tuple[Entry, ReadSegment | Exception]
Waiting = ReadSegment | Exception | None


def newest_first(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    """Segments by run, in the order of the last change of the run's folder."""
    runs: dict[str, list[Entry]] = {}
    for entry in entries:
        runs.setdefault(entry.run, []).append(entry)

    def changed(run: str) -> float:
        try:
            return runs[run][0].path.parent.stat().st_mtime
        except OSError:
            return 0.0

    return {run: runs[run] for run in sorted(runs, key=changed, reverse=True)}


def batches(entries: list[Entry]) -> Iterator[list[Opened]]:
    """The segments of one run, opened, in the order of writing: what one transaction takes."""
    batch: list[Opened] = []
    size = 0
    for entry, read in _in_order(entries):
        batch.append((entry, read))
        size += read.body.size if isinstance(read, ReadSegment) else 0
        if len(batch) >= _MOST or size >= _MOST_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _in_order(entries: list[Entry]) -> Iterator[Opened]:
    """Merge the segments of a run's writers by attempt, then by the time of writing.

    What one writer wrote stays in its order, whatever its clock did. Of many writers, large files are read
    twice: all that wait would not fit into memory.
    """
    writers: dict[str, list[Entry]] = {}
    for entry in sorted(entries):
        writers.setdefault(entry.writer, []).append(entry)
    most = _MOST_BYTES // len(writers) if len(writers) > 1 else math.inf  # bytes of a file that waits
    waiting: list[tuple[tuple[int, float], str, Entry, Waiting, Iterator[Entry]]] = []

    def push(rest: Iterator[Entry]) -> None:
        for entry in rest:
            read = _open(entry)
            large = isinstance(read, ReadSegment) and read.body.size > most
            waits = None if large else read
            heapq.heappush(waiting, (_written(read), entry.writer, entry, waits, rest))
            return

    for of_writer in writers.values():
        push(iter(of_writer))
    while waiting:
        _, _, entry, read, rest = heapq.heappop(waiting)
        yield entry, read or _open(entry)
        push(rest)


def _open(entry: Entry) -> ReadSegment | Exception:
    try:
        return segment.open_segment(entry.path)
    except Exception as error:  # noqa: BLE001 - costs this file alone: it is dealt with in its turn
        return error


def _written(read: ReadSegment | Exception) -> tuple[int, float]:
    if not isinstance(read, ReadSegment):
        return 0, 0.0
    return read.header.attempt_number, read.header.created_at  # clocks of two machines differ
