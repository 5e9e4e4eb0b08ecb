"""The machine behind a run: its writer's thread, its tally, and its end, whoever brings it about."""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from chroma.guard import Guard, logger, sentence_of
from chroma.records import Array, Record, RunClosed, RunOpened, RunStatus, Snapshot, WriterId
from chroma.run.arguments import Dtype
from chroma.run.environment import environment
from chroma.run.receipt import Receipt
from chroma.run.rounding import Half, half, rounded
from chroma.run.sink import JournalSink
from chroma.run.tally import Tally, clock
from chroma.run.writer import SnapshotWriter, Work
from chroma.settings import Settings


def _nothing() -> None:
    """Nothing has to be done."""


class Recording:
    """Takes the records of one run to the journal, counts them, and closes the run exactly once.

    Attributes:
        tally: What became of the records.
        guard: Stops Chroma's own errors at the borders to the user's program.
        dtype: What vectors are rounded to: "float16" or "float32".
        to_half: Rounds to float16; an integration may know a quicker way than NumPy's.
        framework: What trains, as in "lightning 2.6.6"; None for runs logged by hand.
    """

    def __init__(
        self,
        settings: Settings,
        tally: Tally,
        *,
        dtype: Dtype = "float16",
        config: Mapping[str, Any],
        tags: Sequence[str] = (),
        task: str | None = None,
        framework: str | None = None,
        writer_id: WriterId | None = None,
        guard: Guard | None = None,
    ) -> None:
        self.tally = tally
        self.guard = guard or Guard()
        self.dtype: Dtype = dtype
        self.to_half: Half = half
        self.framework = framework
        self._receipt: Receipt | None = None
        self._environment: dict[str, Any] = {}  # the writer's thread fills it
        self._closing = threading.RLock()
        self._opening = RunOpened(
            tally.project, tally.name, framework, task=task, config=config, tags=tuple(tags)
        )
        sink = self._sink = JournalSink(settings, tally.run, writer_id or WriterId())
        self._writer = SnapshotWriter(
            sink, self.guard, capacity=settings.queue_bytes, name=f"chroma-{tally.name}"
        )
        self.exit_timeout = settings.exit_timeout
        _living.add(self)
        self.submit(self._opened, 0)

    @property
    def closed(self) -> bool:
        """Whether the run has ended."""
        return self._receipt is not None

    @property
    def full(self) -> bool:
        """Whether the home holds `CHROMA_MAX_DISK` bytes, so that nothing more is taken."""
        return self._sink.full

    def describe(self, task: str) -> None:
        """Say what the run learns, once it is known."""
        if self._opening.task is None:
            self._opening = replace(self._opening, task=task)
            self.submit(self._opened, 0)

    def submit(self, records: Callable[[], Iterable[Record]], size: int) -> bool:
        """Give work to the writer's thread; never waits, never raises.

        Args:
            records: Makes the records to write, in that thread.
            size: Bytes it holds while it waits.

        Returns:
            False if it was dropped, which is counted.
        """
        return self._put(records, size, self.tally.wrote)

    def submit_snapshot(
        self,
        layer: str,
        split: str,
        dim: int,
        size: int,
        make: Callable[[], tuple[Snapshot, Array | slice]],
        *,
        after: Callable[[], None] = _nothing,
    ) -> bool:
        """Give a snapshot to the writer's thread, which rounds its vectors to the run's dtype.

        Args:
            layer: Name of the layer.
            split: Name of the split.
            dim: Values per sample.
            size: Bytes it holds while it waits.
            make: Gives it, and the rows of its vectors that belong to its ids, in order; called in the
                writer's thread.
            after: Called in the writer's thread once the vectors are free again.

        Returns:
            False if it was dropped, which is counted.
        """
        self.tally.taken(layer, split, dim)

        def records() -> Iterable[Record]:
            try:
                snapshot, rows = make()
                vectors, broken = rounded(snapshot.vectors, rows, self.dtype, self.to_half)
                if self.dtype == "float16" and vectors.dtype != np.float16:
                    self.tally.note(
                        f"{layer} dtype",
                        f"{layer} is kept as float32: its values are too large or too small for float16",
                    )
                if broken:
                    self.tally.note(
                        f"{layer} nan", f"{layer} has NaN or infinite values in {broken:,} samples"
                    )
                yield replace(snapshot, vectors=vectors)
            finally:
                after()
            self.tally.kept(layer, split, len(snapshot.ids))

        return self._put(records, size, lambda written: self.tally.wrote(written, layer, split))

    def flush(self, timeout: float) -> bool:
        """Wait until all that was submitted is written or lost; False if that took over `timeout` seconds."""
        return self._writer.flush(timeout)

    @contextmanager
    def timed(self) -> Generator[None]:
        """Count the time of the block as spent on the training's thread."""
        start = clock()
        try:
            yield
        finally:
            self.tally.seconds += clock() - start

    def close(self, status: RunStatus, error: str | None = None, *, wait: float | None = None) -> Receipt:
        """End the run, once; later calls return the first receipt.

        Args:
            status: finished, failed or interrupted.
            error: One sentence, for failed runs.
            wait: Longest wait in seconds for the journal; `CHROMA_EXIT_TIMEOUT` by default.
        """
        with self._closing:
            if self._receipt is None:
                self._receipt = self._close(status, error, self.exit_timeout if wait is None else wait)
            return self._receipt

    def _close(self, status: RunStatus, error: str | None, wait: float) -> Receipt:
        def closed() -> Iterable[Record]:
            yield RunClosed(
                status, error, self.tally.receipt(status, self.guard.errors, self.guard.refusals).as_json()
            )

        last = Work(
            "writing to the journal", closed, 0, lambda _, size: self.tally.wrote(size), self.tally.miss
        )
        if not self._writer.close(last, timeout=wait) and wait > 0:
            self.tally.note(
                "late",
                f"the journal was still being written after {wait:g} s; more arrives while the program runs",
            )
        _living.discard(self)
        return self.tally.receipt(status, self.guard.errors, self.guard.refusals)

    def _put(self, records: Callable[[], Iterable[Record]], size: int, wrote: Callable[[int], None]) -> bool:
        return self._writer.put(
            Work("writing to the journal", records, size, lambda _, written: wrote(written), self.tally.miss)
        )

    def _opened(self) -> Iterable[Record]:
        self._environment = self._environment or environment()
        return [replace(self._opening, environment=self._environment)]

    def abandon(self) -> None:
        """In a forked child: the run belongs to the parent."""
        self._closing = threading.RLock()
        self._writer.abandon()


