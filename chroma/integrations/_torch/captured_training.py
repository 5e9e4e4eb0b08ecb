"""A training whose own batches are followed: its loaders are listened to, and what its head gives is kept."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from torch import Tensor, nn
from torch.utils.data import DataLoader

from chroma.capture.call import CapturedCall
from chroma.capture.schedule import Moment
from chroma.integrations._torch.no_trace import is_compiled
from chroma.integrations._torch.options import CaptureOptions
from chroma.integrations._torch.run_choice import RunChoice
from chroma.integrations._torch.sample_ids import IndexTap, knows_ids, tap, untap
from chroma.integrations._torch.split_choice import Call
from chroma.integrations._torch.training_capture import TrainingCapture
from chroma.run import Run


class CapturedTraining(CapturedCall, ABC):
    """What a trainer's call has of its training's own batches.

    Args:
        options: What the user asked for.
        model: The user's own module.

    Attributes:
        options: What the user asked for.
        model: The user's own module.
        taps: Of the loaders whose indices are recorded.
        training: What captures the outputs of the training's own batches; None if nothing does.
    """

    call: Call

    def __init__(self, options: CaptureOptions, model: nn.Module) -> None:
        super().__init__(silent=options.silent)
        self.options = options
        self.model = model
        self.taps: dict[DataLoader[Any], IndexTap] = {}
        self.training: TrainingCapture | None = None
        self._choice = RunChoice()

    @abstractmethod
    def now(self) -> Moment:
        """Epoch, 0-based, and global step."""

    @abstractmethod
    def loaders(self, split: str) -> Any:
        """The loader of a split, or several, as the trainer holds them now."""

    @abstractmethod
    def running_pass(self, split: str) -> Callable[[], Any] | None:
        """A function that gives the running pass over a loader; None if passes begin before it is said."""

    def hides_modules(self) -> str | None:
        """Why forward passes of the trainer's own would not call hooks on the model; None if they do."""
        if is_compiled(self.model):
            return "compiled code does not call hooks that it does not know"
        return None

    @property
    def takes_outputs(self) -> bool:
        """Whether outputs of the training's own batches are kept, if it proves to train a classifier."""
        return self.options.takes_outputs and self.call == "fit"

    @property
    def follows_training(self) -> bool:
        """Whether the batches of the epoch that runs are followed."""
        return self.training is not None and self.training.follows

    def follow_training(self, run: Run) -> None:
        """From the next epoch on, keep what the head gives of the training's own batches."""
        self.training = None
        if not self.takes_outputs:
            return
        if (hidden := self.hides_modules()) is not None:
            said = f"no outputs of train's own batches are kept: {hidden}"
            run.recording.tally.note("train outputs", said)
            return
        self.training = TrainingCapture(
            self.model,
            run.recording,
            self.options.reader(),
            self._choice,
            taps=self.taps,
            loaders=lambda: self.loaders("train"),
            running_pass=self.running_pass("train"),
        )

    def begin_training_epoch(self) -> None:
        """An epoch of the training begins."""
        if self.training is not None:
            self.training.begin()

    def begin_training_batch(self, batch: Any) -> None:
        """A batch is about to be trained on."""
        if self.training is not None and self.follows_training:
            self.training.begin_batch(batch)

    def see_training_loss(self, loss: Tensor) -> None:
        """A backward pass from a loss of the batch is about to begin."""
        if self.training is not None and self.follows_training:
            self.training.see_loss(loss)

    def end_training_batch(self) -> None:
        """The batch was trained on."""
        if self.training is not None and self.follows_training:
            self.training.end_batch()

    def end_training_epoch(self) -> None:
        """An epoch of the training is done: keep what its own batches gave."""
        if self.training is not None:
            self.training.end(self.now())

    def listen(self, loader: Any) -> None:
        """Record what a loader's sampler emits, from before it is first iterated."""
        if loader not in self.taps and knows_ids(loader):
            self.taps[loader] = tap(loader)

    def forget(self, loader: Any) -> None:
        """Record no more what a loader's sampler emits."""
        if self.taps.pop(loader, None) is not None:
            untap(loader)
