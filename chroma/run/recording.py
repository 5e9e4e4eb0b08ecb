"""The machine behind a run: its writer's thread, its tally, and its end, whoever brings it about."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import numpy as np

from chroma.guard import Guard, logger
from chroma.records import Array, Record, RunClosed, RunEvent, RunOpened, RunStatus, Snapshot, WriterId
from chroma.run import open_runs
from chroma.run.arguments import Dtype
from chroma.run.environment import environment
from chroma.run.events import RunEvents
from chroma.run.others import GOES_ON
from chroma.run.receipt import Receipt
from chroma.run.rounding import Half, half, rounded
from chroma.run.sink import JournalSink
from chroma.run.tally import Tally, clock
from chroma.run.writer import SnapshotWriter, Work
from chroma.settings import Settings
from chroma.shipper import Shipper


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
        events: Sees what is written, in the writer's thread.
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
        self.events = RunEvents(tally, self.guard)
        self._receipt: Receipt | None = None
        self._environment: dict[str, Any] = {}  # the writer's thread fills it
        self._closing = threading.RLock()
        self._opening = RunOpened(
            tally.project, tally.name, framework, task=task, config=config, tags=tuple(tags)
        )
        self._thread = threading.current_thread()
        self._warned = False  # of what a forked child logs
        self._shipper = (
            Shipper(settings.server, settings.outbox, tally.run, self.guard, settings.exit_timeout)
            if settings.server
            else None
        )
        sink = self._sink = JournalSink(
            settings,
            tally.run,
            writer_id or WriterId(),
            self._report,
            self._shipper,
            by_hand=framework is None,
        )
        self._writer = SnapshotWriter(
            sink, self.guard, capacity=settings.queue_bytes, name=f"chroma-{tally.name}"
        )
        self.exit_timeout = settings.exit_timeout
        open_runs.begin(self)
        self.submit(self._opened, 0)

    @property
    def closed(self) -> bool:
        """Whether the run has ended."""
        return self._receipt is not None

    @property
    def opened_here(self) -> bool:
        """Whether the thread that asks opened the run."""
        return self._thread is threading.current_thread()

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
        self._sink.accepted += 1

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

        taken = self._put(records, size, lambda written: self.tally.wrote(written, layer, split))
        self._sink.accepted -= not taken
        return taken

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

    def close_unfinished(self) -> None:
        """End a run that nobody refers to any more, as the program goes; the journal is written meanwhile."""
        self.close(*open_runs.status(), wait=0.0)

    def wait(self, timeout: float) -> None:
        """After the end: wait until the journal is written, so far as that was not waited for."""
        if not self._writer.close(timeout=timeout):
            self._say_late(timeout)

    @property
    def is_written(self) -> bool:
        """Whether nothing more will be written."""
        return self._receipt is not None and self._writer.close(timeout=0.0)

    def _close(self, status: RunStatus, error: str | None, wait: float) -> Receipt:
        def closed() -> Iterable[Record]:
            yield RunClosed(
                status, error, self.tally.receipt(status, self.guard.errors, self.guard.refusals).as_json()
            )

        last = Work(
            "writing to the journal", closed, 0, lambda _, size: self.tally.wrote(size), self.tally.miss
        )
        if not self._writer.close(last, timeout=wait) and wait > 0:
            self._say_late(wait)
        if wait > 0:
            open_runs.forget(self)
        receipt = self.tally.receipt(status, self.guard.errors, self.guard.refusals)
        return replace(receipt, shipment=self._shipper.shipment) if self._shipper else receipt

    def _say_late(self, waited: float) -> None:
        self.tally.note(
            "late",
            f"the journal was still being written after {waited:g} s; more arrives while the program runs",
        )

    def _report(self, about: str, sentence: str) -> None:
        """Say what other writers of the run mean for this one; what may be lost at once, too."""
        if about not in self.tally.notes:
            self.tally.note(about, sentence)
            if about != GOES_ON:
                with suppress(Exception):  # a handler of the user's may fail
                    logger.warning("chroma: %s", sentence)

    def _put(self, records: Callable[[], Iterable[Record]], size: int, wrote: Callable[[int], None]) -> bool:
        def with_alarms() -> Iterable[Record]:
            for record in records():
                yield record
                yield from self.events.alarms(record)

        def written(record: Record, bytes_: int) -> None:
            (self.tally.wrote if isinstance(record, RunEvent) else wrote)(bytes_)
            self.events.see(record)

        taken = self._writer.put(Work("writing to the journal", with_alarms, size, written, self.tally.miss))
        if not taken and self._writer.forked and not self._warned:
            self._warned = True
            with suppress(Exception):
                logger.warning(
                    "chroma: the run %s belongs to the process that opened it; what this forked process logs "
                    "to it is not kept: open a run in here with chroma.init(), or log in the parent",
                    self.tally.name,
                )
        return taken

    def _opened(self) -> Iterable[Record]:
        self._environment = self._environment or environment()
        return [replace(self._opening, environment=self._environment)]

    def abandon(self) -> None:
        """In a forked child: the run belongs to the parent."""
        self._closing = threading.RLock()
        self._writer.abandon()
