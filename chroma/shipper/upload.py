"""One server to send segments to: what its answers mean, and whether it helps to try again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from chroma.errors import ConfigError, TransportError
from chroma.journal import Entry
from chroma.settings import server_token

if TYPE_CHECKING:
    import httpx2

_CONNECT = 5.0  # seconds
_ANSWER = 60.0  # seconds: of a server that is slow, not dead
_PART = 2**20  # bytes of a file that are in memory
_LONGEST_PAUSE = 300.0  # seconds, whatever the server asks for


class LaterError(TransportError):
    """The server does not take segments now; trying again may help.

    Attributes:
        pause: Seconds that it asks us to wait; None if it asks for none.
    """

    pause: float | None = None


class RefusedError(TransportError):
    """The server will never take this segment."""


class DeletedError(TransportError):
    """The run was deleted on the server."""


class Server:
    """Takes segments; each call has a timeout, and reads the token anew. For one thread.

    Args:
        url: `CHROMA_SERVER`.
    """

    def __init__(self, url: str) -> None:
        import httpx2

        self.url = url
        self._http = httpx2.Client(
            timeout=httpx2.Timeout(_ANSWER, connect=_CONNECT),
            trust_env=urlsplit(url).hostname not in ("localhost", "127.0.0.1", "::1"),
        )

    def put(self, entry: Entry) -> bool:
        """Send a segment; False if the server had it.

        Raises:
            FileNotFoundError: It is gone: somebody else has sent it.
            LaterError: Not now.
            RefusedError: It will not be taken.
            DeletedError: Its run was deleted.
        """
        size = entry.path.stat().st_size
        place = f"{_run(entry.run)}/segments/{entry.writer}/{entry.number}"
        answer = self._ask("PUT", place, content=_parts(entry.path), headers={"Content-Length": str(size)})
        return answer.get("segment") == "new"

    def known(self, run: str, entries: list[Entry]) -> dict[tuple[str, int], str]:
        """Digests of those segments that the server has, by writer and number; raises as `put` does."""
        keys = [[entry.writer, entry.number] for entry in entries]
        answer = self._ask("POST", f"{_run(run)}/segments/known", json={"keys": keys})
        return {(writer, number): digest for writer, number, digest in answer.get("known", ())}

    def alive(self, run: str, writer: str) -> None:
        """Give a sign of life of a writer; raises as `put` does."""
        self._ask("POST", f"{_run(run)}/writers/{writer}/heartbeat")

    def ended(self, run: str, writer: str) -> None:
        """Say that a writer gives no more signs of life; raises as `put` does."""
        self._ask("DELETE", f"{_run(run)}/writers/{writer}/heartbeat")

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _ask(
        self, method: str, path: str, headers: dict[str, str] | None = None, **body: Any
    ) -> dict[str, Any]:
        import httpx2

        try:
            token = server_token()
        except ConfigError as error:
            raise LaterError(str(error)) from error
        given = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            answer = self._http.request(method, self.url + path, headers=given | (headers or {}), **body)
        except httpx2.TimeoutException:
            raise LaterError(f"the server {self.url} did not answer in time; see what it is doing") from None
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            if isinstance(error, FileNotFoundError):
                raise
            reason = str(error).rstrip(".") or type(error).__name__
            raise LaterError(
                f"the server {self.url} cannot be reached ({reason}); "
                "see whether it runs, and check CHROMA_SERVER"
            ) from None
        return self._understood(answer)

    def _understood(self, answer: httpx2.Response) -> dict[str, Any]:
        """The body of an answer that agrees; raises what all others mean."""
        status, body = answer.status_code, _json(answer)
        if status == 204:
            return {}
        if status in (200, 201) and isinstance(body, dict) and ("segment" in body or "known" in body):
            return body
        ours = isinstance(body, dict) and "problem+json" in answer.headers.get("content-type", "")
        detail = str(body.get("detail", "")) if ours else ""
        if ours and status in (409, 413, 422):
            raise RefusedError(detail)
        if ours and status == 410:
            raise DeletedError(detail)
        later = LaterError(self._why(status, answer, detail))
        later.pause = _seconds(answer.headers.get("retry-after", "")) if status in (429, 503) else None
        raise later

    def _why(self, status: int, answer: httpx2.Response, detail: str) -> str:
        if status in (401, 403) and detail:
            return (
                f"the server {self.url} refused the token ({detail}); "
                "put one with the scope write into CHROMA_TOKEN_FILE or CHROMA_TOKEN"
            )
        if detail and status not in (404, 405):
            return f"the server {self.url} answered {status}: {detail}"
        kind = answer.headers.get("content-type", "").partition(";")[0] or "nothing"
        if status in (404, 405) and "json" in kind:
            return f"the server {self.url} takes no segments: it is older than this Chroma; upgrade it"
        return (
            f"{self.url} answered {status} with {kind}, as no Chroma server does: "
            "perhaps a proxy or a login page stands before it; check CHROMA_SERVER"
        )


def _run(run: str) -> str:
    return f"/api/runs/{quote(run, safe='')}"


def _parts(path: Path) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        while part := file.read(_PART):
            yield part


def _json(answer: httpx2.Response) -> Any:
    with suppress(ValueError):
        return json.loads(answer.content)
    return None


def _seconds(text: str) -> float | None:
    return min(float(text), _LONGEST_PAUSE) if text.isascii() and text.isdecimal() else None
