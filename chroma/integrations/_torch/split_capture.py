"""The passes over one split of a training: captured from the loop's own forward, or evaluated separately."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from torch.utils.data import DataLoader

from chroma.capture.passes import SplitPass
from chroma.capture.schedule import Moment, Schedule
from chroma.capture.splits import GivenIds
from chroma.integrations._torch.batch import BatchReader
from chroma.integrations._torch.drawn import dealt_by
from chroma.integrations._torch.layer_capture import LayerCapture
from chroma.integrations._torch.sample_ids import IndexTap, Pass, class_names_of, samples_in
from chroma.records import Identity
from chroma.run import Run


@dataclass(frozen=True, slots=True)
class SplitContext:
    """What the capture of a split works with.

    Attributes:
        split: Name of the split.
        run: The run.
        layers: Follows batches through the model.
        schedule: Decides which passes are captured.
        now: Gives epoch and global step.
        ends: Gives whether the training is known to end with the pass that comes.
    """

    split: str
    run: Run
    layers: LayerCapture
    schedule: Schedule
    now: Callable[[], Moment]
    ends: Callable[[], bool]

    def again(self) -> SplitContext:
        """The same as before the first pass, which gave nothing."""
        self.schedule.forget()
        return replace(self, layers=self.layers.again())


class SplitCapture:
    """Captures the passes over one split; what a subclass does not need does nothing.

    Args:
        context: What it works with.
    """

    def __init__(self, context: SplitContext) -> None:
        self.context = context

    @property
    def found_nothing(self) -> bool:
        """Whether the forward passes called no module of the model, so that this cannot capture anything."""
        return False

    def begin(self) -> None:
        """A pass over all loaders of the split begins."""

    def begin_batch(self, batch: Any, loader: int) -> None:
        """A batch of a loader is about to go through the model."""

    def end_batch(self) -> None:
        """The batch has gone through the model."""

    def end(self) -> None:
        """The pass is complete."""

    def end_step(self) -> None:
        """A step of the training is done."""

    def end_epoch(self) -> None:
        """An epoch of the training is done."""
        self.end()

    def finish(self) -> None:
        """The training has ended well: capture its last pass, if that was left out."""

    def ask(self) -> str:
        """The schedule's answer for the pass that comes; to be asked once for each."""
        context = self.context
        if context.layers.refused:
            context.run.recording.tally.miss(f"{context.split} passes {context.layers.why_refused}")
            return "skip"
        return context.schedule.ask(*context.now(), last=context.ends())


class LoopCapture(SplitCapture):
    """Captures what the training loop's own forward passes give.

    Args:
        context: What it works with.
        reader: Reads ids of batches, if the user says where they are.
        taps: Of the loaders whose indices are recorded.
        loaders: Gives the loaders as the framework holds them now.
        running_pass: Gives the running pass over a loader, for trainers that begin it after they announce
            it; None where it has begun by then.
    """

    def __init__(
        self,
        context: SplitContext,
        *,
        reader: BatchReader,
        taps: Mapping[DataLoader[Any], IndexTap],
        loaders: Callable[[], Any],
        running_pass: Callable[[], Any] | None = None,
    ) -> None:
        super().__init__(context)
        self._reader = reader
        self._taps = taps
        self._loaders = loaders
        self._running_pass = running_pass
        self._joined = False  # the pass that runs
        self._active = False
        self._holds = False  # the pass may be the last: it is captured, but not recorded yet
        self._held: list[SplitPass] = []  # by loader
        self._held_at: Moment | None = None
        self._loader = -1  # index of the loader whose pass is open
        self._count = 0  # batches of it
        self._tap: IndexTap | None = None
        self._indices: Pass | None = None

    @property
    def found_nothing(self) -> bool:
        return self.context.layers.silent

    def begin(self) -> None:
        self._loader = -1
        answer = self.ask()
        self._active, self._holds = answer != "skip", answer == "hold"
        if self.context.schedule.skipped != self._held_at:  # a later pass came
            for held in self._held:
                held.discard()
            self._held, self._held_at = [], None
        if self._active and self._running_pass is None:
            self._begin_loader(0)

    def begin_batch(self, batch: Any, loader: int) -> None:
        if not self._active:
            return
        if loader != self._loader:
            self._end_loader(self.context.now())
            self._begin_loader(loader)
        number, self._count = self._count, self._count + 1
        if self._reader.gives_ids:
            ids: GivenIds = self._reader.ids(batch)
        elif self._joined:
            ids = None
        else:
            ids = self._tap.ids(self._indices, number) if self._tap and self._indices else None
        self.context.layers.begin_batch(batch, ids)

    def end_batch(self) -> None:
        if self._active:
            self.context.layers.end_batch()

    def end(self) -> None:
        if not self._active:
            return
        self._active = False
        moment = self.context.now()
        self.context.schedule.record_at(*moment)
        if self._holds:
            self._held_at = moment
        self._end_loader(moment)

    def finish(self) -> None:
        if self._held and self.context.schedule.take_skipped() is not None:
            for held in self._held:
                held.record()
            self._held = []

    def _begin_loader(self, number: int) -> None:
        self._loader, self._count = number, 0
        given = self._loaders()
        self._joined = isinstance(given, Joined)
        loaders = listed(given)
        loader = loaders[number] if number < len(loaders) else None
        tapped = self._tap = self._taps.get(loader) if isinstance(loader, DataLoader) else None
        self._indices = tapped.latest if tapped else None
        if tapped and self._running_pass is not None:
            running = self._running_pass()
            self._indices = running if isinstance(running, Pass) else None
        identity: Identity = "order" if self._indices is None else "index"
        context = self.context
        name = numbered(context.split, number)
        context.schedule.add_split(name)
        context.layers.begin_pass(
            name,
            *context.now(),
            identity="key" if self._reader.gives_ids else identity,
            of=samples_in(loader),
            class_names=class_names_of(loader),
            dealt=lambda: dealt_by(loader),
        )

    def _end_loader(self, moment: Moment) -> None:
        done = self.context.layers.complete_pass(*moment)
        collated = None if self._tap is None or self._reader.gives_ids else self._tap.collated
        if done is not None and collated is not None:
            split, tally = numbered(self.context.split, self._loader), self.context.run.recording.tally
            if (doubt := collated.doubt(split, tally.identity.get(split, ""))) is not None:
                tally.note(f"{split} ids", doubt)
        if done is not None and self._holds:
            self._held.append(done)
        elif done is not None:
            done.record()


class Joined(list[Any]):
    """Several loaders of which a step takes a batch each, so that its rows are of all of them."""


def numbered(split: str, number: int) -> str:
    """Name of the split of a loader: "val", "val:1" and so on."""
    return split if number == 0 else f"{split}:{number}"


def listed(loaders: Any) -> Sequence[Any]:
    """The loaders a trainer holds: one, several or named."""
    if isinstance(loaders, Mapping):
        return list(cast("Mapping[str, Any]", loaders).values())
    return cast("Sequence[Any]", loaders) if isinstance(loaders, (list, tuple)) else [loaders]
