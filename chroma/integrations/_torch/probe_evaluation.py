"""Passes over a split that Chroma makes itself, apart from the training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from chroma.capture.schedule import Moment
from chroma.errors import ConfigError
from chroma.integrations._sources.reading import UnreadableError
from chroma.integrations._torch.evaluation import (
    EvaluationContext,
    ForwardError,
    Source,
    evaluate,
    try_forward,
)
from chroma.integrations._torch.probe import FetchError, why_unreadable
from chroma.integrations._torch.split_capture import SplitCapture, SplitContext, numbered
from chroma.integrations._torch.split_choice import note_loop


class ProbeEvaluation(SplitCapture):
    """Evaluates sources of batches separately, in passes of our own.

    Args:
        context: What it works with.
        evaluation: How the model is called.
        sources: Makes the source of each loader, when first needed.
    """

    def __init__(
        self, context: SplitContext, evaluation: EvaluationContext, sources: Callable[[], Sequence[Source]]
    ) -> None:
        super().__init__(context)
        self._evaluation = evaluation
        self._make = sources
        self._sources: Sequence[Source] | None = None
        self._succeeded = self._looked_at = False
        self.unreadable: str | None = None  # why the samples cannot be read apart from the training

    @property
    def can_be_read(self) -> bool:
        """Whether it is known that the samples can be read, and the model called on them."""
        return self._looked_at and self.unreadable is None

    def needs_loop(self, loaders: Sequence[Any], *, hidden: bool, asked: bool) -> bool:
        """Whether the split can be captured from the loop's own batches only; noted in the receipt.

        To be asked before the first pass. On train the model is called once, of which nothing is left.

        Args:
            loaders: The loaders of the split.
            hidden: Whether the loop's own forward passes call no hooks.
            asked: Whether the user asked for the split to be evaluated separately.

        Raises:
            ForwardError: The model cannot be called on the batches, and `hidden`.
            FetchError: There are no such batches, and `hidden` or `asked`.
        """
        self._looked_at = True
        split, tally = self.context.split, self.context.run.recording.tally
        self.unreadable = self.unreadable or next(filter(None, map(why_unreadable, loaders)), None)
        try:
            if self.unreadable is None and split == "train":
                for source in self._made()[:1]:
                    try_forward(source, split, self._evaluation)
        except (ForwardError, FetchError) as error:
            if hidden or (asked and isinstance(error, FetchError)):
                self.refuse()
                raise
            note_loop(split, error.why, tally)
            return True
        except ConfigError:  # it cannot be read or called yet: said when its pass comes
            pass
        if self.unreadable is None or hidden:
            return False
        note_loop(split, f"reading its samples apart could change it, since {self.unreadable}", tally)
        return True

    def refuse(self) -> None:
        """Evaluate no more: it would fail at each pass."""
        self.context.layers.refused = True
        self.context.layers.why_refused = "that cannot be evaluated separately"

    def end(self) -> None:
        if self.ask() == "take":
            self._evaluate(self.context.now())

    def end_step(self) -> None:
        if self.context.schedule.by_step:
            self.end()

    def end_epoch(self) -> None:
        if not self.context.schedule.by_step:
            self.end()

    def finish(self) -> None:
        if not self.context.layers.refused and (moment := self.context.schedule.take_skipped()) is not None:
            self._evaluate(moment)

    def _evaluate(self, moment: Moment) -> None:
        try:
            for number, source in enumerate(self._made()):
                name = numbered(self.context.split, number)
                self.context.schedule.add_split(name)
                evaluate(source, name, moment, self.context.layers, self._evaluation)
                self._succeeded = True
        except ForwardError:
            if not self._succeeded:  # nor will it later
                self.refuse()
            raise

    def _made(self) -> Sequence[Source]:
        if self._sources is None:
            self._sources = ()
            try:
                self._sources = self._make()
            except UnreadableError as error:
                self.unreadable = error.reason
                raise
        return self._sources
