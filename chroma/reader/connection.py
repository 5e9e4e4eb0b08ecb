"""Where the reader's numbers come from: the owner of a home, a server by its URL, or this process."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from chroma.client import Client
from chroma.errors import ConfigError, TransportError
from chroma.settings import Settings, load_settings, server_token

if TYPE_CHECKING:
    from chroma.server.serving import Served

R = TypeVar("R")

logger = logging.getLogger("chroma")

_QUIET = 3.0  # seconds of waiting before it is told of
_START = 30.0  # seconds that another process may need until it shows its address, or has given the home back


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
        url: Address of the dashboard: `"http://127.0.0.1:8000"`.
        token: What it asks for; None where it asks for nothing.
        root_path: Prefix under which a proxy shows it to browsers; empty for none.

    Raises:
        HomeError: The home cannot be used.
        CatalogError: Its catalog cannot be used.
        ConfigError: The port is in use, or the URL is none.
        TransportError: The URL cannot be reached, or the token is wrong.
    """

    def __init__(
        self, home_or_url: str | Path | None = None, token: str | None = None, *, port: int | None = None
    ) -> None:
        self._settings: Settings | None = None
        self._port = port
        self._holds = False  # a server of this process
        self._closed = False
        if isinstance(home_or_url, str) and "://" in home_or_url:
            self.url, self.root_path = home_or_url.rstrip("/"), ""
            known = token is None and self.url == load_settings().server
            self.token = server_token() if known else token
        else:
            self._settings = load_settings(home=home_or_url)
            self.url, self.token, self.root_path = self._attach(self._settings)
        self._client = Client(self.url, self.token)
        if self._settings is not None:
            self._catch_up()
        else:
            try:
                self._client.health()  # says at once if the URL is wrong
                self._client.query("{ __typename }")  # or the token
                self._catch_up()
            except TransportError:
                self._client.close()
                raise

    def query(self, document: str, **variables: Any) -> dict[str, Any]:
        """Run a GraphQL document; see `Client.query`."""
        return self._ask(lambda client: client.query(document, **variables))

    def bytes(self, path: str, **params: str) -> bytes:
        """Fetch a byte route; see `Client.bytes`."""
        return self._ask(lambda client: client.bytes(path, **params))

    def post(self, path: str, body: object) -> bytes:
        """Send a JSON body to a byte route; see `Client.post`."""
        return self._ask(lambda client: client.post(path, body))

    def close(self) -> None:
        """Close; a server started in this process stops with its last connection."""
        self._closed = True
        self._client.close()
        self._detach()

    def _ask(self, question: Callable[[Client], R]) -> R:
        if self._closed:
            raise ConfigError("this catalog or dashboard was closed; open it again with chroma.open()")
        try:
            return question(self._client)
        except TransportError as error:
            failed = error
        deadline = time.monotonic() + _START
        while self._settings is not None and time.monotonic() < deadline:
            if self._is_owned_as_before(self._settings):
                break
            # the owner ended: another process took the home over, or this one does; that one may end too
            self._client.close()
            self._detach()
            self.url, self.token, self.root_path = self._attach(self._settings)
            self._client = Client(self.url, self.token)
            self._catch_up()
            try:
                return question(self._client)
            except TransportError as error:
                failed = error
        raise failed

    def _is_owned_as_before(self, settings: Settings) -> bool:
        from chroma.server.home.lock import find_owner

        owner = find_owner(settings, _START)
        return owner is not None and (owner.url, owner.token) == (self.url, self.token)

    def _catch_up(self) -> None:
        """Wait until the dashboard shows what was captured before it started.

        A dashboard that does not get on for a while is not waited for: its disk may be full.
        """
        before, began, deadline, said = -1, time.monotonic(), 0.0, False
        while True:
            try:
                progress = self._client.health()["ingest"]
            except TransportError:
                return  # it ended: whoever asks looks for it again
            if progress["caught_up"]:
                return
            now = time.monotonic()
            if progress["taken"] != before:
                before, deadline = progress["taken"], now + _START
            at = f"{progress['taken']} of {progress['of']} segments are taken in"
            if now > deadline:
                logger.warning("chroma: %s, and no more for %d s: some are missing", at, _START)
                return
            if not said and now > began + _QUIET:
                logger.warning("chroma: waiting for what was captured: %s", at)
                said = True
            time.sleep(0.02)

    def _attach(self, settings: Settings) -> tuple[str, str | None, str]:
        """Find the owner of a home, or become it; returns its URL, token and prefix.

        Another process may take the home, or give it back, at any moment: it is tried for `_START` seconds.
        """
        from chroma.server.home.lock import HomeInUseError, find_owner
        from chroma.server.requirements import require_dashboard

        deadline = time.monotonic() + _START
        with _lock:
            while settings.home not in _embedded:
                if owner := find_owner(settings, _START):
                    return owner.url, owner.token, owner.root_path
                require_dashboard()
                from chroma.server.serving import new_token, serve

                try:
                    served = serve(settings, port=self._port or 0, token=new_token())
                    _embedded[settings.home] = _Embedded(served, 0)
                except HomeInUseError:  # another process was quicker
                    if time.monotonic() > deadline:
                        raise
            held = _embedded[settings.home]
            held.users += 1
            self._holds = True
            return held.served.url, held.served.token, held.served.root_path

    def _detach(self) -> None:
        with _lock:
            if not self._holds or self._settings is None:
                return
            self._holds = False
            held = _embedded[self._settings.home]
            held.users -= 1
            if held.users == 0:
                del _embedded[self._settings.home]
                held.served.stop()
