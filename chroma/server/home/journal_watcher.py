"""A thread that ingests the journal as it grows."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from watchfiles import Change, watch

from chroma import journal
from chroma.disks import disks
from chroma.errors import HomeError
from chroma.server.home import signs
from chroma.server.home.context import Context
from chroma.server.home.copied import bring_back
from chroma.server.home.ingest import ingest_journal, reconcile
from chroma.server.home.parts import PartThread
from chroma.server.store.audit import ITSELF, note_purged
from chroma.server.store.check import mend_films, note_missing
from chroma.server.store.listing import compare_segments, films_unlike
from chroma.server.store.purge import drop_unused_selections, purge_deleted

logger = logging.getLogger(__name__)

_AT_LEAST_EVERY = 1000  # ms: a writer that dies makes no file, and network file systems send no events
_PURGE_EVERY = 3600  # seconds
_DROP_EVERY = 24 * 3600  # seconds: all files of the runs are listed for it
_LOOK_ASIDE_EVERY = 30.0  # seconds
_LOOK_AT_OTHERS = 15.0  # seconds; whether writers are gone that sent to another server of the catalog
_MANY = 20_000  # stored segments whose sizes are looked at once the server is ready
_GATHER = 100  # ms: segments that come together are ingested in one pass


class Watcher:
    """Takes in what is there at its start, then ingests whenever a segment appears and at least every second.

    Args:
        context: Of the open home.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._thread = PartThread("ingest", self._work, context.parts, context.closing)
        self._purge_at = time.monotonic()
        self._drop_at = time.monotonic() + _PURGE_EVERY
        self._aside_at = 0.0
        self._prepared = self._swept = False
        self._was_empty = False
        self._unlike = set[str]()  # runs whose folder had other files than rows at the start
        self._many = False
        self._low = set[str]()  # whose disks have little room left
        self._others_at = 0.0

    def start(self) -> None:
        """Begin watching."""
        self._thread.start()

    def stop(self) -> None:
        """Stop, after a running transaction has ended."""
        self._context.closing.set()
        self._thread.join()

    def _work(self) -> None:
        try:
            self._watch()
        except OSError:
            self._context.store.check_place()  # a home that is gone is the reason of all that is missing
            raise

    def _watch(self) -> None:
        context = self._context
        folder = context.settings.journal
        context.store.check_place()
        if os.path.lexists(folder) and not folder.is_dir():
            raise HomeError(f"{folder} is no folder; move it away: trainings write to a folder of this name")
        folder.mkdir(parents=True, exist_ok=True)
        if not self._prepared:
            self._look_at_store()
            signs.hear_all_again(context)
            self._prepared = True
        self._pass()
        for _ in _looks(folder, context.closing):
            self._pass()

    def _look_at_disks(self) -> None:
        """Say when a disk has little room left, and when it has room again."""
        low = {each.of: each.warning for each in disks(self._context.settings) if each.low}
        for of in low.keys() - self._low:
            logger.warning("chroma: %s", low[of])
        if low.keys() != self._low:
            self._low = set(low)
            self._context.tell()

    def _look_at_store(self) -> None:
        """See which runs have other files than rows; those are taken in, or said to be missing."""
        files = self._context.store.files
        if files.is_local:
            with self._context.store.reading() as catalog:
                found = compare_segments(catalog, sizes=False)
            bring_back(files.root / "runs", found.aside)
            files.aside.update(found.aside)
            self._unlike = found.unlike | found.aside
            self._many = found.files > _MANY
            reconcile(self._context, self._unlike)

    def _look_at_sizes(self) -> None:
        """Note segments that are gone or have another size, and ask for films anew that lack frames."""
        store = self._context.store
        if store.files.is_local:
            with store.reading() as catalog:
                found = compare_segments(catalog, sizes=True)
                note_missing(catalog, found.unlike | self._unlike)
                films = films_unlike(catalog)
            mend_films(store, films)

    def _pass(self) -> None:
        context = self._context
        if context.closing.is_set():
            return
        context.store.check_place()
        context.check_lock()
        if time.monotonic() >= self._aside_at:
            self._aside_at = time.monotonic() + _LOOK_ASIDE_EVERY
            bring_back(context.settings.journal)
            self._look_at_disks()
        # Nothing can have happened since the journal was read empty. Ingest reads the catalog too, so it
        # is asked once more after the last file went.
        empty = journal.is_empty(context.settings.journal)
        others = context.store.is_shared and time.monotonic() >= self._others_at
        if others or not (empty and self._was_empty):
            self._others_at = time.monotonic() + _LOOK_AT_OTHERS
            ingest_journal(context)
        self._was_empty = empty
        if not context.progress.caught_up.is_set() and not context.closing.is_set():
            if not self._many:
                self._look_at_sizes()
            context.progress.caught_up.set()
            context.tell()
        if not self._swept:
            self._swept = True
            if not context.store.files.is_local:
                reconcile(context)  # here: to list a bucket takes long
            elif self._many:
                self._look_at_sizes()
                context.tell()
        context.parts.works("ingest")
        if context.read_only is None and time.monotonic() >= self._purge_at:
            self._purge_at = time.monotonic() + _PURGE_EVERY
            if purged := purge_deleted(context.store, context.settings.journal):
                with context.store.writing() as catalog:
                    note_purged(catalog, purged, ITSELF)
        if context.read_only is None and time.monotonic() >= self._drop_at:
            self._drop_at = time.monotonic() + _DROP_EVERY
            drop_unused_selections(context.store)


def _looks(folder: Path, stop: threading.Event) -> Iterator[None]:
    """Comes back when a segment appears, and at least every second, until stopped."""
    try:
        for _ in watch(
            folder,
            watch_filter=_new_segment,
            debounce=_GATHER,
            step=_GATHER // 2,
            stop_event=stop,
            rust_timeout=_AT_LEAST_EVERY,
            yield_on_timeout=True,
            raise_interrupt=False,
        ):
            yield
    except (OSError, RuntimeError) as error:  # no more file watches on this machine
        logger.warning(
            "chroma: the journal %s cannot be watched (%s); it is read every second instead", folder, error
        )
    while not stop.wait(_AT_LEAST_EVERY / 1000):
        yield


def _new_segment(change: Change, path: str) -> bool:
    return change is not Change.deleted and path.endswith(".arrow") and not Path(path).name.startswith(".")
