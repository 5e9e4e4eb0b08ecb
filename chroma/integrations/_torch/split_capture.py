"""The passes over one split of a training: ridden on, or made aside."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from torch.utils.data import DataLoader

from chroma.capture.splits import GivenIds, Identity
from chroma.capture.thinning import Thinning
from chroma.integrations._torch.batch import BatchReader
from chroma.integrations._torch.layer_capture import ModelWatcher
from chroma.integrations._torch.probe import Probe
from chroma.integrations._torch.sample_ids import IndexTap, Pass, class_names_of, samples_in
from chroma.run import Run

Moment = tuple[int, int]  # epoch, step


@dataclass(slots=True)
class Clock:
    """What capture costs, once it is set up: seconds spent of seconds trained."""

    run: Run
    _base: tuple[float, float] | None = None

    def start(self) -> None:
        """The set-up is over."""
        if self._base is None:
            self._base = (self.run.recording.tally.seconds, time.perf_counter())

    def read(self) -> tuple[float, float]:
        """Seconds capture took on the training's thread, of seconds since the set-up."""
        if self._base is None:
            return 0.0, 0.0
        return self.run.recording.tally.seconds - self._base[0], time.perf_counter() - self._base[1]


class Stage:
    """Decides which passes over a split are captured.

    Args:
        split: Name of the split.
        run: The run.
        watcher: Follows batches through the model.
        thinning: Which passes are captured.
        clock: What that costs.
        now: Epoch and global step.
    """

    def __init__(
        self,
        split: str,
        run: Run,
        watcher: ModelWatcher,
        thinning: Thinning,
        clock: Clock,
        now: Callable[[], Moment],
    ) -> None:
        self.split = split
        self.run = run
        self.watcher = watcher
        self.thinning = thinning
        self.clock = clock
        self.now = now
        self._step: int | None = None  # of the last pass that was asked for

    def wants(self) -> bool:
        """Whether the pass that comes is captured; to be asked once for each."""
        if self.watcher.refused:
            self.run.recording.tally.miss(f"{self.split} passes of a model without a layer to capture")
            return False
        if self.run.recording.full:
            self.run.recording.tally.miss(f"{self.split} passes, as the home is full")
            return False
        epoch, step = self.now()
        if step == self._step:  # accumulating gradients: the same weights again
            return False
        self._step = step
        return self.thinning.wants(epoch, step, *self.clock.read())


class Riding(Stage):
    """Takes what the framework's own forward passes give.

    Args:
        *about: As `Stage` takes them.
        reader: Reads ids of batches, if the user says where they are.
        taps: Of the loaders whose indices are recorded.
        loaders: The loaders as the framework holds them now.
        living: The pass over the first loader that the framework is amid, if it begins after the stage does.
    """

    def __init__(
        self,
        *about: Any,
        reader: BatchReader,
        taps: Mapping[DataLoader[Any], IndexTap],
        loaders: Callable[[], Any],
        living: Callable[[], Any] | None = None,
    ) -> None:
        super().__init__(*about)
        self._reader = reader
        self._taps = taps
        self._loaders = loaders
        self._living = living
        self._active = False
        self._loader = -1  # index of the loader whose pass is open
        self._count = 0  # batches of it
        self._tap: IndexTap | None = None
        self._indices: Pass | None = None

    def begin(self) -> None:
        """A pass over all loaders begins."""
        self._loader = -1
        self._active = self.wants()
        if self._active and self._living is None:
            self._begin_loader(0)

    def begin_batch(self, batch: Any, loader: int = 0) -> None:
        """A batch is about to go through the model."""
        if not self._active:
            return
        if loader != self._loader:
            self.watcher.end_pass()
            self._begin_loader(loader)
        number, self._count = self._count, self._count + 1
        if self._reader.gives_ids:
            ids: GivenIds = self._reader.ids(batch)
        else:
            ids = self._tap.ids(self._indices, number) if self._tap and self._indices else None
        self.watcher.begin_batch(batch, ids)

    def end_batch(self) -> None:
        """The batch has gone through the model."""
        if self._active:
            self.watcher.end_batch()

    def end(self) -> None:
        """The pass is complete."""
        if self._active:
            self._active = False
            self.watcher.end_pass(*self.now())
            self.clock.start()

    def _begin_loader(self, number: int) -> None:
        self._loader, self._count = number, 0
        loaders = listed(self._loaders())
        loader = loaders[number] if number < len(loaders) else None
        tapped = self._tap = self._taps.get(loader) if isinstance(loader, DataLoader) else None
        self._indices = tapped.latest if tapped else None
        if tapped and self._living is not None:
            living = self._living()
            self._indices = living if isinstance(living, Pass) else None
        identity: Identity = "order" if self._indices is None else "index"
        self.watcher.begin_pass(
            numbered(self.split, number),
            *self.now(),
            identity="key" if self._reader.gives_ids else identity,
            of=samples_in(loader),
            class_names=class_names_of(loader),
        )


class Aside(Stage):
    """Evaluates probe sets beside the training.

    Args:
        *about: As `Stage` takes them.
        probes: Makes the probe set of each loader, when first needed.
        **how: How each is evaluated; see `Probe.evaluate`.
    """

    def __init__(self, *about: Any, probes: Callable[[], Sequence[Probe]], **how: Any) -> None:
        super().__init__(*about)
        self._make = probes
        self._how = how
        self._probes: Sequence[Probe] | None = None

    def take(self) -> None:
        """Capture now, if this pass is wanted."""
        if not self.wants():
            return
        if self._probes is None:
            self._probes = self._make()
        try:
            for number, probe in enumerate(self._probes):
                probe.evaluate(self.watcher, numbered(self.split, number), *self.now(), **self._how)
        finally:
            self.watcher.cancel()
        self.clock.start()


def numbered(split: str, number: int) -> str:
    """Name of the split of a loader: "val", "val:1" and so on."""
    return split if number == 0 else f"{split}:{number}"


def listed(loaders: Any) -> Sequence[Any]:
    """The loaders a trainer holds: one, several or named."""
    if isinstance(loaders, Mapping):
        return list(cast("Mapping[str, Any]", loaders).values())
    return cast("Sequence[Any]", loaders) if isinstance(loaders, (list, tuple)) else [loaders]
