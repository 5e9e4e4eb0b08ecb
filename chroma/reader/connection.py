"""Where the reader's numbers come from: the owner of a home, a server by its URL, or this process."""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from chroma.client import Address, Client, find_owner
from chroma.errors import HomeError, TransportError
from chroma.settings import Settings, load_settings

if TYPE_CHECKING:
    from chroma.server.embedded import Served

R = TypeVar("R")

_START = 20.0  # seconds a dashboard that another process just started may take until it answers


@dataclass
class _Embedded:
    served: Served
    users: int


_embedded: dict[Path, _Embedded] = {}  # servers of this process, by home
_lock = threading.RLock()


class Connection:
    """A dashboard to ask. On a home it is found again if its owner ended, and started if there is none.

    Args:
        home_or_url: A home folder, or the URL of a dashboard; None for `CHROMA_HOME`.
        token: For a URL: what the dashboard asks for.
        port: For a home that has no dashboard yet: where to start it; by default a free port.

    Attributes:
        address: Where the dashboard answers.

    Raises:
        HomeError: The home cannot be used.
        CatalogError: Its catalog cannot be used.
        TransportError: The URL cannot be reached.
    """

    def __init__(
        self, home_or_url: str | Path | None = None, token: str | None = None, *, port: int | None = None
    ) -> None:
        self._settings: Settings | None = None
        self._port = port
        self._holds = False
        if isinstance(home_or_url, str) and "://" in home_or_url:
            self.address = Address(home_or_url.rstrip("/"), token)
        else:
            self._settings = load_settings(home=home_or_url)
            self.address = self._attach(self._settings)
        self._client = Client(self.address.url, self.address.token)
        if self._settings is None:
            self._client.query("{ __typename }")  # says at once if the URL or the token is wrong

    @property
    def in_process(self) -> bool:
        """Whether the dashboard runs in this process on behalf of this connection."""
        return self._holds

    def query(self, document: str, **variables: Any) -> dict[str, Any]:
        """Run a GraphQL document; see `Client.query`."""
        return self._ask(lambda client: client.query(document, **variables))

    def bytes(self, path: str, **params: str) -> bytes:
        """Fetch a byte route; see `Client.bytes`."""
        return self._ask(lambda client: client.bytes(path, **params))

    def close(self) -> None:
        """Close; a server started in this process stops with its last connection."""
        self._client.close()
        self._detach()

    def _ask(self, question: Callable[[Client], R]) -> R:
        try:
            return question(self._client)
        except TransportError:
            if self._settings is None or find_owner(self._settings) == self.address:
                raise
        # the owner ended: another process took the home over, or this one does
        self._client.close()
        self._detach()
        self.address = self._attach(self._settings)
        self._client = Client(self.address.url, self.address.token)
        return question(self._client)

    def _attach(self, settings: Settings) -> Address:
        deadline = time.monotonic() + _START
        while True:
            with _lock:
                if settings.home in _embedded:
                    _embedded[settings.home].users += 1
                    self._holds = True
                    return _address(_embedded[settings.home].served)
                if owner := find_owner(settings):
                    return owner
                try:
                    served = _start(settings, self._port)
                except HomeError:
                    # owned by a process that is starting or stopping; if it is neither, its reason stands
                    if not _is_owned(settings) or time.monotonic() > deadline:
                        raise
                else:
                    _embedded[settings.home] = _Embedded(served, users=1)
                    self._holds = True
                    return _address(served)
            time.sleep(0.1)

    def _detach(self) -> None:
        with _lock:
            if not self._holds or self._settings is None:
                return
            self._holds = False
            held = _embedded.get(self._settings.home)
            if held is None:  # stopped at exit
                return
            held.users -= 1
            if held.users == 0:
                del _embedded[self._settings.home]
                held.served.stop()


def _start(settings: Settings, port: int | None) -> Served:
    from chroma.server.embedded import serve

    return serve(settings, port=port)


def _address(served: Served) -> Address:
    return Address(served.url.rstrip("/"), served.token)


@atexit.register
def _stop_all() -> None:
    with _lock:
        for held in _embedded.values():
            held.served.stop()
        _embedded.clear()
