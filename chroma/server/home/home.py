"""Opens a home: takes its lock, migrates its catalog, and begins to ingest its journal."""

from __future__ import annotations

import logging
from contextlib import ExitStack

from chroma.server.home.arrivals import remove_unfinished
from chroma.server.home.context import Context
from chroma.server.home.events import Events
from chroma.server.home.journal_watcher import Watcher
from chroma.server.home.lock import HomeLock, find_owner
from chroma.server.home.read_only import Usable, usable
from chroma.server.home.relay import Relay
from chroma.server.store.catalog import Store
from chroma.server.store.engine import CatalogFullError
from chroma.settings import Settings

logger = logging.getLogger("chroma.server")

_NO_ROOM = "its disk has no room to bring its catalog up to date"


class Home:
    """Opens a home; a thread takes in what the journal holds, now and from then on.

    A home that cannot be written to, as on a full disk, is only read: `context.read_only` says why, and
    `context.settings` are those of a folder that stands for it; see `chroma.server.home.read_only`.

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
        try:
            opened, found, lock, store = _open(settings)
        except CatalogFullError:
            opened, found, lock, store = _open(settings, _NO_ROOM)
        with opened as opening:
            self._lock = lock
            self.context = Context(
                found.settings,
                store,
                Events(),
                token,
                read_only=found.read_only,
                check_lock=lock.check_place,
            )
            remove_unfinished(found.settings)  # here: once the server answers, others are on their way
            watcher = Watcher(self.context)
            watcher.start()
            opening.callback(watcher.stop)
            if store.is_shared:
                relay = Relay(self.context)
                relay.start()
                opening.callback(relay.stop)
            if url is not None:
                lock.announce(url, token, root_path)
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


def _open(settings: Settings, reason: str | None = None) -> tuple[ExitStack, Usable, HomeLock, Store]:
    """Lock a home and open its store, or those of the folder that stands for it; the stack closes them."""
    with ExitStack() as opening:
        found = opening.enter_context(usable(settings, reason=reason))
        if found.read_only is not None:
            if find_owner(settings, 0.0) is not None:
                HomeLock(settings)  # raises: the owner may have room yet
            logger.warning("chroma: %s", found.read_only)
        lock = HomeLock(found.settings)
        opening.callback(lock.release)
        store = Store.open(found.settings, rebuild=True)
        opening.callback(store.close, sealed=True)
        return opening.pop_all(), found, lock, store
