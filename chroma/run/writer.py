"""The thread that takes what was captured off the training's hands and writes it.

`put` never blocks and never raises: work that does not fit in the queue is dropped, and says so to whoever
gave it. The queue is bounded in bytes, since a few snapshots may weigh more than a thousand metrics.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from chroma.guard import Guard
from chroma.records import Record


class Sink(Protocol):
    """Where records go: the journal, or a list in tests."""

    def commit(self, record: Record) -> int:
        """Keep a record; return the bytes it took."""
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
    """

    doing: str
    records: Callable[[], Iterable[Record]]
    bytes: int
    written: Callable[[Record, int], None]
    lost: Callable[[str], None]


class SnapshotWriter:
    """One daemon thread and its queue of at most `capacity` bytes.

    Args:
        sink: Where records go; used in the thread only.
        guard: Stops and counts the errors of the thread.
        capacity: Most bytes that may wait; a single larger work is taken when nothing else waits.
        name: Of the thread, for debuggers.
    """

    def __init__(self, sink: Sink, guard: Guard, *, capacity: int, name: str) -> None:
        self._sink = sink
        self._guard = guard
        self._capacity = capacity
        self._queue: deque[Work] = deque()
        self._waiting = 0  # bytes in the queue and in the hands of the thread
        self._state = threading.Condition()  # reentrant: a garbage collection under it may close a run
        self._busy = False
        self._closed = False
        self._dead = False
        self._thread = threading.Thread(target=self._write_all, name=name, daemon=True)
        with guard.fail_safe("starting the writer's thread"):
            self._thread.start()
        if self._thread.ident is None:  # the system allows no more threads
            self._dead = True

    def put(self, work: Work) -> bool:
        """Queue work; returns False, after telling `work.lost` why, if it cannot be taken."""
        with self._state:
            if self._thread.ident is None:
                reason = "the writer's thread could not be started"
            elif self._closed or self._dead:
                reason = "the run has ended"
            elif self._waiting and self._waiting + work.bytes > self._capacity:
                reason = "the disk was slower than the training (queue full)"
            else:
                self._queue.append(work)
                self._waiting += work.bytes
                self._state.notify_all()
                return True
        work.lost(reason)
        return False

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
                self._queue.append(last)
                self._waiting += last.bytes
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
        self._closed = self._dead = True

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
        finally:
            with self._state:
                self._busy = False
                self._waiting -= work.bytes
                self._state.notify_all()
        return True

    def _write(self, work: Work) -> None:
        done = False
        try:
            with self._guard.fail_safe(work.doing):
                for record in work.records():
                    work.written(record, self._sink.commit(record))
                done = True
        finally:
            if not done:
                work.lost("it could not be written")
