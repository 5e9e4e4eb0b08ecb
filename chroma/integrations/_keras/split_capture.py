"""The passes over one split of a Keras call: ridden on, or made aside."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from chroma.capture.call import CapturedCall
from chroma.capture.passes import SplitPass
from chroma.capture.session import CaptureSession
from chroma.capture.thinning import Thinning
from chroma.integrations._keras.evaluation import AsideReader
from chroma.integrations._keras.layer_choice import Choice
from chroma.integrations._keras.layer_values import LayerValues
from chroma.integrations._keras.samples import rows_of
from chroma.integrations._keras.splits import Followed
from chroma.integrations._keras.step_wrapper import Batch, Ride, Step
from chroma.records import Array

keras: Any = import_module("keras")  # its types are not complete

Moment = tuple[int, int]  # epoch, step
_WAITING = 4  # batches whose values are not asked for yet, as they may still be computed


@dataclass(frozen=True, slots=True)
class About:
    """What the stages of a call share.

    Attributes:
        capture: The call.
        session: Where passes are recorded.
        model: The model.
        choice: What is read.
        values: Reads it.
        size: Samples per batch of a pass aside.
        clock: Seconds capture took, of seconds of training.
    """

    capture: CapturedCall
    session: CaptureSession
    model: Any
    choice: Choice
    values: LayerValues
    size: int
    clock: Callable[[], tuple[float, float]]


class Stage:
    """Takes a split's samples through the model after the fact: a pass of our own.

    Args:
        split: The samples.
        about: What the stages share.
        thinning: Which passes are captured.
    """

    def __init__(self, split: Followed, about: About, thinning: Thinning) -> None:
        self.split = split
        self.about = about
        self.thinning = thinning
        self._reader: AsideReader | None = None

    def begin(self, now: Moment) -> None:
        """Keras begins a pass over the split's source."""

    def stop(self) -> None:
        """Keras has passed over it."""

    def end(self, now: Moment) -> None:
        """The moment of the snapshot, to be called once for each pass."""
        if self.wants(now):
            self.take(now)

    def wants(self, now: Moment) -> bool:
        """Whether the pass is captured; to be asked once for each."""
        run = self.about.capture.run
        assert run is not None
        if run.recording.full:
            run.recording.tally.miss(f"{self.split.name} passes, as the home is full")
            return False
        return self.thinning.wants(*now, *self.about.clock())

    def take(self, now: Moment) -> None:
        """Pass the samples through the model."""
        n = len(self.split.samples)
        if self._reader is None:
            self._reader = AsideReader(self.about.model, self.about.values, min(self.about.size, n))
        taking = _Taking(self, now)
        for first in range(0, n, self._reader.size):
            rows = slice(first, min(first + self._reader.size, n))
            taking.put(rows, self._reader(rows_of(self.split.samples.x, rows)))
        taking.end(now)


