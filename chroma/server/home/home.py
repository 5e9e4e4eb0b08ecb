"""Opens a home: takes its lock, migrates its catalog, and begins to ingest its journal."""

from __future__ import annotations

from contextlib import ExitStack

from chroma.server.home.context import Context
from chroma.server.home.events import Events
from chroma.server.home.journal_watcher import Watcher
from chroma.server.home.lock import HomeLock
from chroma.server.store.catalog import Store
from chroma.settings import Settings


class Home:
    """Opens a home; a thread takes in what the journal holds, now and from then on.

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
        with ExitStack() as opening:
            lock = HomeLock(settings)
            opening.callback(lock.release)
            store = Store.open(settings)
            opening.callback(store.close)
            self.context = Context(settings, store, Events(), token)
            watcher = Watcher(self.context)
            watcher.start()
            opening.callback(watcher.stop)
            if url is not None:
                lock.announce(url, token, root_path)
            self._lock = lock
            self._opened = opening.pop_all()

    def catch_up(self) -> None:
        """Wait until what was in the journal at the start is in the catalog, or the home is closed."""
        while not self.context.closing.is_set() and not self.context.progress.caught_up.wait(0.05):
            pass

    def withdraw(self) -> None:
        """Tell other processes that this server is about to end; call it while it still answers."""
        self._lock.withdraw()

    def close(self) -> None:
        """Stop the threads and release the home; safe to call twice."""
        self._opened.close()
