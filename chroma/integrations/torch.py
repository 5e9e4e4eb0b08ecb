"""`chroma.watch`: capture in plain PyTorch loops.

```python
with chroma.watch(model, loader=val_loader) as watch:
    for epoch in range(epochs):
        train(model)
        watch.snapshot(epoch=epoch)
```
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from types import TracebackType
from typing import Any, Self, cast

import torch

from chroma.capture.call import CapturedCall
from chroma.capture.layers import Chosen
from chroma.capture.schedule import Clock, Moment, Schedule
from chroma.errors import ConfigError
from chroma.integrations._torch.evaluation import EvaluationContext, evaluate, forward_of, to_device_of
from chroma.integrations._torch.layer_capture import LayerCapture
from chroma.integrations._torch.loader_source import LoaderSource
from chroma.integrations._torch.no_trace import is_compiled, plain
from chroma.integrations._torch.opening import open_run
from chroma.integrations._torch.options import CaptureOptions
from chroma.integrations._torch.ranks import rank_of
from chroma.integrations._torch.run_choice import RunChoice
from chroma.integrations._torch.sample_ids import knows_ids
from chroma.integrations._torch.sharding import is_sharded
from chroma.integrations._torch.training_capture import TrainingCapture
from chroma.integrations._torch.watched_training import WatchedTraining
from chroma.integrations._torch.wrapped_loaders import loader_in
from chroma.records import RunStatus
from chroma.run.arguments import moment, name_of
from chroma.run.ending import status_of
from chroma.run.receipt import Receipt

_TRAIN = "train"  # the split whose loader the user's own loop trains on
_NO_LAYER = "snapshots of a model without a layer to capture"


def watch(model: Any, *, loader: Any, split: str = "val", **options: Any) -> Watch:
    """Watch a PyTorch model through a loop of your own.

    Each `snapshot` runs the loader through the model, in evaluation mode and without gradients. Modes, random
    states (also those of workers, samplers and datasets), buffers and weights are afterwards as before, so
    that training goes on as if it had not happened.

    Args:
        model: The model, also within `torch.compile` or DistributedDataParallel: the user's own module below
            is evaluated.
        loader: What to show it: a DataLoader, whose samples are known by their dataset index, or any iterable
            of batches, whose samples are numbered in order unless `ids=` says where keys are. Several splits
            as a mapping of names to loaders. While the loop itself iterates over the one named "train",
            what a classifier says of its samples is kept too, epoch by epoch (`outputs`).
        split: Name of the split the loader goes through; not used with a mapping.
        **options: As `ChromaCallback` of `chroma.integrations.lightning` takes them, but for `splits`:
            project, name, run_id, tags, layers, every, max_samples, max_snapshots, dtype, task, log_inputs,
            max_overhead, outputs, alarms, stop_on, silent, forward, ids, labels, inputs, metadata.

    Returns:
        A context manager with `snapshot`, `should_stop`, `log_metrics` and `finish`.

    Raises:
        ConfigError: An argument cannot be used, or the model's layers cannot be looked into: scripted, or
            sharded by FSDP or DeepSpeed.
    """
    known = [name for name in CaptureOptions.__dataclass_fields__ if name != "splits"]
    if unknown := [name for name in options if name not in known]:
        raise ConfigError(f"watch() has no option {unknown[0]!r}; there are {', '.join(known)}")
    loaders: dict[str, Any] = (
        dict(cast("Mapping[str, Any]", loader)) if isinstance(loader, Mapping) else {split: loader}
    )
    for name, each in loaders.items():
        name_of("split", name)
        if not hasattr(each, "__iter__") or isinstance(each, Iterator):
            raise ConfigError(
                f"loader= of split {name!r} is a {type(each).__name__}, which cannot be read twice; "
                "give a DataLoader or a list of batches"
            )
    return Watch(model, loaders, CaptureOptions(**options))


class Watch(CapturedCall):
    """Takes snapshots of a model. Made by `chroma.watch`.

    Under `torch.distributed` every rank watches its share if the loaders have DistributedSamplers; else rank
    0 alone does, and on other ranks this does nothing.

    Attributes:
        run: The run; None on a rank that does nothing.
        receipt: What was captured, None until `finish`.
    """

    def __init__(self, model: Any, loaders: Mapping[str, Any], options: CaptureOptions) -> None:
        super().__init__(silent=options.silent)
        if is_sharded(model):
            raise ConfigError(
                "FSDP and DeepSpeed spread each layer over several processes, which would have to evaluate "
                "it together; ChromaCallback of Lightning or Hugging Face captures the training's own passes"
            )
        given, model, reader = model, plain(model), options.reader()
        self._training: WatchedTraining | None = None
        self._sources: dict[str, LoaderSource] = {}
        rank = rank_of(loaders.values(), options.run_id)
        if not rank.takes_part:
            return
        run, session = open_run(self, options, rank, framework=f"torch {torch.__version__}")
        choice = RunChoice()
        self._layers = LayerCapture(model, session, reader, options.layers, self._say, choice=choice)
        self._schedule = Schedule(list(loaders), options.limits(), run.recording, Clock(run.recording))
        self._evaluation = EvaluationContext(
            model, reader, options.forward or forward_of, to_device_of(model), nullcontext
        )
        self._sources = {name: LoaderSource(each) for name, each in loaders.items()}
        if options.takes_outputs and _TRAIN in loaders:
            self.guarded(self._follow, given, loaders[_TRAIN], options, choice)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        status, sentence = status_of(error)
        self.finish(status, error=sentence)

    def snapshot(self, *, epoch: int | None = None, step: int | None = None) -> bool:
        """Run the loader through the model and record what its layers give.

        Chroma's own errors, and those of this forward pass, are warned of once and counted; they do not reach
        the training.

        Args:
            epoch: 0-based.
            step: Global optimizer step; the epoch by default. Each step can be given once.

        Returns:
            Whether one was taken: not where `every`, `max_snapshots` or `max_overhead` leave it out, nor
            where it failed. If the last one was left out, `finish` takes it.
        """
        if self.run is None or self.receipt is not None:
            return False
        tally, before = self.run.recording.tally, self._stopped_errors
        with self.run.recording.timed(), self.guard.fail_safe("taking a snapshot"):
            epoch, step = moment(epoch, step)
            if self._schedule.has_taken(step):
                raise ConfigError(f"step {step} already has a snapshot; give another epoch= or step=")
            if self._training is not None:
                self._training.record(epoch, step)
            if self._layers.refused:
                tally.miss(_NO_LAYER)
                return False
            if self._schedule.ask(epoch, step) != "take":
                return False
            self._take((epoch, step))
            return True
        self._count_missing(before)
        return False

    @property
    def should_stop(self) -> bool:
        """Whether an alarm named in `stop_on` was found: `if watch.should_stop: break`."""
        return self.stop_wanted

    def log_metrics(
        self, values: Mapping[str, Any], *, epoch: int | None = None, step: int | None = None
    ) -> None:
        """Log scalars beside the snapshots, as `Run.log_metrics` does."""
        if self.run is not None:
            self.run.log_metrics(values, epoch=epoch, step=step)

    def finish(self, status: RunStatus = "finished", *, error: str | None = None) -> Receipt | None:
        """End the run, print its receipt and let go of the model and the loaders.

        Args:
            status: finished, failed or interrupted.
            error: One sentence, for failed runs.

        Returns:
            What was captured; None on a rank that does nothing.
        """
        if self.run is None or self.receipt is not None:
            return self.receipt
        if status == "finished":
            self._take_last()
        if self._training is not None:
            self.guarded(self._training.close)
        for source in self._sources.values():
            self.guarded(source.close)
        self._sources.clear()
        self.guarded(self._schedule.close)
        self.guarded(self.end_run, status, error)
        return self.receipt

    def _follow(self, given: Any, loader: Any, options: CaptureOptions, choice: RunChoice) -> None:
        """Keep what the loop's own passes over the training's loader give."""
        assert self.run is not None
        inner, recording = loader_in(loader), self.run.recording
        why = "which samples its rows are is not known"
        if is_compiled(given):
            why = "compiled code does not call hooks that it does not know"
        elif knows_ids(inner):
            self._training = WatchedTraining(
                self,
                inner,
                lambda taps: TrainingCapture(
                    plain(given),
                    recording,
                    options.reader(),
                    choice,
                    taps=taps,
                    loaders=lambda: inner,
                    running_pass=None,
                    sure=False,
                ),
            )
            return
        recording.tally.note("train outputs", f"no outputs of train's own batches are kept: {why}")

    def _take(self, at: Moment) -> None:
        if self._training is not None:
            self._training.over()
            self._training.paused = True
        try:
            self._take_all(at)
        finally:
            if self._training is not None:
                self._training.paused = False

    def _take_all(self, at: Moment) -> None:
        for split, source in self._sources.items():
            evaluate(source, split, at, self._layers, self._evaluation)
            if self.run is None or self._evaluation.reader.gives_ids:
                continue
            tally = self.run.recording.tally
            if (doubt := source.doubt(split, tally.identity.get(split, ""))) is not None:
                tally.note(f"{split} ids", doubt)

    def _take_last(self) -> None:
        """Take the snapshot that was asked for last, if it was left out."""
        assert self.run is not None
        before = self._stopped_errors
        with self.run.recording.timed(), self.guard.fail_safe("taking the last snapshot"):
            if not self._layers.refused and (at := self._schedule.take_skipped()) is not None:
                self._take(at)
        self._count_missing(before)

    @property
    def _stopped_errors(self) -> tuple[int, int]:
        """How many errors were stopped so far, and how many of them were no refusals."""
        return self.guard.count, self.guard.failures

    def _count_missing(self, before: tuple[int, int]) -> None:
        """Count the snapshot that just stopped at an error, if one did: a refusal is no failure."""
        count, failures = self._stopped_errors
        if self.run is None or count == before[0]:
            return
        failed = "a snapshot failed" if failures > before[1] else "a snapshot was refused"
        self.run.recording.tally.miss(_NO_LAYER if self._layers.refused else failed)

    def _say(self, chosen: Sequence[tuple[Chosen, int]], split: str, **what: Any) -> None:
        what["followed"], what["at_most"] = self._sources[split].expected_of(what["followed"])
        self.say(chosen, snapshots=None, split=split, **what)
