"""Typed HTTP to a dashboard: GraphQL for what exists, bytes for numbers."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from chroma.errors import (
    CatalogError,
    ChromaError,
    ConfigError,
    HomeError,
    JobError,
    NotFoundError,
    TransportError,
)
from chroma.settings import Settings

if TYPE_CHECKING:
    import httpx2

_ERRORS: dict[str, type[ChromaError]] = {
    kind.__name__: kind
    for kind in (CatalogError, ChromaError, ConfigError, HomeError, JobError, NotFoundError, TransportError)
}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a dashboard answers.

    Attributes:
        url: `"http://127.0.0.1:8000"`, without a slash at the end.
        token: What it asks programs for; None where it asks for none.
        pid: Process id of the owner.
    """

    url: str
    token: str | None = None
    pid: int | None = None

    def page(self, run: str | None = None) -> str:
        """The address to open in a browser; it carries the token, which a cookie then holds.

        Args:
            run: Id of a run to show.
        """
        query = {name: value for name, value in (("token", self.token), ("run", run)) if value}
        return f"{self.url}/" + (f"?{urlencode(query)}" if query else "")


class Client:
    """Asks one dashboard; safe to use from several threads.

    Args:
        url: Address of the dashboard.
        token: Its token; None where it asks for none.
        timeout: Longest wait for an answer, in seconds.

    Raises:
        ConfigError: `url` is not an http(s) address.
    """

    def __init__(self, url: str, token: str | None = None, *, timeout: float = 60.0) -> None:
        import httpx2

        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError(
                f"{url!r} is not the address of a dashboard; give one like http://127.0.0.1:8000"
            )
        self.url = url.rstrip("/")
        self.token = token
        self._http = httpx2.Client(
            base_url=self.url,
            headers={"Authorization": f"Bearer {token}"} if token else {},
            timeout=httpx2.Timeout(timeout, connect=5.0),
            trust_env=not _is_loopback(parts.hostname),  # a proxy cannot reach this machine's loopback
        )

    def query(self, document: str, **variables: Any) -> dict[str, Any]:
        """Run a GraphQL query or mutation.

        Returns:
            Its `data`.

        Raises:
            ChromaError: The server refused; the subclass is the one it named.
            TransportError: The server cannot be reached, or did not understand.
        """
        body = self._send("POST", "/graphql", json={"query": document, "variables": variables})
        answer = json.loads(body)
        if errors := answer.get("errors"):
            first = errors[0]
            raise _named_error(str((first.get("extensions") or {}).get("code", "")), str(first["message"]))
        return answer["data"]

    def bytes(self, path: str, **params: str) -> bytes:
        """Fetch a byte route.

        Args:
            path: `"/api/…"`, names in it already URL-encoded.
            **params: Query parameters.

        Raises:
            NotFoundError: There is nothing at `path`.
            TransportError: The server cannot be reached, or refused.
        """
        return self._send("GET", path, params=params)

    def health(self) -> dict[str, Any]:
        """What the server says of itself; needs no token.

        Raises:
            TransportError: The server cannot be reached, or is no Chroma.
        """
        try:
            answer = json.loads(self._send("GET", "/api/health"))
        except (ValueError, NotFoundError):
            answer = None
        if not isinstance(answer, dict) or answer.get("status") != "ok":
            raise TransportError(f"{self.url} answers, but is no Chroma dashboard; check the address")
        return answer

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _send(self, method: str, path: str, **options: Any) -> bytes:
        import httpx2

        try:
            response = self._http.request(method, path, **options)
        except httpx2.TimeoutException as error:
            raise TransportError(
                f"the dashboard at {self.url} did not answer in time; see what it is doing, then try again"
            ) from error
        except (httpx2.HTTPError, RuntimeError) as error:  # RuntimeError: this client was closed
            raise TransportError(
                f"the dashboard at {self.url} cannot be reached ({_reason(error)}); "
                "start it with: chroma ui, or check the address"
            ) from error
        if response.is_success or (path == "/graphql" and _is_json(response)):
            return response.content
        if response.status_code in (401, 403):
            raise TransportError(
                f"the dashboard at {self.url} refused the token; "
                "give the one it printed at its start: chroma.open(url, token=…)"
            )
        detail = _detail(response)
        if response.status_code == 404:
            raise _named_error("NotFoundError", detail)
        raise TransportError(f"{self.url}{path} answered {response.status_code}: {detail}")


def find_owner(settings: Settings) -> Address | None:
    """Find the dashboard that owns a home: its process lives and it answers.

    Args:
        settings: Settings that name the home.

    Returns:
        Its address, or None if nobody owns the home or the owner does not answer (yet).
    """
    address = read_address(settings)
    if address is None or not _lives(address.pid):
        return None
    client = Client(address.url, address.token, timeout=5.0)
    try:
        client.health()
    except TransportError:
        return None
    finally:
        client.close()
    return address


def read_address(settings: Settings) -> Address | None:
    """Read `server.json` of a home; None if there is none or it is not whole."""
    try:
        about = json.loads((settings.home / "server.json").read_text(encoding="utf-8"))
        return Address(url=str(about["url"]).rstrip("/"), token=about.get("token"), pid=int(about["pid"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _lives(pid: int | None) -> bool:
    if pid is None or os.name == "nt":  # on Windows os.kill(pid, 0) ends the process
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")


def _is_json(response: httpx2.Response) -> bool:
    """GraphQL servers answer a document they refuse with 400 and a JSON body that says why."""
    return response.status_code == 400 and "json" in response.headers.get("content-type", "")


def _detail(response: httpx2.Response) -> str:
    try:
        detail = response.json()["detail"]
    except (ValueError, KeyError, TypeError):
        return response.reason_phrase or "no reason given"
    return str(detail)


def _named_error(code: str, sentence: str) -> ChromaError:
    """An error of the class the server named, with its sentence as it came."""
    kind = _ERRORS.get(code, TransportError)
    return kind.__new__(kind, sentence)  # not __init__: NotFoundError builds its sentence from parts


def _reason(error: Exception) -> str:
    return str(error).rstrip(".") or type(error).__name__
