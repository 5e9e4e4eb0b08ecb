"""What all parts of the server share: made once at start-up, kept at `app.state.context`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from chroma.errors import HomeError
from chroma.server.home.events import Event, Events
from chroma.server.home.parts import Parts
from chroma.server.home.proofs import Proofs
from chroma.server.home.watching import Watching
from chroma.server.store.access import Reach
from chroma.server.store.catalog import Store
from chroma.settings import Settings


@dataclass
class Progress:
    """How far the journal, and what a start finds in the store, have been taken in.

    Attributes:
        taken: Segments of the present pass that are done.
        of: Segments that the present pass has found so far.
        caught_up: Set once the first pass has ended: what was there at the start is in the catalog.
        tell_at: When progress is published next, by the monotonic clock.
    """

    taken: int = 0
    of: int = 0
    tell_at: float = 0.0
    caught_up: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class Context:
    """One open home.

    Attributes:
        settings: Of the home, or of the folder that stands for one that is only read.
        store: The catalog and the files.
        events: Changes are published here.
        token: Asked of every request; None when the user turned it off.
        left_out: Runs with segments that cannot be read or moved now, and why; ingest tries them again.
        progress: How far ingest is.
        parts: Which parts of the server are down, and why.
        read_only: Why nothing of the home is written, one sentence; None: it is.
        watching: Which films somebody looks at.
        proofs: Which segments were proved as they came.
        closing: Set when the home is about to be closed: long work ends soon.
        check_lock: Raises HomeError where another process may own the home by now.
    """

    settings: Settings
    store: Store
    events: Events
    token: str | None
    left_out: dict[str, str] = field(default_factory=dict[str, str])
    progress: Progress = field(default_factory=Progress)
    parts: Parts = field(default_factory=Parts)
    read_only: str | None = None
    watching: Watching = field(default_factory=Watching)
    proofs: Proofs = field(default_factory=Proofs)
    closing: threading.Event = field(default_factory=threading.Event)
    check_lock: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self.parts.changed = self.tell

    def within(self, reach: Reach | None) -> Context:
        """The same home as if there were no more than this; None: all of it."""
        return self if reach is None else replace(self, store=self.store.within(reach))

    def check_writable(self) -> None:
        """Check that what a user writes can be kept.

        Raises:
            HomeError: The home is only read.
        """
        if self.read_only is not None:
            raise HomeError(
                f"{self.read_only}, and neither are names, tags and views; start the dashboard again once "
                "it can be written to, or copy it and set CHROMA_HOME to the copy"
            )

    def tell(self) -> None:
        """Publish that something of the home itself changed: a part, or how far ingest is."""
        self.events.publish(Event("home", None))

    def tell_progress(self) -> None:
        """Publish how far ingest is, twice a second at most."""
        if time.monotonic() >= self.progress.tell_at:
            self.progress.tell_at = time.monotonic() + 0.5
            self.tell()
