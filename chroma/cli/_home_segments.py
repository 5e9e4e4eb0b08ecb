"""The segments that a home has of its runs: in its journal, its store, or its bucket."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import chroma
from chroma.journal import Entry, entries_of, entry_at
from chroma.liveness import valid_run_id
from chroma.settings import Settings
from chroma.shipper import outbox

if TYPE_CHECKING:
    from chroma.server.store.bucket_files import BucketFiles


class HomeSegments:
    """Segments that a dashboard of this home has taken in, or will.

    Raises:
        ConfigError: The address of the bucket cannot be understood.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._bucket = _bucket(settings)
        self._objects: dict[Path, tuple[str, int]] = {}  # of a bucket: their paths in it, and bytes

    def of(self, names: Iterable[str], *, every: bool) -> list[Entry]:
        """Those of some runs, by name or id, or of all.

        Raises:
            NotFoundError: There is no such run.
            StoreError: The bucket does not answer.
        """
        settings = self._settings
        here = self._stored_runs() | _folders(settings.journal)
        known = here | _folders(settings.outbox)
        ids = here if every else {name if name in known else self._id_of(name) for name in names}
        found: dict[Path, Entry] = {}
        for run in sorted(ids):
            # The journal first: what a dashboard moves meanwhile is then in the store.
            with suppress(FileNotFoundError):
                found |= {entry.path: entry for entry in entries_of(run, settings.journal / run)}
            found |= {entry.path: entry for entry in self._stored(run)}
        return list(found.values())

    def size(self, entry: Entry) -> int:
        """Bytes of a segment; 0 for one that went meanwhile."""
        of_bucket = self._objects.get(entry.path)
        return outbox.size_of([entry]) if of_bucket is None else of_bucket[1]

    def fetch(self, entry: Entry) -> None:
        """See that a segment's file is here.

        Raises:
            StoreError: The bucket does not answer.
        """
        if self._bucket is not None and entry.path in self._objects:
            self._bucket.path(self._objects[entry.path][0])

    def _stored_runs(self) -> set[str]:
        if self._bucket is None:
            return _folders(self._settings.store / "runs")
        found = (each.path.split("/")[1] for each in self._bucket.below_folder("runs"))
        return {run for run in found if valid_run_id(run)}

    def _stored(self, run: str) -> Iterable[Entry]:
        if self._bucket is None:
            with suppress(FileNotFoundError):
                yield from entries_of(run, self._settings.store / "runs" / run / "segments")
            return
        for each in self._bucket.below_folder(f"runs/{run}/segments"):
            entry = entry_at(run, self._bucket.own(each.path))
            if entry is not None and each.path.count("/") == 3:
                self._objects[entry.path] = each.path, each.size
                yield entry

    def _id_of(self, name: str) -> str:
        with chroma.open(self._settings.home) as catalog:
            return catalog.run(name).id


def _bucket(settings: Settings) -> BucketFiles | None:
    if settings.bucket_url is None:
        return None
    from chroma.server.store.bucket import Bucket
    from chroma.server.store.bucket_files import BucketFiles

    return BucketFiles(settings.store, Bucket(settings.bucket_url), settings.cache_bytes)


def _folders(place: Path) -> set[str]:
    return {folder.name for folder in place.glob("*") if folder.is_dir()}
