"""What tokens, users and links of the catalog may do, looked up once in a while."""

from __future__ import annotations

import time
from collections.abc import Callable

from anyio import to_thread

from chroma.server.home.context import Context
from chroma.server.store.access import Grant
from chroma.server.store.links import grant_of_link
from chroma.server.store.members import USER, grant_of_user
from chroma.server.store.tokens import grant_of

_FRESH = 2.0  # seconds for which an answer counts: so long a token works on after it was revoked
_MOST = 1000  # answers that are kept


class Grants:
    """Looks holders up in the catalog; those that are not there are looked up each time.

    Args:
        clock: Seconds, growing.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, tuple[float, Grant]] = {}

    async def of(self, context: Context, holder: str) -> Grant | None:
        """What a holder may do now; None where there is none.

        Args:
            context: The whole home.
            holder: The digest of a token or link, or `user:` and a name.
        """
        until, grant = self._known.get(holder, (0.0, None))
        if grant is not None and self._clock() < until:
            return grant

        def look() -> Grant | None:
            with context.store.reading() as catalog:
                if holder.startswith(USER):
                    return grant_of_user(catalog, holder.removeprefix(USER))
                return grant_of(catalog, holder) or grant_of_link(catalog, holder)

        grant = await to_thread.run_sync(look)
        self._known.pop(holder, None)
        if grant is not None:
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[holder] = self._clock() + _FRESH, grant
        return grant
