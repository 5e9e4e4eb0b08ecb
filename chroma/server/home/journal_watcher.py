"""A thread that ingests the journal as it grows."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

from watchfiles import Change, watch

from chroma import journal
from chroma.errors import ChromaError
from chroma.server.home.context import Context
from chroma.server.home.ingest import ingest_journal
from chroma.server.store.purge import purge_deleted

logger = logging.getLogger(__name__)

_AT_LEAST_EVERY = 1000  # ms: a writer that dies makes no file, and network file systems send no events
_PURGE_EVERY = 3600  # seconds
_GATHER = 100  # ms: segments that come together are ingested in one pass


class Watcher:
    """Ingests once at its start, then whenever a segment appears and at least every second.

    Args:
        context: Of the open home.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="chroma-ingest", daemon=True)
        self._last_error = ""
        self._purge_at = time.monotonic()
        self._was_empty = False

    def start(self) -> None:
        """Begin watching."""
        self._thread.start()

    def stop(self) -> None:
        """Stop, after a running pass has ended."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        folder = self._context.settings.journal
        while not self._stop.is_set():
            try:
                folder.mkdir(parents=True, exist_ok=True)
                self._pass()
                for _ in watch(
                    folder,
                    watch_filter=_new_segment,
                    debounce=_GATHER,
                    step=_GATHER // 2,
                    stop_event=self._stop,
                    rust_timeout=_AT_LEAST_EVERY,
                    yield_on_timeout=True,
                    raise_interrupt=False,
                ):
                    self._pass()
            except (OSError, RuntimeError) as error:  # no more file watches on this machine
                self._say(
                    f"the journal {folder} cannot be watched ({error}); it is read every second instead"
                )
                self._stop.wait(_AT_LEAST_EVERY / 1000)

    def _pass(self) -> None:
        if self._stop.is_set():
            return
        try:
            # Nothing can have happened since the journal was read empty. Ingest reads the catalog too, so it
            # is asked once more after the last file went.
            empty = journal.is_empty(self._context.settings.journal)
            if not (empty and self._was_empty):
                ingest_journal(self._context)
            self._was_empty = empty
            if time.monotonic() >= self._purge_at:
                self._purge_at = time.monotonic() + _PURGE_EVERY
                home = self._context
                purge_deleted(home.store, home.settings.journal)
        except (ChromaError, OSError) as error:
            self._say(f"the journal could not be ingested ({error}); nothing is lost, it is tried again")
        else:
            self._last_error = ""

    def _say(self, sentence: str) -> None:
        if sentence != self._last_error:
            logger.warning("chroma: %s", sentence)
        self._last_error = sentence


def _new_segment(change: Change, path: str) -> bool:
    return change is not Change.deleted and path.endswith(".arrow") and not Path(path).name.startswith(".")
