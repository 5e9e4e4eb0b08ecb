"""The outbox: segments that wait until the server has them.

`outbox/<run>/` is a journal of its own, so that no dashboard of this machine takes a run in by halves. What
was sent is removed; openings and closings stay in `sent/`: they tell a run that is continued its attempts.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from chroma.errors import SegmentError
from chroma.journal import Entry, entries_of
from chroma.records import RunClosed, RunOpened
from chroma.segment import open_segment

SENT = "sent"
_KEPT = (RunOpened.__name__, RunClosed.__name__)


def waiting(outbox: Path, run: str, writer: str | None = None) -> list[Entry]:
    """The segments of a run that wait, of one writer if named, in the order in which they were written."""
    try:
        return [each for each in entries_of(run, outbox / run) if writer in (None, each.writer)]
    except FileNotFoundError:
        return []


def acknowledge(entry: Entry) -> None:
    """The server has a segment: its file goes, or to `sent/` where a continued run needs it.

    Raises:
        OSError: It cannot be removed; it is sent again, without harm.
    """
    with suppress(SegmentError):
        if open_segment(entry.path).record_name in _KEPT:
            folder = entry.path.parent / SENT
            folder.mkdir(exist_ok=True)
            entry.path.replace(folder / entry.path.name)
            return
    entry.path.unlink(missing_ok=True)


def size_of(entries: Sequence[Entry]) -> int:
    """Bytes of segments; those that went meanwhile do not count."""
    total = 0
    for entry in entries:
        with suppress(OSError):
            total += entry.path.stat().st_size
    return total
