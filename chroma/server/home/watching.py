"""Which films somebody looks at: those that pages and readers asked for a moment ago."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta

from chroma.server.store.tables import now

# A page asks for its film again whenever an event tells of it; while it waits, one does every few seconds.
_LOOKS = 10.0  # seconds


class Watching:
    """Remembers when each film was last asked for; any thread may tell and ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[str, float] = {}

    def looked(self, film_id: str) -> datetime:
        """Note that somebody looks at a film.

        Returns:
            Until when that is believed.
        """
        with self._lock:
            self._seen[film_id] = time.monotonic()
        return now() + timedelta(seconds=_LOOKS)

    def films(self) -> dict[str, float]:
        """The films somebody looks at, and for how many more seconds that is believed."""
        with self._lock:
            earliest = time.monotonic() - _LOOKS
            self._seen = {film: at for film, at in self._seen.items() if at > earliest}
            return {film: at - earliest for film, at in self._seen.items()}
