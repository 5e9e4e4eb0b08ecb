"""Sessions: what a browser's page shows instead of the token.

Cookies know no ports: a browser would send one to every server on this machine. So there is none. The page
keeps its session in the browser's storage, which belongs to its origin with the port, and sends it as a
header, which other pages cannot.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from hashlib import sha256

HEADER = "x-chroma-session"
PROTOCOL = "chroma-session."  # WebSockets cannot have headers of a page's own: a subprotocol carries it
RENEW = 3600  # seconds after which a page asks for another session

_LINK = 60  # seconds for which the session of a link can be used: it stays in the browser's history
_IDLE = 7 * 24 * 3600  # seconds that a page may sleep
_GRACE = 300  # seconds for which a replaced session still counts: other tabs are about to learn the new one
_MOST = 1000  # the oldest ones go first
_MOST_OF_ONE = 100  # of one holder: a link that is passed around ends nobody else's


class Sessions:
    """The sessions of one server; they end with it.

    Args:
        clock: Seconds, growing.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._ends: dict[bytes, float] = {}  # by digest: comparing takes as long for every wrong guess
        self._holders: dict[bytes, str] = {}

    def begin(self, holder: str | None = None) -> str:
        """A session for a link; the page that opens it renews it at once.

        Args:
            holder: Of the grant that it stands for; None for this machine's own.
        """
        return self._add(_LINK, holder)

    def renew(self, replaced: str | None = None, holder: str | None = None) -> str:
        """A session for a page, for the same token; the one that it replaces ends soon."""
        if replaced is not None:
            with self._lock:
                name = _digest(replaced)
                if name in self._ends:
                    self._ends[name] = min(self._ends[name], self._clock() + _GRACE)
        return self._add(_IDLE, holder)

    def __contains__(self, session: str) -> bool:
        with self._lock:
            return self._ends.get(_digest(session), 0.0) > self._clock()

    def holder(self, session: str) -> str | None:
        """Holder of the grant that a session stands for; None for this machine's own."""
        with self._lock:
            return self._holders.get(_digest(session))

    def _add(self, seconds: float, holder: str | None) -> str:
        session = secrets.token_urlsafe(32)
        with self._lock:
            now = self._clock()
            self._ends = {name: end for name, end in self._ends.items() if end > now}
            mine = [name for name in self._ends if holder is not None and self._holders.get(name) == holder]
            for name in mine[: max(0, len(mine) - _MOST_OF_ONE + 1)]:
                del self._ends[name]
            while len(self._ends) >= _MOST:
                del self._ends[next(iter(self._ends))]
            self._holders = {name: found for name, found in self._holders.items() if name in self._ends}
            if holder is not None:
                self._holders[_digest(session)] = holder
            self._ends[_digest(session)] = now + seconds
        return session


def _digest(session: str) -> bytes:
    return sha256(session.encode("utf-8", "surrogatepass")).digest()
