"""A call of a trainer of PyTorch models that is captured; a subclass knows what is its framework's own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal

from torch import nn
from torch.utils.data import DataLoader

from chroma.capture.call import CapturedCall
from chroma.capture.layers import Chosen
from chroma.capture.options import How
from chroma.capture.session import CaptureSession, max_samples_of
from chroma.integrations._torch.device_buffers import buffer_for, to_half
from chroma.integrations._torch.evaluation import forward_of, is_compiled
from chroma.integrations._torch.layer_capture import ModelWatcher
from chroma.integrations._torch.options import CaptureOptions
from chroma.integrations._torch.probe import Probe
from chroma.integrations._torch.ranks import Rank
from chroma.integrations._torch.sample_ids import IndexTap, knows_ids, tap, untap
from chroma.integrations._torch.split_capture import Aside, Clock, Moment, Riding, Stage, listed
from chroma.run import Run
from chroma.run.recording import status_of
from chroma.settings import load_settings

Call = Literal["fit", "validate", "test", "predict"]
SPLIT_OF_CALL = {"validate": "val", "test": "test", "predict": "predict"}


class TrainingCapture(CapturedCall, ABC):
    """Captures the passes that a trainer makes in one call of its methods.

    Args:
        options: What the user asked for.
        model: The user's own module.
        call: What the trainer was asked to do.

    Attributes:
        call: What the trainer was asked to do.
        stages: What is captured, by split.
    """

    def __init__(self, options: CaptureOptions, model: nn.Module, call: Call) -> None:
        super().__init__(silent=options.silent)
        self.call: Call = call
        self.stages: dict[str, Stage] = {}
        self.options = options
        self.model = model
        self.taps: dict[DataLoader[Any], IndexTap] = {}
        self.reader = options.reader()
        self._rank = Rank()
        self._timed: Sequence[str] = ()  # splits captured when the training says so, not when it validates

    @abstractmethod
    def now(self) -> Moment:
        """Epoch, 0-based, and global step."""

    @abstractmethod
    def loaders(self, split: str) -> Any:
        """The loader of a split, or several, as the trainer holds them now."""

    @abstractmethod
    def passes(self, split: str) -> int | None:
        """How many passes over a split the call will make; None if it depends."""

    @abstractmethod
    def validates(self) -> How | None:
        """How validation samples of a fit are best captured; None if there are none."""

    @abstractmethod
    def living(self, split: str) -> Callable[[], Any] | None:
        """What gives the pass the trainer is amid, where it begins its pass after it says so."""

    @abstractmethod
    def transfer(self, batch: Any) -> Any:
        """The batch on the model's device."""

    @abstractmethod
    def precision(self) -> AbstractContextManager[Any]:
        """The context that an evaluating forward pass runs in."""

    def hides_modules(self) -> str | None:
        """Why forward passes of the trainer's own would not call hooks on the model; None if they do."""
        if is_compiled(self.model):
            return "compiled code does not call hooks that it does not know"
        return None

    def evaluates(self) -> bool:
        """Whether the model can be called on a batch beside the training."""
        return True

    def rides(self, split: str) -> bool:
        """Whether the loaders of a split are to be listened to."""
        how = self.options.how() or ({"val": "ride"} if self.validates() else {"train": "probe"})
        return split in how and (how[split] == "ride" or not self.evaluates())

    def listen(self, loader: Any) -> None:
        """Record what a loader's sampler emits, from before it is first iterated."""
        if loader not in self.taps and knows_ids(loader):
            self.taps[loader] = tap(loader)

    def forget(self, loader: Any) -> None:
        """Listen to a loader no more."""
        if self.taps.pop(loader, None) is not None:
            untap(loader)

    def start(
        self, rank: Rank, *, framework: str, config: Mapping[str, Any], name: str | None = None
    ) -> None:
        """Open the run, and decide how each split is captured.

        Args:
            rank: This process among those that train together, and the run they write to.
            framework: What trains, as in "lightning 2.6.6".
            config: Hyperparameters.
            name: Name of the run, where the options give none.
        """
        self._rank = rank
        self.run = Run(
            **self.options.run() | {"run_id": rank.run_id, "name": self.options.name or name},
            config=config,
            framework=framework,
            writer_id=rank.writer_id,
            guard=self.guard,
        )
        self.silent = self.options.silent or rank.writer_id.rank > 0
        rank.say(self.run.recording.tally)
        self.run.recording.to_half = to_half
        session = CaptureSession(
            self.run.recording,
            max_samples=rank.share(self.options.max_samples),
            log_inputs=self.options.log_inputs,
            make_buffer=buffer_for,
        )
        clock = Clock(self.run)
        self._timed = ("train",) if self.validates() == "ride" else ("train", "val")
        for split, how in self._wanted().items():
            passes = self.passes(split) if self.call == "fit" else None
            watcher = ModelWatcher(self.model, session, self.reader, self.options.layers, self._say)
            about = (split, self.run, watcher, self.options.thinning(passes), clock, self.now)
            self.stages[split] = self._riding(*about) if how == "ride" else self._aside(*about)

    def begin(self, split: str) -> None:
        """A pass over a split begins."""
        if isinstance(stage := self.stages.get(split), Riding):
            stage.begin()

    def begin_batch(self, split: str, batch: Any, loader: int = 0) -> None:
        """A batch is about to go through the model."""
        if isinstance(stage := self.stages.get(split), Riding):
            stage.begin_batch(batch, loader)

    def end_batch(self, split: str) -> None:
        """The batch has gone through the model."""
        if isinstance(stage := self.stages.get(split), Riding):
            stage.end_batch()

    def end(self, split: str) -> None:
        """The pass is complete; where it was not ridden on, it is made aside now."""
        stage = self.stages.get(split)
        if isinstance(stage, Riding):
            stage.end()
            if stage.watcher.silent and stage.watcher.mends_silence:
                self._say_aside(split, "compiled code called none of the model's modules")
                stage = self.stages[split] = self._renewed(stage)
        if isinstance(stage, Aside):
            stage.take()

    def end_step(self) -> None:
        """A step of the training is done: `every` may count steps."""
        for split in self._timed:
            stage = self.stages.get(split)
            if isinstance(stage, Aside) and stage.thinning.by_step:
                stage.take()

    def end_epoch(self) -> None:
        """An epoch of the training is done."""
        for split in self._timed:
            stage = self.stages.get(split)
            if not (isinstance(stage, Aside) and stage.thinning.by_step):
                self.end(split)

    def close(self, exception: BaseException | None = None) -> None:
        """End the run as the call ended, and say what was captured."""
        self.release()
        if self.run is None or self.receipt is not None:
            return
        for split, stage in self.stages.items():
            if said := stage.thinning.said():
                self.run.recording.tally.note(f"thinning {split}", f"{split}: {said}")
        status, error = status_of(exception)
        self.end_run(status, error)

    def release(self) -> None:
        """Remove hooks and taps; ours only."""
        for stage in self.stages.values():
            stage.watcher.cancel()
        for loader in list(self.taps):
            self.forget(loader)

    def _wanted(self) -> dict[str, How]:
        """How each split of this call is captured."""
        assert self.run is not None
        tally = self.run.recording.tally
        wanted: dict[str, How] | None = self.options.how()
        validates = self.validates()
        if wanted is None and validates is not None:
            tally.note("splits", "training samples are not captured; splits=('train', 'val') adds them")
            wanted = {"val": validates}
        elif wanted is None:
            wanted = {"train": "probe"}
        here = ("train", "val") if self.call == "fit" else (SPLIT_OF_CALL[self.call],)
        wanted = {split: how for split, how in wanted.items() if split in here}
        if "val" in wanted and self.call == "fit" and validates != "ride":
            if validates is None:
                tally.note("splits", "val is not captured: the trainer has no validation loader")
                del wanted["val"]
            else:
                wanted["val"] = validates
        for split, how in wanted.items():
            if how == "probe" and not self.evaluates():
                tally.note(
                    f"{split} ridden",
                    f"{split} is taken from the training's own batches: the model has no forward() to call "
                    "beside it; forward=function(model, batch) gives one",
                )
                wanted[split] = "ride"
            elif how == "ride" and (reason := self.hides_modules()):
                self._say_aside(split, reason)
                wanted[split] = "probe"
        return wanted

    def _say_aside(self, split: str, reason: str) -> None:
        assert self.run is not None
        self.run.recording.tally.note(
            f"{split} silent", f"{split} is evaluated beside the training, uncompiled, since {reason}"
        )

    def _riding(self, split: str, *about: Any) -> Riding:
        about[1].mends_silence = True
        return Riding(
            split,
            *about,
            reader=self.reader,
            taps=self.taps,
            loaders=lambda: self.loaders(split),
            living=self.living(split),
        )

    def _aside(self, split: str, *about: Any) -> Aside:
        run, writer = about[0], self._rank.writer_id
        most = max_samples_of(split, self.options.max_samples)

        def probes() -> Sequence[Probe]:
            most_bytes = load_settings().probe_bytes
            return [
                Probe(loader, split, most, (writer.rank, writer.world_size), most_bytes, run.recording.tally)
                for loader in listed(self.loaders(split))
            ]

        return Aside(
            split,
            *about,
            probes=probes,
            model=self.model,
            reader=self.reader,
            forward=self.options.forward or forward_of,
            transfer=self.transfer,
            precision=self.precision,
        )

    def _renewed(self, stage: Riding) -> Aside:
        """The same split, evaluated aside; a pass that gave nothing is not counted."""
        watcher = stage.watcher.again()
        stage.thinning.forget()
        return self._aside(stage.split, stage.run, watcher, stage.thinning, stage.clock, stage.now)

    def _say(self, chosen: Sequence[tuple[Chosen, int]], followed: int, of: int, split: str) -> None:
        stage = self.stages[split.partition(":")[0]]
        self.say(chosen, followed=followed, of=of, snapshots=stage.thinning.expected)
