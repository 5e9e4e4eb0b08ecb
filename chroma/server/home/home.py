"""An open home: owned, its catalog up to date, its journal taken in, and both kept so by a thread."""

from __future__ import annotations

from contextlib import ExitStack

from chroma.server.home.context import Context
from chroma.server.home.events import Events
from chroma.server.home.ingest import ingest_journal, reconcile
from chroma.server.home.journal_watcher import Watcher
from chroma.server.home.lock import HomeLock
from chroma.server.store.catalog import Store
from chroma.settings import Settings


class Home:
    """Opens a home; what the journal holds is in the catalog once this returns.

    Args:
        settings: Which home.
        token: What its server asks for.
        url: Where its server listens, told to other processes of this user; None tells nobody.
        root_path: Prefix under which a proxy shows it, told likewise.

    Attributes:
        context: What the rooms of the server need.

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
            reconcile(self.context)
            ingest_journal(self.context)
            watcher = Watcher(self.context)
            watcher.start()
            opening.callback(watcher.stop)
            if url is not None:
                lock.announce(url, token, root_path)
            self._opened = opening.pop_all()

    def close(self) -> None:
        """Stop what runs and give the home back; safe to call twice."""
        self._opened.close()
