"""Which segments the store holds that the catalog does not know."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from chroma import journal, liveness
from chroma.journal import Entry
from chroma.server.store.files import Files

Key = tuple[str, str, int]  # run, writer and number

_FETCHED = 256  # segments of a bucket that are fetched before they are taken in


def stored_entries(
    files: Files, known: Collection[Key], refused: dict[str, str], runs: Collection[str]
) -> Callable[[], list[Entry]]:
    """A function that lists them: of a folder all that there are now, of a bucket some more at each call.

    Args:
        files: Of the store.
        known: Keys of the segments that have rows.
        refused: Receives the runs whose folder cannot be used, and why.
        runs: Of a folder: those whose segments are listed.

    Raises:
        StoreError: The bucket does not answer; the function may raise it too.
    """
    if files.is_local:
        return lambda: [entry for entry in _of_folders(files, refused, runs) if _key(entry) not in known]
    left = sorted(entry for entry in _of_bucket(files) if _key(entry) not in known)

    def some() -> list[Entry]:
        now, left[:] = left[:_FETCHED], left[_FETCHED:]
        return [entry for entry in now if files.path(_name(files, entry.path)).exists()]

    return some


def _of_folders(files: Files, refused: dict[str, str], runs: Collection[str]) -> list[Entry]:
    found: list[Entry] = []
    for folder in (root / "runs" / run / "segments" for root in files.roots for run in sorted(runs)):
        run = folder.parent.name
        if liveness.valid_run_id(run) and folder.exists():
            try:
                journal.check_link(folder, folder.parents[1])
                found += journal.entries_of(run, folder)
            except OSError as error:
                refused[run] = str(error)
    return found


def _of_bucket(files: Files) -> Iterator[Entry]:
    for each in files.below_folder("runs"):
        parts = each.path.split("/")
        if len(parts) == 4 and parts[2] == "segments" and liveness.valid_run_id(parts[1]):
            entry = journal.entry_at(parts[1], files.own(each.path))
            if entry is not None:
                yield entry


def _key(entry: Entry) -> Key:
    return entry.run, entry.writer, entry.number


def _name(files: Files, path: Path) -> str:
    return path.relative_to(files.root).as_posix()
