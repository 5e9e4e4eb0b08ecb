"""Which segments of the journal this process has proved as they came: they are not proved a second time."""

from __future__ import annotations

import threading
from pathlib import Path

from chroma.untrusted import Stamp, stamp_of

_MOST = 10_000  # segments that wait; of others the proof is forgotten, and done again


class Proofs:
    """Digests of files, and in which state they were; for any thread."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[Stamp, str]] = {}
        self._lock = threading.Lock()

    def note(self, path: Path, digest: str, target: Path) -> None:
        """Note a file that was proved, lies in a place of our own, and is moved to its target next."""
        with self._lock:
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[target] = stamp_of(path.stat()), digest

    def take(self, path: Path, stamp: Stamp | None) -> str | None:
        """The digest of a file that is in the state in which it was proved; asked once."""
        with self._lock:
            known = self._known.pop(path, None)
        return known[1] if known is not None and known[0] == stamp else None
