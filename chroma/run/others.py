"""What other processes that write to a run mean for one of them: sentences for its receipt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from chroma.errors import SegmentError
from chroma.journal import entries_of
from chroma.records import Samples, WriterId
from chroma.run.earlier import EarlierWriter, beside, earlier_writers, places_of
from chroma.segment import open_segment
from chroma.settings import Settings

NOT_ALONE, SHARED_IDS, GOES_ON = "not alone", "shared ids", "goes on"  # what a sentence is about


def found_at_opening(
    run: str, writer_id: WriterId, earlier: list[EarlierWriter]
) -> Iterator[tuple[str, str]]:
    """(subject, sentence) of what a run's earlier writers mean for one that begins."""
    others = [each for each in earlier if each.writer_id.attempt != writer_id.attempt]
    if beside(writer_id, others):
        yield NOT_ALONE, _not_alone(run)
    elif any(each.status == "finished" for each in others):
        yield (
            GOES_ON,
            f"the run {run} had finished before, and this goes on with it: of steps that both logged only "
            "the newer snapshots are shown; processes that share a run's samples need rank= and world_size=",
        )


def found_at_end(
    settings: Settings, run: str, writer: str, writer_id: WriterId, *, check_ids: bool
) -> Iterator[tuple[str, str]]:
    """(subject, sentence) of what a run's other writers mean for one that ends.

    Args:
        settings: Of the home.
        run: Id of the run.
        writer: The one that ends.
        writer_id: Its attempt, rank and world size.
        check_ids: Whether each rank must have samples of its own. Those of a framework's distributed sampler
            come twice where they fill up the last batch.
    """
    if beside(writer_id, earlier_writers(settings, run, but=writer)):
        yield NOT_ALONE, _not_alone(run)
    if not check_ids or writer_id.world_size == 1:
        return
    own, others = _ids(settings, run, writer, writer_id)
    for split, ids in own.items():
        shared = ids & others.get(split, set())
        if shared:
            yield (
                f"{SHARED_IDS} {split}",
                f"{len(shared):,} of this process's {len(ids):,} samples of {split} were logged by another "
                "rank too, and each is kept once; give each rank ids= of its own samples",
            )


def _not_alone(run: str) -> str:
    return (
        f"another process writes to the run {run} at the same time, and of each step only the newer one's "
        "snapshots are shown; give each its rank= and world_size=, or a run_id= of its own"
    )


def _ids(
    settings: Settings, run: str, writer: str, writer_id: WriterId
) -> tuple[Mapping[str, set[Any]], Mapping[str, set[Any]]]:
    """The ids of samples by split: a writer's own, and those of the other ranks of its attempt."""
    own: dict[str, set[Any]] = {}
    others: dict[str, set[Any]] = {}
    for path, by in _segments(settings, run):
        with suppress(SegmentError, OSError):
            read = open_segment(path)
            if read.record_name == Samples.__name__ and read.header.attempt == writer_id.attempt:
                into = own if by == writer else others
                ids = read.columns(("ids",))["ids"].tolist()
                into.setdefault(str(read.fields.get("split")), set()).update(ids)
    return own, others


def _segments(settings: Settings, run: str) -> Iterator[tuple[Path, str]]:
    for folder in places_of(settings, run):
        with suppress(OSError):
            yield from ((entry.path, entry.writer) for entry in entries_of(run, folder))
