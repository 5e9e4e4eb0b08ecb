"""What every room of the server needs, made once at start-up and kept at `app.state.context`."""

from __future__ import annotations

from dataclasses import dataclass

from chroma.server.home.events import Events
from chroma.server.store.catalog import Store
from chroma.settings import Settings


@dataclass(frozen=True)
class Context:
    """One open home.

    Attributes:
        settings: Of this process.
        store: The catalog and the files.
        events: What changes is told here.
        token: Asked of every request; None when the user turned it off.
    """

    settings: Settings
    store: Store
    events: Events
    token: str | None
