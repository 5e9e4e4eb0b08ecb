"""A call of a trainer of PyTorch models that is captured; a subclass knows what is its framework's own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from torch import nn

from chroma.capture.layers import Chosen
from chroma.capture.options import How
from chroma.capture.schedule import Clock, Schedule
from chroma.capture.session import CaptureSession, max_samples_of
from chroma.integrations._torch.captured_training import CapturedTraining
from chroma.integrations._torch.evaluation import EvaluationContext, forward_of
from chroma.integrations._torch.layer_capture import LayerCapture
from chroma.integrations._torch.opening import open_run
from chroma.integrations._torch.options import CaptureOptions
from chroma.integrations._torch.probe import Probe, why_unreadable
from chroma.integrations._torch.probe_evaluation import ProbeEvaluation
from chroma.integrations._torch.ranks import Rank
from chroma.integrations._torch.run_choice import RunChoice
from chroma.integrations._torch.split_capture import LoopCapture, SplitCapture, SplitContext, listed
from chroma.integrations._torch.split_choice import Call, as_possible, choose_how, note_separate, why_loop
from chroma.run import Run
from chroma.run.ending import status_of
from chroma.settings import load_settings


class TorchTrainerCapture(CapturedTraining, ABC):
    """Captures the passes that a trainer makes in one call of its methods.

    Args:
        options: What the user asked for.
        model: The user's own module.
        call: What the trainer was asked to do.

    Attributes:
        call: What the trainer was asked to do.
        splits: What captures each split.
    """

    def __init__(self, options: CaptureOptions, model: nn.Module, call: Call) -> None:
        super().__init__(options, model)
        self.call: Call = call
        self.splits: dict[str, SplitCapture] = {}
        self.reader = options.reader()
        self._rank = Rank()
        self._timed: Sequence[str] = ()  # splits captured when the training says so, not when it validates

    @abstractmethod
    def ends(self) -> bool:
        """Whether the training is known to end with the pass that comes."""

    @abstractmethod
    def passes(self, split: str) -> int | None:
        """How many passes over a split will come, with the one that begins; None if it depends."""

    @abstractmethod
    def validates(self) -> How | None:
        """How validation samples of a fit are best captured; None if there are none."""

    @abstractmethod
    def transfer(self, batch: Any) -> Any:
        """The batch on the model's device."""

    @abstractmethod
    def precision(self) -> AbstractContextManager[Any]:
        """The context that an evaluating forward pass runs in."""

    def evaluates(self) -> bool:
        """Whether the model can be called on a batch apart from the training."""
        return True

    def shards(self) -> bool:
        """Whether parameters are spread over processes, which would have to evaluate the model together."""
        return False

    def uses_loop(self, split: str) -> bool:
        """Whether a split may be captured from the loop's own forward, so that its loaders are tapped."""
        return self.captures(split) and (
            self._asked()[split] == "ride" or split == "train" or not self.evaluates()
        )

    def will_ride(self, split: str, loader: Any) -> bool:
        """Whether a split may be captured from the loop's own batches: or as it cannot be read."""
        if (split == "train" and self.takes_outputs) or self.uses_loop(split):
            return True
        return self.captures(split) and why_unreadable(loader) is not None

    def captures(self, split: str) -> bool:
        """Whether a split is captured in some way."""
        return split in self._asked()

    def rides(self, split: str) -> bool:
        """Whether a split is captured from the loop's own forward."""
        return isinstance(self.splits.get(split), LoopCapture)

    def _asked(self) -> Mapping[str, How]:
        return self.options.how() or ({"val": "ride"} if self.validates() else {"train": "probe"})

    def start(
        self, rank: Rank, *, framework: str, config: Mapping[str, Any], name: str | None = None
    ) -> None:
        """Open the run, and decide how each split is captured; see `open_run`."""
        self._rank, self._choice = rank, RunChoice()
        run, session = open_run(self, self.options, rank, framework=framework, config=config, name=name)
        tally, validates = run.recording.tally, self.validates()
        self._timed = ("train",) if validates == "ride" else ("train", "val")
        clock = self._clock = Clock(run.recording)
        self._session = session
        for split, wanted in choose_how(self.options.how(), self.call, validates, tally).items():
            how = as_possible(
                wanted,
                split,
                needs_loop=why_loop(shards=self.shards(), evaluates=self.evaluates()),
                hides_modules=self.hides_modules() if wanted == "ride" else None,
                tally=tally,
            )
            context = self._context(split, how, run, session, clock)
            self.splits[split] = self._from_loop(context) if how == "ride" else self._separately(context)
        self.follow_training(run)

    def begin(self, split: str) -> None:
        """A pass over a split begins."""
        if split in self.splits:
            self._ride_if_needed(split)
            self.splits[split].begin()

    def begin_batch(self, split: str, batch: Any, loader: int = 0) -> None:
        """A batch is about to go through the model."""
        if split in self.splits:
            self.splits[split].begin_batch(batch, loader)

    def end_batch(self, split: str) -> None:
        """The batch has gone through the model."""
        if split in self.splits:
            self.splits[split].end_batch()

    def end(self, split: str) -> None:
        """The pass over a split is complete."""
        if split in self.splits:
            self.splits[split].end()
            self._check(split)

    def end_step(self) -> None:
        """A step of the training is done: `every` may count steps."""
        for split in self._timed:
            if split in self.splits:
                self.splits[split].end_step()

    def end_epoch(self) -> None:
        """An epoch of the training is done."""
        for split in self._timed:
            if split in self.splits:
                self.splits[split].end_epoch()
                self._check(split)

    def finish(self) -> None:
        """The training has ended well: capture its last passes, where they were left out."""
        for capture in self.splits.values():
            capture.finish()

    def close(self, exception: BaseException | None = None) -> None:
        """End the run as the call ended, and say what was captured."""
        if self.run is None or self.receipt is not None:
            self.release()
            return
        if exception is None:
            errors = self.guard.count
            with self.guard.fail_safe("capturing the last pass"):
                self.finish()
            if self.guard.count > errors:
                self.run.recording.tally.miss("capturing the last pass failed")
        self.release()
        for capture in self.splits.values():
            capture.context.schedule.close()
        status, error = status_of(exception)
        self.end_run(status, error)

    def release(self) -> None:
        """Remove hooks and taps; ours only."""
        for capture in self.splits.values():
            capture.context.layers.cancel()
        if self.training is not None:
            self.training.cancel()
        for loader in list(self.taps):
            self.forget(loader)

    def _check(self, split: str) -> None:
        """Evaluate a split separately from now on, if the loop's own forward passes call no module."""
        capture = self.splits[split]
        if capture.found_nothing:
            reason = "compiled code called none of the model's modules"
            note_separate(split, reason, capture.context.run.recording.tally)
            separate = self.splits[split] = self._separately(capture.context.again())
            separate.end()

    def _ride_if_needed(self, split: str) -> None:
        """Capture a split from the loop's own batches, if it cannot be evaluated apart from them."""
        capture = self.splits[split]
        if not isinstance(capture, ProbeEvaluation) or capture.can_be_read:
            return
        loaders, hidden = listed(self.loaders(split)), self.hides_modules() is not None
        if capture.needs_loop(loaders, hidden=hidden, asked=isinstance(self.options.splits, Mapping)):
            for loader in loaders:
                self.listen(loader)
            context = self._context(split, "ride", capture.context.run, self._session, self._clock)
            self.splits[split] = self._from_loop(context)
        elif split == "train" and self.training is None:
            for loader in loaders:
                self.forget(loader)

    def _context(self, split: str, how: How, run: Run, session: CaptureSession, clock: Clock) -> SplitContext:
        limits = self.options.limits()
        each_step = how == "probe" and limits.interval()[1]  # then it is asked after each step

        def passes() -> int | None:
            if self.call != "fit":
                return 1
            return None if each_step else self.passes(split)

        return SplitContext(
            split,
            run,
            LayerCapture(
                self.model,
                session,
                self.reader,
                self.options.layers,
                self._say,
                choice=self._choice,
                may_be_silent=how == "ride" and not self.shards(),
            ),
            Schedule([split], limits, run.recording, clock, passes=passes, holds=how == "ride"),
            self.now,
            self.ends,
        )

    def _from_loop(self, context: SplitContext) -> LoopCapture:
        return LoopCapture(
            context,
            reader=self.reader,
            taps=self.taps,
            loaders=lambda: self.loaders(context.split),
            running_pass=self.running_pass(context.split),
        )

    def _separately(self, context: SplitContext) -> ProbeEvaluation:
        split, share = context.split, (self._rank.writer_id.rank, self._rank.writer_id.world_size)

        def probes() -> Sequence[Probe]:
            most, most_bytes = max_samples_of(split, self.options.max_samples), load_settings().probe_bytes
            tally = context.run.recording.tally
            return [
                Probe(loader, split, most, share, most_bytes, tally) for loader in listed(self.loaders(split))
            ]

        evaluation = EvaluationContext(
            self.model, self.reader, self.options.forward or forward_of, self.transfer, self.precision
        )
        return ProbeEvaluation(context, evaluation, probes)

    def _say(self, chosen: Sequence[tuple[Chosen, int]], split: str, **what: Any) -> None:
        capture = self.splits[split.partition(":")[0]]
        self.say(chosen, snapshots=capture.context.schedule.expected, split=split, **what)
