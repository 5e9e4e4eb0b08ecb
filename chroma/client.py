"""Typed HTTP to a dashboard: GraphQL for what exists, bytes for numbers."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from chroma.errors import (
    CatalogError,
    ChromaError,
    ConfigError,
    HomeError,
    IngestError,
    JobError,
    MissingDependencyError,
    NotFoundError,
    RefusedError,
    SegmentError,
    SegmentVersionError,
    StoreError,
    TransportError,
)

if TYPE_CHECKING:
    import httpx2

_ERRORS: dict[str, type[ChromaError]] = {
    kind.__name__: kind
    for kind in (
        CatalogError,
        ChromaError,
        ConfigError,
        HomeError,
        IngestError,
        JobError,
        MissingDependencyError,
        NotFoundError,
        RefusedError,
        SegmentError,
        SegmentVersionError,
        StoreError,
        TransportError,
    )
}

_TRIES = 10


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
            headers={"X-Chroma-Fresh": "1"} | ({"Authorization": f"Bearer {token}"} if token else {}),
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
            ChromaError: The server refused; the subclass is the one it named.
            TransportError: The server cannot be reached, or did not understand.
        """
        return self._send("GET", path, params=params)

    def post(self, path: str, body: object) -> bytes:
        """Send a JSON body and fetch what a byte route answers.

        Args:
            path: `"/api/…"`, names in it already URL-encoded.
            body: What JSON can say.

        Raises:
            ChromaError: The server refused; the subclass is the one it named.
            TransportError: The server cannot be reached, or did not understand.
        """
        return self._send("POST", path, json=body)

    def health(self) -> dict[str, Any]:
        """What the server says of itself; needs no token.

        Raises:
            TransportError: The server cannot be reached, or is no Chroma.
        """
        try:
            answer = json.loads(self._send("GET", "/api/health"))
        except ValueError:
            answer = None
        if not isinstance(answer, dict) or answer.get("status") != "ok":
            raise TransportError(f"{self.url} answers, but is not a Chroma dashboard; check the address")
        return answer

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _send(self, method: str, path: str, **options: Any) -> bytes:
        import httpx2

        try:
            response = self._http.request(method, path, **options)
            for _ in range(_TRIES):  # the dashboard has too many requests: it asks for a second
                if response.status_code != 429:
                    break
                time.sleep(1)
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
        problem = _problem(response)
        if "code" in problem:
            raise _named_error(problem["code"], problem["detail"])
        detail = problem.get("detail") or response.reason_phrase or "no reason given"
        raise TransportError(f"{self.url}{path} answered {response.status_code}: {detail}")


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")


def _is_json(response: httpx2.Response) -> bool:
    """GraphQL servers answer a document they refuse with 400 and a JSON body that says why."""
    return response.status_code == 400 and "json" in response.headers.get("content-type", "")


def _problem(response: httpx2.Response) -> dict[str, str]:
    """The problem (RFC 9457) that a response tells; empty if it tells none."""
    if "problem+json" not in response.headers.get("content-type", ""):
        return {}
    problem: dict[str, Any] = response.json()
    return {name: str(value) for name, value in problem.items()}


def _named_error(code: str, sentence: str) -> ChromaError:
    """An error of the class the server named, with its sentence as it came."""
    kind = _ERRORS.get(code, TransportError)
    return kind.__new__(kind, sentence)  # not __init__: NotFoundError builds its sentence from parts


def _reason(error: Exception) -> str:
    return str(error).rstrip(".") or type(error).__name__