def logged_by_hand() -> bool:
    """Whether a run is open that the user opened with `chroma.init`."""
    return any(recording.framework is None and not recording.closed for recording in list(_living))


def status_of(error: BaseException | None) -> tuple[RunStatus, str | None]:
    """Status of a run that ends with `error`, and the sentence that says why."""
    # exactly SystemExit: Lightning's SIGTERMException is one, without a code
    if error is None or (type(error) is SystemExit and not error.code):
        return "finished", None
    if isinstance(error, (KeyboardInterrupt, SystemExit, GeneratorExit)):
        return "interrupted", None
    return "failed", sentence_of(error)[:1000]


_living: set[Recording] = set()


def _close_all() -> None:
    """At exit: finish what the user did not, within the longest `CHROMA_EXIT_TIMEOUT` in all."""
    error = getattr(sys, "last_value", None) if not hasattr(sys, "ps1") else None
    status, sentence = status_of(error)
    deadline = time.monotonic() + max((recording.exit_timeout for recording in _living), default=0)
    for recording in list(_living):
        receipt = recording.close(status, sentence, wait=max(0.0, deadline - time.monotonic()))
        if receipt.missing:
            logger.warning("%s", receipt)


def _abandon_all() -> None:
    """In a forked child: never write, never wait for a lock the parent's threads may have held."""
    for recording in _living:
        recording.abandon()
    _living.clear()


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_abandon_all)
