"""The parts of a server that work by themselves: each begins again when it fails, and says what is down."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

logger = logging.getLogger("chroma.server")

Part = Literal["ingest", "films", "worker", "webhook", "relay", "others", "store"]

_PAUSE = (0.2, 5.0)  # seconds before work that failed is begun again: first, at most
_STEADY = 60.0  # seconds of work after which a failure counts as the first one

_WORK: dict[Part, str] = {
    "ingest": "what trainings write is taken in",
    "films": "films are asked for as snapshots come",
    "worker": "films are drawn",
    "store": "segments are taken in, and films are kept,",
    "webhook": "events are sent to CHROMA_WEBHOOK",
    "relay": "what changes here is shown by other servers of the database",
    "others": "what changes on other servers of the database is shown",
}


@dataclass(frozen=True, slots=True)
class Down:
    """A part that does not work now.

    Attributes:
        part: Which.
        reason: One sentence.
        brief: The reason without names of files, for those who show no token.
        since: Of its first failure.
        times: Failures since then.
    """

    part: Part
    reason: str
    brief: str
    since: datetime
    times: int


@dataclass
class Parts:
    """Which parts are down; any thread may tell and ask."""

    changed: Callable[[], None] = lambda: None
    _down: dict[Part, Down] = field(default_factory=dict[Part, Down])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def failed(self, part: Part, error: BaseException | str, brief: str | None = None) -> None:
        """Tell that a part failed; the same reason is logged once.

        Args:
            part: Which.
            error: Why.
            brief: The same for those who show no token; None: what can be told of the error.
        """
        what = error if isinstance(error, str) else f"{type(error).__name__}: {error}".replace("\n", " ")
        reason = f"{_WORK[part]} again once this is over: {what}"
        strerror = getattr(error, "strerror", None)
        brief = brief or str(strerror or (what if isinstance(error, str) else type(error).__name__))
        with self._lock:
            before = self._down.get(part)
            since, times = (before.since, before.times) if before else (datetime.now(UTC), 0)
            self._down[part] = Down(part, reason, brief, since, times + 1)
        if before is None or before.reason != reason:
            logged = error if isinstance(error, Exception) else None
            logger.warning("chroma: %s", reason, exc_info=logged if _unexpected(error) else None)
            self.changed()

    def works(self, part: Part) -> None:
        """Tell that a part has done its work."""
        with self._lock:
            ended = self._down.pop(part, None)
        if ended is not None:
            logger.warning("chroma: %s again", _WORK[part])
            self.changed()

    def down(self) -> list[Down]:
        """The parts that do not work now."""
        with self._lock:
            return list(self._down.values())


class PartThread:
    """A thread that begins its work again whenever that ends, however it does, until it is stopped.

    Args:
        part: Which part of the server it is.
        work: Returns once `stop` is set.
        parts: Failures are told there; `work` itself tells when it works.
        stop: Ends the thread.
    """

    def __init__(self, part: Part, work: Callable[[], None], parts: Parts, stop: threading.Event) -> None:
        self._part: Part = part
        self._work = work
        self._parts = parts
        self._stop = stop
        self._failures = 0
        self._thread = threading.Thread(target=self._run, name=f"chroma-{part}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def join(self) -> None:
        """Wait until the work has ended; set `stop` first."""
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            # SystemExit and KeyboardInterrupt, too, must not end the thread in silence.
            try:
                self._begin()
            except BaseException as error:  # noqa: BLE001
                self._parts.failed(self._part, error)

    def _begin(self) -> None:
        first, most = _PAUSE
        if self._failures:
            self._stop.wait(min(most, first * 2 ** (self._failures - 1)))
        began = time.monotonic()
        self._failures += 1
        try:
            if not self._stop.is_set():
                self._work()
            if not self._stop.is_set():
                self._parts.failed(self._part, "its work ended before the server did")
        finally:
            if time.monotonic() - began > _STEADY:
                self._failures = 1


def _unexpected(error: BaseException | str) -> bool:
    """Whether an error is worth a traceback in the log: not one of the disk or the catalog."""
    from chroma.errors import ChromaError
    from chroma.server.store.engine import Unavailable

    return not isinstance(error, (str, OSError, ChromaError, Unavailable))