class RidingStage(Stage):
    """Takes what the passes give that Keras makes itself; aside what cannot be had so.

    Args:
        split: The samples; their source gives them in the same order in each pass.
        about: What the stages share.
        thinning: Which passes are captured.
        step: The compiled step that Keras passes with.
    """

    def __init__(self, split: Followed, about: About, thinning: Thinning, step: Step) -> None:
        super().__init__(split, about, thinning)
        self._ride = Ride(about.model, step, about.values, self._passed)
        self._wanted: bool | None = None  # None until a pass has begun
        self._taking: _Taking | None = None
        self._waiting: deque[Batch] = deque()
        self._seen = 0  # samples of the source that have passed
        self._taken = 0  # of them, those that are followed
        self._wrong: str | None = None  # why this pass is not what it should be
        self._aside = False
        self._targets = keras.tree.flatten(split.samples.y)[0] if split.samples.order == "promised" else None

    def begin(self, now: Moment) -> None:
        self._taking, self._wrong = None, None
        self._wanted = self.wants(now)
        if self._wanted and not self._aside:
            self._taking = _Taking(self, now)
            self._seen = self._taken = 0
            self._ride.begin()

    def stop(self) -> None:
        self._ride.end()
        if self._taking is not None:
            self._put_all(0)

    def end(self, now: Moment) -> None:
        wanted = self.wants(now) if self._wanted is None else self._wanted
        taking, self._taking, self._wanted = self._taking, None, None
        if not wanted:
            return
        if taking is not None and self._is_whole():
            taking.end(now)
            return
        if not self._aside:
            self._aside = True
            self._say_aside(self._wrong or "Keras made a pass that could not be followed")
        self.take(now)

    def _is_whole(self) -> bool:
        """Whether the pass was what it should be."""
        n, of = len(self.split.samples), self.split.samples.of
        if self._wrong is None and self._taken < n:
            self._wrong = f"{self._taken:,} of {n:,} samples came in a pass of Keras's own"
        elif self._wrong is None and of and self._seen > of:
            self._wrong = f"{self._seen:,} samples came in a pass of Keras's own, for {of:,}"
        return self._wrong is None

    def _passed(self, batch: Batch) -> None:
        """Keras has dispatched a batch."""
        if self._taking is not None and self._wrong is None:
            self._waiting.append(batch)
            self.about.capture.guarded(self._put_all, _WAITING)

    def _put_all(self, but: int) -> None:
        while len(self._waiting) > but and self._wrong is None:
            self._put(self._waiting.popleft())
        if self._wrong is not None:
            self._waiting.clear()

    def _put(self, batch: Batch) -> None:
        assert self._taking is not None
        size = int(batch.rows.shape[0])
        first, self._seen = self._seen, self._seen + size
        low, high = np.searchsorted(self.split.samples.positions, (first, self._seen))
        if low == high:
            return
        inside = self.split.samples.positions[low:high] - first
        if not self._are_theirs(batch, slice(low, high), inside):
            self._wrong = "the samples came in another order"
            return
        if any(chosen.name not in batch.values for chosen in self.about.choice.read):
            self._wrong = "a layer gave nothing there"
            return
        arrays = self.about.values.arrays(batch.values, size)
        whole = len(inside) == size
        self._taking.put(
            slice(low, high), arrays if whole else {name: array[inside] for name, array in arrays.items()}
        )
        self._taken += len(inside)

    def _are_theirs(self, batch: Batch, rows: slice, inside: Array) -> bool:
        """Whether the targets are those of the samples that are followed."""
        if self._targets is None or batch.targets is None:
            return True
        came, known = keras.ops.convert_to_numpy(batch.targets), self._targets
        return bool(
            np.array_equal(came[inside], known[rows].astype(came.dtype), equal_nan=came.dtype.kind == "f")
        )

    def _say_aside(self, reason: str) -> None:
        run = self.about.capture.run
        assert run is not None
        name = self.split.name
        run.recording.tally.note(
            f"{name} aside", f"{name} is evaluated beside Keras's own passes, since {reason}"
        )


class _Taking:
    """A snapshot that is being taken: rows of the split's samples in order, batch after batch."""

    def __init__(self, stage: Stage, now: Moment) -> None:
        split = self._split = stage.split
        self._stage = stage
        self._choice = stage.about.choice
        self._passing: SplitPass = stage.about.session.begin(
            split.name, *now, identity=split.identity, of=split.samples.of
        )
        self._widths: dict[str, int] = {}

    def put(self, rows: slice, values: Mapping[str, Array]) -> None:
        """Give the values of a batch."""
        passing, split = self._passing, self._split
        n = rows.stop - rows.start
        passing.batch(split.ids[rows], n)
        if passing.first:
            passing.add_samples(
                labels=None if split.labels is None else split.labels[rows],
                inputs=None if split.inputs is None else split.inputs[rows],
                metadata={name: column[rows] for name, column in split.metadata.items()},
            )
        for layer in self._choice.layers:
            passing.add(layer, values[layer.name])
            self._widths[layer.name] = values[layer.name].shape[1]
        if self._choice.scores is not None:
            scores = values[self._choice.scores.name]
            if scores.shape[1] == 1:
                scores = np.concatenate([1 - scores, scores], axis=1)
            passing.add_scores(scores, self._choice.scores.head)

    def end(self, now: Moment) -> None:
        """All have come."""
        if self._passing.first:
            self._stage.about.capture.say(
                [(layer, self._widths[layer.name]) for layer in self._choice.layers],
                followed=len(self._split.samples),
                of=self._split.samples.of,
                snapshots=self._stage.thinning.expected,
            )
        self._passing.end(*now)
