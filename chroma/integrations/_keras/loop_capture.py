"""Captures a split from the passes that Keras makes over it anyway."""

from __future__ import annotations

from collections import deque
from importlib import import_module
from typing import Any

import numpy as np

from chroma.capture.schedule import Moment
from chroma.integrations._keras.open_snapshot import OpenSnapshot
from chroma.integrations._keras.split_capture import ProbeEvaluation, SplitCapture, SplitContext
from chroma.integrations._keras.step_wrapper import Step, StepValues, StepWrapper
from chroma.records import Array

keras: Any = import_module("keras")  # its types are not complete

_WAITING = 4  # batches whose values are not asked for yet, as they may still be computed


class LoopCapture(SplitCapture):
    """Captures a split from Keras's own passes; once that fails, the samples are evaluated separately.

    Args:
        context: What it works with; the source gives the samples in the same order in each pass.
        step: The compiled step that Keras passes with.
    """

    def __init__(self, context: SplitContext, step: Step) -> None:
        super().__init__(context)
        samples, evaluation = context.samples.samples, context.evaluation
        self._wrapper = StepWrapper(evaluation.model, step, evaluation.values, self._receive)
        self._wanted: bool | None = None  # None until a pass has begun
        self._snapshot: OpenSnapshot | None = None
        self._waiting: deque[StepValues] = deque()
        self._passed = 0  # samples of the source in this pass
        self._added = 0  # of them, those that are followed
        self._fault: str | None = None  # why this pass cannot be used
        self._probe = ProbeEvaluation(context)
        self._failed = False  # a pass could not be used: the samples are evaluated separately from then on
        self._targets = keras.tree.flatten(samples.y)[0] if samples.order == "promised" else None

    def begin(self, moment: Moment) -> None:
        """Wrap the step, if the pass is due."""
        self._snapshot, self._fault = None, None
        self._wanted = self.context.schedule.ask(*moment) == "take"
        if self._wanted and not self._failed:
            self._snapshot = self.context.open_snapshot(moment)
            self._passed = self._added = 0
            self._wrapper.wrap()

    def end(self) -> None:
        """Unwrap the step, and take in the batches that still wait."""
        self._wrapper.unwrap()
        if self._snapshot is not None:
            self._add_waiting(0)

    def end_epoch(self, moment: Moment) -> None:
        """Record what the pass gave, or evaluate the samples separately."""
        if self._wanted is None:  # Keras did not say that it began
            self._wanted = self.context.schedule.ask(*moment) == "take"
        wanted, snapshot = self._wanted, self._snapshot
        self._wanted = self._snapshot = None
        if not wanted:
            return
        if snapshot is not None and self._is_complete():
            snapshot.finish(moment)
            return
        if not self._failed:
            self._failed = True
            self._say_separately(self._fault or "Keras made a pass that could not be captured")
        self._probe.evaluate(moment)

    def finish(self, moment: Moment) -> None:
        """Evaluate the samples, if the last pass was left out."""
        self._probe.finish(moment)

    def _is_complete(self) -> bool:
        """Whether all samples came, once each."""
        n, of = len(self.context.samples.samples), self.context.samples.samples.of
        if self._fault is None and self._added < n:
            self._fault = f"{self._added:,} of {n:,} samples came in a pass of Keras's own"
        elif self._fault is None and of and self._passed > of:
            self._fault = f"{self._passed:,} samples came in a pass of Keras's own, for {of:,}"
        return self._fault is None

    def _receive(self, batch: StepValues) -> None:
        """Keras has started the computation of a batch."""
        if self._snapshot is not None and self._fault is None:
            self._waiting.append(batch)
            self.context.evaluation.call.guarded(self._add_waiting, _WAITING)

    def _add_waiting(self, keep: int) -> None:
        """Add the batches that wait, but for the last few."""
        while len(self._waiting) > keep and self._fault is None:
            self._add(self._waiting.popleft())
        if self._fault is not None:
            self._waiting.clear()

    def _add(self, batch: StepValues) -> None:
        assert self._snapshot is not None
        evaluation, positions = self.context.evaluation, self.context.samples.samples.positions
        size = int(batch.rows.shape[0])
        first, self._passed = self._passed, self._passed + size
        low, high = np.searchsorted(positions, (first, self._passed))
        if low == high:
            return
        rows = positions[low:high] - first  # of the batch
        if not self._has_targets(batch, slice(low, high), rows):
            self._fault = "the samples came in another order"
            return
        if any(chosen.name not in batch.values for chosen in evaluation.choice.read):
            self._fault = "a layer gave nothing there"
            return
        arrays = evaluation.values.arrays(batch.values, size)
        if len(rows) < size:
            arrays = {name: array[rows] for name, array in arrays.items()}
        self._snapshot.add(slice(low, high), arrays)
        self._added += len(rows)

    def _has_targets(self, batch: StepValues, followed: slice, rows: Array) -> bool:
        """Whether the batch's targets are those of the samples that are followed."""
        if self._targets is None or batch.targets is None:
            return True
        given, known = keras.ops.convert_to_numpy(batch.targets), self._targets
        return bool(
            np.array_equal(
                given[rows], known[followed].astype(given.dtype), equal_nan=given.dtype.kind == "f"
            )
        )

    def _say_separately(self, reason: str) -> None:
        run, split = self.context.evaluation.call.run, self.context.samples.split
        assert run is not None
        run.recording.tally.note(
            f"{split} separately",
            f"{split} is evaluated separately, in forward passes of its own, since {reason}",
        )
