"""The thread that takes what was captured off the training's hands and writes it.

`put` never blocks and never raises: work that does not fit in the queue is dropped, and says so to whoever
gave it. The queue is bounded in bytes, since a few snapshots may weigh more than a thousand metrics. What has
waited long is written without waiting for the disk each time, and synced once nothing waits: a kill takes
what is in memory, not what the disk has not confirmed.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from chroma.errors import HomeError
from chroma.guard import Guard
from chroma.records import Record
from chroma.run.tally import clock

_LATE = 0.5  # seconds that work may wait before the disk's confirmation is put off


class Sink(Protocol):
    """Where records go: the journal, or a list in tests."""

    def commit(self, record: Record, *, sync: bool = True) -> int:
        """Keep a record; return the bytes it took. Without `sync` a loss of power may take it."""
        ...

    def sync(self) -> None:
        """Wait until what was committed without `sync` outlives a loss of power."""
        ...

    def close(self) -> None:
        """Nothing more comes."""
        ...


@dataclass(frozen=True, slots=True)
class Work:
    """Something for the writer to do.

    Attributes:
        doing: What it is, for the warning when it fails: "writing to the journal".
        records: Makes the records; runs in the writer's thread, so that heavy work does not stop training.
        bytes: Memory it holds while it waits.
        written: Called for each record once it is durable, with its size.
        lost: Called with the reason if the work is dropped or fails.
        since: When it began to wait.
    """

    doing: str
    records: Callable[[], Iterable[Record]]
    bytes: int
    written: Callable[[Record, int], None]
    lost: Callable[[str], None]
    since: float = field(default_factory=clock)


class SnapshotWriter:
    """One daemon thread and its queue of at most `capacity` bytes.

    Args:
        sink: Where records go; used in the thread only.
        guard: Stops and counts the errors of the thread.
        capacity: Most bytes that may wait; of larger work one at a time is taken besides.
        name: Of the thread, for debuggers.

    Attributes:
        forked: Whether this is a forked child: the thread lives in the parent only.
    """

    def __init__(self, sink: Sink, guard: Guard, *, capacity: int, name: str) -> None:
        self._sink = sink
        self._guard = guard
        self._capacity = capacity
        self._queue: deque[Work] = deque()
        self._waiting = 0  # bytes in the queue and in the hands of the thread, but for work above capacity
        self._large = False  # whether work above capacity is among it
        self._state = threading.Condition()  # reentrant: a garbage collection under it may close a run
        self._busy = False
        self._closed = False
        self._dead = False
        self.forked = False
        self._thread = threading.Thread(target=self._write_all, name=name, daemon=True)
        with guard.fail_safe("starting the writer's thread"):
            self._thread.start()
        if self._thread.ident is None:  # the system allows no more threads
            self._dead = True

    def put(self, work: Work) -> bool:
        """Queue work; returns False, after telling `work.lost` why, if it cannot be taken."""
        with self._state:
            reason = self._refusal(work.bytes)
            if reason is None:
                self._take(work)
                return True
        work.lost(reason)
        return False

    def _refusal(self, size: int) -> str | None:
        """Why work of so many bytes cannot be taken now; None if it can."""
        state = {
            "logged in a forked process, whose parent holds the run": self.forked,
            "the writer's thread could not be started": self._thread.ident is None,
            "the run has ended": self._closed,
            "the writer's thread ended": self._dead,
            "the disk was slower than the training (queue full)": size <= self._capacity
            and self._waiting + size > self._capacity,
            "larger than CHROMA_QUEUE_BYTES, and came while another such was written": size > self._capacity
            and self._large,
        }
        return next((reason for reason, holds in state.items() if holds), None)

    def _take(self, work: Work) -> None:
        self._queue.append(work)
        self._count(work, 1)

    def _count(self, work: Work, sign: int) -> None:
        if work.bytes > self._capacity:
            self._large = sign > 0
        else:
            self._waiting += sign * work.bytes
        self._state.notify_all()

    def flush(self, timeout: float) -> bool:
        """Wait until all that was put is written or lost; False if that took over `timeout` seconds."""
        if threading.current_thread() is self._thread:
            return False
        with self._state:
            return self._state.wait_for(lambda: self._dead or not (self._busy or self._queue), timeout)

    def close(self, last: Work | None = None, *, timeout: float) -> bool:
        """Write what waits, then `last`, and end the thread; False if that takes over `timeout` seconds.

        May be called again; only the first `last` counts. The thread goes on after a time-out for as long as
        the program lives.
        """
        with self._state:
            if not self._closed and last is not None and not self._dead:
                self._take(last)
            self._closed = True
            self._state.notify_all()
        started = self._thread.ident is not None
        if started and threading.current_thread() is not self._thread and timeout > 0:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def abandon(self) -> None:
        """In a forked child: the thread lives in the parent only; nothing is written or waited for here."""
        self._state = threading.Condition()
        self._queue = deque()
        self._waiting = 0
        self._closed = self._dead = self.forked = True

    def _write_all(self) -> None:
        try:
            while self._write_next():
                pass
        finally:
            with self._state:
                self._dead = True
                left = list(self._queue)
                self._queue.clear()
                self._state.notify_all()
            for work in left:
                work.lost("the writer's thread ended")
            with self._guard.fail_safe("closing the journal"):
                self._sink.close()

    def _write_next(self) -> bool:
        with self._state:
            self._state.wait_for(lambda: self._queue or self._closed)
            if not self._queue:
                return False
            self._busy = True
            work = self._queue.popleft()
        try:
            self._write(work)
            if not self._queue:
                with self._guard.fail_safe("syncing the journal"):
                    self._sink.sync()
        finally:
            with self._state:
                self._busy = False
                self._count(work, -1)
        return True

    def _write(self, work: Work) -> None:
        reason: str | None = "it could not be written"
        try:
            with self._guard.fail_safe(work.doing):
                try:
                    for record in work.records():
                        prompt = clock() - work.since < _LATE
                        work.written(record, self._sink.commit(record, sync=prompt))
                    reason = None
                except Exception as error:
                    reason = _reason(error)
                    raise
        finally:
            if reason is not None:
                work.lost(reason)


def _reason(error: Exception) -> str:
    """Why a record could not be written, in words that many records share."""
    if isinstance(error, HomeError):
        error = error.__cause__ if isinstance(error.__cause__, OSError) else error
    if isinstance(error, OSError) and error.strerror:
        return f"it could not be written ({error.strerror})"
    if isinstance(error, HomeError):
        return "the home is full (CHROMA_MAX_DISK)"
    return f"it could not be written ({type(error).__name__})"
