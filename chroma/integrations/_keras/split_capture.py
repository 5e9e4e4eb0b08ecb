"""Captures one split of a Keras call: from Keras's own passes (`loop_capture`), or evaluated separately."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chroma.capture.call import CapturedCall
from chroma.capture.schedule import Moment, Schedule
from chroma.capture.session import CaptureSession
from chroma.integrations._keras.evaluation import LayerReader
from chroma.integrations._keras.layer_choice import Choice
from chroma.integrations._keras.layer_values import LayerValues
from chroma.integrations._keras.open_snapshot import OpenSnapshot
from chroma.integrations._keras.samples import rows_of
from chroma.integrations._keras.splits import SplitSamples


@dataclass(frozen=True, slots=True)
class EvaluationContext:
    """What the captures of all splits of a call share.

    Attributes:
        call: The call.
        session: Where passes are recorded.
        model: The user's model.
        called: The model that is called on samples: the same, or one within it.
        choice: Which layers are read.
        values: Reads them.
        batch_size: Samples per batch of a forward pass of our own.
    """

    call: CapturedCall
    session: CaptureSession
    model: Any
    called: Any
    choice: Choice
    values: LayerValues
    batch_size: int


@dataclass(frozen=True, slots=True)
class SplitContext:
    """What the capture of one split works with.

    Attributes:
        samples: The samples it follows.
        schedule: Decides which passes are captured.
        evaluation: What it shares with other splits.
    """

    samples: SplitSamples
    schedule: Schedule
    evaluation: EvaluationContext

    def open_snapshot(self, moment: Moment) -> OpenSnapshot:
        """Begin a snapshot of the split."""
        evaluation = self.evaluation
        return OpenSnapshot(
            self.samples, evaluation.choice, evaluation.session, evaluation.call, self.schedule, moment
        )


class SplitCapture:
    """Captures the passes over one split; what a subclass does not need does nothing.

    Args:
        context: What it works with.
    """

    def __init__(self, context: SplitContext) -> None:
        self.context = context

    def begin(self, moment: Moment) -> None:
        """Keras begins a pass of its own over the split's source."""

    def end(self) -> None:
        """Keras has made the pass."""

    def end_epoch(self, moment: Moment) -> None:
        """The epoch or call with the pass is over: record the pass, if it is due; called once for each."""

    def finish(self, moment: Moment) -> None:
        """The training ends well: capture its last pass, if that was left out."""


class ProbeEvaluation(SplitCapture):
    """Evaluates the samples separately, in passes of our own."""

    def __init__(self, context: SplitContext) -> None:
        super().__init__(context)
        self._reader: LayerReader | None = None

    def end_epoch(self, moment: Moment) -> None:
        """Evaluate the samples, if that is due."""
        if self.context.schedule.ask(*moment) == "take":
            self.evaluate(moment)

    def finish(self, moment: Moment) -> None:
        """Evaluate the samples, if the last time was left out."""
        if self.context.schedule.take_skipped() is not None:
            self.evaluate(moment)

    def evaluate(self, moment: Moment) -> None:
        """Pass the samples through the model and record what its layers give."""
        context, samples = self.context.evaluation, self.context.samples.samples
        if self._reader is None:
            self._reader = LayerReader(context.called, context.values, min(context.batch_size, len(samples)))
        snapshot = self.context.open_snapshot(moment)
        for first in range(0, len(samples), self._reader.size):
            rows = slice(first, min(first + self._reader.size, len(samples)))
            snapshot.add(rows, self._reader.read(rows_of(samples.x, rows)))
        snapshot.finish(moment)
