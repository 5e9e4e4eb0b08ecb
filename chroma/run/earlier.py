"""What a home already holds of a run: its writers, their attempts, and how they ended.

Attempts are numbered by what is there, not by clocks: those of two machines differ.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from chroma.errors import SegmentError
from chroma.journal import entries_of
from chroma.liveness import is_alive
from chroma.records import Notes, RunClosed, WriterId
from chroma.segment import open_segment
from chroma.settings import Settings
from chroma.shipper.outbox import SENT

JOIN = ""  # an attempt's id that is not known yet: that of the other ranks, or a new one


@dataclass(frozen=True, slots=True)
class EarlierWriter:
    """A process that writes to a run, or did.

    Attributes:
        writer_id: Its attempt, rank and world size.
        alive: Whether it still runs.
        status: What it closed with; None if it did not close.
    """

    writer_id: WriterId
    alive: bool
    status: str | None


def places_of(settings: Settings, run: str) -> tuple[Path, ...]:
    """The folders that may hold a run's segments; the journal first: ingest moves them to the store."""
    return (
        settings.captured / run,
        settings.outbox / run / SENT,
        settings.store / "runs" / run / "segments",
    )


def earlier_writers(settings: Settings, run: str, but: str = "") -> list[EarlierWriter]:
    """The writers of a run whose segments lie in the journal or the store.

    Args:
        settings: Of the home.
        run: Id of the run.
        but: A writer to leave out.
    """
    first: dict[str, tuple[int, WriterId]] = {}
    last: dict[str, tuple[int, str | None]] = {}
    for folder in places_of(settings, run):
        numbers: dict[str, list[int]] = {}
        paths: dict[tuple[str, int], Path] = {}
        with suppress(OSError):
            for entry in entries_of(run, folder):
                numbers.setdefault(entry.writer, []).append(entry.number)
                paths[entry.writer, entry.number] = entry.path
        for writer, known in numbers.items():
            for number in {known[0], known[-1]} if writer != but else ():
                with suppress(SegmentError, OSError):
                    read = open_segment(paths[writer, number])
                    if read.record_name == Notes.__name__:  # of the dashboard
                        continue
                    header = read.header
                    if number <= first.get(writer, (number, None))[0]:
                        about = WriterId(
                            header.attempt, header.rank, header.world_size, header.attempt_number
                        )
                        first[writer] = number, about
                    if number >= last.get(writer, (number, None))[0]:
                        closed = read.record_name == RunClosed.__name__
                        last[writer] = number, str(read.fields.get("status")) if closed else None
    return [
        EarlierWriter(about, is_alive(settings.captured, run, writer), last[writer][1])
        for writer, (_, about) in first.items()
    ]


def numbered(run: str, writer_id: WriterId, earlier: Sequence[EarlierWriter]) -> WriterId:
    """A writer with the number of its attempt: that of its other ranks, else one more than any before.

    A rank that knows no attempt joins the newest one, if that has no such rank yet and its others run or have
    finished.
    """
    if writer_id.attempt == JOIN:
        newest = max((each.writer_id.attempt_number for each in earlier), default=-1)
        others = [each for each in earlier if each.writer_id.attempt_number == newest]
        if not others or not all(_may_join(writer_id, each) for each in others):
            newest += 1
        key = hashlib.blake2b(f"{run}\0{newest}".encode(), digest_size=4).hexdigest()
        return replace(writer_id, attempt=key, attempt_number=newest)
    own = [each.writer_id.attempt_number for each in earlier if each.writer_id.attempt == writer_id.attempt]
    number = max(own) if own else max((each.writer_id.attempt_number + 1 for each in earlier), default=0)
    return replace(writer_id, attempt_number=number)


def beside(writer_id: WriterId, earlier: Sequence[EarlierWriter]) -> bool:
    """Whether another attempt runs, or ran, at the same time as a writer's."""
    return any(
        each.alive or each.writer_id.attempt_number >= writer_id.attempt_number
        for each in earlier
        if each.writer_id.attempt != writer_id.attempt
    )


def may_continue(earlier: Sequence[EarlierWriter]) -> bool:
    """Whether a run may be continued without being asked for: nobody writes to it, and it did not finish."""
    return not any(each.alive or each.status == "finished" for each in earlier)


def _may_join(writer_id: WriterId, other: EarlierWriter) -> bool:
    there = other.writer_id
    return (
        there.world_size == writer_id.world_size
        and there.rank != writer_id.rank
        and (other.alive or other.status == "finished")
    )
