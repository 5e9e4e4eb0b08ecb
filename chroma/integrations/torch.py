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
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self, cast

import torch
from torch.utils.data import DataLoader

from chroma.capture.call import CapturedCall
from chroma.capture.layers import Chosen
from chroma.capture.session import CaptureSession
from chroma.capture.splits import GivenIds, Identity
from chroma.errors import ConfigError
from chroma.integrations._torch.device_buffers import buffer_for, to_half
from chroma.integrations._torch.evaluation import (
    evaluating,
    forward_of,
    plain,
    random_states_kept,
    to_device,
)
from chroma.integrations._torch.layer_capture import ModelWatcher
from chroma.integrations._torch.options import CaptureOptions
from chroma.integrations._torch.ranks import rank_of
from chroma.integrations._torch.sample_ids import (
    IndexTap,
    class_names_of,
    knows_ids,
    samples_in,
    tap,
    untap,
)
from chroma.records import RunStatus
from chroma.run import Run
from chroma.run.arguments import moment, name_of
from chroma.run.receipt import Receipt
from chroma.run.recording import status_of


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
            as a mapping of names to loaders.
        split: Name of the split the loader goes through; not used with a mapping.
        **options: As `ChromaCallback` of `chroma.integrations.lightning` takes them, but for `splits`:
            project, name, run_id, tags, layers, every, max_samples, max_snapshots, dtype, task, log_inputs,
            max_overhead, silent, forward, ids, labels, inputs, metadata.

    Returns:
        A context manager with `snapshot`, `log_metrics` and `finish`.

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
        self._model = plain(model)
        self._loaders = loaders
        self._forward = options.forward or forward_of
        self._reader = options.reader()
        self._thinning = options.thinning(None)
        self._taps: dict[str, IndexTap] = {}
        self._iterators: dict[str, Any] = {}  # of persistent workers: ours, apart from the user's
        self._steps: set[int] = set()
        rank = rank_of(loaders.values(), options.run_id)
        self.silent = options.silent or rank.writer_id.rank > 0
        if not rank.takes_part:
            return
        self.run = Run(
            **options.run() | {"run_id": rank.run_id},
            framework=f"torch {torch.__version__}",
            writer_id=rank.writer_id,
            guard=self.guard,
        )
        rank.say(self.run.recording.tally)
        self.run.recording.to_half = to_half
        session = CaptureSession(
            self.run.recording,
            max_samples=rank.share(options.max_samples),
            log_inputs=options.log_inputs,
            make_buffer=buffer_for,
        )
        self._watcher = ModelWatcher(self._model, session, self._reader, options.layers, self._say)
        self._taps = {name: tap(each) for name, each in loaders.items() if knows_ids(each)}

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
            Whether one was taken: not where `every` or `max_snapshots` leave it out, nor after trouble.
        """
        if self.run is None or self.receipt is not None:
            return False
        tally, before = self.run.recording.tally, self.guard.count
        with self.run.recording.timed(), self.guard.fail_safe("taking a snapshot"):
            epoch, step = moment(epoch, step)
            if step in self._steps:
                raise ConfigError(f"step {step} already has a snapshot; give another epoch= or step=")
            if self._watcher.refused:
                tally.miss("snapshots of a model without a layer to capture")
                return False
            if self.run.recording.full or not self._thinning.wants(0 if epoch is None else epoch, step):
                return False
            self._steps.add(step)
            try:
                for split in self._loaders:
                    self._take(split, epoch, step)
            finally:
                self._watcher.cancel()
            return True
        if self.guard.count > before:
            tally.miss("a snapshot failed")
        return False

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
        for name in self._taps:
            untap(self._loaders[name])
        self._taps.clear()
        self._iterators.clear()
        if said := self._thinning.said():
            self.run.recording.tally.note("thinning", said)
        return self.end_run(status, error)

    def _take(self, split: str, epoch: int | None, step: int) -> None:
        loader, tapped = self._loaders[split], self._taps.get(split)
        identity: Identity = "index" if tapped else "order"
        self._watcher.begin_pass(
            split,
            epoch,
            step,
            identity="key" if self._reader.gives_ids else identity,
            of=samples_in(loader),
            class_names=class_names_of(loader),
        )
        device = next((tensor.device for tensor in self._model.parameters()), None)
        with ExitStack() as stack:
            stack.enter_context(random_states_kept(loader))
            stack.enter_context(evaluating(self._model))
            recorded = None
            for number, batch in enumerate(self._batches(split, loader)):
                if tapped and number == 0:
                    recorded = tapped.latest
                if self._reader.gives_ids:
                    ids: GivenIds = self._reader.ids(batch)
                else:
                    ids = tapped.ids(recorded, number) if tapped and recorded else None
                batch = to_device(batch, device) if device else batch  # noqa: PLW2901
                self._watcher.begin_batch(batch, ids)
                self._forward(self._model, batch)
                self._watcher.end_batch()
        self._watcher.end_pass()

    def _batches(self, split: str, loader: Any) -> Iterator[Any]:
        """The loader's batches; persistent workers are not those of the user, who may be amid a pass."""
        if not (isinstance(loader, DataLoader) and loader.persistent_workers):
            yield from loader
            return
        seam: Any = loader
        theirs, seam._iterator = seam._iterator, self._iterators.get(split)
        try:
            batches = iter(loader)
        finally:
            self._iterators[split], seam._iterator = seam._iterator, theirs
        yield from batches

    def _say(self, chosen: Sequence[tuple[Chosen, int]], followed: int, of: int, split: str) -> None:
        self.say(chosen, followed=followed, of=of, snapshots=None)
