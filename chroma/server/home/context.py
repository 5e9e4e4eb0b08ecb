"""What all parts of the server share: made once at start-up, kept at `app.state.context`."""

from __future__ import annotations

from dataclasses import dataclass, field

from chroma.server.home.events import Events
from chroma.server.store.catalog import Store
from chroma.settings import Settings


@dataclass(frozen=True)
class Context:
    """One open home.

    Attributes:
        settings: Of this process.
        store: The catalog and the files.
        events: Changes are published here.
        token: Asked of every request; None when the user turned it off.
        left_out: Runs with segments that cannot be read or moved now, and why; ingest tries them again.
    """

    settings: Settings
    store: Store
    events: Events
    token: str | None
    left_out: dict[str, str] = field(default_factory=dict[str, str])
