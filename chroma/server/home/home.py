"""Opens a home: takes its lock, migrates its catalog, and begins to ingest its journal."""

from __future__ import annotations

import logging
from contextlib import ExitStack

from chroma.journal import entries
from chroma.server.home.context import Context
from chroma.server.home.events import Events
from chroma.server.home.journal_watcher import Watcher
from chroma.server.home.lock import HomeLock, find_owner
from chroma.server.store.catalog import Store
from chroma.server.store.reading_only import open_for_reading, why_not_writable
from chroma.settings import Settings

logger = logging.getLogger("chroma.server")


class Home:
    """Opens a home; a thread takes in what the journal holds, now and from then on.

    A home that has a catalog and cannot be written to, as on a full disk, is opened for reading only:
    `context.read_only` says why.

    Args:
        settings: Which home.
        token: What its server asks for.
        url: Where its server listens, written to `server.json` for other processes; None writes nothing.
        root_path: Prefix under which a proxy shows it, written there too.

    Attributes:
        context: Settings, store and events, for all parts of the server.

    Raises:
        HomeError: Another process owns the home, or it cannot be written to.
        CatalogError: The catalog is damaged, or newer than this program.
    """

    def __init__(
        self, settings: Settings, *, token: str | None, url: str | None = None, root_path: str = ""
    ) -> None:
        self._lock: HomeLock | None = None
        reason = why_not_writable(settings)
        if reason is not None:
            self._opened = self._open_for_reading(settings, token, reason)
            return
        with ExitStack() as opening:
            self._lock = lock = HomeLock(settings)
            opening.callback(lock.release)
            store = Store.open(settings, rebuild=True)
            opening.callback(store.close, sealed=True)
            self.context = Context(settings, store, Events(), token)
            watcher = Watcher(self.context)
            watcher.start()
            opening.callback(watcher.stop)
            if url is not None:
                lock.announce(url, token, root_path)
            self._opened = opening.pop_all()

    def _open_for_reading(self, settings: Settings, token: str | None, reason: str) -> ExitStack:
        """Show what the catalog has; nobody owns the home, and what lies in the journal waits.

        Raises:
            HomeInUseError: Another process owns it, and may have room yet.
        """
        if find_owner(settings, 0.0) is not None:
            HomeLock(settings)
        with ExitStack() as opening:
            store = open_for_reading(settings, reason)
            opening.callback(store.close)
            self.context = Context(settings, store, Events(), token, read_only=store.read_only)
            waiting = sum(1 for _ in entries(settings.journal))
            logger.warning("chroma: %s; %d segments wait in its journal", store.read_only, waiting)
            self.context.progress.of = waiting
            self.context.progress.caught_up.set()
            return opening.pop_all()

    def catch_up(self) -> None:
        """Wait until what was in the journal at the start is in the catalog, or the home is closed."""
        while not self.context.closing.is_set() and not self.context.progress.caught_up.wait(0.05):
            pass

    def withdraw(self) -> None:
        """Tell other processes that this server is about to end; call it while it still answers."""
        if self._lock is not None:
            self._lock.withdraw()

    def close(self) -> None:
        """Stop the threads and release the home; safe to call twice."""
        self._opened.close()
